//===- ContinuationTest.cpp - A state carried on, and results repeated ----===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// One call, pieces with the state carried on, and single steps give the same
// sequence; so do the two scan domains; and the same call gives the same bits
// in every run and with any number of threads.
//
//===----------------------------------------------------------------------===//

#include "tests/e2e/CellRuns.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <string>
#include <vector>

using namespace minrnn;
using namespace minrnn::e2e;
using namespace minrnn::reference;

namespace {

/// Copies [B, piece, width] into the time steps from `begin` on of
/// [B, T, width].
void placeRows(std::span<const float> piece, std::span<float> whole,
               int64_t batch, int64_t begin, int64_t pieceTime, int64_t time,
               int64_t width) {
  for (int64_t row = 0; row < batch; ++row)
    std::copy_n(piece.begin() + row * pieceTime * width, pieceTime * width,
                whole.begin() + (row * time + begin) * width);
}

bool sameBits(std::span<const float> a, std::span<const float> b) {
  return a.size() == b.size() &&
         (a.empty() || std::memcmp(a.data(), b.data(), a.size_bytes()) == 0);
}

class Continuation : public testing::TestWithParam<Cell> {};

std::string caseName(const testing::TestParamInfo<Cell> &info) {
  return std::string(name(info.param));
}

} // namespace

TEST_P(Continuation, PiecesAndStepsHoldTheBoundsOfOneCall) {
  Cell cell = GetParam();
  Shape shape{2, 700, 37};
  auto gateWidth = static_cast<int64_t>(gates(cell).size()) * shape.channels;
  // Uneven, around the tiles' edges, and one that is empty.
  const std::vector<int64_t> cuts = {0, 1, 3, 34, 34, 98, 163, 500, 700};
  for (Scan scan : allScans)
    for (Regime regime : allRegimes)
      for (bool initial : {false, true}) {
        SCOPED_TRACE(testing::Message() << name(scan) << ", " << name(regime)
                                        << ", initial " << initial);
        CellKernels kernels = compiledCell(cell, scan);
        SequenceData data =
            sampleSequence(cell, shape, regime, {true, initial, true});
        Inputs inputs = judgedInputs(data);
        Outputs expected = forward(cell, shape, inputs);
        Gradients gradients = backward(cell, shape, inputs, widen(data.dOutput),
                                       widen(data.dLast));

        ForwardRun whole = runForward(kernels, data);
        expectAgrees("one call", whole.output, expected.output,
                     forwardTolerance, expected.outputMagnitude);
        // Steps are too small to be worth a second thread.
        ForwardRun steps = runSteps(compiledCell(cell, scan, 1), data);
        expectAgrees("steps", steps.output, expected.output, forwardTolerance,
                     expected.outputMagnitude);
        expectAgrees("last of steps", steps.last, expected.last,
                     forwardTolerance, expected.last);

        // Forward in pieces, the state carried on.
        std::vector<SequenceData> pieces;
        std::vector<std::vector<float>> outputs;
        std::vector<float> carried(shape.outputs());
        std::vector<float> state = data.initial;
        for (size_t i = 0; i + 1 < cuts.size(); ++i) {
          pieces.push_back(pieceOf(data, cuts[i], cuts[i + 1]));
          pieces.back().initial = state;
          ForwardRun run = runForward(kernels, pieces.back());
          placeRows(run.output, carried, shape.batch, cuts[i],
                    cuts[i + 1] - cuts[i], shape.time, shape.channels);
          state = run.last;
          outputs.push_back(std::move(run.output));
        }
        expectAgrees("pieces", carried, expected.output, forwardTolerance,
                     expected.outputMagnitude);
        expectAgrees("last of pieces", state, expected.last, forwardTolerance,
                     expected.last);

        // Backward in pieces, from the end, the adjoint carried on.
        std::vector<float> dPreactivations(data.preactivations.size());
        std::vector<float> adjoint = data.dLast;
        for (size_t i = pieces.size(); i-- > 0;) {
          pieces[i].dLast = adjoint;
          BackwardRun run = runBackward(kernels, pieces[i], outputs[i]);
          placeRows(run.preactivations, dPreactivations, shape.batch, cuts[i],
                    cuts[i + 1] - cuts[i], shape.time, gateWidth);
          adjoint = run.initial;
        }
        expectAgrees("d_preactivations of pieces", dPreactivations,
                     gradients.preactivations, gradientTolerance,
                     gradients.preactivationsMagnitude);
        expectAgrees("d_initial of pieces", adjoint, gradients.initial,
                     gradientTolerance, gradients.initialMagnitude);
        if (HasFailure())
          return;
      }
}

TEST_P(Continuation, LinearAndLogScansAgree) {
  Cell cell = GetParam();
  Shape shape{2, 2000, 33};
  for (Regime regime : allRegimes) {
    SCOPED_TRACE(name(regime));
    SequenceData data = sampleSequence(cell, shape, regime, {});
    ForwardRun linear = runForward(compiledCell(cell, Scan::Linear), data);
    ForwardRun log = runForward(compiledCell(cell, Scan::Log), data);
    // Each is within 1e-5 of the truth.
    std::vector<double> expected = widen(linear.output);
    expectAgrees("output", log.output, expected, {0, 2e-5}, expected);
  }
}

TEST_P(Continuation, ResultsAreTheSameBitsInEveryRunAndForAnyThreadCount) {
  Cell cell = GetParam();
  for (Shape shape : {Shape{5, 300, 70}, Shape{1, 5000, 3}})
    for (Scan scan : allScans) {
      SequenceData data = sampleSequence(cell, shape, Regime::Ordinary, {});
      CellKernels one = compiledCell(cell, scan, 1);
      ForwardRun expected = runForward(one, data);
      BackwardRun expectedBack = runBackward(one, data, expected.output);
      for (int threads : {1, 2, 3, 8}) {
        SCOPED_TRACE(testing::Message() << name(scan) << ", " << threads
                                        << " threads, T " << shape.time);
        CellKernels kernels = compiledCell(cell, scan, threads);
        for (int repetition = 0; repetition < 3; ++repetition) {
          ForwardRun run = runForward(kernels, data);
          EXPECT_TRUE(sameBits(run.output, expected.output));
          EXPECT_TRUE(sameBits(run.last, expected.last));
          BackwardRun back = runBackward(kernels, data, run.output);
          EXPECT_TRUE(
              sameBits(back.preactivations, expectedBack.preactivations));
          EXPECT_TRUE(sameBits(back.bias, expectedBack.bias));
          EXPECT_TRUE(sameBits(back.initial, expectedBack.initial));
        }
      }
    }
}

INSTANTIATE_TEST_SUITE_P(Host, Continuation, testing::ValuesIn(allCells),
                         caseName);
