//===- ScanEntryTest.cpp - The interpreter on scans worked out by hand ----===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tests/scan/ScanEntry.h"

#include "compiler/pipeline/Dialects.h"

#include "mlir/IR/MLIRContext.h"
#include "mlir/Parser/Parser.h"

#include <gtest/gtest.h>

#include <cmath>

using namespace minrnn::scan;
using namespace mlir;

namespace {

using Numbers = std::vector<double>;

class ScanEntryTest : public testing::Test {
protected:
  ScanEntryTest() : context(registry()) {}

  ScanEntry parse(const std::string &text) {
    module = parseSourceString<ModuleOp>(text, &context);
    EXPECT_TRUE(module);
    return ScanEntry(*module->getOps<func::FuncOp>().begin());
  }
  static DialectRegistry registry() {
    DialectRegistry registry;
    minrnn::compiler::registerDialects(registry);
    return registry;
  }

  MLIRContext context;
  OwningOpRef<ModuleOp> module;
};

/// h' = k h + 1, k the one gate; the output is h' - h, and k is summed up.
std::string scanOf(const std::string &algebra, const std::string &one,
                   const std::string &direction = "") {
  return R"(
func.func @backward(%p: tensor<?x?x1x?xf32> {minrnn.name = "preactivations"},
                    %u: tensor<1x?xf32> {minrnn.name = "parameters"},
                    %h0: tensor<?x1x?xf32> {minrnn.name = "initial"})
    -> (tensor<?x?x?xf32> {minrnn.name = "output"},
        tensor<?x1x?xf32> {minrnn.name = "d_bias"},
        tensor<?x?x1x?xf32> {minrnn.name = "checkpoints"},
        tensor<?x1x?xf32> {minrnn.name = "last"}) {
  %y, %s, %b, %last = minrnn.scan )" +
         direction + R"( sequences(%p : tensor<?x?x1x?xf32>)
      parameters(%u : tensor<1x?xf32>) initial(%h0 : tensor<?x1x?xf32>)
      -> (tensor<?x?x?xf32>) sums (tensor<?x1x?xf32>)
      keeps tensor<?x?x1x?xf32> last tensor<?x1x?xf32>
  combine )" +
         algebra +
         R"(
  element(%k, %v) {
    %one = arith.constant )" +
         one + R"( : f32
    minrnn.yield %k, %one : f32, f32
  }
  output(%k, %v, %before, %after) {
    %d = arith.subf %after, %before : f32
    %e = arith.mulf %d, %v : f32
    minrnn.yield %e, %k : f32, f32
  }
  return %y, %s, %b, %last : tensor<?x?x?xf32>, tensor<?x1x?xf32>,
                             tensor<?x?x1x?xf32>, tensor<?x1x?xf32>
})";
}

} // namespace

TEST_F(ScanEntryTest, ScansInOrder) {
  ScanEntry entry = parse(scanOf("linear", "1.0"));
  // Two rows of three steps of one channel.
  NamedTensors tensors = {{"preactivations", {2, 3, 4, 5, 6, 7}},
                          {"parameters", {10}},
                          {"initial", {1, 0}}};
  entry.run(tensors, {.batch = 2, .time = 3, .channels = 1, .count = 3});
  // 1, 3, 10, 41; and 0, 1, 7, 50.
  EXPECT_EQ(tensors.at("output"), (Numbers{20, 70, 310, 10, 60, 430}));
  EXPECT_EQ(tensors.at("last"), (Numbers{41, 50}));
  EXPECT_EQ(tensors.at("d_bias"), (Numbers{9, 18}));
  // Tiles of two steps begin at 0 and 2.
  EXPECT_EQ(tensors.at("checkpoints"), (Numbers{1, 10, 0, 7}));
}

TEST_F(ScanEntryTest, ScansAgainstTimeAndAgainstTheForwardPass) {
  NamedTensors given = {{"preactivations", {2, 3, 4}}, {"parameters", {1}}};
  // From zero states, from the last step on: 0, 1, 4, 9.
  for (bool isReverse : {false, true}) {
    ScanEntry entry =
        parse(scanOf("linear", "1.0", isReverse ? "reverse" : ""));
    NamedTensors tensors = given;
    entry.run(tensors, {.batch = 1,
                        .time = 3,
                        .channels = 1,
                        .reverse = !isReverse,
                        .count = 3});
    EXPECT_EQ(tensors.at("last"), (Numbers{9}));
    EXPECT_EQ(tensors.at("output"), (Numbers{5, 3, 1}));
    // Both turned round: in order again.
    entry.run(tensors, {.batch = 1,
                        .time = 3,
                        .channels = 1,
                        .reverse = isReverse,
                        .count = 3});
    EXPECT_EQ(tensors.at("last"), (Numbers{17}));
  }
}

TEST_F(ScanEntryTest, ScansLogarithms) {
  // Of the gate and of one: 0 is its logarithm.
  ScanEntry entry = parse(scanOf("log", "0.0"));
  NamedTensors tensors = {{"preactivations", {1, std::log2(3.0)}},
                          {"parameters", {1}},
                          {"initial", {0}}};
  entry.run(tensors, {.batch = 1, .time = 2, .channels = 1, .count = 2});
  ASSERT_EQ(tensors.at("last").size(), 1U);
  EXPECT_NEAR(tensors.at("last")[0], 4, 1e-15); // 0, 1, 4
  EXPECT_NEAR(tensors.at("output")[1], 3, 1e-15);
  EXPECT_EQ(tensors.at("checkpoints"), (Numbers{0}));
}

