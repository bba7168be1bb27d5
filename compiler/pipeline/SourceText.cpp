//===- SourceText.cpp - What a text must be for MLIR to read it -----------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compiler/pipeline/SourceText.h"

#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringMap.h"

#include <algorithm>
#include <cstring>
#include <utility>

using namespace minrnn::compiler;
using llvm::StringRef;

namespace {

/// Finds where a text nests too deep. It sees tokens as MLIR's lexer does. A
/// bracket that closes nothing is passed over: MLIR stops there with an error,
/// and what follows can only be thought deeper than it is.
class NestingScan {
public:
  explicit NestingScan(StringRef text) : text(text) {}

  std::optional<SourceFault> run() {
    for (skipSpace(); at < text.size() && !fault; skipSpace())
      readToken();
    return fault;
  }

private:
  struct Level {
    char closing;
    /// The operators of an affine expression since the last comma: each is a
    /// call of the parser within that of the one before.
    size_t operators = 0;
  };
  /// What an alias stands for: levels below it, its own tokens, and those of
  /// the aliases within it.
  struct Alias {
    size_t depth = 0;
    size_t tokens = 0;
    size_t tokensOfAliases = 0;
  };

  void skipSpace() {
    while (at < text.size()) {
      if (isAt("//")) {
        at = std::min(text.find('\n', at), text.size());
        continue;
      }
      if (!llvm::isSpace(text[at]))
        return;
      crossedLine |= text[at] == '\n';
      ++at;
    }
  }

  void skipString() {
    for (++at; at < text.size() && text[at] != '"' && text[at] != '\n'; ++at)
      if (text[at] == '\\')
        ++at;
    at = std::min(at + 1, text.size());
  }

  /// Skips the name after one of % ^ # ! @.
  StringRef takeName() {
    size_t begin = ++at;
    while (at < text.size() &&
           (llvm::isAlnum(text[at]) || StringRef("$._-").contains(text[at])))
      ++at;
    return text.slice(begin, at);
  }

  void readToken() {
    tokenAt = at;
    char character = text[at];
    // A definition ends where a line begins with what may not go on with it.
    bool mayBegin =
        llvm::isAlpha(character) || StringRef("%\"#!@^{_").contains(character);
    if (levels.empty() && crossedLine && mayBegin && !expectsMore)
      endAlias();
    crossedLine = false;
    expectsMore = StringRef(":=,").contains(character) || isAt("->");
    ++defined.tokens;
    if (isAt("->") || isAt(">=")) {
      at += 2;
      return;
    }
    switch (character) {
    case '"':
      return skipString();
    case '(':
      return open(')');
    case '[':
      return open(']');
    case '{':
      return open('}');
    case '<':
      return open('>');
    case ')':
    case ']':
    case '}':
    case '>':
      return close(character);
    case '%':
    case '^':
    case '#':
    case '!':
    case '@':
      return readPrefixedName();
    case ',':
      if (!levels.empty())
        operators -= std::exchange(levels.back().operators, 0);
      ++at;
      return;
    case '+':
    case '-':
    case '*':
      countOperator();
      ++at;
      return;
    default:
      break;
    }
    if (llvm::isAlnum(character) || character == '_')
      return readWord();
    ++at;
  }

  void readPrefixedName() {
    bool mayBeAlias = text[at] == '#' || text[at] == '!';
    size_t begin = at;
    takeName();
    StringRef name = text.slice(begin, at);
    if (!mayBeAlias)
      return;
    size_t next = text.find_first_not_of(" \t\r\n", at);
    if (levels.empty() && next != StringRef::npos && text[next] == '=' &&
        !text.substr(next).starts_with("==")) {
      endAlias();
      beginAlias(name);
      return;
    }
    useAlias(name);
  }

  void readWord() {
    size_t begin = at;
    while (at < text.size() &&
           (llvm::isAlnum(text[at]) || StringRef("$._").contains(text[at])))
      ++at;
    StringRef word = text.slice(begin, at);
    if (word == "mod" || word == "floordiv" || word == "ceildiv")
      countOperator();
  }

