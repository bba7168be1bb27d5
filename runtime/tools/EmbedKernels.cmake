# Writes OUTPUT, a C++ file that defines the texts of SupportPrograms.cpp from the kernels KERNELS and
# the headers they include, HEADERS (lists of .cu and .cuh files).
function(entries FILES RESULT)
  set(text "")
  foreach(file IN LISTS FILES)
    get_filename_component(name ${file} NAME)
    file(READ ${file} content)
    string(APPEND text "    {\"${name}\", R\"kernel(${content})kernel\"},\n")
  endforeach()
  set(${RESULT} "${text}" PARENT_SCOPE)
endfunction()
entries("${KERNELS}" kernels)
entries("${HEADERS}" headers)
file(WRITE ${OUTPUT} "// Written by runtime/tools/EmbedKernels.cmake from runtime/kernels.

#include \"runtime/kernels/SupportTexts.h\"

namespace {
constexpr minrnn::SourceText kernels[] = {
${kernels}};
constexpr minrnn::SourceText headers[] = {
${headers}};
} // namespace

std::span<const minrnn::SourceText> minrnn::supportKernelTexts() { return kernels; }
std::span<const minrnn::SourceText> minrnn::supportHeaderTexts() { return headers; }
")
