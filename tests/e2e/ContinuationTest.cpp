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
#include <span>
#include <string>
#include <vector>

using namespace minrnn;
using namespace minrnn::e2e;
using namespace minrnn::reference;

namespace {

/// Copies [B, piece, width] into the time steps from `begin` on of
/// [B, T, width].
void placeRows(std::span<const float> piece, std::span<float> whole,
               const Shape &shape, int64_t begin, int64_t end, int64_t width) {
  for (int64_t row = 0; row < shape.batch; ++row)
    std::copy_n(piece.begin() + row * (end - begin) * width,
                (end - begin) * width,
                whole.begin() + (row * shape.time + begin) * width);
}

bool sameBits(const NamedArrays &a, const NamedArrays &b) {
  return std::ranges::equal(a, b, [](const auto &one, const auto &other) {
    return one.first == other.first &&
           std::ranges::equal(std::as_bytes(std::span(one.second)),
                              std::as_bytes(std::span(other.second)));
  });
}

class Continuation : public testing::TestWithParam<Cell> {
public:
  static std::string caseName(const testing::TestParamInfo<Cell> &info) {
    return std::string(name(info.param));
  }
};

} // namespace

TEST_P(Continuation, PiecesAndStepsHoldTheBoundsOfOneCall) {
  Cell cell = GetParam();
  Shape shape{2, 700, 37};
  int64_t gateWidth = std::ssize(parsed(cell).gates) * shape.channels;
  // Uneven, around the tiles' edges, and one that is empty.
  const std::vector<int64_t> cuts = {0, 1, 3, 34, 34, 98, 163, 500, 700};
  for (Regime regime : allRegimes)
    for (bool initial : {false, true}) {
      SequenceData data =
          sampleSequence(cell, shape, regime, {true, initial, true});
      CallResults expected = evaluate(data);
      CallGradients gradients = differentiate(data);
      for (Scan scan : allScans) {
        SCOPED_TRACE(testing::Message() << name(scan) << ", " << name(regime)
                                        << ", initial " << initial);
        const KernelProgram &kernels = compiledCell(cell, scan);
        auto expectForward = [&](const NamedArrays &found) {
          expectAgrees("output", found, expected.output, forwardTolerance);
          expectAgrees("last", found, expected.last, forwardTolerance);
        };
        expectForward(runForward(kernels, data));
        // Steps are too small to be worth a second thread.
        expectForward(compiledCell(cell, scan, 1).steps(callOf(data)));

        // Forward in pieces, the state carried on.
        std::vector<SequenceData> pieces;
        std::vector<std::vector<float>> outputs;
        NamedArrays carried = {{"output", std::vector<float>(shape.outputs())},
                               {"last", data.initial}};
        for (size_t i = 0; i + 1 < cuts.size(); ++i) {
          pieces.push_back(pieceOf(data, cuts[i], cuts[i + 1]));
          pieces.back().initial = carried["last"];
          NamedArrays run = runForward(kernels, pieces.back());
          placeRows(run["output"], carried["output"], shape, cuts[i],
                    cuts[i + 1], shape.channels);
          carried["last"] = run["last"];
          outputs.push_back(std::move(run["output"]));
        }
        expectForward(carried);

        // Backward in pieces, from the end, the adjoint carried on.
        NamedArrays adjoint = {{"d_preactivations", data.preactivations},
                               {"d_initial", data.dLast}};
        for (size_t i = pieces.size(); i-- > 0;) {
          pieces[i].dLast = adjoint["d_initial"];
          NamedArrays run = runBackward(kernels, pieces[i], outputs[i]);
          placeRows(run["d_preactivations"], adjoint["d_preactivations"], shape,
                    cuts[i], cuts[i + 1], gateWidth);
          adjoint["d_initial"] = run["d_initial"];
        }
        expectAgrees("d_preactivations", adjoint, gradients.preactivations,
                     gradientTolerance);
        expectAgrees("d_initial", adjoint, gradients.initial,
                     gradientTolerance);
        if (HasFailure())
          return;
      }
    }
}

TEST_P(Continuation, LinearAndLogScansAgree) {
  Cell cell = GetParam();
  Shape shape{2, 2000, 33};
  for (Regime regime : allRegimes) {
    SCOPED_TRACE(name(regime));
    SequenceData data = sampleSequence(cell, shape, regime, {});
    NamedArrays linear = runForward(compiledCell(cell, Scan::Linear), data);
    NamedArrays log = runForward(compiledCell(cell, Scan::Log), data);
    // Each is within 1e-5 of the truth.
    std::vector<double> expected = widen(linear.at("output"));
    expectAgrees("output", log, {expected, expected, {}}, {0, 2e-5});
  }
}

TEST_P(Continuation, ResultsAreTheSameBitsInEveryRunAndForAnyThreadCount) {
  Cell cell = GetParam();
  for (Shape shape : {Shape{5, 300, 70}, Shape{1, 5000, 3}})
    for (Scan scan : allScans) {
      SequenceData data = sampleSequence(cell, shape, Regime::Ordinary, {});
      const KernelProgram &one = compiledCell(cell, scan, 1);
      NamedArrays expected = runForward(one, data);
      NamedArrays expectedBack = runBackward(one, data, expected.at("output"));
      for (int threads : {1, 2, 3, 8}) {
        SCOPED_TRACE(testing::Message() << name(scan) << ", " << threads
                                        << " threads, T " << shape.time);
        const KernelProgram &kernels = compiledCell(cell, scan, threads);
        for (int repetition = 0; repetition < 3; ++repetition) {
          NamedArrays run = runForward(kernels, data);
          EXPECT_TRUE(sameBits(run, expected));
          EXPECT_TRUE(sameBits(runBackward(kernels, data, run.at("output")),
                               expectedBack));
        }
      }
    }
}

INSTANTIATE_TEST_SUITE_P(Host, Continuation, testing::ValuesIn(allCells),
                         Continuation::caseName);
