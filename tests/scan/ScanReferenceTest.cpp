//===- ScanReferenceTest.cpp - That scans can fail before the reference ---===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A reference that nothing fails before proves nothing. Every operation of the
// scans of some cells is made another in turn, and each time the comparison
// must see it; and the cells as they are must pass.
//
//===----------------------------------------------------------------------===//

#include "tests/scan/ScanReference.h"
#include "tests/TestFiles.h"
#include "tests/reference/CallSamples.h"
#include "tests/reference/Samples.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/Builders.h"
#include "llvm/ADT/TypeSwitch.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>

using namespace minrnn::reference;
using namespace minrnn::scan;
using namespace mlir;

namespace {

std::vector<std::string> cellNamesIn(const char *folder) {
  std::vector<std::string> names;
  for (const auto &file :
       std::filesystem::directory_iterator(minrnn::test::testFile(folder)))
    names.push_back(file.path().stem().string());
  std::sort(names.begin(), names.end());
  return names;
}

/// Of a cell in either folder.
std::string textOf(const std::string &cell) {
  for (const char *folder : {MINRNN_CELLS_FOLDER, MINRNN_LITERATURE_FOLDER})
    if (std::ifstream file(minrnn::test::testFile(folder) + "/" + cell +
                           ".mlir");
        file)
      return {std::istreambuf_iterator<char>(file), {}};
  return "";
}

/// Calls with everything that a call may have, in both directions.
std::vector<GradedCall> callsOf(const ParsedCell &parsed, ModuleOp scans,
                                bool inLogSpace) {
  std::vector<GradedCall> calls;
  for (bool reverse : {false, true}) {
    CallOptions options;
    options.reverse = reverse;
    options.reset = true;
    options.nonNegativeInitial = inLogSpace;
    Shape shape{2, 7, 3};
    uint64_t seed = reverse ? 20 : 10;
    GradedCall graded;
    Call call = sampleCall(parsed, shape, options, seed);
    call.roundsPreactivations = false;
    call.logarithmic = inLogSpace;
    if (!holdsRoundedConstants(scans, parsed))
      call.precision = doublePrecision;
    auto states = static_cast<int64_t>(parsed.states.size());
    graded.dOutput = widen(sampleNormal(shape.outputs(), seed + 1));
    graded.dLast = widen(sampleNormal(shape.states() * states, seed + 2));
    graded.layer = layerCallOf(parsed, std::move(call), seed + 3);
    calls.push_back(std::move(graded));
  }
  return calls;
}

/// What is wrong with `scans` as those of `parsed`; empty: nothing.
std::string faultOf(ModuleOp scans, const ParsedCell &parsed,
                    const std::vector<GradedCall> &calls, Metrics &metrics) {
  try {
    ScanCell cell(scans);
    for (const GradedCall &graded : calls)
      compare(cell, parsed, graded, expectedOf(parsed, graded), metrics);
  } catch (const Fault &fault) {
    return fault.what();
  }
  return "";
}

/// The operations of the scans' regions that `mutate` can make another.
std::vector<Operation *> mutableOperations(ModuleOp scans) {
  std::vector<Operation *> all;
  scans.walk([&](Operation *op) {
    bool inRegion =
        isa_and_nonnull<minrnn::dialect::ScanOp,
                        minrnn::dialect::SequentialScanOp>(op->getParentOp());
    if (inRegion && op->getNumOperands() > 0 && op->getNumResults() == 1)
      all.push_back(op);
  });
  return all;
}

/// The comparison that is true where `predicate` is not.
arith::CmpFPredicate inverse(arith::CmpFPredicate predicate) {
  using P = arith::CmpFPredicate;
  static constexpr std::pair<P, P> opposites[] = {
      {P::AlwaysFalse, P::AlwaysTrue},
      {P::OEQ, P::UNE},
      {P::OGT, P::ULE},
      {P::OGE, P::ULT},
      {P::OLT, P::UGE},
      {P::OLE, P::UGT},
      {P::ONE, P::UEQ},
      {P::ORD, P::UNO}};
  for (auto [one, other] : opposites)
    if (predicate == one || predicate == other)
      return predicate == one ? other : one;
  throw std::invalid_argument("unknown predicate");
}

/// Makes `op` another operation of the same type.
void mutate(Operation *op) {
  OpBuilder builder(op);
  Value x = op->getOperand(0);
  Value y = op->getNumOperands() > 1 ? op->getOperand(1) : Value();
  Location at = op->getLoc();
  Value other =
      llvm::TypeSwitch<Operation *, Value>(op)
          .Case([&](arith::AddFOp) {
            return arith::SubFOp::create(builder, at, x, y);
          })
          .Case([&](arith::SubFOp) {
            return arith::AddFOp::create(builder, at, x, y);
          })
          .Case([&](arith::MulFOp) {
            return arith::AddFOp::create(builder, at, x, y);
          })
          .Case([&](arith::DivFOp) {
            return arith::MulFOp::create(builder, at, x, y);
          })
          .Case([&](arith::SelectOp select) {
            return arith::SelectOp::create(
                builder, at, x, select.getFalseValue(), select.getTrueValue());
          })
          .Case([&](arith::CmpFOp compare) {
            return arith::CmpFOp::create(builder, at,
                                         inverse(compare.getPredicate()), x, y);
          })
          .Default([&](Operation *) { return x; });
  op->getResult(0).replaceAllUsesWith(other);
  op->erase();
}

class EveryScan : public testing::TestWithParam<std::string> {};
/// Not those of the literature: what a stabiliser is does not show in the
/// result.
class EveryMutatedScan : public testing::TestWithParam<std::string> {};

} // namespace

