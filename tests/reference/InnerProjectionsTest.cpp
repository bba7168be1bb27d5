//===- InnerProjectionsTest.cpp - Projections within the step, evaluated --===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tests/reference/CallSamples.h"
#include "tests/reference/Equations.h"
#include "tests/reference/GradientChecks.h"
#include "tests/reference/Samples.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <string>

using namespace minrnn::reference;

namespace {

using Vector = std::vector<double>;

/// MGU as its paper has it (Zhou et al. 2016).
const char *const mgu = R"mlir(
  minrnn.cell @mgu(%x: !minrnn.input) state(%h: f32) {
    %wf = minrnn.project %x "wf" : f32
    %uf = minrnn.project %h "uf" : f32 -> f32
    %kf = arith.addf %wf, %uf : f32
    %f = minrnn.sigmoid %kf : f32
    %fh = arith.mulf %f, %h : f32
    %wn = minrnn.project %x "wn" : f32
    %un = minrnn.project %fh "un" : f32 -> f32
    %kn = arith.addf %wn, %un : f32
    %n = math.tanh %kn : f32
    %next = minrnn.lerp %h, %n, %f : f32
    minrnn.yield %next : f32
  })mlir";

/// GRU as first published (Cho et al. 2014).
const char *const choGRU = R"mlir(
  minrnn.cell @gru(%x: !minrnn.input) state(%h: f32) {
    %wr = minrnn.project %x "wr" : f32
    %wz = minrnn.project %x "wz" : f32
    %wn = minrnn.project %x "wn" : f32
    %ur = minrnn.project %h "ur" : f32 -> f32
    %kr = arith.addf %wr, %ur : f32
    %r = minrnn.sigmoid %kr : f32
    %rh = arith.mulf %r, %h : f32
    %un = minrnn.project %rh "un" : f32 -> f32
    %kn = arith.addf %wn, %un : f32
    %n = math.tanh %kn : f32
    %uz = minrnn.project %h "uz" : f32 -> f32
    %kz = arith.addf %wz, %uz : f32
    %z = minrnn.sigmoid %kz : f32
    %next = minrnn.lerp %n, %h, %z : f32
    minrnn.yield %next : f32
  })mlir";

/// Two projections of one value, one of them twice, and one of another; the
/// value is used beside them, and a state is projected last.
const char *const shared = R"mlir(
  minrnn.cell @shared(%x: !minrnn.input) state(%h: f32, %c: f32) {
    %k = minrnn.project %x "k" : f32
    %p = minrnn.parameter "p" : f32
    %r = minrnn.sigmoid %k : f32
    %rh = arith.mulf %r, %h : f32
    %a = minrnn.project %rh "a" : f32 -> f32
    %pc = arith.mulf %p, %c : f32
    %v = minrnn.project %pc "v" : f32 -> f32
    %b = minrnn.project %rh "b" : f32 -> f32
    %u = minrnn.project %c "u" : f32 -> f32
    %again = minrnn.project %rh "a" : f32 -> f32
    %ab = arith.mulf %a, %b : f32
    %sum = arith.addf %ab, %again : f32
    %n = math.tanh %sum : f32
    %uv = arith.addf %u, %v : f32
    %m = math.tanh %uv : f32
    %both = arith.mulf %rh, %m : f32
    %out = arith.addf %both, %n : f32
    minrnn.output %out : f32
    minrnn.yield %n, %m : f32, f32
  })mlir";

/// A projection of what is free of the states.
const char *const freeOfStates = R"mlir(
  minrnn.cell @free(%x: !minrnn.input) state(%h: f32) {
    %k = minrnn.project %x "k" : f32
    %t = math.tanh %k : f32
    %u = minrnn.project %t "u" : f32 -> f32
    %v = minrnn.project %k "v" : f32 -> f32
    %z = minrnn.sigmoid %v : f32
    %next = minrnn.lerp %h, %u, %z : f32
    minrnn.yield %next : f32
  })mlir";

/// Three projections, each of what the one before it made, beside one of the
/// first value; and a state that is projected last.
const char *const threeStages = R"mlir(
  minrnn.cell @stages(%x: !minrnn.input) state(%h: f32) {
    %k = minrnn.project %x "k" : f32
    %r = minrnn.sigmoid %k : f32
    %rh = arith.mulf %r, %h : f32
    %a = minrnn.project %rh "a" : f32 -> f32
    %ta = math.tanh %a : f32
    %b = minrnn.project %ta "b" : f32 -> f32
    %d = minrnn.project %rh "d" : f32 -> f32
    %bd = arith.mulf %b, %d : f32
    %c = minrnn.project %bd "c" : f32 -> f32
    %u = minrnn.project %h "u" : f32 -> f32
    %cu = arith.addf %c, %u : f32
    %n = math.tanh %cu : f32
    %next = minrnn.lerp %h, %n, %r : f32
    minrnn.yield %next : f32
  })mlir";

