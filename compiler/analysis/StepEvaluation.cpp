//===- StepEvaluation.cpp - One step of a cell, in numbers ----------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compiler/analysis/StepEvaluation.h"
#include "dialect/Functions.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "llvm/ADT/APFloat.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/TypeSwitch.h"

#include <cmath>

using namespace mlir;
using namespace minrnn::compiler;
using namespace minrnn::dialect;

static float numberOf(const std::map<std::string, float> &numbers,
                      StringRef name) {
  auto found = numbers.find(name.str());
  return found == numbers.end() ? 0 : found->second;
}

StepEvaluation::StepEvaluation(CellOp cell, const StepValues &values) {
  for (auto [state, number] :
       llvm::zip(cell.getBody().getArguments().drop_front(), values.states))
    numbers[state] = number;
  for (Operation &op : cell.getBody().front())
    if (op.getNumResults() == 1)
      numbers[op.getResult(0)] = evaluate(op, values);
}

float StepEvaluation::evaluate(Operation &op, const StepValues &values) const {
  auto operand = [&](unsigned index) { return (*this)[op.getOperand(index)]; };
  if (const Function *function = findFunction(&op))
    return static_cast<float>(function->value(operand(0)));
  return llvm::TypeSwitch<Operation *, float>(&op)
      .Case([&](ProjectOp project) {
        return numberOf(values.projections, project.getGate());
      })
      .Case([&](ParameterOp parameter) {
        return numberOf(values.parameters, parameter.getParameter());
      })
      .Case([&](ReadOp) { return values.input; })
      .Case([&](arith::ConstantOp constant) -> float {
        if (auto number = dyn_cast<FloatAttr>(constant.getValue()))
          return number.getValue().convertToFloat();
        return cast<BoolAttr>(constant.getValue()).getValue() ? 1 : 0;
      })
      .Case([&](arith::AddFOp) { return operand(0) + operand(1); })
      .Case([&](arith::SubFOp) { return operand(0) - operand(1); })
      .Case([&](arith::MulFOp) { return operand(0) * operand(1); })
      .Case([&](arith::DivFOp) { return operand(0) / operand(1); })
      .Case([&](arith::NegFOp) { return -operand(0); })
      .Case([&](arith::MaximumFOp) {
        return llvm::maximum(APFloat(operand(0)), APFloat(operand(1)))
            .convertToFloat();
      })
      .Case([&](arith::MinimumFOp) {
        return llvm::minimum(APFloat(operand(0)), APFloat(operand(1)))
            .convertToFloat();
      })
      .Case([&](arith::CmpFOp compare) -> float {
        return arith::applyCmpPredicate(compare.getPredicate(),
                                        APFloat(operand(0)),
                                        APFloat(operand(1)))
                   ? 1
                   : 0;
      })
      .Case([&](arith::SelectOp) {
        return operand(0) != 0 ? operand(1) : operand(2);
      })
      .Case([&](math::AbsFOp) { return std::abs(operand(0)); })
      .Case([&](LerpOp) {
        return (1 - operand(2)) * operand(0) + operand(2) * operand(1);
      })
      .Case([&](LogAddExp2Op) {
        return static_cast<float>(logAddExp2(operand(0), operand(1)));
      })
      .Case([&](AffineOp) { return operand(0) * operand(1) + operand(2); })
      .Default([](Operation *) { return 0.0F; });
}

Value StepEvaluation::origin(Value value) const {
  while (Operation *op = value.getDefiningOp()) {
    // Of a select only the branch taken counts.
    auto select = dyn_cast<arith::SelectOp>(op);
    Value next;
    for (Value operand : op->getOperands()) {
      bool isTaken = !select || operand == ((*this)[select.getCondition()] != 0
                                                ? select.getTrueValue()
                                                : select.getFalseValue());
      // A projection's own value is given, not computed from its operand.
      if (isTaken && !isa<ProjectOp>(op) && !std::isfinite((*this)[operand]) &&
          !next)
        next = operand;
    }
    if (!next)
      return value;
    value = next;
  }
  return value;
}
