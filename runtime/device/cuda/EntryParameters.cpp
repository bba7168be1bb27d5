//===- EntryParameters.cpp - How many parameters an entry has -------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/device/cuda/EntryParameters.h"

#include <algorithm>

using namespace minrnn;

namespace {

std::string withoutComments(std::string_view ptx) {
  std::string text;
  text.reserve(ptx.size());
  for (std::size_t at = 0; at < ptx.size(); ++at) {
    const std::string_view rest = ptx.substr(at);
    if (rest.starts_with("//"))
      at = std::min(ptx.find('\n', at), ptx.size()) - 1;
    else if (rest.starts_with("/*"))
      at = std::min(ptx.find("*/", at + 2), ptx.size() - 2) + 1;
    else
      text += ptx[at];
  }
  return text;
}

/// How often `word` stands in `text` as a word of its own.
std::size_t countWord(std::string_view text, std::string_view word) {
  constexpr std::string_view inNames =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_$%";
  std::size_t count = 0;
  for (std::size_t at = text.find(word); at != std::string_view::npos;
       at = text.find(word, at + word.size())) {
    const std::size_t end = at + word.size();
    if (end >= text.size() || inNames.find(text[end]) == std::string_view::npos)
      ++count;
  }
  return count;
}

} // namespace

std::map<std::string, std::size_t, std::less<>>
minrnn::countEntryParameters(std::string_view ptx) {
  constexpr std::string_view blanks = " \t\r\n";
  constexpr std::string_view mark = ".entry";
  const std::string text = withoutComments(ptx);
  std::map<std::string, std::size_t, std::less<>> counts;
  for (std::size_t at = text.find(mark); at != std::string::npos;
       at = text.find(mark, at + mark.size())) {
    const std::size_t begin = text.find_first_not_of(blanks, at + mark.size());
    if (begin == std::string::npos)
      break;
    // The list may be left out: then what follows the name is the body.
    const std::size_t end = text.find_first_of(" \t\r\n({", begin);
    const std::size_t list = text.find_first_not_of(blanks, end);
    if (end == std::string::npos || list == std::string::npos)
      break;
    std::size_t &count = counts[text.substr(begin, end - begin)];
    if (text[list] != '(')
      continue;
    const std::size_t close = text.find(')', list);
    count =
        countWord(std::string_view(text).substr(list, close - list), ".param");
  }
  return counts;
}
