//===- Error.cpp - What went wrong in a PTX program -----------------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/emulator/Error.h"

#include <sstream>

using namespace minrnn::emulator;

static std::string_view trim(std::string_view text) {
  const char *blanks = " \t\r\n";
  size_t begin = text.find_first_not_of(blanks);
  if (begin == std::string_view::npos)
    return {};
  return text.substr(begin, text.find_last_not_of(blanks) - begin + 1);
}

/// A line short enough for a message.
static std::string shorten(std::string_view line) {
  constexpr size_t longest = 160;
  std::string shown(line.substr(0, longest));
  return line.size() > longest ? shown + "..." : shown;
}

std::string minrnn::emulator::hex(uint64_t value) {
  std::ostringstream out;
  out << "0x" << std::hex << value;
  return out.str();
}

std::string minrnn::emulator::spellIndex(const Dim3 &index) {
  return "(" + std::to_string(index.x) + ", " + std::to_string(index.y) + ", " +
         std::to_string(index.z) + ")";
}

static std::string compose(const std::string &message, uint32_t line,
                           std::string_view lineText,
                           const std::optional<Error::Place> &place) {
  std::string whole;
  if (line) {
    whole += "PTX line " + std::to_string(line) + ": ";
    if (std::string_view shown = trim(lineText); !shown.empty())
      whole += "'" + shorten(shown) + "': ";
  }
  whole += message;
  if (place)
    whole += " (block " + spellIndex(place->block) + ", thread " +
             spellIndex(place->thread) + ")";
  return whole;
}

Error::Error(Fault fault, const std::string &message, uint32_t line,
             std::string_view lineText, std::optional<Place> place)
    : std::runtime_error(compose(message, line, lineText, place)), kind(fault),
      lineNumber(line), text(trim(lineText)), where(place) {}
