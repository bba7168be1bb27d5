# Writes OUTPUT, a C++ header that defines the text of the file TEXT as minrnn::bench::NAME.
file(READ ${TEXT} content)
cmake_path(GET TEXT FILENAME file)
file(WRITE ${OUTPUT} "// Written by runtime/tools/EmbedText.cmake from ${file}.

#pragma once

#include <string_view>

namespace minrnn::bench {
inline constexpr std::string_view ${NAME} = R\"text(${content})text\";
} // namespace minrnn::bench
")
