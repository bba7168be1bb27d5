//===- CellMutator.cpp - One cell's text into another's -------------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tests/fuzz/CellMutator.h"

#include <algorithm>
#include <cctype>
#include <cstddef>
#include <random>
#include <span>
#include <utility>
#include <vector>

namespace {

using Lines = std::vector<std::string>;
using Words = std::span<const std::string_view>;

constexpr std::string_view unary[] = {
    "minrnn.sigmoid", "minrnn.positive", "minrnn.softplus",
    "arith.negf",     "math.exp",        "math.log",
    "math.tanh",      "math.sqrt",       "math.absf"};
constexpr std::string_view binary[] = {
    "arith.addf",     "arith.subf",     "arith.mulf", "arith.divf",
    "arith.maximumf", "arith.minimumf", "arith.addf", "minrnn.logaddexp2"};
constexpr std::string_view predicates[] = {
    "false", "oeq", "ogt", "oge", "olt", "ole", "one", "ord",
    "ueq",   "ugt", "uge", "ult", "ule", "une", "uno", "true"};
constexpr std::string_view constant[] = {"arith.constant"};
constexpr std::string_view numbers[] = {
    "0.0",        "-0.0",       "1.0",        "-1.0",       "0.5",
    "2.0",        "1.0e-45",    "1.0e-38",    "3.4e38",     "-3.4e38",
    "0x7F800000", "0xFF800000", "0x7FC00000", "0x7FA00000", "0x00000001"};
constexpr std::string_view types[] = {
    "f32",           "f64",   "bf16",          "i1",           "i32",
    "vector<4xf32>", "index", "!minrnn.input", "tensor<?xf32>"};
constexpr std::string_view gates[] = {"\"z\"",       "\"h\"", "\"f\"",
                                      "\"forward\"", "\"0\"", "\"\""};
constexpr std::string_view attributes[] = {
    " {minrnn.sequential = \"because\"}",
    " {a = 1 : i64}",
    " {fastmath = #arith.fastmath<fast>}",
    " {minrnn.gates = [\"z\"]}",
    " fastmath<nnan,ninf>",
    " fastmath<fast>"};
constexpr std::string_view intervals[] = {"(-inf, inf)", "(0, inf)", "[0, 0]",
                                          "[0, 1]",      "(0, 1)",   "[1, 1]",
                                          "[-1, 0)"};

/// A part of a line.
struct Place {
  size_t line, begin, size;
};

class Mutation {
public:
  Mutation(std::string_view text, unsigned seed) : generator(seed) {
    for (size_t begin = 0; begin <= text.size();) {
      size_t end = std::min(text.find('\n', begin), text.size());
      lines.emplace_back(text.substr(begin, end - begin));
      begin = end + 1;
    }
  }

  void change();
  std::string text() const {
    std::string text;
    for (const std::string &line : lines)
      text += (&line == lines.data() ? "" : "\n") + line;
    return text;
  }

private:
  size_t below(size_t end) { return generator() % std::max<size_t>(end, 1); }
  std::string oneOf(Words words) {
    return std::string(words[below(words.size())]);
  }
  /// A line that computes or yields, or any line if there is none.
  size_t someEquation();
  /// The values named before a line, in its cell.
  Lines valuesBefore(size_t line) const;
  std::string operand(const Lines &values) {
    return values.empty() ? "%h" : values[below(values.size())];
  }
  std::string fresh() { return "%v" + std::to_string(generator() % 10000); }
  std::vector<Place> find(Words words) const;
  /// Where values are named; where they are used alone, if `usesOnly`.
  std::vector<Place> findValues(bool usesOnly) const;
  void put(const Place &place, const std::string &text) {
    lines[place.line].replace(place.begin, place.size, text);
  }
  void insertAt(size_t line, const std::string &text) {
    lines.insert(lines.begin() + static_cast<std::ptrdiff_t>(line), text);
  }
  /// Puts one of `words` in place of another.
  void exchange(Words words);
  void exchangeOperand();
  void addEquation();
  void repeatLine();

  std::minstd_rand generator;
  Lines lines;
};

} // namespace

static bool isNamePart(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) || c == '_' || c == '.' ||
         c == '$';
}

size_t Mutation::someEquation() {
  std::vector<size_t> found;
  for (size_t i = 0; i < lines.size(); ++i)
    if (lines[i].find(" = ") != std::string::npos ||
        lines[i].find("minrnn.yield") != std::string::npos)
      found.push_back(i);
  return found.empty() ? below(lines.size()) : found[below(found.size())];
}

std::vector<Place> Mutation::find(Words words) const {
  std::vector<Place> found;
  for (size_t i = 0; i < lines.size(); ++i)
    for (std::string_view word : words)
      for (size_t at = lines[i].find(word); at != std::string::npos;
           at = lines[i].find(word, at + 1)) {
        size_t end = at + word.size();
        if ((at == 0 || !isNamePart(lines[i][at - 1])) &&
            (end == lines[i].size() || !isNamePart(lines[i][end])))
          found.push_back({i, at, word.size()});
      }
  return found;
}

