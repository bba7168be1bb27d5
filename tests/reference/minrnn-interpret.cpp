//===- minrnn-interpret.cpp - A cell on literal values --------------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
//   minrnn-interpret CELL.mlir [--reverse] [--gradients] NAME=NUMBER,... ...
//
// One channel of one row of a cell, as the reference evaluates it: in double,
// and with nothing of the compiler's but the dialect. CELL.mlir may be `-`.
// The names are
//
//   x.GATE        what a projection of the input gives, its bias included
//   x             the input that a cell reads
//   NAME          a state before the first step, or a parameter
//   u.PROJECTION  the one weight of a recurrent projection
//   reset         1 at a step that begins with states of zero, else 0
//
// and what is not named is zero. A sequence is a list, with a number a step;
// a list of one number is the same at each step.
//
// It prints each state after every step, the output where it is none of them,
// and the operand of each recurrent projection; with --gradients, the partial
// derivatives of the output and of each state after the last step by each value
// that was given. The exit status is 1 for a cell that is none, and 2 for wrong
// usage.
//
//===----------------------------------------------------------------------===//

#include "tests/reference/Equations.h"

#include <algorithm>
#include <charconv>
#include <iostream>
#include <iterator>
#include <map>
#include <set>
#include <stdexcept>

using namespace minrnn::reference;

namespace {

using Numbers = std::vector<double>;

struct UsageError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

struct Options {
  std::string file;
  bool reverse = false;
  bool gradients = false;
  /// By name, in the order in which they were given.
  std::vector<std::pair<std::string, Numbers>> values;
};

/// Prints the shortest number that reads as the same one.
std::string textOf(double number) {
  char text[32];
  auto [end, error] = std::to_chars(std::begin(text), std::end(text), number);
  return {text, end};
}

Numbers parseNumbers(const std::string &text) {
  Numbers numbers;
  const char *next = text.data();
  const char *end = next + text.size();
  while (true) {
    double number = 0;
    auto [after, error] = std::from_chars(next, end, number);
    if (error != std::errc() || (after != end && *after != ','))
      throw UsageError("expects numbers between commas, not '" + text + "'");
    numbers.push_back(number);
    if (after == end)
      return numbers;
    next = after + 1;
  }
}

Options parseOptions(int count, char **arguments) {
  Options options;
  std::set<std::string> seen;
  for (int i = 1; i < count; ++i) {
    std::string argument = arguments[i];
    size_t equals = argument.find('=');
    if (argument == "--reverse")
      options.reverse = true;
    else if (argument == "--gradients")
      options.gradients = true;
    else if (equals == std::string::npos && options.file.empty())
      options.file = argument;
    else if (equals == std::string::npos)
      throw UsageError("expects NAME=NUMBER,..., not '" + argument + "'");
    else if (!seen.insert(argument.substr(0, equals)).second)
      throw UsageError("'" + argument.substr(0, equals) + "' is given twice");
    else
      options.values.emplace_back(argument.substr(0, equals),
                                  parseNumbers(argument.substr(equals + 1)));
  }
  if (options.file.empty())
    throw UsageError("usage: minrnn-interpret CELL.mlir [--reverse] "
                     "[--gradients] NAME=NUMBER,... ...");
  return options;
}

/// A call of one row and one channel, and where each of its values lies.
class Interpretation {
public:
  Interpretation(const ParsedCell &cell, const Options &options);

  void printResults(std::ostream &out) const;
  void printGradients(std::ostream &out) const;

private:
  /// Every `stride`-th number of an array of the call, and of the gradients by
  /// it, from `offset` on.
  struct Place {
    Numbers *numbers;
    const Estimates CallGradients::*gradient;
    int64_t offset = 0;
    int64_t stride = 1;
    bool isSequence = true;
  };
  Place placeOf(const std::string &name);
  /// One state before each step.
  Numbers statesBefore(const CallResults &results, int64_t state) const;
  void print(std::ostream &out, const std::string &name, const Numbers &all,
             int64_t offset, int64_t stride) const;
  void printGradientsOf(std::ostream &out, const std::string &result,
                        const Numbers &dOutput, const Numbers &dLast) const;

  const ParsedCell &cell;
  Call call;
  Numbers reset;
  std::vector<std::pair<std::string, Place>> given;
};

} // namespace

Interpretation::Interpretation(const ParsedCell &cell, const Options &options)
    : cell(cell) {
  size_t time = 1;
  for (const auto &[name, numbers] : options.values)
    time = std::max(time, numbers.size());
  call.shape = {1, static_cast<int64_t>(time), 1};
  call.reverse = options.reverse;
  call.roundsPreactivations = false;
  call.precision = doublePrecision;
  call.preactivations.resize(time * cell.gates.size());
  call.input.resize(cell.readsInput ? time : 0);
  call.recurrentWeight.resize(cell.recurrent.size());
  call.parameters.resize(cell.parameters.size());
  call.initial.resize(cell.states.size());
  reset.resize(time);
  for (const auto &[name, numbers] : options.values) {
    Place place = placeOf(name);
    size_t count = place.isSequence ? time : 1;
    if (numbers.size() != 1 && numbers.size() != count)
      throw UsageError("'" + name + "' takes " + std::to_string(count) +
                       " numbers, not " + std::to_string(numbers.size()));
    for (size_t t = 0; t < count; ++t)
      (*place.numbers)[place.offset + static_cast<int64_t>(t) * place.stride] =
          numbers[numbers.size() == 1 ? 0 : t];
    given.emplace_back(name, place);
  }
  for (double isReset : reset)
    call.reset.push_back(isReset != 0 ? 1 : 0);
}

