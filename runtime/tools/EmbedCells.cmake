# Writes OUTPUT, a C++ file that defines builtInCells() from the cells CELLS (a list of .mlir files).
set(entries "")
foreach(cell IN LISTS CELLS)
  get_filename_component(name ${cell} NAME_WE)
  file(READ ${cell} text)
  string(APPEND entries "    {\"${name}\", R\"cell(${text})cell\"},\n")
endforeach()
file(WRITE ${OUTPUT} "// Written by runtime/tools/EmbedCells.cmake from specs/cells.

#include \"runtime/tools/BuiltInCells.h\"

namespace {
constexpr minrnn::BuiltInCell cells[] = {
${entries}};
} // namespace

std::span<const minrnn::BuiltInCell> minrnn::builtInCells() { return cells; }
")