std::vector<Place> Mutation::findValues(bool usesOnly) const {
  std::vector<Place> found;
  for (size_t i = 0; i < lines.size(); ++i) {
    std::string_view line = lines[i];
    for (size_t at = line.find('%'); at != line.npos;
         at = line.find('%', at + 1)) {
      size_t end = at + 1;
      while (end < line.size() && isNamePart(line[end]))
        ++end;
      // `%n = ...` and `(%h: f32)`, as everybody writes them.
      bool isDefinition =
          line.substr(end, 2) == " =" || line.substr(end, 1) == ":";
      if (end > at + 1 && !(usesOnly && isDefinition))
        found.push_back({i, at, end - at});
    }
  }
  return found;
}

Lines Mutation::valuesBefore(size_t line) const {
  Lines values;
  for (const Place &place : findValues(/*usesOnly=*/false)) {
    if (place.line >= line)
      break;
    if (lines[place.line].find("minrnn.cell") != std::string::npos &&
        (values.empty() || place.begin < 30))
      values.clear();
    std::string name = lines[place.line].substr(place.begin, place.size);
    // Arithmetic on the input vector goes nowhere.
    if (name != "%x")
      values.push_back(name);
  }
  return values;
}

void Mutation::exchange(Words words) {
  std::vector<Place> found = find(words);
  if (!found.empty())
    put(found[below(found.size())], oneOf(words));
}

void Mutation::exchangeOperand() {
  std::vector<Place> found = findValues(/*usesOnly=*/true);
  if (found.empty())
    return;
  const Place &place = found[below(found.size())];
  put(place, operand(valuesBefore(place.line)));
}

void Mutation::addEquation() {
  size_t line = someEquation();
  Lines values = valuesBefore(line);
  std::string a = operand(values);
  std::string b = operand(values);
  std::string c = operand(values);
  std::string result = fresh();
  std::string equation = "  " + result + " = ";
  switch (below(10)) {
  case 0:
  case 1:
    equation += oneOf(unary) + " " + a + " : f32";
    break;
  case 2:
  case 3:
    equation += oneOf(binary) + " " + a + ", " + b + " : f32";
    break;
  case 4:
    equation += "minrnn.lerp " + a + ", " + b + ", " + c + " : f32";
    break;
  case 5:
    equation += "arith.constant " + oneOf(numbers) + " : f32";
    break;
  case 6: {
    std::string condition = fresh() + "c";
    equation = "  " + condition + " = arith.cmpf " + oneOf(predicates) + ", " +
               a + ", " + b + " : f32\n" + equation + "arith.select " +
               condition + ", " + b + ", " + c + " : f32";
    break;
  }
  case 7:
    switch (below(4)) {
    case 0:
      equation += "minrnn.read %x : f32";
      break;
    case 1:
      equation += "minrnn.parameter " + oneOf(gates) + " : f32";
      break;
    default:
      equation = "  minrnn.output " + a + " : f32\n" + equation +
                 "minrnn.lerp " + b + ", " + c + ", " + a + " : f32";
    }
    break;
  default:
    if (below(4) == 0)
      equation += "minrnn.affine " + a + " * %h + " + b + " in " +
                  oneOf(intervals) + ", " + oneOf(intervals) + " : f32";
    else if (below(4) == 0)
      equation += "minrnn.project " + a + " " + oneOf(gates) + " : f32 -> f32";
    else
      equation += "minrnn.project %x " + oneOf(gates) + " : f32";
  }
  insertAt(line, equation);
  // Somebody reads it, or it would vanish as dead code.
  std::vector<Place> readers;
  for (const Place &place : findValues(/*usesOnly=*/true))
    if (place.line > line)
      readers.push_back(place);
  if (!readers.empty())
    put(readers[below(readers.size())], result);
}

void Mutation::repeatLine() {
  std::string copy = lines[someEquation()];
  size_t equals = copy.find(" = ");
  if (equals != std::string::npos)
    copy.replace(0, equals, "  " + fresh());
  insertAt(someEquation(), copy);
}

void Mutation::change() {
  switch (below(16)) {
  case 0:
  case 1:
  case 2:
    return exchangeOperand();
  case 3:
  case 4:
    return exchange(unary);
  case 5:
    return exchange(binary);
  case 6:
  case 7:
  case 8:
  case 9:
    return addEquation();
  case 10:
    return repeatLine();
  case 11:
    lines.erase(lines.begin() + static_cast<std::ptrdiff_t>(someEquation()));
    if (lines.empty())
      lines.emplace_back();
    return;
  case 12:
    return std::swap(lines[someEquation()], lines[someEquation()]);
  case 13: {
    std::vector<Place> constants = find(constant);
    if (constants.empty())
      return exchange(predicates);
    const Place &place = constants[below(constants.size())];
    size_t begin = place.begin + place.size;
    size_t end = lines[place.line].rfind(" :");
    if (end != std::string::npos && end >= begin)
      put({place.line, begin, end - begin}, " " + oneOf(numbers));
    return;
  }
  case 14:
    return exchange(below(2) ? Words(gates) : Words(intervals));
  default: {
    if (below(2))
      return exchange(types);
    std::string &line = lines[someEquation()];
    size_t colon = line.rfind(" :");
    if (colon != std::string::npos)
      line.insert(colon, oneOf(attributes));
  }
  }
}

std::string minrnn::fuzz::mutateCell(std::string_view text, unsigned seed) {
  Mutation mutation(text, seed);
  for (unsigned count = 1 + seed / 8 % 4; count > 0; --count)
    mutation.change();
  return mutation.text();
}
