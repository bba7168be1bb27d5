//===- ExponentialSum.cpp - Sums of exponentials, read --------------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compiler/transforms/ExponentialSum.h"
#include "dialect/MinRNN.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/Matchers.h"

#include <algorithm>
#include <cmath>
#include <numbers>

using namespace mlir;
using namespace minrnn::compiler;
using namespace minrnn::dialect;

/// So many operations are looked into for one sum, so that the time to read a
/// cell grows with its length alone.
static constexpr unsigned kLargestSum = 20;
static constexpr size_t kMostTerms = 4;

static constexpr double kLn2 = 0.6931471805599453;

std::optional<double> minrnn::compiler::constantOf(Value value) {
  FloatAttr number;
  if (!matchPattern(value, m_Constant(&number)) ||
      !number.getValue().isFinite())
    return std::nullopt;
  return number.getValueAsDouble();
}

Value minrnn::compiler::withoutFactors(Value value, double &factor) {
  for (unsigned steps = 0; steps < kLargestSum; ++steps) {
    if (auto negation = value.getDefiningOp<arith::NegFOp>()) {
      factor = -factor;
      value = negation.getOperand();
    } else if (auto product = value.getDefiningOp<arith::MulFOp>()) {
      Value other = product.getLhs();
      std::optional<double> number = constantOf(product.getRhs());
      if (!number) {
        other = product.getRhs();
        number = constantOf(product.getLhs());
      }
      if (!number || *number == 0)
        return value;
      factor *= *number;
      value = other;
    } else if (auto quotient = value.getDefiningOp<arith::DivFOp>()) {
      std::optional<double> number = constantOf(quotient.getRhs());
      if (!number || *number == 0)
        return value;
      factor /= *number;
      value = quotient.getLhs();
    } else {
      return value;
    }
  }
  return value;
}

Value minrnn::compiler::scale(Value value, double factor, Location at,
                              OpBuilder &builder) {
  if (factor == 1)
    return value;
  if (factor == -1)
    return arith::NegFOp::create(builder, at, value);
  Value number = arith::ConstantOp::create(
      builder, at, builder.getF32FloatAttr(static_cast<float>(factor)));
  return arith::MulFOp::create(builder, at, value, number);
}

//===----------------------------------------------------------------------===//
// LinearForm
//===----------------------------------------------------------------------===//

LinearForm LinearForm::of(Value value) {
  LinearForm form;
  form.addScaled(value, 1);
  return form;
}

LinearForm LinearForm::ofLogSigmoid(Value x) {
  LinearForm form;
  if (auto negation = x.getDefiningOp<arith::NegFOp>()) {
    form.add(negation.getOperand(), /*isSoftplus=*/true, -1);
    return form;
  }
  form.add(x, /*isSoftplus=*/false, 1);
  form.add(x, /*isSoftplus=*/true, -1);
  return form;
}

LinearForm LinearForm::ofConstant(double value) {
  LinearForm form;
  form.constant = value;
  return form;
}

void LinearForm::add(Value value, bool isSoftplus, double factor) {
  auto *same = llvm::find_if(terms, [&](const Term &term) {
    return term.value == value && term.isSoftplus == isSoftplus;
  });
  if (same == terms.end()) {
    terms.push_back({value, isSoftplus, factor});
    return;
  }
  same->factor += factor;
  if (same->factor == 0)
    terms.erase(same);
}

void LinearForm::addScaled(Value value, double factor) {
  value = withoutFactors(value, factor);
  if (std::optional<double> number = constantOf(value)) {
    constant += factor * *number;
    return;
  }
  auto softplus = value.getDefiningOp<SoftplusOp>();
  if (!softplus) {
    add(value, /*isSoftplus=*/false, factor);
    return;
  }
  Value operand = softplus.getOperand();
  if (auto negation = operand.getDefiningOp<arith::NegFOp>()) {
    operand = negation.getOperand();
    add(operand, /*isSoftplus=*/false, -factor);
  }
  add(operand, /*isSoftplus=*/true, factor);
}

bool LinearForm::hasSoftplus() const {
  return llvm::any_of(terms, [](const Term &term) { return term.isSoftplus; });
}

Value LinearForm::matchLogSigmoid(bool &isNegated) const {
  if (constant != 0 || terms.empty() || terms.size() > 2)
    return {};
  const auto *softplus =
      llvm::find_if(terms, [](const Term &term) { return term.isSoftplus; });
  if (softplus == terms.end() || softplus->factor != -1)
    return {};
  isNegated = terms.size() == 1;
  if (isNegated)
    return softplus->value;
  const Term &other = softplus == terms.begin() ? terms[1] : terms[0];
  return !other.isSoftplus && other.factor == 1 &&
                 other.value == softplus->value
             ? other.value
             : Value();
}