TEST_P(EveryScan, AgreesWithTheReference) {
  ScanCompiler compiler;
  std::string text = textOf(GetParam());
  ParsedCell parsed = parseCell(text, compiler.getContext());
  auto proven = compiler.prove(text);
  for (bool inLogSpace : {false, true})
    for (bool recompute : {false, true}) {
      if ((inLogSpace || recompute) && !isParallel(*proven))
        continue;
      auto scans =
          compiler.inDomain(*compiler.scans(*proven, recompute), inLogSpace);
      if (!scans)
        continue; // not proven positive
      Metrics metrics;
      auto calls = callsOf(parsed, *scans, inLogSpace);
      EXPECT_EQ(faultOf(*scans, parsed, calls, metrics), "")
          << (inLogSpace ? "log" : "linear")
          << (recompute ? ", recomputed" : "");
      EXPECT_EQ(metrics.unbounded, 0);
    }
}

TEST_P(EveryMutatedScan, IsSeenToBeWrong) {
  ScanCompiler compiler;
  std::string text = textOf(GetParam());
  ParsedCell parsed = parseCell(text, compiler.getContext());
  auto proven = compiler.prove(text);
  int mutated = 0;
  for (bool inLogSpace : {false, true})
    for (bool recompute : {false, true}) {
      if ((inLogSpace || recompute) && !isParallel(*proven))
        continue;
      auto scans =
          compiler.inDomain(*compiler.scans(*proven, recompute), inLogSpace);
      if (!scans)
        continue;
      auto calls = callsOf(parsed, *scans, inLogSpace);
      size_t count = mutableOperations(*scans).size();
      for (size_t i = 0; i < count; ++i) {
        OwningOpRef<ModuleOp> wrong = scans->clone();
        Operation *op = mutableOperations(*wrong)[i];
        std::string what;
        llvm::raw_string_ostream(what) << *op;
        std::string where = op->getParentOfType<func::FuncOp>().getName().str();
        mutate(op);
        Metrics metrics;
        EXPECT_NE(faultOf(*wrong, parsed, calls, metrics), "")
            << where << ", " << (inLogSpace ? "log" : "linear")
            << (recompute ? ", recomputed: " : ": ") << what;
        ++mutated;
      }
    }
  std::cout << "measured: " << mutated << " operations of " << GetParam()
            << " made others, one at a time\n";
}

