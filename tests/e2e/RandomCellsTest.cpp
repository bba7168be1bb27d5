//===- RandomCellsTest.cpp - Random cells against the judge ---------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Each seed is a cell that nobody wrote and a call of it: compiled for the host
// in both scan domains (log space where the compiler proves it), run forward,
// backward and step by step, and held to the judge's bounds of the rounding
// errors (tests/reference/Estimate.h). A failure is shrunk before it is told.
//
// MINRNN_RANDOM_FIRST and MINRNN_RANDOM_COUNT choose the seeds: 0 and 240
// unless set, for a longer campaign nightly or by hand.
//
//===----------------------------------------------------------------------===//

#include "tests/e2e/HostJudge.h"
#include "tests/reference/RandomCampaign.h"
#include "tests/reference/RandomCell.h"
#include "tests/reference/Samples.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <iostream>
#include <span>

using namespace minrnn;
using namespace minrnn::e2e;
using namespace minrnn::reference;

namespace {

constexpr uint64_t shardCount = 4;

/// What a test saw.
struct CellFigures : Figures {
  int64_t cells = 0, inLogSpace = 0, parallel = 0;
  /// Calls of hostile cells, and of these the ones that the judge itself finds
  /// to overflow.
  int64_t hostile = 0, untame = 0;
};

/// Bit for bit: a hostile cell may have a NaN, which is equal to nothing.
bool areSame(std::span<const float> x, std::span<const float> y) {
  return std::ranges::equal(std::as_bytes(x), std::as_bytes(y));
}

/// Throws Fault, or std::runtime_error, at the first thing that is wrong.
void check(const Example &example, bool inLogSpace, CellFigures &figures) {
  std::string text = example.cell.text();
  reference::Program program =
      parseProgram(example.cell.text(Spelling::AsJudged));
  HostCell cell(text, inLogSpace);
  if (inLogSpace != (cell.manifest.scan == "log"))
    throw Fault("the scan is '" + cell.manifest.scan + "'");
  // By construction; the compiler may find more, but must not find less.
  bool isParallel = cell.manifest.kind == "parallel";
  if (example.cell.isAffine && !isParallel)
    throw Fault("an affine cell is '" + cell.manifest.kind + "'");
  ++figures.cells;
  figures.inLogSpace += inLogSpace ? 1 : 0;
  figures.parallel += isParallel ? 1 : 0;

  const RandomRun &run = example.run;
  CallOptions options = run.options;
  options.nonNegativeInitial |= example.cell.isNonNegative || inLogSpace;
  options.extreme = example.cell.isHostile;
  JudgedCall judged;
  judged.call = sampleCall(program, run.shape, options, run.seed);
  judged.call.logarithmic = inLogSpace;
  judged.dOutput = sampleNormal(run.shape.outputs(), run.seed + 1);
  if (run.dLast)
    judged.dLast =
        sampleNormal(run.shape.states() * example.cell.states, run.seed + 2);
  judged.isHostile = example.cell.isHostile;
  judged.results = evaluate(program, judged.call);
  figures.hostile += judged.isHostile ? 1 : 0;
  if (!isTame(judged.results)) {
    figures.untame += judged.isHostile ? 1 : 0;
    return;
  }
  HostRun found = judge(cell, program, judged, figures);

  // What is left out changes nothing in the rest.
  Omitted omitted;
  omitted.trajectory = (run.seed & 1) != 0;
  omitted.last = (run.seed & 2) != 0;
  omitted.dInput = (run.seed & 4) != 0;
  omitted.dSums = (run.seed & 8) != 0;
  omitted.dInitial = (run.seed & 16) != 0;
  NamedArrays fewer = cell.forward(program, judged.call, omitted);
  if (!areSame(fewer.at("output"), found.forward.at("output")))
    throw Fault("output: differs where optional outputs are null");
  NamedArrays lessBack = cell.backward(program, judged.call, found.forward,
                                       judged.dOutput, judged.dLast, omitted);
  for (const auto &[name, values] : lessBack)
    if (!areSame(values, found.backward.at(name)))
      throw Fault(name + ": differs where optional gradients are null");

  // The same cell, its states recomputed from those at tile boundaries: within
  // the judge's bounds too. (Not the same bits: of a h + b c either product may
  // be the one that is fused.)
  if (isParallel && run.seed % 4 == 0)
    judge(HostCell(text, inLogSpace, /*recompute=*/true), program, judged,
          figures);
}

/// What is wrong with `example`; empty: nothing. In log space, a cell that the
/// compiler refuses to scan there is not at fault.
std::string faultOf(const Example &example, bool inLogSpace,
                    CellFigures &figures) {
  try {
    check(example, inLogSpace, figures);
  } catch (const Refused &refusal) {
    if (!inLogSpace)
      return refusal.what();
  } catch (const std::exception &fault) {
    return fault.what();
  }
  return "";
}

class RandomCellsOnTheHost : public testing::TestWithParam<uint64_t> {};

} // namespace

TEST_P(RandomCellsOnTheHost, AgreeWithTheJudge) {
  uint64_t first = fromEnvironment("MINRNN_RANDOM_FIRST", 0);
  uint64_t count = fromEnvironment("MINRNN_RANDOM_COUNT", 240);
  CellFigures figures;
  int faults = 0;
  for (uint64_t seed = first + GetParam(); seed < first + count;
       seed += shardCount)
    for (bool inLogSpace : {false, true}) {
      Example example{randomCell(seed, {.inner = true, .hostile = true}),
                      randomRun(seed)};
      std::string fault = faultOf(example, inLogSpace, figures);
      if (fault.empty())
        continue;
      ADD_FAILURE() << "seed " << seed << ", "
                    << (inLogSpace ? "log" : "linear") << " space\n"
                    << example.cell.text() << describe(example.run) << "\n"
                    << fault;
      CellFigures ignored;
      ADD_FAILURE() << shrunkReport(example, [&](const Example &smaller) {
        return faultOf(smaller, inLogSpace, ignored);
      });
      // A few reports of what may be one fault are enough.
      if (++faults == 3)
        return;
    }
  std::cout << "figure: " << figures.cells << " compilations, "
            << figures.parallel << " parallel, " << figures.inLogSpace
            << " in log space; " << figures.numbers << " numbers compared, "
            << figures.unbounded << " of them without a bound, "
            << figures.skipped << " not compared; " << figures.untame << " of "
            << figures.hostile << " hostile calls overflow; the worst at "
            << figures.worst << " of what is allowed\n";
  // (Of a few cells one may well be a large part.)
  if (figures.cells >= 60) {
    EXPECT_LT(static_cast<double>(figures.unbounded),
              0.02 * static_cast<double>(figures.numbers));
    // A campaign that judges nothing proves nothing.
    EXPECT_LT(static_cast<double>(figures.skipped),
              0.1 * static_cast<double>(figures.numbers));
    EXPECT_LT(static_cast<double>(figures.untame),
              0.1 * static_cast<double>(figures.hostile));
  }
}

INSTANTIATE_TEST_SUITE_P(Shard, RandomCellsOnTheHost,
                         testing::Range<uint64_t>(0, shardCount));
