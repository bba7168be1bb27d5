//===- RandomScansTest.cpp - Random cells by the scan level ---------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Each seed is a cell that nobody wrote and a small call of it: taken to the
// scan level by the compiler's passes, in linear space and, where the compiler
// proves it, in log space, for some with recomputed states, interpreted
// forward, backward and step by step, and held to the reference's bounds.
// Nothing is generated, so that a cell takes a millisecond or two; what code
// generation adds is tested by tests/e2e and tests/emulator.
//
// The constants of every second cell are made parameters of the same values:
// then the compiler folds none, and the bounds are double precision's.
//
// MINRNN_RANDOM_FIRST and MINRNN_RANDOM_COUNT choose the seeds: 0 and 5000
// unless set, for a longer campaign nightly or by hand.
//
//===----------------------------------------------------------------------===//

#include "tests/reference/RandomCampaign.h"
#include "tests/reference/RandomCell.h"
#include "tests/reference/Samples.h"
#include "tests/scan/ScanReference.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <iostream>
#include <map>
#include <memory>

using namespace minrnn::reference;
using namespace minrnn::scan;

namespace {

constexpr uint64_t shardCount = 4;

/// The most of the numbers that may have no bound in hostile cells, and the
/// most of the hostile calls that may overflow.
constexpr double mostSkipped = 0.1;
constexpr double mostUntame = 0.1;

struct CellMetrics : Metrics {
  int64_t cells = 0, parallel = 0, inLogSpace = 0, recomputed = 0;
  /// Calls of hostile cells, and of these the ones that the reference itself
  /// finds to overflow.
  int64_t hostile = 0, untame = 0;
};

/// `cell` with parameters in the place of its numbers, whose values go to
/// `values`.
RandomCell withoutConstants(RandomCell cell,
                            std::map<std::string, double> &values) {
  for (RandomOperation &operation : cell.operations) {
    if (operation.mnemonic != "arith.constant" || operation.isTruth)
      continue;
    std::string name = "constant" + std::to_string(values.size());
    values[name] = std::strtof(operation.detail.c_str(), nullptr);
    operation = {"minrnn.parameter", {}, name};
  }
  return cell;
}

/// A call that is small, and of the same kind as the random cells' elsewhere.
RandomRun smallRun(uint64_t seed) {
  RandomRun run = randomRun(seed);
  Random random(run.seed);
  run.shape.batch = 1 + static_cast<int64_t>(random.next() % 2);
  run.shape.time = static_cast<int64_t>(random.next() % 6);
  run.shape.channels = 1 + static_cast<int64_t>(random.next() % 3);
  return run;
}

class Campaign {
public:
  explicit Campaign(CellMetrics &metrics) : metrics(metrics) {}

  /// Throws at the first thing that is wrong. `keepsConstants` says that they
  /// are not made parameters.
  void check(const Example &example, bool keepsConstants);
  /// What is wrong with `example`; empty: nothing.
  std::string faultOf(const Example &example, bool keepsConstants);

private:
  ScanCompiler &compiler();
  void checkScans(const Example &example, const ParsedCell &parsed,
                  const std::map<std::string, double> &constants,
                  mlir::ModuleOp scans, bool inLogSpace);

  CellMetrics &metrics;
  /// A context keeps every number that it has ever seen; now and then a new one
  /// begins.
  std::unique_ptr<ScanCompiler> current;
  int uses = 0;
};

} // namespace

ScanCompiler &Campaign::compiler() {
  if (uses++ % 4096 == 0) {
    current.reset();
    current = std::make_unique<ScanCompiler>();
  }
  return *current;
}

void Campaign::checkScans(const Example &example, const ParsedCell &parsed,
                          const std::map<std::string, double> &constants,
                          mlir::ModuleOp undecided, bool inLogSpace) {
  auto scans = current->inDomain(undecided, inLogSpace);
  if (!scans)
    return;
  const RandomRun &run = example.run;
  CallOptions options = run.options;
  options.nonNegativeInitial |= example.cell.isNonNegative || inLogSpace;
  options.extreme = example.cell.isHostile;
  GradedCall graded;
  Call call = sampleCall(parsed, run.shape, options, run.seed);
  int64_t width = run.shape.channels;
  for (size_t p = 0; p < parsed.parameters.size(); ++p)
    if (auto value = constants.find(parsed.parameters[p]);
        value != constants.end())
      std::fill_n(call.parameters.begin() + static_cast<int64_t>(p) * width,
                  width, value->second);
  call.roundsPreactivations = false;
  call.logarithmic = inLogSpace;
  if (!holdsRoundedConstants(*scans, parsed))
    call.precision = doublePrecision;
  graded.dOutput = widen(sampleNormal(run.shape.outputs(), run.seed + 1));
  if (run.dLast)
    graded.dLast = widen(
        sampleNormal(run.shape.states() * example.cell.states, run.seed + 2));
  graded.isHostile = example.cell.isHostile;
  // What a weight makes of an input is ordinary; hostile numbers are given.
  graded.layer = layerCallOf(parsed, std::move(call), run.seed + 3,
                             /*projects=*/!graded.isHostile);
  Expected expected = expectedOf(parsed, graded);
  metrics.hostile += graded.isHostile ? 1 : 0;
  if (!isTame(expected.results)) {
    metrics.untame += graded.isHostile ? 1 : 0;
    return;
  }
  metrics.inLogSpace += inLogSpace ? 1 : 0;
  ScanCell cell(*scans);
  compare(cell, parsed, graded, expected, metrics);
}