Interpretation::Place Interpretation::placeOf(const std::string &name) {
  auto find = [&](const std::vector<std::string> &names,
                  const std::string &wanted) {
    auto found = std::ranges::find(names, wanted);
    return found == names.end() ? int64_t{-1} : found - names.begin();
  };
  if (name == "reset")
    return {&reset, nullptr};
  if (name == "x" && cell.readsInput)
    return {&call.input, &CallGradients::input};
  if (name.starts_with("x."))
    if (int64_t gate = find(cell.gates, name.substr(2)); gate >= 0)
      return {&call.preactivations, &CallGradients::preactivations, gate,
              std::ssize(cell.gates)};
  if (name.starts_with("u."))
    for (int64_t r = 0; r < std::ssize(cell.recurrent); ++r)
      if (cell.recurrent[r].name == name.substr(2))
        return {&call.recurrentWeight, &CallGradients::recurrentWeight, r, 1,
                false};
  if (int64_t state = find(cell.states, name); state >= 0)
    return {&call.initial, &CallGradients::initial, state, 1, false};
  if (int64_t place = find(cell.parameters, name); place >= 0)
    return {&call.parameters, &CallGradients::parameters, place, 1, false};
  throw UsageError("the cell has no '" + name + "'");
}

void Interpretation::print(std::ostream &out, const std::string &name,
                           const Numbers &all, int64_t offset,
                           int64_t stride) const {
  out << name << " =";
  const char *separator = " ";
  for (auto i = static_cast<size_t>(offset); i < all.size();
       i += static_cast<size_t>(stride)) {
    out << separator << textOf(all[i]);
    separator = ", ";
  }
  out << "\n";
}

Numbers Interpretation::statesBefore(const CallResults &results,
                                     int64_t state) const {
  int64_t time = call.shape.time;
  Numbers before(time);
  for (int64_t position = 0; position < time; ++position) {
    int64_t t = call.reverse ? time - 1 - position : position;
    int64_t last = call.reverse ? t + 1 : t - 1;
    if (call.reset[t] == 0)
      before[t] =
          position == 0
              ? call.initial[state]
              : results.states.value[last * std::ssize(call.initial) + state];
  }
  return before;
}

void Interpretation::printResults(std::ostream &out) const {
  CallResults results = evaluate(cell, call);
  auto count = std::ssize(cell.states);
  for (int64_t s = 0; s < count; ++s)
    print(out, cell.states[s], results.states.value, s, count);
  if (cell.hasSeparateOutput)
    print(out, "y", results.output.value, 0, 1);
  for (const ParsedProjection &projection : cell.recurrent) {
    if (projection.isInner())
      print(out, "operand of " + projection.name, results.inner.value,
            projection.inner, std::ssize(cell.inner));
    else
      print(out, "operand of " + projection.name,
            statesBefore(results, projection.state), 0, 1);
  }
}

void Interpretation::printGradientsOf(std::ostream &out,
                                      const std::string &result,
                                      const Numbers &dOutput,
                                      const Numbers &dLast) const {
  CallGradients gradients = differentiate(cell, call, dOutput, dLast);
  for (const auto &[name, place] : given) {
    if (!place.gradient)
      continue;
    const Numbers &all = (gradients.*place.gradient).value;
    std::string what = "d ";
    what.append(result).append(" / d ").append(name);
    if (place.isSequence)
      print(out, what, all, place.offset, place.stride);
    else
      out << what << " = " << textOf(all[place.offset]) << "\n";
  }
}

void Interpretation::printGradients(std::ostream &out) const {
  int64_t time = call.shape.time;
  Numbers none(time);
  for (size_t s = 0; s < cell.states.size(); ++s) {
    Numbers dLast(cell.states.size());
    dLast[s] = 1;
    printGradientsOf(out, cell.states[s], none, dLast);
  }
  if (!cell.hasSeparateOutput)
    return;
  Numbers dOutput(time);
  dOutput[call.reverse ? 0 : time - 1] = 1;
  printGradientsOf(out, "y", dOutput, {});
}

int main(int count, char **arguments) {
  try {
    Options options = parseOptions(count, arguments);
    ParsedCell cell;
    if (options.file == "-")
      cell =
          parseCell(std::string(std::istreambuf_iterator<char>(std::cin), {}));
    else
      cell = parseCellFile(options.file);
    Interpretation interpretation(cell, options);
    interpretation.printResults(std::cout);
    if (options.gradients)
      interpretation.printGradients(std::cout);
    return 0;
  } catch (const UsageError &error) {
    std::cerr << "minrnn-interpret: " << error.what() << "\n";
    return 2;
  } catch (const std::exception &error) {
    std::cerr << "minrnn-interpret: " << error.what() << "\n";
    return 1;
  }
}