const char *const cells[] = {mgu, choGRU, shared, freeOfStates, threeStages};

double logistic(double x) { return 1 / (1 + std::exp(-x)); }

/// U_r x + b_r.
Vector projected(const Call &call, int64_t r, const Vector &x) {
  auto size = static_cast<int64_t>(x.size());
  Vector result(x.size());
  for (int64_t to = 0; to < size; ++to) {
    result[to] = call.recurrentBias[r * size + to];
    for (int64_t from = 0; from < size; ++from)
      result[to] +=
          call.recurrentWeight[(r * size + to) * size + from] * x[from];
  }
  return result;
}

/// What the loops below make of a step.
struct ChainStep {
  Vector h;
  Vector inner;
};

/// `gates` are [G, H], with the bias.
ChainStep mguStep(const Call &call, const Vector &gates, const Vector &h) {
  size_t size = h.size();
  Vector uf = projected(call, 0, h);
  Vector f(size);
  ChainStep step{h, Vector(size)};
  for (size_t j = 0; j < size; ++j) {
    f[j] = logistic(gates[j] + uf[j]);
    step.inner[j] = f[j] * h[j];
  }
  Vector un = projected(call, 1, step.inner);
  for (size_t j = 0; j < size; ++j)
    step.h[j] = (1 - f[j]) * h[j] + f[j] * std::tanh(gates[size + j] + un[j]);
  return step;
}

ChainStep gruStep(const Call &call, const Vector &gates, const Vector &h) {
  size_t size = h.size();
  Vector ur = projected(call, 0, h);
  Vector uz = projected(call, 2, h);
  ChainStep step{h, Vector(size)};
  for (size_t j = 0; j < size; ++j)
    step.inner[j] = logistic(gates[j] + ur[j]) * h[j];
  Vector un = projected(call, 1, step.inner);
  for (size_t j = 0; j < size; ++j) {
    double z = logistic(gates[size + j] + uz[j]);
    step.h[j] = z * h[j] + (1 - z) * std::tanh(gates[2 * size + j] + un[j]);
  }
  return step;
}

/// The inner values are [3, H].
ChainStep threeStagesStep(const Call &call, const Vector &gates,
                          const Vector &h) {
  size_t size = h.size();
  ChainStep step{h, Vector(3 * size)};
  Vector rh(size), ta(size), bd(size);
  for (size_t j = 0; j < size; ++j)
    rh[j] = logistic(gates[j]) * h[j];
  Vector a = projected(call, 0, rh);
  for (size_t j = 0; j < size; ++j)
    ta[j] = std::tanh(a[j]);
  Vector b = projected(call, 1, ta);
  Vector d = projected(call, 2, rh);
  for (size_t j = 0; j < size; ++j)
    bd[j] = b[j] * d[j];
  Vector c = projected(call, 3, bd);
  Vector u = projected(call, 4, h);
  for (size_t j = 0; j < size; ++j) {
    step.inner[j] = rh[j];
    step.inner[size + j] = ta[j];
    step.inner[2 * size + j] = bd[j];
    double r = logistic(gates[j]);
    step.h[j] = (1 - r) * h[j] + r * std::tanh(c[j] + u[j]);
  }
  return step;
}

/// Holds a cell of one state to `step`, applied from step to step.
void expectIsALoopOf(const char *text,
                     ChainStep (*step)(const Call &, const Vector &,
                                       const Vector &)) {
  ParsedCell cell = parseCell(text);
  auto gateCount = static_cast<int64_t>(cell.gates.size());
  constexpr int64_t batch = 2, time = 12, channels = 3;
  for (bool reverse : {false, true}) {
    SCOPED_TRACE(testing::Message() << cell.name << ", reverse " << reverse);
    Call call = sampleCall(cell, {batch, time, channels},
                           {.reverse = reverse, .reset = true}, 3);
    call.roundsPreactivations = false;
    ASSERT_NE(std::ranges::count(call.reset, 0), batch * time);
    CallResults results = evaluate(cell, call);
    auto width = static_cast<int64_t>(cell.inner.size()) * channels;
    ASSERT_EQ(std::ssize(results.inner.value), batch * time * width);
    for (int64_t row = 0; row < batch; ++row) {
      Vector h(call.initial.begin() + row * channels,
               call.initial.begin() + (row + 1) * channels);
      for (int64_t position = 0; position < time; ++position) {
        int64_t at = row * time + (reverse ? time - 1 - position : position);
        if (call.reset[at] != 0)
          h.assign(channels, 0);
        Vector gates(gateCount * channels);
        for (int64_t i = 0; i < gateCount * channels; ++i)
          gates[i] =
              call.preactivations[at * gateCount * channels + i] + call.bias[i];
        ChainStep after = step(call, gates, h);
        h = after.h;
        for (int64_t j = 0; j < channels; ++j)
          EXPECT_NEAR(results.output.value[at * channels + j], h[j], 1e-13);
        for (int64_t j = 0; j < width; ++j)
          EXPECT_NEAR(results.inner.value[at * width + j], after.inner[j],
                      1e-13);
      }
      for (int64_t j = 0; j < channels; ++j)
        EXPECT_NEAR(results.last.value[row * channels + j], h[j], 1e-13);
    }
  }
}

} // namespace

