# Writes OUTPUT, a C++ header that defines the text of the kernel KERNEL, a .cu or .cuh file, as
# minrnn::kernels::nameSource; of a kernel on numbers that may be f32 or bf16, which says `Number`,
# also as nameBf16Source.
get_filename_component(file ${KERNEL} NAME)
get_filename_component(name ${KERNEL} NAME_WE)
string(SUBSTRING ${name} 0 1 initial)
string(SUBSTRING ${name} 1 -1 rest)
string(TOLOWER ${initial} initial)
file(READ ${KERNEL} content)
set(ofBf16 "")
string(FIND "${content}" "Number" found)
if(KERNEL MATCHES "[.]cu$" AND NOT found EQUAL -1)
  set(ofBf16 "inline constexpr SourceText ${initial}${rest}Bf16Source = {\"${name}.bf16.cu\",
    R\"kernel(#define MINRNN_BF16
${content})kernel\"};
")
endif()
file(WRITE ${OUTPUT} "// Written by runtime/tools/EmbedKernel.cmake from ${file}.

#pragma once

#include \"runtime/device/Nvrtc.h\"

namespace minrnn::kernels {
inline constexpr SourceText ${initial}${rest}Source = {\"${file}\", R\"kernel(${content})kernel\"};
${ofBf16}} // namespace minrnn::kernels
")
