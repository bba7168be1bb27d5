//===- RandomCellsTest.cpp - Random cells against the reference -----------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Each seed is a cell that nobody wrote and a call of it: compiled for the host
// in both scan domains (log space where the compiler proves it), run forward,
// backward and step by step, and held to the reference's bounds of the rounding
// errors (tests/reference/Estimate.h). A failure is shrunk before it is told.
//
// MINRNN_RANDOM_FIRST and MINRNN_RANDOM_COUNT choose the seeds: 0 and 120
// unless set, for a longer campaign nightly or by hand.
//
//===----------------------------------------------------------------------===//

#include "tests/device/CellCases.h"
#include "tests/device/CompiledCells.h"
#include "tests/reference/RandomCampaign.h"
#include "tests/reference/RandomCell.h"
#include "tests/reference/Samples.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <iostream>
#include <span>

using namespace minrnn;
using namespace minrnn::test;
using namespace minrnn::reference;

namespace {

constexpr uint64_t shardCount = 4;

/// What a test saw.
struct CellMetrics : ErrorMetrics {
  int64_t cells = 0, inLogSpace = 0, parallel = 0;
  /// Calls of hostile cells, and of these the ones that the reference itself
  /// finds to overflow.
  int64_t hostile = 0, untame = 0;
};

/// Throws Fault unless `found` holds what `all` holds, bit for bit: a hostile
/// cell may have a NaN, which is equal to nothing.
void expectSameBits(const NamedArrays &found, const NamedArrays &all) {
  for (const auto &[name, values] : found)
    if (!std::ranges::equal(std::as_bytes(std::span(values)),
                            std::as_bytes(std::span(all.at(name)))))
      throw Fault(name + ": differs where optional arrays are null");
}

KernelProgram compile(const std::string &text, bool inLogSpace,
                      bool recompute = false) {
  return CompiledCell::ofText(std::make_shared<HostDevice>(1), text, "random",
                              {.scan = inLogSpace
                                           ? compiler::ScanDomain::Log
                                           : compiler::ScanDomain::Linear,
                               .recompute = recompute})
      .load();
}

/// Throws Fault, or std::runtime_error, at the first thing that is wrong.
void check(const Example &example, bool inLogSpace, CellMetrics &metrics) {
  std::string text = example.cell.text();
  ParsedCell cell = parseCell(example.cell.text(Spelling::Stable));
  KernelProgram kernels = compile(text, inLogSpace);
  const Manifest &manifest = kernels.manifest();
  if (inLogSpace != (manifest.scan == "log"))
    throw Fault("the scan is '" + manifest.scan + "'");
  // By construction; the compiler may find more, but must not find less.
  bool isParallel = manifest.kind == "parallel";
  if (example.cell.isAffine && !isParallel)
    throw Fault("an affine cell is '" + manifest.kind + "'");
  ++metrics.cells;
  metrics.inLogSpace += inLogSpace ? 1 : 0;
  metrics.parallel += isParallel ? 1 : 0;

  const RandomRun &run = example.run;
  bool isHostile = example.cell.isHostile;
  Setting setting{run.shape, run.options, run.dLast};
  setting.options.nonNegativeInitial |=
      example.cell.isNonNegative || inLogSpace;
  setting.options.extreme = isHostile;
  Case sample = makeCase(cell, kernels, setting, run.seed);
  CallResults results = evaluate(cell, sample.call);
  metrics.hostile += isHostile ? 1 : 0;
  if (!isTame(results)) {
    metrics.untame += isHostile ? 1 : 0;
    return;
  }
  EntryCall call = callOf(cell, sample);
  Both found = runBoth(kernels, call);
  compareWithReference(cell, kernels, sample, results, found, metrics,
                       isHostile);
  compareStepsWithReference(sample, results, kernels.steps(call), metrics,
                            isHostile);

  // What is left out changes nothing in the rest.
  int bit = 0;
  for (const char *name :
       {"states", "last", "d_input", "d_bias_rows", "d_recurrent_bias_rows",
        "d_parameters_rows", "d_initial"})
    if ((run.seed >> bit++ & 1) != 0)
      call.unwanted.insert(name);
  expectSameBits(kernels.forward(call), found.forward);
  addSaved(call, found.forward);
  expectSameBits(kernels.backward(call), found.backward);

  // The same cell, its states recomputed from those at tile boundaries: within
  // the same bounds. (Not the same bits: of a h + b c either product may be the
  // one that is fused.)
  if (!isParallel || run.seed % 4 != 0)
    return;
  KernelProgram recomputing = compile(text, inLogSpace, /*recompute=*/true);
  compareWithReference(cell, recomputing, sample, results,
                       runBoth(recomputing, callOf(cell, sample)), metrics,
                       isHostile);
}

/// What is wrong with `example`; empty: nothing. In log space, a cell that the
/// compiler refuses to scan there is not at fault.
std::string faultOf(const Example &example, bool inLogSpace,
                    CellMetrics &metrics) {
  try {
    check(example, inLogSpace, metrics);
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

TEST_P(RandomCellsOnTheHost, AgreeWithTheReference) {
  uint64_t first = fromEnvironment("MINRNN_RANDOM_FIRST", 0);
  uint64_t count = fromEnvironment("MINRNN_RANDOM_COUNT", 120);
  CellMetrics metrics;
  int faults = 0;
  for (uint64_t seed = first + GetParam(); seed < first + count;
       seed += shardCount)
    for (bool inLogSpace : {false, true}) {
      Example example{randomCell(seed, {.inner = true, .hostile = true}),
                      randomRun(seed)};
      std::string fault = faultOf(example, inLogSpace, metrics);
      if (fault.empty())
        continue;
      ADD_FAILURE() << "seed " << seed << ", "
                    << (inLogSpace ? "log" : "linear") << " space\n"
                    << example.cell.text() << describe(example.run) << "\n"
                    << fault;
      CellMetrics ignored;
      ADD_FAILURE() << shrunkReport(example, [&](const Example &smaller) {
        return faultOf(smaller, inLogSpace, ignored);
      });
      // A few reports of what may be one fault are enough.
      if (++faults == 3)
        return;
    }
  std::cout << "measured: " << metrics.cells << " compilations, "
            << metrics.parallel << " parallel, " << metrics.inLogSpace
            << " in log space; " << metrics.numbers << " numbers compared, "
            << metrics.unbounded << " of them without a bound, "
            << metrics.skipped << " not compared; " << metrics.untame << " of "
            << metrics.hostile << " hostile calls overflow; the worst at "
            << metrics.largestShare << " of what is allowed\n";
  // (Of a few cells one may well be a large part.)
  if (metrics.cells >= 60) {
    EXPECT_LT(static_cast<double>(metrics.unbounded),
              0.02 * static_cast<double>(metrics.numbers));
    // A campaign that tests nothing proves nothing.
    EXPECT_LT(static_cast<double>(metrics.skipped),
              0.1 * static_cast<double>(metrics.numbers));
    EXPECT_LT(static_cast<double>(metrics.untame),
              0.1 * static_cast<double>(metrics.hostile));
  }
}

INSTANTIATE_TEST_SUITE_P(Shard, RandomCellsOnTheHost,
                         testing::Range<uint64_t>(0, shardCount));
