//===- Explanation.cpp - What the compiler found, for people --------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compiler/pipeline/Explanation.h"
#include "compiler/lowering/KernelMemory.h"
#include "compiler/transforms/Passes.h"

#include "llvm/ADT/SmallString.h"
#include "llvm/ADT/TypeSwitch.h"
#include "llvm/Support/raw_ostream.h"

using namespace mlir;
using namespace minrnn::compiler;
using namespace minrnn::dialect;

namespace {
/// How tightly a formula holds together, loosest first.
enum Precedence { Sum, Product, Sign, Atom };

struct Formula {
  std::string text;
  Precedence precedence;
};
} // namespace

static Formula render(Value value);

/// The formula, in parentheses where it is looser than its place allows.
static std::string within(Precedence place, Value value) {
  Formula inner = render(value);
  return inner.precedence < place ? "(" + inner.text + ")" : inner.text;
}

static Formula call(StringRef name, Operation *op) {
  std::string text = name.str() + "(";
  llvm::interleave(
      op->getOperands(), [&](Value operand) { text += render(operand).text; },
      [&] { text += ", "; });
  return {text + ")", Atom};
}

static Formula renderConstant(arith::ConstantOp constant) {
  auto value = dyn_cast<FloatAttr>(constant.getValue());
  if (!value)
    return {"?", Atom};
  SmallString<16> text;
  value.getValue().toString(text, /*FormatPrecision=*/7);
  return {text.str().str(), text.starts_with("-") ? Sign : Atom};
}

static Formula renderArgument(BlockArgument argument) {
  auto cell = dyn_cast<CellOp>(argument.getOwner()->getParentOp());
  if (!cell || argument.getArgNumber() == 0)
    return {"x", Atom};
  Attribute name = cell.getStateNames()[argument.getArgNumber() - 1];
  return {cast<StringAttr>(name).str(), Atom};
}

static Formula render(Value value) {
  if (auto argument = dyn_cast<BlockArgument>(value))
    return renderArgument(argument);
  Operation *op = value.getDefiningOp();
  auto operand = [&](unsigned index) { return op->getOperand(index); };
  auto binary = [&](Precedence precedence, const char *symbol) -> Formula {
    // The right operand binds tighter, so that a - (b - c) keeps its meaning.
    auto tighter = static_cast<Precedence>(precedence + 1);
    return {within(precedence, operand(0)) + symbol +
                within(tighter, operand(1)),
            precedence};
  };
  return llvm::TypeSwitch<Operation *, Formula>(op)
      .Case(
          [&](arith::ConstantOp constant) { return renderConstant(constant); })
      .Case([&](ProjectOp project) -> Formula {
        return {"W_" + project.getGate().str() + " " +
                    within(Atom, project.getOperand()),
                Product};
      })
      .Case([&](arith::AddFOp) { return binary(Sum, " + "); })
      .Case([&](arith::SubFOp) { return binary(Sum, " - "); })
      .Case([&](arith::MulFOp) { return binary(Product, " * "); })
      .Case([&](arith::DivFOp) { return binary(Product, " / "); })
      .Case([&](arith::NegFOp) -> Formula {
        return {"-" + within(Product, operand(0)), Sign};
      })
      .Case([&](arith::CmpFOp compare) -> Formula {
        return {arith::stringifyCmpFPredicate(compare.getPredicate()).str() +
                    "(" + render(operand(0)).text + ", " +
                    render(operand(1)).text + ")",
                Atom};
      })
      .Case([&](AffineOp) -> Formula {
        return {within(Product, operand(0)) + " * " + within(Sign, operand(1)) +
                    " + " + within(Product, operand(2)),
                Sum};
      })
      .Default(
          [&](Operation *) { return call(op->getName().stripDialect(), op); });
}

std::string minrnn::compiler::formula(Value value) {
  return render(value).text;
}

std::string minrnn::compiler::explainVerdict(CellOp cell) {
  std::string text;
  llvm::raw_string_ostream os(text);
  os << "cell " << cell.getSymName() << ": ";
  if (auto reason = cell->getAttrOfType<StringAttr>(kSequentialAttribute)) {
    os << "sequential\n  because  " << reason.getValue() << '\n';
    return text;
  }
  auto affine = cell.getYield().getOperand(0).getDefiningOp<AffineOp>();
  std::string state = formula(cell.getStates().front());
  std::string coefficient = formula(affine.getCoefficient());
  std::string offset = formula(affine.getOffset());
  size_t width = std::max(coefficient.size(), offset.size());
  os << "parallel (affine)\n"
     << "  step      " << state << "' = a " << state << " + b\n"
     << "  a         " << coefficient
     << std::string(width - coefficient.size(), ' ') << "   in "
     << affine.getCoefficientRange().str() << '\n'
     << "  b         " << offset << std::string(width - offset.size(), ' ')
     << "   in " << affine.getOffsetRange().str() << '\n';
  return text;
}

/// Bytes per (batch, time, channel) element that an entry reads and writes.
static size_t bytesPerElement(StringRef entry, size_t gates) {
  size_t values = 0;
  for (const KernelArgument &argument : kernelArguments(entry)) {
    if (!llvm::is_contained(argument.shape, "time"))
      continue;
    values += llvm::is_contained(argument.shape, "gates") ? gates : 1;
  }
  return values * sizeof(float);
}

std::string minrnn::compiler::explainScan(StringRef domain, StringRef asked,
                                          bool isPositive, size_t gates) {
  std::string text;
  llvm::raw_string_ostream os(text);
  os << "  scan      " << domain << " space: ";
  if (domain == "log")
    os << "a and b are proven positive";
  else if (asked == "linear")
    os << "as asked for";
  else if (isPositive)
    os << "the default on the host, which walks time in order";
  else
    os << "a or b is not proven positive, so it has no logarithm";
  os << "\n  bytes     forward " << bytesPerElement(kForwardName, gates)
     << ", backward " << bytesPerElement(kBackwardName, gates)
     << " per (batch, time, channel) element in f32: every input read once, "
        "every output written once\n";
  return text;
}