  void open(char closing) {
    levels.push_back({closing});
    ++at;
    reach(levels.size() + operators);
  }

  void close(char closing) {
    ++at;
    if (levels.empty() || levels.back().closing != closing)
      return;
    operators -= levels.back().operators;
    levels.pop_back();
  }

  void countOperator() {
    // In braces a sign belongs to a number.
    if (levels.empty() || levels.back().closing == '}')
      return;
    ++levels.back().operators;
    ++operators;
    reach(levels.size() + operators);
  }

  void useAlias(StringRef name) {
    auto found = aliases.find(name);
    if (found == aliases.end())
      return;
    const Alias &alias = found->second;
    defined.tokensOfAliases += alias.tokens + alias.tokensOfAliases;
    reach(levels.size() + operators + alias.depth);
    if (!defining.empty() && defined.tokensOfAliases > kMostAliasTokens &&
        !fault)
      fault = {tokenAt, "expects aliases that stand for at most " +
                            std::to_string(kMostAliasTokens) +
                            " tokens within another, found more"};
  }

  void beginAlias(StringRef name) {
    defining = name.str();
    defined = Alias();
  }

  void endAlias() {
    if (!defining.empty())
      aliases[defining] = defined;
    defining.clear();
    defined = Alias();
  }

  void reach(size_t depth) {
    defined.depth = std::max(defined.depth, depth);
    if (depth > kDeepestNesting && !fault)
      fault = {tokenAt, "expects nesting of at most " +
                            std::to_string(kDeepestNesting) +
                            " levels, found more; a cell needs about five"};
  }

  bool isAt(StringRef word) const { return text.substr(at).starts_with(word); }

  StringRef text;
  size_t at = 0;
  size_t tokenAt = 0;
  llvm::SmallVector<Level> levels;
  /// The sum over all levels.
  size_t operators = 0;
  llvm::StringMap<Alias> aliases;
  /// The alias being defined, if any.
  std::string defining;
  Alias defined;
  bool crossedLine = false;
  /// Whether the last token asks for another, on whichever line.
  bool expectsMore = false;
  std::optional<SourceFault> fault;
};

} // namespace

/// The first `array<index: ...>` of a text, or npos.
static size_t findIndexArray(StringRef text) {
  for (size_t at = text.find("array"); at != StringRef::npos;
       at = text.find("array", at + 1)) {
    StringRef rest = text.drop_front(at + strlen("array")).ltrim();
    if (rest.consume_front("<") && rest.ltrim().starts_with("index"))
      return at;
  }

  return StringRef::npos;
}

/// The encoding that a text's byte order mark names, where it is not UTF-8.
static StringRef otherEncoding(StringRef text) {
  constexpr std::pair<StringRef, StringRef> marks[] = {
      {StringRef("\xFF\xFE\0\0", 4), "UTF-32"},
      {StringRef("\0\0\xFE\xFF", 4), "UTF-32"},
      {StringRef("\xFF\xFE", 2), "UTF-16"},
      {StringRef("\xFE\xFF", 2), "UTF-16"}};
  for (const auto &[mark, encoding] : marks)
    if (text.starts_with(mark))
      return encoding;
  return "";
}

StringRef minrnn::compiler::withoutByteOrderMark(StringRef text) {
  text.consume_front("\xEF\xBB\xBF");
  return text;
}

std::optional<SourceFault> minrnn::compiler::checkSourceText(StringRef text) {
  StringRef encoding = otherEncoding(text);
  if (!encoding.empty())
    return SourceFault{std::nullopt, "expects text in UTF-8, found " +
                                         encoding.str() +
                                         "; save the file as UTF-8"};
  // Such an array crashes the parser of MLIR 22 (llvm-project issue 179045).
  size_t array = findIndexArray(text);
  if (array != StringRef::npos)
    return SourceFault{
        array, "expects no array of 'index' elements, which MLIR cannot read"};
  return NestingScan(text).run();
}
