//===- Text.cpp - Characters as tokens ------------------------------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "minrnn/train/text.h"

#include "minrnn/error.h"
#include "runtime/core/ReadFile.h"
#include "specs/contract/Json.h"

#include <iomanip>
#include <set>
#include <sstream>

using namespace minrnn;

namespace {

std::uint8_t byteAt(std::string_view text, std::size_t position) {
  return static_cast<std::uint8_t>(text[position]);
}

/// The length of the code point at `position`, 1 when the bytes there are no
/// valid UTF-8 (The Unicode Standard, table 3-7).
std::size_t characterLength(std::string_view text, std::size_t position) {
  const std::uint8_t lead = byteAt(text, position);
  std::size_t length = 1;
  // The second byte's range keeps out overlong forms, surrogates and code
  // points beyond U+10FFFF.
  std::uint8_t low = 0x80;
  std::uint8_t high = 0xBF;
  if (lead >= 0xC2 && lead <= 0xDF) {
    length = 2;
  } else if (lead >= 0xE0 && lead <= 0xEF) {
    length = 3;
    low = lead == 0xE0 ? 0xA0 : low;
    high = lead == 0xED ? 0x9F : high;
  } else if (lead >= 0xF0 && lead <= 0xF4) {
    length = 4;
    low = lead == 0xF0 ? 0x90 : low;
    high = lead == 0xF4 ? 0x8F : high;
  }
  if (length == 1 || text.size() - position < length)
    return 1;
  if (byteAt(text, position + 1) < low || byteAt(text, position + 1) > high)
    return 1;
  for (std::size_t i = 2; i < length; ++i)
    if ((byteAt(text, position + i) & 0xC0U) != 0x80U)
      return 1;
  return length;
}

/// Whether `symbol` is a byte that stands for itself, not for a code point.
bool isRawByte(const std::string &symbol) {
  return symbol.size() == 1 && byteAt(symbol, 0) >= 0x80;
}

/// The number of the code point that `symbol` encodes.
std::uint32_t codePoint(const std::string &symbol) {
  // The lead byte of a code point of n bytes has n + 1 bits for the length.
  std::uint32_t number = byteAt(symbol, 0);
  if (symbol.size() > 1)
    number &= 0x7FU >> symbol.size();
  for (std::size_t i = 1; i < symbol.size(); ++i)
    number = number << 6U | (byteAt(symbol, i) & 0x3FU);
  return number;
}

/// `the character 'x' (U+0078)`; one that controls a terminal by its number
/// alone.
std::string describe(const std::string &symbol) {
  std::ostringstream text;
  text << std::hex << std::uppercase << std::setfill('0');
  if (isRawByte(symbol)) {
    text << "the byte 0x" << static_cast<int>(byteAt(symbol, 0));
    return text.str();
  }
  const std::uint32_t number = codePoint(symbol);
  const bool controls = number < 0x20 || (number >= 0x7F && number < 0xA0);
  text << "the character " << (controls ? std::string() : "'" + symbol + "' (")
       << "U+" << std::setw(4) << number << (controls ? "" : ")");
  return text.str();
}

/// Where `position` lies in `text`: `line 2, column 5`, counted in characters.
std::string describePlace(std::string_view text, std::size_t position) {
  std::int64_t line = 1;
  std::int64_t column = 1;
  for (std::size_t at = 0; at < position; at += characterLength(text, at)) {
    ++column;
    if (text[at] == '\n') {
      ++line;
      column = 1;
    }
  }
  return "line " + std::to_string(line) + ", column " + std::to_string(column);
}

} // namespace

Vocabulary::Vocabulary(std::vector<std::string> sortedSymbols)
    : symbols(std::move(sortedSymbols)) {
  for (std::size_t i = 0; i < symbols.size(); ++i)
    tokens.emplace(symbols[i], static_cast<std::int32_t>(i));
}

Vocabulary Vocabulary::ofText(std::string_view text) {
  std::set<std::string, std::less<>> distinct;
  for (std::size_t position = 0; position < text.size();) {
    const std::size_t length = characterLength(text, position);
    const std::string_view character = text.substr(position, length);
    if (distinct.find(character) == distinct.end())
      distinct.emplace(character);
    position += length;
  }
  return Vocabulary({distinct.begin(), distinct.end()});
}

const std::string &Vocabulary::symbol(std::int32_t token) const {
  if (token < 0 || token >= size())
    throw Error("token " + std::to_string(token) +
                " is outside the vocabulary of " + std::to_string(size()));
  return symbols[static_cast<std::size_t>(token)];
}

std::vector<std::int32_t> Vocabulary::encode(std::string_view text) const {
  std::vector<std::int32_t> result;
  result.reserve(text.size());
  std::string character;
  for (std::size_t position = 0; position < text.size();) {
    character = text.substr(position, characterLength(text, position));
    const auto found = tokens.find(character);
    if (found == tokens.end())
      throw Error(describe(character) + " at " + describePlace(text, position) +
                  " is not in the vocabulary of the model's text");
    result.push_back(found->second);
    position += character.size();
  }
  return result;
}

std::string Vocabulary::toJson() const {
  Json json = Json::array();
  for (const std::string &symbol : symbols) {
    if (isRawByte(symbol))
      json.push_back(byteAt(symbol, 0));
    else
      json.push_back(symbol);
  }
  return json.dump();
}

Vocabulary Vocabulary::fromJson(std::string_view text) {
  const Json json = parseJson(text, "the vocabulary");
  if (!json.is_array())
    throw Error("the vocabulary must be an array");
  std::vector<std::string> symbols;
  for (const Json &entry : json) {
    std::string symbol;
    if (entry.is_string())
      symbol = entry.get<std::string>();
    else if (entry.is_number_unsigned() && entry.get<std::uint64_t>() >= 0x80 &&
             entry.get<std::uint64_t>() <= 0xFF)
      symbol = std::string(1, static_cast<char>(entry.get<std::uint64_t>()));
    if (symbol.empty() || characterLength(symbol, 0) != symbol.size())
      throw Error("entry " + std::to_string(symbols.size()) +
                  " of the vocabulary is no character");
    symbols.push_back(std::move(symbol));
  }
  const std::set<std::string> distinct(symbols.begin(), symbols.end());
  if (distinct.size() != symbols.size())
    throw Error("the vocabulary holds a character twice");
  return Vocabulary(std::move(symbols));
}

TextCorpus TextCorpus::fromFile(const std::filesystem::path &path) {
  const std::string text = readFile(path);
  if (text.empty())
    throw Error("'" + path.string() + "' is empty; expected a text to learn");
  return fromText(text);
}

TextCorpus TextCorpus::fromText(std::string_view text,
                                const Vocabulary *vocabulary) {
  TextCorpus corpus;
  corpus.vocabulary =
      vocabulary != nullptr ? *vocabulary : Vocabulary::ofText(text);
  corpus.training = corpus.vocabulary.encode(text);
  const auto cut = static_cast<std::ptrdiff_t>(corpus.training.size() -
                                               corpus.training.size() / 10);
  corpus.validation.assign(corpus.training.begin() + cut,
                           corpus.training.end());
  corpus.training.resize(static_cast<std::size_t>(cut));
  return corpus;
}
