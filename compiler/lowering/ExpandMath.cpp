//===- ExpandMath.cpp - Gate math as arithmetic ---------------------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compiler/lowering/MathBuilder.h"
#include "compiler/lowering/Passes.h"
#include "dialect/MinRNN.h"

#include "mlir/IR/Matchers.h"
#include "mlir/IR/PatternMatch.h"
#include "mlir/Transforms/WalkPatternRewriteDriver.h"
#include "llvm/ADT/TypeSwitch.h"

#include <algorithm>
#include <cmath>

namespace minrnn::compiler {
#define GEN_PASS_DEF_EXPANDMATHPASS
#include "compiler/lowering/Passes.h.inc"
} // namespace minrnn::compiler

using namespace mlir;
using namespace minrnn::compiler;
using namespace minrnn::dialect;

/// The largest |c| among the elements of a constant.
static double largestMagnitude(Value constant) {
  Attribute value;
  matchPattern(constant, m_Constant(&value));
  if (auto number = dyn_cast<FloatAttr>(value))
    return std::fabs(number.getValueAsDouble());
  double largest = 0;
  for (const APFloat &element : cast<DenseFPElementsAttr>(value))
    largest = std::max(largest, std::fabs(element.convertToDouble()));
  return largest;
}

/// Whether all that becomes of `value` is that it is raised to a power, by way
/// of differences and constant factors, and no larger than it is: then only its
/// absolute error counts. (minLSTM's gates are sigmoids of a difference of two
/// softplus.)
///
/// A softplus without its tail is off by |x| e^-|x| u at most, 0.37 u; log2 e
/// and its rounding take that to 0.55 u, which is what a power is then off by.
static bool isExponent(Value value) {
  constexpr double largestGain = 1.5;
  Block *block = value.getParentBlock();
  // What depends on it, each operation once, however many ways lead to it; in
  // the order of the block, operands come before their users.
  SmallVector<Operation *> dependent;
  SmallVector<Value> pending = {value};
  llvm::SmallPtrSet<Operation *, 8> visited;
  while (!pending.empty())
    for (Operation *user : pending.pop_back_val().getUsers()) {
      if (!visited.insert(user).second)
        continue;
      if (user->getBlock() != block)
        return false;
      dependent.push_back(user);
      if (isa<SigmoidOp, LogAddExp2Op>(user))
        continue;
      bool passesOn = isa<arith::NegFOp, arith::SubFOp>(user) ||
                      (isa<arith::MulFOp>(user) &&
                       matchPattern(user->getOperand(1), m_Constant()));
      if (!passesOn)
        return false;
      pending.push_back(user->getResult(0));
    }
  llvm::sort(dependent,
             [](Operation *x, Operation *y) { return x->isBeforeInBlock(y); });
  // By how much an error of `value` may have grown in what depends on it.
  llvm::DenseMap<Value, double> gains = {{value, 1.0}};
  for (Operation *user : dependent) {
    double gain = 0;
    for (Value operand : user->getOperands())
      gain += gains.lookup(operand);
    if (isa<SigmoidOp, LogAddExp2Op>(user)) {
      if (!(gain <= largestGain))
        return false;
      continue;
    }
    if (isa<arith::MulFOp>(user))
      gain *= largestMagnitude(user->getOperand(1));
    gains[user->getResult(0)] = gain;
  }
  return true;
}

/// The expansion of `op`, or null where it stays as it is.
static Value expand(Operation *op, OpBuilder &builder, CreateMath &create) {
  if (op->getNumResults() != 1)
    return {};
  std::unique_ptr<MathBuilder> math =
      create(builder, op->getLoc(), op->getResult(0).getType());
  auto operand = [&](unsigned index) { return op->getOperand(index); };
  return llvm::TypeSwitch<Operation *, Value>(op)
      .Case([&](SigmoidOp) { return math->sigmoid(operand(0)); })
      .Case([&](PositiveOp) { return math->positive(operand(0)); })
      .Case([&](SoftplusOp softplus) {
        return math->softplus(operand(0), !isExponent(softplus));
      })
      .Case([&](LerpOp) {
        return math->lerp(operand(0), operand(1), operand(2));
      })
      .Case([&](LogAddExp2Op) {
        return math->logAddExp2(operand(0), operand(1));
      })
      .Case([&](arith::MaximumFOp) {
        return math->maximum(operand(0), operand(1));
      })
      .Case([&](arith::MinimumFOp) {
        return math->minimum(operand(0), operand(1));
      })
      .Case([&](math::ExpOp) { return math->exp(operand(0)); })
      .Case([&](math::ExpM1Op) { return math->expM1(operand(0)); })
      .Case([&](math::Exp2Op) { return math->exp2(operand(0)); })
      .Case([&](math::LogOp) { return math->log(operand(0)); })
      .Case([&](math::Log2Op) { return math->log2(operand(0)); })
      .Case([&](math::TanhOp) { return math->tanh(operand(0)); })
      .Case([&](math::SqrtOp) { return math->sqrt(operand(0)); })
      .Case([&](math::AbsFOp) { return math->abs(operand(0)); })
      .Default([](Operation *) { return Value(); });
}

namespace {

struct ExpandMathPass
    : public minrnn::compiler::impl::ExpandMathPassBase<ExpandMathPass> {
  using ExpandMathPassBase::ExpandMathPassBase;

  void runOnOperation() override {
    if (target != "gpu" && target != "host") {
      getOperation()->emitError(
          "minrnn-expand-math expects the target gpu or host, found '")
          << target << "'";
      return signalPassFailure();
    }
    CreateMath &create = target == "gpu" ? createGPUMath : createHostMath;
    getOperation()->walk([&](Operation *op) {
      OpBuilder builder(op);
      if (Value expansion = expand(op, builder, create)) {
        op->getResult(0).replaceAllUsesWith(expansion);
        op->erase();
      }
    });
  }
};

} // namespace