TEST_F(ScanEntryTest, ScansByAnyAlgebra) {
  // Max-plus: s' = max(s + k, 1), in which -1000 is what no sum comes near.
  ScanEntry entry = parse(scanOf(R"((%a0, %b0, %a1, %b1) {
    %a = arith.addf %a1, %a0 : f32
    %c = arith.addf %a1, %b0 : f32
    %b = arith.maximumf %c, %b1 : f32
    minrnn.yield %a, %b : f32, f32
  } identity [0.0, -1000.0])",
                                 "1.0"));
  NamedTensors tensors = {{"preactivations", {2, -3, -4, 5}},
                          {"parameters", {1}},
                          {"initial", {3}}};
  entry.run(tensors, {.batch = 1, .time = 4, .channels = 1, .count = 4});
  // 3, 5, 2, 1, 6.
  EXPECT_EQ(tensors.at("output"), (Numbers{2, -3, -1, 5}));
  EXPECT_EQ(tensors.at("last"), (Numbers{6}));
}

TEST_F(ScanEntryTest, GoesOnFromAnEarlierCall) {
  ScanEntry entry = parse(scanOf("linear", "1.0"));
  NamedTensors tensors = {
      {"preactivations", {2, 3, 4}}, {"parameters", {1}}, {"initial", {1}}};
  EntryCall call{.batch = 1, .time = 3, .channels = 1, .count = 1};
  entry.run(tensors, call);
  // Who reads what is not written yet sees it.
  EXPECT_TRUE(std::isnan(tensors.at("output")[1]));
  tensors["initial"] = tensors.at("last");
  call.first = 1;
  call.count = 2;
  entry.run(tensors, call);
  EXPECT_EQ(tensors.at("output"), (Numbers{2, 7, 31}));
  EXPECT_EQ(tensors.at("d_bias"), (Numbers{9}));
}

TEST_F(ScanEntryTest, LoopsAndDelays) {
  // s' = s + q m, with m the saved state of the step before, in the forward
  // pass's order.
  ScanEntry entry = parse(R"(
func.func @backward(%q: tensor<?x?x1x?xf32> {minrnn.name = "recurrent"},
                    %r: tensor<?x?xi8> {minrnn.name = "reset"},
                    %h0: tensor<?x1x?xf32> {minrnn.name = "initial"},
                    %h: tensor<?x?x1x?xf32> {minrnn.name = "states"},
                    %d: tensor<?x1x?xf32> {minrnn.name = "d_last"})
    -> (tensor<?x?x?xf32> {minrnn.name = "d_input"},
        tensor<?x1x?xf32> {minrnn.name = "d_initial"}) {
  %m = minrnn.delay %h initial %h0 : tensor<?x?x1x?xf32>, tensor<?x1x?xf32>
  %di, %dh = minrnn.sequential_scan reverse
      sequences(%q, %r, %m : tensor<?x?x1x?xf32>, tensor<?x?xi8>, tensor<?x?x1x?xf32>)
      initial(%d : tensor<?x1x?xf32>) -> (tensor<?x?x?xf32>)
      last tensor<?x1x?xf32>
  body(%k, %reset, %before, %s) {
    %zero = arith.constant 0.0 : f32
    %0 = arith.mulf %k, %before : f32
    %isReset = arith.cmpf une, %reset, %zero : f32
    %1 = arith.select %isReset, %zero, %0 : f32
    %2 = arith.addf %s, %1 : f32
    minrnn.yield %2, %2 : f32, f32
  }
  return %di, %dh : tensor<?x?x?xf32>, tensor<?x1x?xf32>
})");
  NamedTensors tensors = {{"recurrent", {1, 10, 100}},
                          {"initial", {2}},
                          {"states", {3, 4, 5}},
                          {"d_last", {7}}};
  EntryCall call{.batch = 1, .time = 3, .channels = 1, .count = 3};
  entry.run(tensors, call);
  // 7 + 100 * 4 + 10 * 3 + 1 * 2.
  EXPECT_EQ(tensors.at("d_input"), (Numbers{439, 437, 407}));
  EXPECT_EQ(tensors.at("d_initial"), (Numbers{439}));
  tensors["reset"] = {0, 1, 0};
  entry.run(tensors, call);
  EXPECT_EQ(tensors.at("d_initial"), (Numbers{409}));
  // Turned round: 7 + 1 * 4 + 10 * 5 + 100 * 2.
  tensors.erase("reset");
  call.reverse = true;
  entry.run(tensors, call);
  EXPECT_EQ(tensors.at("d_input"), (Numbers{11, 61, 261}));
}

TEST_F(ScanEntryTest, SaysWhatItDoesNotKnow) {
  ScanEntry entry = parse(scanOf("linear", "1.0"));
  NamedTensors tensors = {{"preactivations", {2, 3}}};
  EXPECT_THROW(
      entry.run(tensors, {.batch = 1, .time = 3, .channels = 1, .count = 3}),
      std::runtime_error);
  EXPECT_THROW(parse("func.func @forward(%x: i64) { return }"),
               std::runtime_error);
}
