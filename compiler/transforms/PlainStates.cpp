//===- PlainStates.cpp - Log space between the steps alone ----------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compiler/transforms/Passes.h"
#include "dialect/MinRNN.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/Builders.h"

#include <limits>

namespace minrnn::compiler {
#define GEN_PASS_DEF_PLAINSTATESPASS
#include "compiler/transforms/Passes.h.inc"
} // namespace minrnn::compiler

using namespace mlir;
using namespace minrnn::compiler;
using namespace minrnn::dialect;

/// Builds `region`, which yields what `body` makes of its `count` arguments.
static void buildRegion(
    Region &region, int64_t count, Location location,
    llvm::function_ref<SmallVector<Value>(OpBuilder &, ValueRange)> body) {
  region.getBlocks().clear();
  OpBuilder builder(location.getContext());
  Block *block = startScalarRegion(builder, region, count, location);
  YieldOp::create(builder, location, body(builder, block->getArguments()));
}

/// Gives `scan`, which is in log space, elements (log2 a, b) of s -> a s + b.
static void toPlainStates(ScanOp scan) {
  Location location = scan.getLoc();
  int64_t states = scan.getStateCount();
  int64_t size = scan.getElementSize();
  auto power = [&](OpBuilder &builder, Value exponent) -> Value {
    return math::Exp2Op::create(builder, location, exponent);
  };
  auto yield = cast<YieldOp>(scan.getElement().front().getTerminator());
  OpBuilder atEnd(yield);
  for (int64_t place : scan.getOffsetPlaces())
    yield.setOperand(place, power(atEnd, yield.getOperand(place)));

  buildRegion(scan.getCombine(), 2 * size, location,
              [&](OpBuilder &builder, ValueRange both) {
                SmallVector<Value> combined;
                for (int64_t place = 0; place < size; place += 2) {
                  ValueRange first = both.slice(place, 2);
                  ValueRange second = both.slice(size + place, 2);
                  combined.push_back(arith::AddFOp::create(
                      builder, location, second[0], first[0]));
                  Value kept = arith::MulFOp::create(
                      builder, location, power(builder, second[0]), first[1]);
                  combined.push_back(arith::AddFOp::create(builder, location,
                                                           kept, second[1]));
                }
                return combined;
              });
  scan.setIdentityAttr(
      DenseF32ArrayAttr::get(scan.getContext(), SmallVector<float>(size, 0)));
  // Log space has none of a negative state.
  buildRegion(scan.getEncode(), states, location,
              [&](OpBuilder &builder, ValueRange plain) {
                auto number = [&](float value) -> Value {
                  return arith::ConstantOp::create(
                      builder, location, builder.getF32FloatAttr(value));
                };
                SmallVector<Value> encoded;
                for (Value state : plain) {
                  Value isNegative = arith::CmpFOp::create(
                      builder, location, arith::CmpFPredicate::OLT, state,
                      number(0));
                  encoded.push_back(arith::SelectOp::create(
                      builder, location, isNegative,
                      number(std::numeric_limits<float>::quiet_NaN()), state));
                }
                return encoded;
              });
  buildRegion(scan.getDecode(), states, location,
              [](OpBuilder &, ValueRange carried) {
                return SmallVector<Value>(carried);
              });
}

namespace {

struct PlainStatesPass
    : public minrnn::compiler::impl::PlainStatesPassBase<PlainStatesPass> {
  void runOnOperation() override {
    getOperation().walk([](ScanOp scan) {
      if (algebraName(scan) == "log" && scan.getNoOverflow())
        toPlainStates(scan);
    });
  }
};

} // namespace
