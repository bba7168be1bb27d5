//===- Recurrence.cpp - Is a step affine in its state? --------------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compiler/analysis/Recurrence.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/Builders.h"
#include "llvm/ADT/Twine.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace minrnn::compiler;
using namespace minrnn::dialect;

Value RecurrenceAnalysis::constant(Location location, float value) {
  return arith::ConstantOp::create(builder, location,
                                   builder.getF32FloatAttr(value));
}

Value RecurrenceAnalysis::materialize(Location location, Value part) {
  return part ? part : constant(location, 0);
}

std::string SequentialReason::str() const {
  return because + "; to make it parallel, " + remedy;
}

SequentialReason minrnn::compiler::reasonAt(Operation *op,
                                            const Twine &doesThis,
                                            const Twine &remedy) {
  return {op, ("'" + op->getName().getStringRef() + "' " + doesThis).str(),
          remedy.str()};
}

SequentialReason minrnn::compiler::mixesChannels(ProjectOp project) {
  return reasonAt(project,
                  "projects a value that depends on the state, which mixes the "
                  "channels from step to step",
                  "project the input '%x' instead");
}

std::nullopt_t RecurrenceAnalysis::fail(Operation *op, const Twine &doesThis,
                                        const Twine &remedy) {
  // The first operation that breaks the form is the one to show; those after
  // it merely use its result, and so the analysis has ended there.
  sequential = reasonAt(op, doesThis, remedy);
  return std::nullopt;
}

std::optional<AffineForm> RecurrenceAnalysis::solve(Value next) {
  if (isOtherState(next))
    return std::nullopt;
  std::optional<AffineForm> form = get(next);
  if (!form)
    return std::nullopt;
  return AffineForm{materialize(next.getLoc(), form->coefficient),
                    materialize(next.getLoc(), form->offset)};
}

bool RecurrenceAnalysis::isOtherState(Value value) const {
  return llvm::is_contained(otherStates, value);
}

std::optional<AffineForm> RecurrenceAnalysis::get(Value value) {
  auto found = known.find(value);
  if (found != known.end())
    return found->second;

  std::optional<AffineForm> form;
  Operation *definition = value.getDefiningOp();
  if (value == state)
    form = AffineForm{constant(value.getLoc(), 1), Value()};
  else if (!definition)
    form = AffineForm{Value(), value};
  else
    form = evaluate(definition);
  if (form)
    known[value] = *form;
  return form;
}

std::optional<AffineForm> RecurrenceAnalysis::evaluate(Operation *op) {
  if (isa<ProjectOp>(op) && projections == Projections::OfInputs)
    return AffineForm{Value(), op->getResult(0)};
  SmallVector<AffineForm> operands;
  for (Value operand : op->getOperands()) {
    if (isOtherState(operand))
      return std::nullopt;
    std::optional<AffineForm> form = get(operand);
    if (!form)
      return std::nullopt;
    operands.push_back(*form);
  }
  auto isFree = [&](unsigned index) { return !operands[index].coefficient; };
  // Whatever is computed from state-free operands alone is state-free, and
  // stands in the program already.
  if (llvm::all_of(operands,
                   [](const AffineForm &form) { return !form.coefficient; }))
    return AffineForm{Value(), op->getResult(0)};

  Location location = op->getLoc();
  auto multiply = [&](Value part, Value factor) -> Value {
    if (!part)
      return {};
    return arith::MulFOp::create(builder, location, part, factor);
  };
  auto add = [&](Value lhs, Value rhs) -> Value {
    if (!lhs || !rhs)
      return lhs ? lhs : rhs;
    return arith::AddFOp::create(builder, location, lhs, rhs);
  };
  auto negate = [&](Value part) -> Value {
    if (!part)
      return {};
    return arith::NegFOp::create(builder, location, part);
  };
  auto scale = [&](const AffineForm &form, Value factor) {
    return AffineForm{multiply(form.coefficient, factor),
                      multiply(form.offset, factor)};
  };
  auto sum = [&](const AffineForm &lhs, const AffineForm &rhs) {
    return AffineForm{add(lhs.coefficient, rhs.coefficient),
                      add(lhs.offset, rhs.offset)};
  };

  return llvm::TypeSwitch<Operation *, std::optional<AffineForm>>(op)
      .Case([&](arith::AddFOp) { return sum(operands[0], operands[1]); })
      .Case([&](arith::SubFOp) {
        return sum(operands[0], AffineForm{negate(operands[1].coefficient),
                                           negate(operands[1].offset)});
      })
      .Case([&](arith::NegFOp) {
        return AffineForm{negate(operands[0].coefficient),
                          negate(operands[0].offset)};
      })
      .Case([&](arith::MulFOp) -> std::optional<AffineForm> {
        if (isFree(1))
          return scale(operands[0], op->getOperand(1));
        if (isFree(0))
          return scale(operands[1], op->getOperand(0));
        return fail(op,
                    "multiplies the state by a value that depends on the "
                    "state",
                    "compute one of the factors from the input alone");
      })
      .Case([&](arith::DivFOp) -> std::optional<AffineForm> {
        if (!isFree(1))
          return fail(op, "divides by a value that depends on the state",
                      "compute the divisor from the input alone");
        auto divide = [&](Value part) -> Value {
          if (!part)
            return {};
          return arith::DivFOp::create(builder, location, part,
                                       op->getOperand(1));
        };
        return AffineForm{divide(operands[0].coefficient),
                          divide(operands[0].offset)};
      })
      .Case([&](LerpOp lerp) -> std::optional<AffineForm> {
        if (!isFree(2))
          return fail(op, "interpolates by a weight that depends on the state",
                      "compute the weight from the input alone");
        Value keep = arith::SubFOp::create(
            builder, location, constant(location, 1), lerp.getWeight());
        return sum(scale(operands[0], keep),
                   scale(operands[1], lerp.getWeight()));
      })
      .Case([&](arith::SelectOp select) -> std::optional<AffineForm> {
        if (!isFree(0))
          return fail(op, "chooses by a condition that depends on the state",
                      "compute the condition from the input alone");
        auto choose = [&](Value onTrue, Value onFalse) -> Value {
          if (!onTrue && !onFalse)
            return {};
          return arith::SelectOp::create(
              builder, location, select.getCondition(),
              materialize(location, onTrue), materialize(location, onFalse));
        };
        return AffineForm{
            choose(operands[1].coefficient, operands[2].coefficient),
            choose(operands[1].offset, operands[2].offset)};
      })
      .Case([&](AffineOp affine) {
        return sum(scale(operands[1], affine.getCoefficient()),
                   AffineForm{Value(), affine.getOffset()});
      })
      .Case([&](ProjectOp project) {
        sequential = mixesChannels(project);
        return std::nullopt;
      })
      .Default([&](Operation *) {
        return fail(op, "is not an affine function of the state",
                    "apply it to values computed from the input alone");
      });
}