TEST(InnerProjections, AreListedInTheOrderOfTheirFirstProjection) {
  ParsedCell cell = parseCell(shared);
  ASSERT_EQ(cell.inner.size(), 2U);
  auto operationOf = [&](int inner) {
    return cell.instructions[cell.inner[inner]];
  };
  EXPECT_EQ(operationOf(0).operation, Opcode::Multiply);
  EXPECT_EQ(operationOf(0).operands[1], 0); // r h
  EXPECT_EQ(operationOf(1).operands[1], 1); // p c
  std::vector<std::string> names;
  std::vector<int> states;
  std::vector<int> inner;
  for (const ParsedProjection &projection : cell.recurrent) {
    names.push_back(projection.name);
    states.push_back(projection.state);
    inner.push_back(projection.inner);
  }
  EXPECT_EQ(names, (std::vector<std::string>{"a", "v", "b", "u"}));
  EXPECT_EQ(states, (std::vector<int>{-1, -1, -1, 1}));
  EXPECT_EQ(inner, (std::vector<int>{0, 1, 0, -1}));
}

TEST(InnerProjections, MGUIsItsPapers) { expectIsALoopOf(mgu, mguStep); }

TEST(InnerProjections, MayDependOnOneAnother) {
  expectIsALoopOf(threeStages, threeStagesStep);
}

TEST(InnerProjections, GRUIsChosOf2014) { expectIsALoopOf(choGRU, gruStep); }

TEST(InnerProjections, GradientsMatchCentralDifferences) {
  for (const char *text : cells) {
    ParsedCell cell = parseCell(text);
    for (Shape shape : {Shape{2, 5, 3}, Shape{1, 9, 1}})
      for (bool reverse : {false, true})
        for (bool reset : {false, true}) {
          SCOPED_TRACE(testing::Message()
                       << cell.name << ", T " << shape.time << ", reverse "
                       << reverse << ", reset " << reset);
          Call call =
              sampleCall(cell, shape, {.reverse = reverse, .reset = reset}, 34);
          call.roundsPreactivations = false;
          auto states = static_cast<int64_t>(cell.states.size());
          expectGradientsAreCentralDifferences(
              cell, call, widen(sampleNormal(shape.outputs(), 35)),
              widen(sampleNormal(shape.states() * states, 36)));
        }
  }
}

TEST(InnerProjections, GradientsOfProductsMakeThoseOfWeightsAndValues) {
  // As a caller of the kernels makes them.
  for (const char *text : cells) {
    ParsedCell cell = parseCell(text);
    SCOPED_TRACE(cell.name);
    Shape shape{2, 7, 3};
    int64_t channels = shape.channels;
    Call call = sampleCall(cell, shape, {.reset = true}, 44);
    Vector dOutput = widen(sampleNormal(shape.outputs(), 45));
    CallResults results = evaluate(cell, call);
    CallGradients found = differentiate(cell, call, dOutput, {});
    auto projections = static_cast<int64_t>(cell.recurrent.size());
    auto count = static_cast<int64_t>(cell.inner.size());
    Vector weight = found.recurrentWeight.value;
    Vector inner(results.inner.value.size());
    for (int64_t r = 0; r < projections; ++r) {
      int64_t c = cell.recurrent[r].inner;
      if (c < 0)
        continue;
      auto ofProjection = weight.begin() + r * channels * channels;
      std::fill(ofProjection, ofProjection + channels * channels, 0);
      for (int64_t step = 0; step < shape.batch * shape.time; ++step)
        for (int64_t to = 0; to < channels; ++to)
          for (int64_t from = 0; from < channels; ++from) {
            double gradient =
                found.recurrent.value[(step * projections + r) * channels + to];
            int64_t place = (step * count + c) * channels + from;
            int64_t element = (r * channels + to) * channels + from;
            weight[element] += gradient * results.inner.value[place];
            inner[place] += gradient * call.recurrentWeight[element];
          }
    }
    expectAgrees("d_recurrent_weight", found.recurrentWeight.value, weight,
                 {1e-13, 1e-12});
    expectAgrees("d_inner", found.inner.value, inner, {1e-13, 1e-12});
  }
}

