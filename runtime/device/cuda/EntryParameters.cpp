//===- EntryParameters.cpp - The parameters of entries in PTX -------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/device/cuda/EntryParameters.h"

#include <algorithm>
#include <cstdlib>

using namespace minrnn;

namespace {

constexpr std::string_view blanks = " \t\r\n";

/// The text with a blank for every comment and every string.
std::string withoutComments(std::string_view ptx) {
  std::string text;
  text.reserve(ptx.size());
  for (std::size_t at = 0; at < ptx.size(); ++at) {
    const std::string_view rest = ptx.substr(at);
    std::size_t length = 1;
    if (rest.starts_with("//"))
      length = std::min(rest.find('\n'), rest.size());
    else if (rest.starts_with("/*"))
      length = std::min(rest.find("*/", 2), rest.size() - 2) + 2;
    else if (rest.starts_with('"'))
      length = std::min(rest.find('"', 1), rest.size() - 1) + 1;
    text += length == 1 ? ptx[at] : ' ';
    at += length - 1;
  }
  return text;
}

/// Bytes of a type such as `.u32` or `.f16x2`; 0: `word` is none.
std::size_t bytesOfType(std::string_view word) {
  if (word == ".f16x2" || word == ".bf16x2")
    return 4;
  if (!word.starts_with('.'))
    return 0;
  word.remove_prefix(1);
  const std::size_t letters =
      std::min(word.find_first_of("0123456789"), word.size());
  const std::string_view kind = word.substr(0, letters);
  if (kind != "b" && kind != "u" && kind != "s" && kind != "f" && kind != "bf")
    return 0;
  return std::strtoul(std::string(word.substr(letters)).c_str(), nullptr, 10) /
         8;
}

/// Bytes of what a declaration such as `.param .align 8 .b8 s[24]` declares.
std::size_t bytesOfDeclaration(std::string_view declaration) {
  std::size_t bytes = 0;
  for (std::size_t begin = declaration.find('.');
       begin != std::string_view::npos;
       begin = declaration.find('.', begin + 1)) {
    const std::size_t end = std::min(
        declaration.find_first_of(" \t\r\n[.", begin + 1), declaration.size());
    bytes =
        std::max(bytes, bytesOfType(declaration.substr(begin, end - begin)));
  }
  const std::size_t bracket = declaration.find('[');
  if (bracket == std::string_view::npos)
    return bytes;
  return bytes *
         std::strtoul(std::string(declaration.substr(bracket + 1)).c_str(),
                      nullptr, 0);
}

/// Those of the list between two parentheses.
std::vector<std::size_t> bytesOfList(std::string_view list) {
  std::vector<std::size_t> bytes;
  for (std::size_t begin = 0; begin < list.size();) {
    const std::size_t end = std::min(list.find(',', begin), list.size());
    const std::string_view declaration = list.substr(begin, end - begin);
    if (declaration.find(".param") != std::string_view::npos)
      bytes.push_back(bytesOfDeclaration(declaration));
    begin = end + 1;
  }
  return bytes;
}

} // namespace

std::map<std::string, std::vector<std::size_t>, std::less<>>
minrnn::findEntryParameters(std::string_view ptx) {
  constexpr std::string_view mark = ".entry";
  const std::string text = withoutComments(ptx);
  std::map<std::string, std::vector<std::size_t>, std::less<>> entries;
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
    std::vector<std::size_t> &bytes = entries[text.substr(begin, end - begin)];
    if (text[list] == '(')
      bytes = bytesOfList(std::string_view(text).substr(
          list + 1, std::min(text.find(')', list), text.size()) - list - 1));
  }
  return entries;
}
