//===- HandWrittenCells.cpp - More cells without the compiler -------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tests/runtime/HandWrittenCells.h"

#include "tests/runtime/HandWrittenEntries.h"

using namespace minrnn;
using namespace minrnn::test;

namespace {

struct Gru {
  static constexpr const char *name = "gru";
  static constexpr const char *kind = "sequential";
  static constexpr const char *output = "h";
  static constexpr std::array<const char *, 3> gates = {"r", "z", "n"};
  static constexpr std::array<StateGate, 3> recurrent = {
      {{"hr", "h"}, {"hz", "h"}, {"hn", "h"}}};
  static constexpr std::array<const char *, 0> parameters = {};
  static constexpr std::array<const char *, 1> states = {"h"};
  static constexpr bool readsInput = false;

  template <typename Number>
  static StepResult<Number, 1> step(const StepInputs<Number, 3, 3, 0, 1> &in) {
    const Number r = logistic(in.gates[0] + in.recurrent[0]);
    const Number z = logistic(in.gates[1] + in.recurrent[1]);
    const Number n = hyperbolicTangent(in.gates[2] + r * in.recurrent[2]);
    const Number h = (1 - z) * n + z * in.states[0];
    return {h, {h}};
  }
};

struct Lstm {
  static constexpr const char *name = "lstm";
  static constexpr const char *kind = "sequential";
  static constexpr const char *output = "h";
  static constexpr std::array<const char *, 4> gates = {"i", "f", "g", "o"};
  static constexpr std::array<StateGate, 4> recurrent = {
      {{"hi", "h"}, {"hf", "h"}, {"hg", "h"}, {"ho", "h"}}};
  static constexpr std::array<const char *, 0> parameters = {};
  static constexpr std::array<const char *, 2> states = {"h", "c"};
  static constexpr bool readsInput = false;

  template <typename Number>
  static StepResult<Number, 2> step(const StepInputs<Number, 4, 4, 0, 2> &in) {
    const Number i = logistic(in.gates[0] + in.recurrent[0]);
    const Number f = logistic(in.gates[1] + in.recurrent[1]);
    const Number g = hyperbolicTangent(in.gates[2] + in.recurrent[2]);
    const Number o = logistic(in.gates[3] + in.recurrent[3]);
    const Number c = f * in.states[1] + i * g;
    const Number h = o * hyperbolicTangent(c);
    return {h, {h, c}};
  }
};

struct Sru {
  static constexpr const char *name = "sru";
  static constexpr const char *kind = "sequential";
  static constexpr const char *output = "y";
  static constexpr std::array<const char *, 3> gates = {"f", "r", "c"};
  static constexpr std::array<StateGate, 0> recurrent = {};
  static constexpr std::array<const char *, 2> parameters = {"v_f", "v_r"};
  static constexpr std::array<const char *, 1> states = {"c"};
  static constexpr bool readsInput = true;

  template <typename Number>
  static StepResult<Number, 1> step(const StepInputs<Number, 3, 0, 2, 1> &in) {
    const Number &before = in.states[0];
    const Number f = logistic(in.gates[0] + in.parameters[0] * before);
    const Number r = logistic(in.gates[1] + in.parameters[1] * before);
    const Number c = f * before + (1 - f) * in.gates[2];
    return {r * c + (1 - r) * in.input, {c}};
  }
};

struct Tangle {
  static constexpr const char *name = "tangle";
  static constexpr const char *kind = "sequential";
  static constexpr const char *output = "y";
  static constexpr std::array<const char *, 2> gates = {"a", "b"};
  static constexpr std::array<StateGate, 3> recurrent = {
      {{"pc", "c"}, {"ph", "h"}, {"qc", "c"}}};
  static constexpr std::array<const char *, 1> parameters = {"u"};
  static constexpr std::array<const char *, 2> states = {"c", "h"};
  static constexpr bool readsInput = true;