TEST(InnerProjections, NothingIsMaskedAtAReset) {
  ParsedCell cell = parseCell(freeOfStates);
  Call call = sampleCall(cell, {1, 2, 3}, {}, 5);
  call.reset.assign(2, 1);
  CallResults results = evaluate(cell, call);
  CallGradients gradients = differentiate(
      cell, call, widen(sampleNormal(call.shape.outputs(), 6)), {});
  for (const Estimates &estimates :
       {results.recurrent, results.inner, gradients.recurrent, gradients.inner,
        gradients.recurrentWeight})
    EXPECT_EQ(std::ranges::count(estimates.value, 0), 0);

  // What is made of the states is zero by itself, and its weights learn
  // nothing; yet a gradient arrives at the product.
  cell = parseCell(mgu);
  call = sampleCall(cell, {1, 2, 3}, {}, 7);
  call.reset.assign(2, 1);
  results = evaluate(cell, call);
  gradients = differentiate(cell, call,
                            widen(sampleNormal(call.shape.outputs(), 8)), {});
  for (const Estimates &estimates :
       {results.recurrent, results.inner, gradients.recurrentWeight})
    EXPECT_EQ(std::ranges::count(estimates.value, 0),
              static_cast<int64_t>(estimates.value.size()));
  EXPECT_EQ(std::ranges::count(gradients.recurrent.value, 0),
            2 * 3); // that of "uf"
}

TEST(InnerProjections, AreBoundedAsProductsOfStatesAre) {
  // The same function twice: -h is as exact as h.
  auto cellWith = [](const std::string &product) {
    return parseCell(R"mlir(
      minrnn.cell @c(%x: !minrnn.input) state(%h: f32) {
        %k = minrnn.project %x "k" : f32
        )mlir" + product +
                     R"mlir(
        %n = math.tanh %sum : f32
        %z = minrnn.sigmoid %k : f32
        %next = minrnn.lerp %h, %n, %z : f32
        minrnn.yield %next : f32
      })mlir");
  };
  ParsedCell ofState = cellWith(R"mlir(%u = minrnn.project %h "u" : f32 -> f32
        %sum = arith.addf %k, %u : f32)mlir");
  ParsedCell ofValue = cellWith(R"mlir(%minus = arith.negf %h : f32
        %u = minrnn.project %minus "u" : f32 -> f32
        %sum = arith.subf %k, %u : f32)mlir");
  Call call = sampleCall(ofState, {2, 6, 4}, {.recurrentBias = false}, 9);
  Vector dOutput = widen(sampleNormal(call.shape.outputs(), 10));
  CallResults expected = evaluate(ofState, call);
  CallResults found = evaluate(ofValue, call);
  EXPECT_EQ(found.output.value, expected.output.value);
  EXPECT_EQ(found.output.error, expected.output.error);
  EXPECT_EQ(found.recurrent.error, expected.recurrent.error);
  CallGradients dExpected = differentiate(ofState, call, dOutput, {});
  CallGradients dFound = differentiate(ofValue, call, dOutput, {});
  // The terms of a state's gradient are added up in another order.
  for (auto gradient :
       {&CallGradients::recurrent, &CallGradients::recurrentWeight}) {
    expectAgrees("error", (dFound.*gradient).error, (dExpected.*gradient).error,
                 {0, 0.05});
    EXPECT_GT(*std::ranges::max_element((dFound.*gradient).error), 0);
  }
  // The product of inner values with their own errors has them too.
  EXPECT_GT(*std::ranges::min_element(dFound.inner.error), 0);
}

TEST(InnerProjections, OfNoStepsIsNothing) {
  ParsedCell cell = parseCell(mgu);
  Call call = sampleCall(cell, {2, 0, 3}, {}, 11);
  CallResults results = evaluate(cell, call);
  EXPECT_TRUE(results.inner.value.empty());
  EXPECT_EQ(results.last.value, call.initial);
  CallGradients gradients = differentiate(cell, call, {}, call.initial);
  EXPECT_TRUE(gradients.inner.value.empty());
  EXPECT_EQ(gradients.initial.value, call.initial);
}