LinearForm LinearForm::plus(const LinearForm &other, double factor) const {
  LinearForm result = *this;
  for (const Term &term : other.terms)
    result.add(term.value, term.isSoftplus, factor * term.factor);
  result.constant += factor * other.constant;
  return result.simplified();
}

LinearForm LinearForm::times(double factor) const {
  LinearForm result = *this;
  for (Term &term : result.terms)
    term.factor *= factor;
  result.constant *= factor;
  return result;
}

/// Whether the softplus of the same value, or the value of the softplus, takes
/// part as well.
bool LinearForm::hasPartner(const Term &term) const {
  return llvm::any_of(terms, [&](const Term &other) {
    return other.value == term.value && other.isSoftplus != term.isSoftplus;
  });
}

LinearForm LinearForm::simplified() const {
  LinearForm result;
  result.constant = constant;
  SmallVector<Term> pending(llvm::reverse(terms));
  for (unsigned steps = 0; !pending.empty(); ++steps) {
    if (steps == kLargestSum)
      return *this;
    Term term = pending.pop_back_val();
    Operation *op = term.value.getDefiningOp();
    if (term.isSoftplus || hasPartner(term) ||
        !isa_and_nonnull<arith::AddFOp, arith::SubFOp>(op)) {
      result.add(term.value, term.isSoftplus, term.factor);
      continue;
    }
    LinearForm parts;
    parts.addScaled(op->getOperand(0), term.factor);
    parts.addScaled(op->getOperand(1),
                    isa<arith::AddFOp>(op) ? term.factor : -term.factor);
    result.constant += parts.constant;
    llvm::append_range(pending, llvm::reverse(parts.terms));
  }
  return result.size() <= size() ? result : *this;
}

Value LinearForm::materialize(Location at, OpBuilder &builder) const {
  // As far as it goes, softplus(x) - x is softplus(-x), which does not cancel.
  struct Part {
    Value value;
    double factor;
  };
  auto softplus = [&](Value value) -> Value {
    return SoftplusOp::create(builder, at, value.getType(), value);
  };
  SmallVector<Part, 4> parts;
  for (const Term &term : terms) {
    const auto *partner = llvm::find_if(terms, [&](const Term &other) {
      return other.value == term.value && other.isSoftplus != term.isSoftplus;
    });
    bool meets =
        partner != terms.end() && (partner->factor > 0) != (term.factor > 0);
    double common =
        meets ? std::min(std::abs(partner->factor), std::abs(term.factor)) : 0;
    double rest = term.factor - std::copysign(common, term.factor);
    if (term.isSoftplus && common != 0) {
      Value negated = arith::NegFOp::create(builder, at, term.value);
      parts.push_back({softplus(negated), std::copysign(common, term.factor)});
    }
    if (rest != 0)
      parts.push_back(
          {term.isSoftplus ? softplus(term.value) : term.value, rest});
  }
  if (constant != 0 || parts.empty()) {
    Value number = arith::ConstantOp::create(
        builder, at,
        builder.getF32FloatAttr(
            static_cast<float>(parts.empty() ? constant : std::abs(constant))));
    parts.push_back({number, parts.empty() || constant > 0 ? 1.0 : -1.0});
  }
  // A positive part first, so that the others are added or subtracted.
  auto *first =
      llvm::find_if(parts, [](const Part &part) { return part.factor > 0; });
  if (first != parts.end())
    std::rotate(parts.begin(), first, first + 1);
  Value sum = scale(parts[0].value, parts[0].factor, at, builder);
  for (const Part &part : llvm::drop_begin(parts)) {
    Value size = scale(part.value, std::abs(part.factor), at, builder);
    sum = part.factor > 0
              ? arith::AddFOp::create(builder, at, sum, size).getResult()
              : arith::SubFOp::create(builder, at, sum, size).getResult();
  }
  return sum;
}

//===----------------------------------------------------------------------===//
// ExponentialSum
//===----------------------------------------------------------------------===//

namespace {

class Reader {
public:
  std::optional<ExponentialTerm> term(Value value);
  /// Adds factor * value to `sum`.
  bool add(Value value, double factor, ExponentialSum &sum);

private:
  static bool add(ExponentialTerm term, ExponentialSum &sum);

  unsigned looks = 0;
};

} // namespace

