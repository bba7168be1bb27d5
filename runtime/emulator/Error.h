//===- Error.h - What went wrong in a PTX program ---------------*- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_RUNTIME_EMULATOR_ERROR_H
#define MINRNN_RUNTIME_EMULATOR_ERROR_H

#include <array>
#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>

namespace minrnn::emulator {

/// An index or an extent along x, y and z.
struct Dim3 {
  uint32_t x = 1, y = 1, z = 1;
  uint64_t count() const { return uint64_t(x) * y * z; }
  bool operator==(const Dim3 &) const = default;
};

/// For messages: `(1, 0, 0)`.
std::string spellIndex(const Dim3 &index);
/// For messages: `0x1f`.
std::string hex(uint64_t value);

/// What kind of fault an `Error` reports.
enum class Fault {
  Syntax,        ///< The text is not PTX.
  Unsupported,   ///< An instruction or directive the emulator does not know.
  Launch,        ///< A launch that asks for what is not there.
  Host,          ///< A host-side use of device memory that cannot be right.
  OutOfBounds,   ///< An access outside every allocation, or past its end.
  Misaligned,    ///< An address that is no multiple of the access's size.
  Uninitialised, ///< A read of memory that nothing wrote.
  Race,          ///< Two threads, one shared location, no order between them.
  Barrier,       ///< A barrier that some threads miss or reach divergently.
  Deadlock,      ///< Threads that wait for each other for ever.
  Trap,          ///< The program executed `trap`.
  Limit,         ///< More instructions than the launch allowed.
};

/// A fault in a PTX program, at its parse or while it runs. `what()` holds the
/// whole story for people; the fields hold it for programs.
class Error : public std::runtime_error {
public:
  /// Where in a launch: the block in the grid, the thread in the block.
  struct Place {
    Dim3 block{0, 0, 0};
    Dim3 thread{0, 0, 0};
  };

  /// `line` counts from 1; 0 where no line of PTX is at fault. `lineText` is
  /// the text of that line.
  Error(Fault fault, const std::string &message, uint32_t line = 0,
        std::string_view lineText = {},
        std::optional<Place> place = std::nullopt);

  Fault fault() const { return kind; }
  /// The line of PTX at fault, counted from 1; 0 for none.
  uint32_t line() const { return lineNumber; }
  const std::string &lineText() const { return text; }
  const std::optional<Place> &place() const { return where; }

private:
  Fault kind;
  uint32_t lineNumber;
  std::string text;
  std::optional<Place> where;
};

} // namespace minrnn::emulator

#endif // MINRNN_RUNTIME_EMULATOR_ERROR_H
