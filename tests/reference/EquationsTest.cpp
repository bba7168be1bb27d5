//===- EquationsTest.cpp - Is the reference of any cell right? ------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tests/reference/Equations.h"
#include "tests/TestFiles.h"
#include "tests/reference/CallSamples.h"
#include "tests/reference/GradientChecks.h"
#include "tests/reference/Samples.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

using namespace minrnn::reference;

namespace {

const char *const cellNames[] = {"mingru", "minlstm", "minlstm_unnormalized",
                                 "gru",    "lstm",    "mgu",
                                 "sru",    "qrnn",    "rglru",
                                 "indrnn"};

ParsedCell cellProgram(const std::string &name) {
  return parseCellFile(minrnn::test::testFile(MINRNN_CELLS_FOLDER) + "/" +
                       name + ".mlir");
}

/// Steps [begin, end) of one row.
Call pieceOf(const ParsedCell &cell, const Call &call, int64_t row,
             int64_t begin, int64_t end) {
  Call piece = call;
  piece.shape = {1, end - begin, call.shape.channels};
  auto cut = [&](std::vector<double> &values, size_t count) {
    auto perStep = static_cast<int64_t>(count) * call.shape.channels;
    auto first = values.begin() + (row * call.shape.time + begin) * perStep;
    values = std::vector<double>(first, first + (end - begin) * perStep);
  };
  cut(piece.preactivations, cell.gates.size());
  if (cell.readsInput)
    cut(piece.input, 1);
  piece.reset.clear();
  piece.initial.clear();
  return piece;
}

/// [B, T, width] with the steps in the opposite order.
std::vector<double> flipped(const std::vector<double> &values, int64_t time,
                            int64_t width) {
  std::vector<double> result(values.size());
  for (size_t i = 0; i < values.size(); ++i) {
    auto step = static_cast<int64_t>(i) / width;
    int64_t row = step / time;
    int64_t t = step % time;
    result[((row * time) + time - 1 - t) * width + i % width] = values[i];
  }
  return result;
}

} // namespace

TEST(Equations, GradientsMatchCentralDifferences) {
  for (const char *cellName : cellNames) {
    ParsedCell cell = cellProgram(cellName);
    for (Shape shape : {Shape{2, 5, 3}, Shape{1, 9, 1}})
      for (bool reverse : {false, true})
        for (bool reset : {false, true}) {
          SCOPED_TRACE(testing::Message()
                       << cellName << ", T " << shape.time << ", reverse "
                       << reverse << ", reset " << reset);
          Call call =
              sampleCall(cell, shape, {.reverse = reverse, .reset = reset}, 31);
          call.roundsPreactivations = false;
          std::vector<double> dOutput =
              widen(sampleNormal(shape.outputs(), 32));
          auto states = static_cast<int64_t>(cell.states.size());
          std::vector<double> dLast =
              widen(sampleNormal(shape.states() * states, 33));
          expectGradientsAreCentralDifferences(cell, call, dOutput, dLast);
        }
  }
}

TEST(Equations, TheGradientsOfRecurrentProductsMakeThoseOfTheWeights) {
  // As a caller of the kernels makes them: one product at the end.
  for (const char *cellName : {"gru", "lstm", "mgu"}) {
    ParsedCell cell = cellProgram(cellName);
    Shape shape{2, 7, 3};
    Call call = sampleCall(cell, shape, {.reset = true}, 41);
    std::vector<double> dOutput = widen(sampleNormal(shape.outputs(), 42));
    CallResults results = evaluate(cell, call);
    CallGradients found = differentiate(cell, call, dOutput, {});
    auto projections = static_cast<int64_t>(cell.recurrent.size());
    auto states = static_cast<int64_t>(cell.states.size());
    auto inner = static_cast<int64_t>(cell.inner.size());
    int64_t channels = shape.channels;
    std::vector<double> weight(projections * channels * channels);
    for (int64_t row = 0; row < shape.batch; ++row)
      for (int64_t t = 0; t < shape.time; ++t)
        for (int64_t i = 0; i < projections * channels * channels; ++i) {
          int64_t r = i / channels / channels;
          int64_t to = i / channels % channels;
          const ParsedProjection &projection = cell.recurrent[r];
          int64_t place = projection.state * channels + i % channels;
          int64_t step = row * shape.time + t;
          double before = 0;
          if (projection.isInner())
            before = results.inner
                         .value[(step * inner + projection.inner) * channels +
                                i % channels];
          else if (t > 0)
            before =
                results.states.value[(step - 1) * states * channels + place];
          else
            before = call.initial[row * states * channels + place];
          if (call.reset[step] != 0 && !projection.isInner())
            before = 0;
          weight[i] +=
              found.recurrent.value[(step * projections + r) * channels + to] *
              before;
        }
    expectAgrees(cellName, found.recurrentWeight.value, weight, {1e-13, 1e-12});
  }
}

