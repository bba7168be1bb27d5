//===- Folds.cpp - Constant folding and identities ------------------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Constants are folded in double precision and rounded once, so that a folded
// number is at least as good as the one the kernel would have computed.
//
//===----------------------------------------------------------------------===//

#include "dialect/MinRNN.h"

#include "mlir/Dialect/CommonFolders.h"
#include "mlir/IR/Matchers.h"

#include <algorithm>
#include <cmath>

using namespace mlir;
using namespace minrnn::dialect;

static double sigmoid(double x) {
  double e = std::exp(-std::fabs(x));
  return x >= 0 ? 1 / (1 + e) : e / (1 + e);
}

static double softplus(double x) {
  return std::max(x, 0.0) + std::log1p(std::exp(-std::fabs(x)));
}

static APFloat rounded(double value, const llvm::fltSemantics &semantics) {
  APFloat result(value);
  bool losesInfo;
  result.convert(semantics, APFloat::rmNearestTiesToEven, &losesInfo);
  return result;
}

/// Folds `op(constant)` by evaluating `function` in double precision.
static Attribute foldUnary(ArrayRef<Attribute> operands,
                           double (*function)(double)) {
  return constFoldUnaryOp<FloatAttr, APFloat, void>(
      operands, [&](const APFloat &x) {
        return rounded(function(x.convertToDouble()), x.getSemantics());
      });
}

OpFoldResult SigmoidOp::fold(FoldAdaptor adaptor) {
  return foldUnary(adaptor.getOperands(), sigmoid);
}

OpFoldResult SoftplusOp::fold(FoldAdaptor adaptor) {
  return foldUnary(adaptor.getOperands(), softplus);
}

OpFoldResult PositiveOp::fold(FoldAdaptor adaptor) {
  return foldUnary(adaptor.getOperands(),
                   [](double x) { return x >= 0 ? x + 0.5 : sigmoid(x); });
}

OpFoldResult LerpOp::fold(FoldAdaptor adaptor) {
  // The ends of the segment. (A NaN or an infinity at the other end is
  // forgotten, as arith's own folds of finite-math constants would not; the
  // equation (1 - 0) a + 0 b is a for every real b.)
  if (matchPattern(adaptor.getWeight(), m_AnyZeroFloat()))
    return getFrom();
  if (matchPattern(adaptor.getWeight(), m_OneFloat()))
    return getTo();
  return {};
}

OpFoldResult LogAddExp2Op::fold(FoldAdaptor adaptor) {
  return constFoldBinaryOp<FloatAttr, APFloat, void>(
      adaptor.getOperands(), [](const APFloat &x, const APFloat &y) {
        double lhs = x.convertToDouble();
        double rhs = y.convertToDouble();
        // Two equal infinities have no difference.
        double difference = lhs == rhs ? 0 : lhs - rhs;
        double sum =
            std::max(lhs, rhs) +
            std::log1p(std::exp2(-std::fabs(difference))) / std::log(2.0);
        return rounded(sum, x.getSemantics());
      });
}