std::optional<ExponentialTerm> Reader::term(Value value) {
  Operation *op = value.getDefiningOp();
  if (!op || ++looks > kLargestSum)
    return std::nullopt;
  if (std::optional<double> number = constantOf(value))
    return ExponentialTerm{*number, {}, false};
  if (auto exponential = dyn_cast<math::ExpOp>(op))
    return ExponentialTerm{1, LinearForm::of(exponential.getOperand()), true};
  if (auto sigmoid = dyn_cast<SigmoidOp>(op))
    return ExponentialTerm{1, LinearForm::ofLogSigmoid(sigmoid.getOperand()),
                           false};
  if (!isa<arith::NegFOp, arith::MulFOp, arith::DivFOp, math::SqrtOp>(op))
    return std::nullopt;
  std::optional<ExponentialTerm> x = term(op->getOperand(0));
  if (!x)
    return std::nullopt;
  if (isa<arith::NegFOp>(op))
    return ExponentialTerm{-x->factor, x->exponent, x->canOverflow};
  if (isa<math::SqrtOp>(op)) {
    if (x->factor <= 0)
      return std::nullopt;
    return ExponentialTerm{std::sqrt(x->factor), x->exponent.times(0.5),
                           x->canOverflow};
  }
  std::optional<ExponentialTerm> y = term(op->getOperand(1));
  if (!y || x->factor == 0 || y->factor == 0)
    return std::nullopt;
  bool isProduct = isa<arith::MulFOp>(op);
  return ExponentialTerm{isProduct ? x->factor * y->factor
                                   : x->factor / y->factor,
                         x->exponent.plus(y->exponent, isProduct ? 1 : -1),
                         x->canOverflow || y->canOverflow};
}

bool Reader::add(ExponentialTerm term, ExponentialSum &sum) {
  for (ExponentialTerm &other : sum) {
    if (!term.exponent.minus(other.exponent).isZero())
      continue;
    other.factor += term.factor;
    other.canOverflow |= term.canOverflow;
    if (other.factor == 0)
      sum.erase(&other);
    return true;
  }
  if (term.factor != 0)
    sum.push_back(std::move(term));
  return sum.size() <= kMostTerms;
}

bool Reader::add(Value value, double factor, ExponentialSum &sum) {
  value = withoutFactors(value, factor);
  Operation *op = value.getDefiningOp();
  if (!op || ++looks > kLargestSum)
    return false;
  if (isa<arith::AddFOp, arith::SubFOp>(op))
    return add(op->getOperand(0), factor, sum) &&
           add(op->getOperand(1), isa<arith::AddFOp>(op) ? factor : -factor,
               sum);
  if (auto exponential = dyn_cast<math::ExpM1Op>(op))
    return add({factor, LinearForm::of(exponential.getOperand()), true}, sum) &&
           add({-factor, {}, false}, sum);
  std::optional<ExponentialTerm> one = term(value);
  if (!one)
    return false;
  one->factor *= factor;
  return add(*one, sum);
}

std::optional<ExponentialTerm>
minrnn::compiler::readExponentialTerm(Value value) {
  return Reader().term(value);
}

std::optional<ExponentialSum>
minrnn::compiler::readExponentialSum(Value value) {
  ExponentialSum sum;
  if (!Reader().add(value, 1, sum) || sum.empty())
    return std::nullopt;
  return sum;
}

/// The logarithm of a term.
static LinearForm logOfTerm(const ExponentialTerm &term) {
  return term.exponent.plus(LinearForm::ofConstant(std::log(term.factor)));
}

Value minrnn::compiler::logOfSum(ArrayRef<ExponentialTerm> sum, Location at,
                                 OpBuilder &builder) {
  // Of two, one of which is constant: log(c + e^l) = log c + softplus(l - log
  // c).
  if (sum.size() == 2 &&
      (sum[0].exponent.isConstant() || sum[1].exponent.isConstant())) {
    bool isFirst = sum[0].exponent.isConstant();
    LinearForm base = logOfTerm(sum[isFirst ? 0 : 1]);
    LinearForm other = logOfTerm(sum[isFirst ? 1 : 0]).minus(base);
    Value exponent = other.materialize(at, builder);
    Value softplus =
        SoftplusOp::create(builder, at, exponent.getType(), exponent);
    if (base.isZero())
      return softplus;
    return arith::AddFOp::create(builder, at, softplus,
                                 base.materialize(at, builder));
  }
  // In base 2. (a + softplus(b - a) would cancel for a below zero and b near
  // it, and max(a, b) + softplus(-|a - b|) has no right slope at a = b.)
  Value total;
  for (const ExponentialTerm &term : sum) {
    Value exponent = scale(logOfTerm(term).materialize(at, builder),
                           std::numbers::log2e, at, builder);
    total = total ? LogAddExp2Op::create(builder, at, total.getType(), total,
                                         exponent)
                        .getResult()
                  : exponent;
  }
  return scale(total, kLn2, at, builder);
}