TEST(Equations, AResetBeginsARunOfItsOwn) {
  for (const char *cellName : cellNames) {
    SCOPED_TRACE(cellName);
    ParsedCell cell = cellProgram(cellName);
    Shape shape{1, 12, 3};
    Call call = sampleCall(cell, shape, {}, 51);
    call.reset.assign(shape.time, 0);
    call.reset[5] = 7;
    CallResults whole = evaluate(cell, call);
    Call first = pieceOf(cell, call, 0, 0, 5);
    first.initial = call.initial;
    Call second = pieceOf(cell, call, 0, 5, 12);
    std::vector<double> joined = evaluate(cell, first).output.value;
    CallResults rest = evaluate(cell, second);
    joined.insert(joined.end(), rest.output.value.begin(),
                  rest.output.value.end());
    EXPECT_EQ(whole.output.value, joined);
    EXPECT_EQ(whole.last.value, rest.last.value);

    std::vector<double> dOutput = widen(sampleNormal(shape.outputs(), 52));
    std::span<const double> gradient(dOutput);
    CallGradients together = differentiate(cell, call, dOutput, {});
    auto cut = 5 * shape.channels;
    CallGradients before = differentiate(cell, first, gradient.first(cut), {});
    CallGradients after =
        differentiate(cell, second, gradient.subspan(cut), {});
    std::vector<double> parts = before.preactivations.value;
    parts.insert(parts.end(), after.preactivations.value.begin(),
                 after.preactivations.value.end());
    EXPECT_EQ(together.preactivations.value, parts);
    EXPECT_EQ(together.initial.value, before.initial.value);
    std::vector<double> sum = before.recurrentBias.value;
    for (size_t i = 0; i < sum.size(); ++i)
      sum[i] += after.recurrentBias.value[i];
    // The bias of a recurrent projection works at a reset too.
    expectAgrees("d_recurrent_bias", together.recurrentBias.value, sum,
                 {1e-14, 1e-13});
    for (size_t i = 0; i < cell.recurrent.size() * shape.channels; ++i) {
      if (cell.recurrent[i / shape.channels].isInner())
        continue; // What is projected there need not be zero.
      size_t place = 5 * cell.recurrent.size() * shape.channels + i;
      EXPECT_EQ(whole.recurrent.value[place], 0);
      EXPECT_EQ(together.recurrent.value[place], 0);
    }
  }
}

TEST(Equations, AResetOfEveryStepLeavesNoMemory) {
  ParsedCell cell = cellProgram("lstm");
  Call call = sampleCall(cell, {2, 6, 3}, {}, 61);
  call.reset.assign(12, 1);
  std::vector<double> dOutput = widen(sampleNormal(call.shape.outputs(), 62));
  CallGradients gradients = differentiate(cell, call, dOutput, {});
  for (const Estimates &estimates :
       {gradients.initial, gradients.recurrent, gradients.recurrentWeight})
    EXPECT_TRUE(std::all_of(estimates.value.begin(), estimates.value.end(),
                            [](double value) { return value == 0; }));
}

TEST(Equations, AReverseRunIsARunOfFlippedInputs) {
  for (const char *cellName : cellNames) {
    SCOPED_TRACE(cellName);
    ParsedCell cell = cellProgram(cellName);
    Shape shape{2, 8, 3};
    Call call = sampleCall(cell, shape, {.reverse = true, .reset = true}, 71);
    auto width = static_cast<int64_t>(cell.gates.size()) * shape.channels;
    Call other = call;
    other.reverse = false;
    other.preactivations = flipped(call.preactivations, shape.time, width);
    other.input = flipped(call.input, shape.time, shape.channels);
    std::vector<double> mask(call.reset.begin(), call.reset.end());
    mask = flipped(mask, shape.time, 1);
    other.reset.assign(mask.begin(), mask.end());
    CallResults found = evaluate(cell, call);
    CallResults expected = evaluate(cell, other);
    EXPECT_EQ(found.last.value, expected.last.value);
    EXPECT_EQ(found.output.value,
              flipped(expected.output.value, shape.time, shape.channels));
    std::vector<double> dOutput = widen(sampleNormal(shape.outputs(), 72));
    CallGradients gradients = differentiate(cell, call, dOutput, {});
    CallGradients others = differentiate(
        cell, other, flipped(dOutput, shape.time, shape.channels), {});
    EXPECT_EQ(gradients.initial.value, others.initial.value);
    EXPECT_EQ(gradients.preactivations.value,
              flipped(others.preactivations.value, shape.time, width));
  }
}

