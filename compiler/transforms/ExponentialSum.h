//===- ExponentialSum.h - Sums of exponentials, read ------------*- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Whoever writes a sigmoid, a tanh, a softplus or a softmax by hand writes
// quotients and logarithms of sums c1 e^l1 + c2 e^l2 + ... with linear
// exponents. Read in that form, all their spellings are one: commuted, negated,
// scaled above and below, with expm1, with the maximum subtracted.
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_COMPILER_TRANSFORMS_EXPONENTIALSUM_H
#define MINRNN_COMPILER_TRANSFORMS_EXPONENTIALSUM_H

#include "mlir/IR/Builders.h"

#include <optional>

namespace minrnn::compiler {

/// A sum of values and of softpluses of values, each with a factor, and a
/// constant. What a value is computed of is looked into only as far as that
/// makes the sum no longer.
class LinearForm {
public:
  /// `value` with its negations and constant factors taken off; a softplus of a
  /// negated operand becomes one of the operand, softplus(-x) = softplus(x) -
  /// x, so that the two meet.
  static LinearForm of(mlir::Value value);
  /// log sigmoid(x) = x - softplus(x).
  static LinearForm ofLogSigmoid(mlir::Value x);
  static LinearForm ofConstant(double value);

  bool isConstant() const { return terms.empty(); }
  bool isZero() const { return terms.empty() && constant == 0; }
  bool hasSoftplus() const;
  double getConstant() const { return constant; }
  /// The x of which this is log sigmoid(x), if it is; `isNegated` says that it
  /// is log sigmoid(-x) instead.
  mlir::Value matchLogSigmoid(bool &isNegated) const;

  LinearForm plus(const LinearForm &other, double factor = 1) const;
  LinearForm minus(const LinearForm &other) const { return plus(other, -1); }
  LinearForm times(double factor) const;

  /// Writes the operations that compute it.
  mlir::Value materialize(mlir::Location at, mlir::OpBuilder &builder) const;

private:
  struct Term {
    mlir::Value value;
    bool isSoftplus;
    double factor;
  };

  void add(mlir::Value value, bool isSoftplus, double factor);
  void addScaled(mlir::Value value, double factor);
  /// The same with sums and differences looked into, if it is not longer.
  LinearForm simplified() const;
  bool hasPartner(const Term &term) const;
  size_t size() const { return terms.size() + (constant != 0 ? 1 : 0); }

  llvm::SmallVector<Term, 4> terms;
  double constant = 0;
};

/// factor * e^exponent.
struct ExponentialTerm {
  double factor = 1;
  LinearForm exponent;
  /// Whether an exponential takes part: it can overflow, where a sigmoid
  /// cannot.
  bool canOverflow = false;
};

/// A sum of at most four such terms whose exponents differ.
using ExponentialSum = llvm::SmallVector<ExponentialTerm, 4>;

/// `value` as one term: an exponential, a sigmoid, a constant, or a product,
/// quotient or square root of such.
std::optional<ExponentialTerm> readExponentialTerm(mlir::Value value);

/// `value` as a sum of terms. It is none where any part has no logarithm in
/// closed form, or where it takes more than some twenty operations to find out.
std::optional<ExponentialSum> readExponentialSum(mlir::Value value);

/// log of the sum; `sum` has two terms at least, with factors above zero.
mlir::Value logOfSum(llvm::ArrayRef<ExponentialTerm> sum, mlir::Location at,
                     mlir::OpBuilder &builder);

/// factor * value.
mlir::Value scale(mlir::Value value, double factor, mlir::Location at,
                  mlir::OpBuilder &builder);

/// The value without its negations and its products and quotients with
/// constants, which are multiplied up in `factor`.
mlir::Value withoutFactors(mlir::Value value, double &factor);

/// The finite number that `value` is, if it is a constant.
std::optional<double> constantOf(mlir::Value value);

} // namespace minrnn::compiler

#endif // MINRNN_COMPILER_TRANSFORMS_EXPONENTIALSUM_H
