//===- Stabilize.h - The rules of minrnn-stabilize, by subject --*- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Each rule replaces a formula by an equal one: equal in the reals wherever the
// formula is defined. Each takes at least one operation away from the formula
// and writes none that another rule turns back, so that the rules come to an
// end.
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_COMPILER_TRANSFORMS_STABILIZE_H
#define MINRNN_COMPILER_TRANSFORMS_STABILIZE_H

#include "mlir/IR/PatternMatch.h"

namespace minrnn::compiler {

/// Signs and powers of two, the same number to the last bit.
void addNegationRules(mlir::RewritePatternSet &patterns);
/// Gates and their complements.
void addGateRules(mlir::RewritePatternSet &patterns);
/// Sigmoid, tanh, softplus and softmax, as they are written by hand.
void addExponentialRules(mlir::RewritePatternSet &patterns);
/// Logarithms of what underflows.
void addLogarithmRules(mlir::RewritePatternSet &patterns);

} // namespace minrnn::compiler

#endif // MINRNN_COMPILER_TRANSFORMS_STABILIZE_H
