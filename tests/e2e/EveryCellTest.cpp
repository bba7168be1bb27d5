//===- EveryCellTest.cpp - Every cell on the host, judged -----------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Every cell of specs/cells, parallel and sequential, compiled for the host:
// forward, backward and step by step, with resets and without, in both
// directions, with every optional input and with none, in both scan domains
// and with recomputed states, against the judge of any cell. The cells of the
// literature (tests/cells) are put to fewer calls.
//
//===----------------------------------------------------------------------===//

#include "tests/TestFiles.h"
#include "tests/e2e/HostJudge.h"
#include "tests/reference/CallSamples.h"
#include "tests/reference/Samples.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <span>

using namespace minrnn::e2e;
using namespace minrnn::reference;

namespace {

/// Cells are listed by the folder, so that a new one is tested unasked.
std::vector<std::string> allCellNames(const char *folder) {
  std::vector<std::string> names;
  for (const auto &file :
       std::filesystem::directory_iterator(minrnn::test::testFile(folder)))
    names.push_back(file.path().stem().string());
  std::sort(names.begin(), names.end());
  return names;
}

std::string textOf(const char *folder, const std::string &cell) {
  std::ifstream file(minrnn::test::testFile(folder) + "/" + cell + ".mlir");
  return {std::istreambuf_iterator<char>(file), {}};
}

/// The ends of a tile of time.
constexpr int64_t everyTime[] = {0, 1, 2, 31, 63, 64, 65, 130};
/// Where channels mix, the judge's bounds grow with every step. After four of
/// them one bound in twenty, at most, is wider than a hundredth of its number;
/// of the sLSTM's one in four, for the errors of its stabiliser cancel and are
/// counted as if they did not.
constexpr int64_t fewTimes[] = {1, 2, 4, 65};

/// Every time in both directions, with resets and without, and with channels
/// that fill vectors and that do not.
void judgeCalls(const std::string &what, const HostCell &cell,
                const reference::Program &program,
                std::span<const int64_t> times) {
  Figures figures;
  unsigned turn = 0;
  for (int64_t time : times)
    for (bool reset : {false, true})
      for (bool reverse : {false, true}) {
        Shape shape{1 + turn % 3, time, turn % 2 != 0 ? 3 : 37};
        CallOptions options;
        options.reset = reset;
        options.reverse = reverse;
        options.initial = turn % 3 != 1;
        options.bias = turn % 4 != 2;
        options.recurrentBias = turn % 4 != 3;
        options.hostile = turn % 5 == 4;
        options.nonNegativeInitial = cell.manifest.scan == "log";
        uint64_t seed = 10 * turn;
        JudgedCall judged;
        judged.call = sampleCall(program, shape, options, seed);
        judged.call.logarithmic = cell.manifest.scan == "log";
        judged.dOutput = sampleNormal(shape.outputs(), seed + 1);
        auto states = static_cast<int64_t>(program.states.size());
        if (turn % 3 != 2)
          judged.dLast = sampleNormal(shape.states() * states, seed + 2);
        judged.results = evaluate(program, judged.call);
        try {
          judge(cell, program, judged, figures);
        } catch (const std::exception &fault) {
          FAIL() << what << ", B " << shape.batch << ", T " << time << ", H "
                 << shape.channels << ", reset " << reset << ", reverse "
                 << reverse << ", hostile " << options.hostile << ": "
                 << fault.what();
        }
        ++turn;
      }
  std::cout << "figure: " << what << ": the worst of " << figures.numbers
            << " numbers at " << figures.worst << " of what is allowed\n";
  // (No cell here chooses by a number that is rounded.)
  EXPECT_EQ(figures.unbounded, 0) << what;
}

/// Judges a cell in each way that it can be compiled.
void judgeCell(const std::string &name, const std::string &text,
               std::span<const int64_t> times) {
  reference::Program program = parseProgram(text);
  HostCell linear(text, /*inLogSpace=*/false);
  bool isParallel = linear.manifest.kind == "parallel";
  EXPECT_EQ(linear.manifest.scan, isParallel ? "linear" : "none");
  judgeCalls(name + " " + linear.manifest.scan, linear, program, times);
  if (!isParallel)
    return;
  judgeCalls(name + " linear, recomputed",
             HostCell(text, /*inLogSpace=*/false, /*recompute=*/true), program,
             times);
  try {
    HostCell log(text, /*inLogSpace=*/true);
    EXPECT_EQ(log.manifest.scan, "log");
    judgeCalls(name + " log", log, program, times);
    judgeCalls(name + " log, recomputed",
               HostCell(text, /*inLogSpace=*/true, /*recompute=*/true), program,
               times);
  } catch (const Refused &refusal) {
    // Not every parallel cell is proven positive.
    EXPECT_NE(std::string(refusal.what()).find("not proven positive"),
              std::string::npos)
        << refusal.what();
  }
}

class EveryCellOnTheHost : public testing::TestWithParam<std::string> {};
class CellOfTheLiterature : public testing::TestWithParam<std::string> {};

} // namespace

TEST_P(EveryCellOnTheHost, AgreesWithTheJudge) {
  judgeCell(GetParam(), textOf(MINRNN_CELLS_FOLDER, GetParam()), everyTime);
}

INSTANTIATE_TEST_SUITE_P(Host, EveryCellOnTheHost,
                         testing::ValuesIn(allCellNames(MINRNN_CELLS_FOLDER)),
                         [](const auto &info) { return info.param; });

TEST_P(CellOfTheLiterature, AgreesWithTheJudge) {
  judgeCell(GetParam(), textOf(MINRNN_LITERATURE_FOLDER, GetParam()), fewTimes);
}

INSTANTIATE_TEST_SUITE_P(
    Host, CellOfTheLiterature,
    testing::ValuesIn(allCellNames(MINRNN_LITERATURE_FOLDER)),
    [](const auto &info) { return info.param; });
