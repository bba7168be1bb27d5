//===- FactorSlopes.cpp - Gradients as one product with a slope -----------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compiler/analysis/Interval.h"
#include "compiler/transforms/Passes.h"
#include "dialect/MinRNN.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/Builders.h"

namespace minrnn::compiler {
#define GEN_PASS_DEF_FACTORSLOPESPASS
#include "compiler/transforms/Passes.h.inc"
} // namespace minrnn::compiler

using namespace mlir;
using namespace minrnn::compiler;
using namespace minrnn::dialect;

namespace {

/// Rewrites what a scan yields for a step. Operations that are replaced stay,
/// so that what is known of a value is not taken for that of another.
class Slopes {
public:
  explicit Slopes(ScanOp scan)
      : region(scan.getOutput()), builder(scan),
        states(region.getArguments().drop_front(scan.getValueCount())) {
    for (Value state : states)
      ofStates.insert(state);
  }

  void factor();

private:
  bool isOfStates(Value value) const { return ofStates.contains(value); }
  bool isAtMostOne(Value value) {
    Interval interval = intervals.get(value);
    return interval.lower >= -1 && interval.upper <= 1;
  }
  template <typename Op> Value create(Value x, Value y) {
    Value result = Op::create(builder, location, x, y);
    if (isOfStates(x) || isOfStates(y))
      ofStates.insert(result);
    return result;
  }
  /// x + y or x - y, as Op says: of two products with a common factor, the
  /// product with it.
  template <typename Op> Value sum(Value x, Value y);
  /// x y. Where x is a gradient times a slope, and y another slope, the slopes
  /// are multiplied first, if one of them is at most 1.
  Value product(Value x, Value y);
  /// What replaces `op`, which may be what it was.
  Value replacement(Operation &op);

  Region &region;
  OpBuilder builder;
  Location location = UnknownLoc::get(builder.getContext());
  ValueRange states;
  llvm::DenseSet<Value> ofStates;
  IntervalAnalysis intervals;
};

} // namespace

/// The product that `value` is, if nothing else becomes of it.
static arith::MulFOp ownProduct(Value value) {
  auto product = value.getDefiningOp<arith::MulFOp>();
  return product && (value.hasOneUse() || value.use_empty()) ? product
                                                             : arith::MulFOp();
}

template <typename Op> Value Slopes::sum(Value x, Value y) {
  auto left = ownProduct(x);
  auto right = ownProduct(y);
  if (left && right && left != right)
    for (auto [factor, mine] : {std::pair{left.getLhs(), left.getRhs()},
                                {left.getRhs(), left.getLhs()}})
      for (auto [other, its] : {std::pair{right.getLhs(), right.getRhs()},
                                {right.getRhs(), right.getLhs()}})
        if (factor == other)
          return product(sum<Op>(mine, its), factor);
  return create<Op>(x, y);
}

Value Slopes::product(Value x, Value y) {
  auto inner = ownProduct(x);
  if (inner && !isOfStates(y))
    for (auto [gradient, slope] : {std::pair{inner.getLhs(), inner.getRhs()},
                                   {inner.getRhs(), inner.getLhs()}})
      if (isOfStates(gradient) && !isOfStates(slope) &&
          (isAtMostOne(slope) || isAtMostOne(y)))
        return create<arith::MulFOp>(gradient, create<arith::MulFOp>(slope, y));
  return create<arith::MulFOp>(x, y);
}

Value Slopes::replacement(Operation &op) {
  location = op.getLoc();
  builder.setInsertionPoint(&op);
  if (isa<arith::SubFOp>(op))
    return sum<arith::SubFOp>(op.getOperand(0), op.getOperand(1));
  if (isa<arith::AddFOp>(op))
    return sum<arith::AddFOp>(op.getOperand(0), op.getOperand(1));
  if (!isa<arith::MulFOp>(op))
    return {};
  bool isLeft = isOfStates(op.getOperand(0));
  return product(op.getOperand(isLeft ? 0 : 1), op.getOperand(isLeft ? 1 : 0));
}

void Slopes::factor() {
  for (Operation &op : llvm::make_early_inc_range(region.front())) {
    if (llvm::any_of(op.getOperands(),
                     [&](Value operand) { return isOfStates(operand); }))
      ofStates.insert(op.result_begin(), op.result_end());
    else
      continue;
    if (Value value = replacement(op))
      op.getResult(0).replaceAllUsesWith(value);
  }
}

namespace {

struct FactorSlopesPass
    : public minrnn::compiler::impl::FactorSlopesPassBase<FactorSlopesPass> {
  void runOnOperation() override {
    getOperation().walk([](ScanOp scan) {
      if (scan.getReverse())
        Slopes(scan).factor();
    });
  }
};

} // namespace