INSTANTIATE_TEST_SUITE_P(Cells, EveryScan,
                         testing::ValuesIn(cellNamesIn(MINRNN_CELLS_FOLDER)),
                         [](const auto &info) { return info.param; });
INSTANTIATE_TEST_SUITE_P(
    Literature, EveryScan,
    testing::ValuesIn(cellNamesIn(MINRNN_LITERATURE_FOLDER)),
    [](const auto &info) { return info.param; });
INSTANTIATE_TEST_SUITE_P(Cells, EveryMutatedScan,
                         testing::ValuesIn(cellNamesIn(MINRNN_CELLS_FOLDER)),
                         [](const auto &info) { return info.param; });

/// A cell of which only the step is written here.
static std::string cellWith(const std::string &step) {
  return "minrnn.cell @c(%x: !minrnn.input) state(%h: f32) {\n"
         "  %k = minrnn.project %x \"k\" : f32\n"
         "  %v = minrnn.project %x \"v\" : f32\n"
         "  %a = minrnn.sigmoid %k : f32\n"
         "  %ah = arith.mulf %a, %h : f32\n" +
         step + "  minrnn.yield %n : f32\n}\n";
}

// What a wrong rule of the analysis would lead to: max(a h, v) scanned as if it
// were a h + v, and a h taken for free of h.
TEST(ScanReference, SeesACellThatIsWronglyCalledParallel) {
  ScanCompiler compiler;
  auto proven = compiler.prove(cellWith("  %n = arith.addf %ah, %v : f32\n"));
  ASSERT_TRUE(isParallel(*proven));
  auto scans = compiler.inDomain(*compiler.scans(*proven, false), false);
  Metrics metrics;
  ParsedCell right = parseCell(cellWith("  %n = arith.addf %ah, %v : f32\n"));
  EXPECT_EQ(faultOf(*scans, right, callsOf(right, *scans, false), metrics), "");
  for (const char *step : {"  %n = arith.maximumf %ah, %v : f32\n",
                           "  %n = arith.addf %a, %v : f32\n"}) {
    ParsedCell parsed = parseCell(cellWith(step));
    EXPECT_NE(faultOf(*scans, parsed, callsOf(parsed, *scans, false), metrics),
              "")
        << step;
  }
}

TEST(ScanReference, KnowsWhereTheCompilerRounds) {
  ScanCompiler compiler;
  auto holds = [&](const char *step, bool inLogSpace) {
    std::string text = cellWith(step);
    auto proven = compiler.prove(text);
    auto scans = compiler.inDomain(*compiler.scans(*proven, false), inLogSpace);
    return holdsRoundedConstants(*scans,
                                 parseCell(text, compiler.getContext()));
  };
  const char *third = "  %c = arith.constant 3.333333e-01 : f32\n"
                      "  %n = arith.addf %ah, %c : f32\n";
  EXPECT_FALSE(holds("  %n = arith.addf %ah, %v : f32\n", false));
  EXPECT_FALSE(holds(third, false));
  EXPECT_TRUE(holds(third, true)); // log2 of it
  EXPECT_TRUE(holds("  %c = arith.constant 3.333333e-01 : f32\n"
                    "  %d = arith.mulf %c, %c : f32\n"
                    "  %n = arith.addf %ah, %d : f32\n",
                    false));
  // (a h + c) c, multiplied out: c c is folded.
  EXPECT_TRUE(holds("  %c = arith.constant 3.333333e-01 : f32\n"
                    "  %m = arith.addf %ah, %c : f32\n"
                    "  %n = arith.mulf %m, %c : f32\n",
                    false));
}
