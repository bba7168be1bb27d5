//===- LargestMagnitude.cpp - How large a value can become ----------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compiler/analysis/LargestMagnitude.h"
#include "dialect/Functions.h"
#include "dialect/MinRNN.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "llvm/ADT/TypeSwitch.h"

#include <algorithm>
#include <cmath>
#include <limits>

using namespace mlir;
using namespace minrnn::compiler;
using namespace minrnn::dialect;

static constexpr double kUnbounded = std::numeric_limits<double>::infinity();

/// Larger bounds are of no use, and rounding must not take a number that is
/// held to be finite beyond what f32 has.
static constexpr double kLargestBound = 0x1p120;

double MagnitudeAnalysis::evaluate(Operation *op) {
  auto operand = [&](unsigned index) { return get(op->getOperand(index)); };
  if (const Function *function = findFunction(op))
    return function->largest(operand(0));
  return llvm::TypeSwitch<Operation *, double>(op)
      .Case([](arith::ConstantOp constant) {
        auto value = dyn_cast<FloatAttr>(constant.getValue());
        return value && value.getValue().isFinite()
                   ? std::fabs(value.getValueAsDouble())
                   : kUnbounded;
      })
      .Case<arith::AddFOp, arith::SubFOp>(
          [&](Operation *) { return operand(0) + operand(1); })
      .Case([&](arith::MulFOp) { return operand(0) * operand(1); })
      .Case<arith::NegFOp, math::AbsFOp>(
          [&](Operation *) { return operand(0); })
      .Case<arith::MaximumFOp, arith::MinimumFOp>(
          [&](Operation *) { return std::max(operand(0), operand(1)); })
      .Case([&](arith::SelectOp) { return std::max(operand(1), operand(2)); })
      // (1 - w) from + w to
      .Case([&](LerpOp) {
        return (1 + operand(2)) * operand(0) + operand(2) * operand(1);
      })
      .Default([](Operation *) { return kUnbounded; });
}

double MagnitudeAnalysis::get(Value value) {
  auto found = known.find(value);
  if (found != known.end())
    return found->second;
  Operation *definition = value.getDefiningOp();
  double bound = definition ? evaluate(definition) : kLargestArgument;
  if (!(bound <= kLargestBound))
    bound = kUnbounded;
  known[value] = bound;
  return bound;
}
