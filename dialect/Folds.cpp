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

#include "dialect/Functions.h"
#include "dialect/MinRNN.h"

#include "mlir/Dialect/CommonFolders.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;
using namespace minrnn::dialect;

static APFloat rounded(double value, const llvm::fltSemantics &semantics) {
  APFloat result(value);
  bool losesInfo;
  result.convert(semantics, APFloat::rmNearestTiesToEven, &losesInfo);
  return result;
}

Attribute minrnn::dialect::foldFunction(Operation *op,
                                        ArrayRef<Attribute> operands) {
  const Function *function = findFunction(op);
  return constFoldUnaryOp<FloatAttr, APFloat, void>(
      operands, [&](const APFloat &x) {
        return rounded(function->value(x.convertToDouble()), x.getSemantics());
      });
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
        return rounded(logAddExp2(x.convertToDouble(), y.convertToDouble()),
                       x.getSemantics());
      });
}