TEST(Equations, AddTheBiasInSinglePrecision) {
  ParsedCell cell = cellProgram("indrnn");
  Call call;
  call.shape = {1, 1, 1};
  call.preactivations = {10000};
  call.bias = {static_cast<float>(1e-4)};
  call.parameters = {0};
  EXPECT_EQ(evaluate(cell, call).output.value[0], 10000);
  call.roundsPreactivations = false;
  EXPECT_GT(evaluate(cell, call).output.value[0], 10000);
}

TEST(Equations, BoundTheErrorsOfEitherPrecision) {
  ParsedCell cell = cellProgram("gru");
  Call call = sampleCall(cell, {2, 5, 3}, {}, 7);
  call.roundsPreactivations = false;
  CallResults single = evaluate(cell, call);
  call.precision = doublePrecision;
  CallResults twice = evaluate(cell, call);
  EXPECT_EQ(single.output.value, twice.output.value);
  for (size_t i = 0; i < single.output.error.size(); ++i)
    EXPECT_NEAR(twice.output.error[i], 0x1p-29 * single.output.error[i],
                1e-6 * twice.output.error[i]);
}

TEST(Equations, RoundEveryStateThatIsCarriedAsItsLogarithm) {
  ParsedCell cell = parseCell(R"(
    minrnn.cell @c(%x: !minrnn.input) state(%h: f32) {
      %k = minrnn.project %x "k" : f32
      %p = minrnn.parameter "p" : f32
      minrnn.yield %p : f32
    })");
  Call call = sampleCall(cell, {1, 1, 1}, {}, 7);
  call.parameters = {3};
  EXPECT_EQ(evaluate(cell, call).output.error[0], 0);
  call.logarithmic = true;
  double error = evaluate(cell, call).output.error[0];
  EXPECT_GE(error, 3 * unitRoundoff);
  EXPECT_LT(error, 3 * 6 * unitRoundoff); // four, and log2 3
}

TEST(Equations, RefuseSizesThatDoNotFit) {
  ParsedCell cell = cellProgram("gru");
  Call call = sampleCall(cell, {1, 2, 3}, {}, 1);
  call.recurrentWeight.pop_back();
  EXPECT_THROW(evaluate(cell, call), std::invalid_argument);
}

TEST(ParsedCells, RefuseWrongText) {
  EXPECT_THROW(parseCell("minrnn.cell @c"), std::invalid_argument);
  EXPECT_THROW(parseCell(""), std::invalid_argument);
}

TEST(ParsedCells, KnowWhatIsFolded) {
  // sigmoid(20) is 1 in single precision, and 1 less that is 0.
  ParsedCell cell = parseCell(R"(
    minrnn.cell @c(%x: !minrnn.input) state(%h: f32) {
      %k = minrnn.project %x "k" : f32
      %ten = arith.constant 10.0 : f32
      %twenty = arith.addf %ten, %ten : f32
      %w = minrnn.sigmoid %twenty : f32
      %one = arith.constant 1.0 : f32
      %keep = arith.subf %one, %w : f32
      %m = minrnn.lerp %h, %k, %w : f32
      %n = arith.mulf %m, %keep : f32
      minrnn.yield %n : f32
    })");
  std::vector<bool> folded;
  folded.reserve(cell.instructions.size());
  for (const Instruction &instruction : cell.instructions)
    folded.push_back(instruction.isFolded);
  // State, gate, 10, sum, sigmoid, 1, difference, lerp, product.
  EXPECT_EQ(folded, (std::vector<bool>{false, false, false, true, true, false,
                                       true, false, false}));
  Call call = sampleCall(cell, {1, 1, 1}, {}, 7);
  call.preactivations = {0};
  call.bias = {0};
  call.initial = {1};
  CallGradients gradients = differentiate(cell, call, std::vector{1.0}, {});
  // keep^2, of which nothing may be left.
  EXPECT_GE(safety * gradients.initial.error[0], gradients.initial.value[0]);
  EXPECT_LT(gradients.initial.error[0], 1e-12);
}

TEST(ParsedCells, KnowWhatMayBeMultipliedOut) {
  // The same number in two cells: affine in h, and not.
  auto magnitudeOf = [](const char *factor) {
    ParsedCell cell = parseCell(std::string(R"mlir(
      minrnn.cell @c(%x: !minrnn.input) state(%h: f32) {
        %k = minrnn.project %x "z" : f32
        %sum = arith.addf %h, %k : f32
        %n = arith.mulf %sum, )mlir") +
                                factor + R"mlir( : f32
        minrnn.yield %n : f32
      })mlir");
    Call call;
    call.shape = {1, 1, 1};
    call.preactivations = {-3};
    call.initial = {3};
    return evaluate(cell, call).last.magnitude[0];
  };
  EXPECT_EQ(magnitudeOf("%k"), 18); // k h + k k
  EXPECT_EQ(magnitudeOf("%h"), 0);
}