  template <typename Number>
  static StepResult<Number, 2> step(const StepInputs<Number, 2, 3, 1, 2> &in) {
    const Number a = logistic(in.gates[0] + in.recurrent[0]);
    const Number b = hyperbolicTangent(in.gates[1] + in.recurrent[1]);
    const Number c = a * in.states[0] + (1 - a) * b;
    const Number h =
        hyperbolicTangent(in.recurrent[2] + in.parameters[0] * in.states[1]);
    return {h * c + in.input * a, {c, h}};
  }
};

struct Mgu {
  static constexpr const char *name = "mgu";
  static constexpr const char *kind = "sequential";
  static constexpr const char *output = "h";
  static constexpr std::array<const char *, 2> gates = {"f", "n"};
  static constexpr std::array<StateGate, 2> recurrent = {
      {{"hf", "h"}, {"hn", nullptr, 0}}};
  static constexpr std::size_t chainedCount = 1;
  static constexpr std::array<const char *, 0> parameters = {};
  static constexpr std::array<const char *, 1> states = {"h"};
  static constexpr bool readsInput = false;

  template <typename Number>
  static std::array<Number, 1>
  chained(const StepInputs<Number, 2, 2, 0, 1> &in) {
    return {logistic(in.gates[0] + in.recurrent[0]) * in.states[0]};
  }

  template <typename Number>
  static StepResult<Number, 1> step(const StepInputs<Number, 2, 2, 0, 1> &in) {
    const Number f = logistic(in.gates[0] + in.recurrent[0]);
    const Number n = hyperbolicTangent(in.gates[1] + in.recurrent[1]);
    const Number h = (1 - f) * in.states[0] + f * n;
    return {h, {h}};
  }
};

struct Knot {
  static constexpr const char *name = "knot";
  static constexpr const char *kind = "sequential";
  static constexpr const char *output = "y";
  static constexpr std::array<const char *, 2> gates = {"a", "b"};
  static constexpr std::array<StateGate, 6> recurrent = {{{"pc", "c"},
                                                          {"qa", nullptr, 0},
                                                          {"qb", nullptr, 0},
                                                          {"ph", "h"},
                                                          {"ra", nullptr, 1},
                                                          {"sa", nullptr, 0}}};
  static constexpr std::size_t chainedCount = 2;
  static constexpr std::array<const char *, 1> parameters = {"u"};
  static constexpr std::array<const char *, 2> states = {"c", "h"};
  static constexpr bool readsInput = true;

  template <typename Number>
  static std::array<Number, 2>
  chained(const StepInputs<Number, 2, 6, 1, 2> &in) {
    const Number a = logistic(in.gates[0] + in.recurrent[0]);
    const Number b = hyperbolicTangent(in.gates[1] + in.recurrent[3]);
    return {a * in.states[1], b * in.states[0] + in.parameters[0] * in.input};
  }

  template <typename Number>
  static StepResult<Number, 2> step(const StepInputs<Number, 2, 6, 1, 2> &in) {
    const Number a = logistic(in.gates[0] + in.recurrent[0]);
    const Number b = hyperbolicTangent(in.gates[1] + in.recurrent[3]);
    const Number c = a * in.states[0] +
                     (1 - a) * hyperbolicTangent(in.recurrent[1] + in.input);
    const Number h = hyperbolicTangent(in.recurrent[2] + in.recurrent[4] +
                                       in.parameters[0] * in.states[1]);
    return {h * c + logistic(in.recurrent[5]) * b, {c, h}};
  }
};

} // namespace

CellKernels test::handWrittenGru(int threads) {
  return HandWritten<Gru>::kernels(threads);
}
CellKernels test::handWrittenLstm(int threads) {
  return HandWritten<Lstm>::kernels(threads);
}
CellKernels test::handWrittenSru(int threads) {
  return HandWritten<Sru>::kernels(threads);
}
CellKernels test::handWrittenTangle(int threads) {
  return HandWritten<Tangle>::kernels(threads);
}
std::string test::handWrittenMguManifest() {
  return writeManifest(describe<Mgu>());
}
CellKernels test::handWrittenMgu(int threads) {
  return HandWritten<Mgu>::kernels(threads);
}
CellKernels test::handWrittenKnot(int threads) {
  return HandWritten<Knot>::kernels(threads);
}
