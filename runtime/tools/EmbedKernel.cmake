# Writes OUTPUT, a C++ header that defines the text of the kernel KERNEL, a .cu or .cuh file, as
# minrnn::kernels::nameSource.
get_filename_component(file ${KERNEL} NAME)
get_filename_component(name ${KERNEL} NAME_WE)
string(SUBSTRING ${name} 0 1 initial)
string(SUBSTRING ${name} 1 -1 rest)
string(TOLOWER ${initial} initial)
file(READ ${KERNEL} content)
file(WRITE ${OUTPUT} "// Written by runtime/tools/EmbedKernel.cmake from ${file}.

#pragma once

#include \"runtime/device/Nvrtc.h\"

namespace minrnn::kernels {
inline constexpr SourceText ${initial}${rest}Source = {\"${file}\", R\"kernel(${content})kernel\"};
} // namespace minrnn::kernels
")
