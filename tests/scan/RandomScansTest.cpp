//===- RandomScansTest.cpp - Random cells by the scan level, judged -------===//
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
// forward, backward and step by step, and held to the judge's bounds. Nothing
// is generated, so that a cell takes a millisecond or two; what code generation
// adds is judged by tests/e2e and tests/emulator.
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
#include "tests/scan/ScanJudge.h"

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

struct CellFigures : Figures {
  int64_t cells = 0, parallel = 0, inLogSpace = 0, recomputed = 0;
  /// Calls of hostile cells, and of these the ones that the judge itself finds
  /// to overflow.
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

class Judging {
public:
  explicit Judging(CellFigures &figures) : figures(figures) {}

  /// Throws at the first thing that is wrong. `keepsConstants` says that they
  /// are not made parameters.
  void check(const Example &example, bool keepsConstants);
  /// What is wrong with `example`; empty: nothing.
  std::string faultOf(const Example &example, bool keepsConstants);

private:
  ScanCompiler &compiler();
  void checkScans(const Example &example, const Program &program,
                  const std::map<std::string, double> &constants,
                  mlir::ModuleOp scans, bool inLogSpace);

  CellFigures &figures;
  /// A context keeps every number that it has ever seen; now and then a new one
  /// begins.
  std::unique_ptr<ScanCompiler> current;
  int uses = 0;
};

} // namespace

ScanCompiler &Judging::compiler() {
  if (uses++ % 4096 == 0) {
    current.reset();
    current = std::make_unique<ScanCompiler>();
  }
  return *current;
}

void Judging::checkScans(const Example &example, const Program &program,
                         const std::map<std::string, double> &constants,
                         mlir::ModuleOp undecided, bool inLogSpace) {
  auto scans = current->inDomain(undecided, inLogSpace);
  if (!scans)
    return;
  const RandomRun &run = example.run;
  CallOptions options = run.options;
  options.nonNegativeInitial |= example.cell.isNonNegative || inLogSpace;
  options.extreme = example.cell.isHostile;
  JudgedCall judged;
  judged.call = sampleCall(program, run.shape, options, run.seed);
  int64_t width = run.shape.channels;
  for (size_t p = 0; p < program.parameters.size(); ++p)
    if (auto value = constants.find(program.parameters[p]);
        value != constants.end())
      std::fill_n(judged.call.parameters.begin() +
                      static_cast<int64_t>(p) * width,
                  width, value->second);
  judged.call.roundsPreactivations = false;
  judged.call.logarithmic = inLogSpace;
  if (!holdsRoundedConstants(*scans, program))
    judged.call.precision = doublePrecision;
  judged.dOutput = widen(sampleNormal(run.shape.outputs(), run.seed + 1));
  if (run.dLast)
    judged.dLast = widen(
        sampleNormal(run.shape.states() * example.cell.states, run.seed + 2));
  judged.isHostile = example.cell.isHostile;
  Judgement judgement = judgementOf(program, judged);
  figures.hostile += judged.isHostile ? 1 : 0;
  if (!isTame(judgement.results)) {
    figures.untame += judged.isHostile ? 1 : 0;
    return;
  }
  figures.inLogSpace += inLogSpace ? 1 : 0;
  ScanCell cell(*scans);
  judge(cell, program, judged, judgement, figures);
}

void Judging::check(const Example &example, bool keepsConstants) {
  std::map<std::string, double> constants;
  RandomCell cell =
      keepsConstants ? example.cell : withoutConstants(example.cell, constants);
  std::string text = cell.text();
  ScanCompiler &passes = compiler();
  Program program =
      parseProgram(cell.text(Spelling::AsJudged), passes.getContext());
  auto proven = passes.prove(text);
  bool parallel = isParallel(*proven);
  // By construction; the compiler may find more, but must not find less.
  if (cell.isAffine && !parallel)
    throw Fault("an affine cell is sequential");
  ++figures.cells;
  figures.parallel += parallel ? 1 : 0;
  auto scans = passes.scans(*proven, /*recompute=*/false);
  checkScans(example, program, constants, *scans, /*inLogSpace=*/false);
  if (!parallel)
    return;
  checkScans(example, program, constants, *scans, /*inLogSpace=*/true);
  if (example.run.seed % 4 >= 2)
    return;
  ++figures.recomputed;
  scans = passes.scans(*proven, /*recompute=*/true);
  checkScans(example, program, constants, *scans,
             /*inLogSpace=*/example.run.seed % 4 == 1);
}

std::string Judging::faultOf(const Example &example, bool keepsConstants) {
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

TEST_P(RandomScans, AgreeWithTheJudge) {
  uint64_t first = fromEnvironment("MINRNN_RANDOM_FIRST", 0);
  uint64_t count = fromEnvironment("MINRNN_RANDOM_COUNT", 5000);
  CellFigures figures;
  Judging judging(figures);
  auto report = [&] {
    std::cout << "figure: " << figures.cells << " cells, " << figures.parallel
              << " parallel, " << figures.inLogSpace << " in log space, "
              << figures.recomputed << " recomputed; " << figures.numbers
              << " numbers compared, " << figures.inDouble
              << " of them in double precision, " << figures.unbounded
              << " without a bound, " << figures.skipped << " not compared; "
              << figures.untame << " of " << figures.hostile
              << " hostile calls overflow; the worst at " << figures.worst
              << " of what is allowed\n"
              << std::flush;
  };
  int faults = 0;
  for (uint64_t seed = first + GetParam(); seed < first + count;
       seed += shardCount) {
    Example example{randomCell(seed, {.chained = true, .hostile = true}),
                    smallRun(seed)};
    bool keepsConstants = seed / shardCount % 2 == 1;
    std::string fault = judging.faultOf(example, keepsConstants);
    if (figures.cells % 10000 == 0)
      report();
    if (fault.empty())
      continue;
    ADD_FAILURE() << "seed " << seed << "\n"
                  << example.cell.text() << describe(example.run) << "\n"
                  << fault;
    CellFigures ignored;
    Judging again(ignored);
    ADD_FAILURE() << shrunkReport(example, [&](const Example &smaller) {
      return again.faultOf(smaller, keepsConstants);
    });
    // A few reports of what may be one fault are enough.
    if (++faults == 3)
      break;
  }
  report();
  EXPECT_LT(static_cast<double>(figures.unbounded),
            0.02 * static_cast<double>(figures.numbers));
  EXPECT_GT(static_cast<double>(figures.inDouble),
            0.5 * static_cast<double>(figures.numbers));
  // A campaign that judges nothing proves nothing.
  EXPECT_LT(static_cast<double>(figures.skipped),
            mostSkipped * static_cast<double>(figures.numbers));
  EXPECT_LT(static_cast<double>(figures.untame),
            mostUntame * static_cast<double>(figures.hostile));
}

INSTANTIATE_TEST_SUITE_P(Shard, RandomScans,
                         testing::Range<uint64_t>(0, shardCount));