void Campaign::check(const Example &example, bool keepsConstants) {
  std::map<std::string, double> constants;
  RandomCell cell =
      keepsConstants ? example.cell : withoutConstants(example.cell, constants);
  std::string text = cell.text();
  ScanCompiler &passes = compiler();
  ParsedCell parsed =
      parseCell(cell.text(Spelling::Stable), passes.getContext());
  auto proven = passes.prove(text);
  bool parallel = isParallel(*proven);
  // By construction; the compiler may find more, but must not find less.
  if (cell.isAffine && !parallel)
    throw Fault("an affine cell is sequential");
  ++metrics.cells;
  metrics.parallel += parallel ? 1 : 0;
  auto scans = passes.scans(*proven, /*recompute=*/false);
  checkScans(example, parsed, constants, *scans, /*inLogSpace=*/false);
  if (!parallel)
    return;
  checkScans(example, parsed, constants, *scans, /*inLogSpace=*/true);
  if (example.run.seed % 4 >= 2)
    return;
  ++metrics.recomputed;
  scans = passes.scans(*proven, /*recompute=*/true);
  checkScans(example, parsed, constants, *scans,
             /*inLogSpace=*/example.run.seed % 4 == 1);
}

std::string Campaign::faultOf(const Example &example, bool keepsConstants) {
  try {
    check(example, keepsConstants);
  } catch (const std::exception &fault) {
    return fault.what();
  }
  return "";
}

namespace {

class RandomScans : public testing::TestWithParam<uint64_t> {};

} // namespace

TEST_P(RandomScans, AgreeWithTheReference) {
  uint64_t first = fromEnvironment("MINRNN_RANDOM_FIRST", 0);
  uint64_t count = fromEnvironment("MINRNN_RANDOM_COUNT", 5000);
  CellMetrics metrics;
  Campaign campaign(metrics);
  auto report = [&] {
    std::cout << "measured: " << metrics.cells << " cells, " << metrics.parallel
              << " parallel, " << metrics.inLogSpace << " in log space, "
              << metrics.recomputed << " recomputed; " << metrics.numbers
              << " numbers compared, " << metrics.inDouble
              << " of them in double precision, " << metrics.unbounded
              << " without a bound, " << metrics.skipped << " not compared; "
              << metrics.untame << " of " << metrics.hostile
              << " hostile calls overflow; the worst at "
              << metrics.largestShare << " of what is allowed\n"
              << std::flush;
  };
  int faults = 0;
  for (uint64_t seed = first + GetParam(); seed < first + count;
       seed += shardCount) {
    Example example{randomCell(seed, {.inner = true, .hostile = true}),
                    smallRun(seed)};
    bool keepsConstants = seed / shardCount % 2 == 1;
    std::string fault = campaign.faultOf(example, keepsConstants);
    if (metrics.cells % 10000 == 0)
      report();
    if (fault.empty())
      continue;
    ADD_FAILURE() << "seed " << seed << "\n"
                  << example.cell.text() << describe(example.run) << "\n"
                  << fault;
    CellMetrics ignored;
    Campaign again(ignored);
    ADD_FAILURE() << shrunkReport(example, [&](const Example &smaller) {
      return again.faultOf(smaller, keepsConstants);
    });
    // A few reports of what may be one fault are enough.
    if (++faults == 3)
      break;
  }
  report();
  EXPECT_LT(static_cast<double>(metrics.unbounded),
            0.02 * static_cast<double>(metrics.numbers));
  EXPECT_GT(static_cast<double>(metrics.inDouble),
            0.5 * static_cast<double>(metrics.numbers));
  // A campaign that tests nothing proves nothing.
  EXPECT_LT(static_cast<double>(metrics.skipped),
            mostSkipped * static_cast<double>(metrics.numbers));
  EXPECT_LT(static_cast<double>(metrics.untame),
            mostUntame * static_cast<double>(metrics.hostile));
}

INSTANTIATE_TEST_SUITE_P(Shard, RandomScans,
                         testing::Range<uint64_t>(0, shardCount));
