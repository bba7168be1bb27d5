//===- RegionCode.cpp - A region of scalars, run in double ----------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tests/scan/RegionCode.h"

#include "dialect/MinRNN.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "llvm/ADT/TypeSwitch.h"

#include <cmath>
#include <limits>
#include <numbers>
#include <optional>
#include <stdexcept>

using namespace mlir;
using namespace minrnn::dialect;
using namespace minrnn::scan;

static double constantOf(arith::ConstantOp constant) {
  auto number = dyn_cast<FloatAttr>(constant.getValue());
  if (!number)
    return cast<BoolAttr>(constant.getValue()).getValue() ? 1 : 0;
  double value = number.getValueAsDouble();
  for (double exact : {std::numbers::log2e, std::numbers::ln2})
    if (std::abs(value) == static_cast<float>(exact))
      return std::copysign(exact, value);
  return value;
}

RegionCode::RegionCode(Region &region) : arguments(region.getNumArguments()) {
  llvm::DenseMap<Value, int> places;
  auto placeNext = [&](Value value) {
    places[value] = static_cast<int>(values.size());
    values.push_back(0);
  };
  Block &block = region.front();
  for (BlockArgument argument : block.getArguments())
    placeNext(argument);
  for (auto constant : block.getOps<arith::ConstantOp>()) {
    placeNext(constant);
    values.back() = constantOf(constant);
  }
  size_t results = values.size();
  for (Operation &op : block.without_terminator())
    if (!isa<arith::ConstantOp>(op)) {
      append(op, places);
      places[op.getResult(0)] = static_cast<int>(results++);
    }
  values.resize(results);
  for (Value value : block.getTerminator()->getOperands())
    yieldedPlaces.push_back(places.at(value));
  yielded.resize(yieldedPlaces.size());
}

void RegionCode::append(Operation &op, llvm::DenseMap<Value, int> &places) {
  const reference::Function *function =
      reference::findFunction(op.getName().getStringRef());
  auto kind = llvm::TypeSwitch<Operation *, std::optional<Kind>>(&op)
                  .Case([](arith::AddFOp) { return Kind::Add; })
                  .Case([](arith::SubFOp) { return Kind::Subtract; })
                  .Case([](arith::MulFOp) { return Kind::Multiply; })
                  .Case([](arith::DivFOp) { return Kind::Divide; })
                  .Case([](arith::NegFOp) { return Kind::Negate; })
                  .Case([](arith::MaximumFOp) { return Kind::Maximum; })
                  .Case([](arith::MinimumFOp) { return Kind::Minimum; })
                  .Case([](arith::CmpFOp) { return Kind::Compare; })
                  .Case([](arith::SelectOp) { return Kind::Select; })
                  .Case([](arith::AndIOp) { return Kind::And; })
                  .Case([](arith::OrIOp) { return Kind::Or; })
                  .Case([](arith::XOrIOp) { return Kind::ExclusiveOr; })
                  .Case([](math::Exp2Op) { return Kind::Exp2; })
                  .Case([](math::Log2Op) { return Kind::Log2; })
                  .Case([](math::AbsFOp) { return Kind::Absolute; })
                  .Case([](LerpOp) { return Kind::Lerp; })
                  .Case([](LogAddExp2Op) { return Kind::LogAddExp2; })
                  .Default([&](Operation *) -> std::optional<Kind> {
                    if (function)
                      return Kind::Call;
                    return std::nullopt;
                  });
  bool isTruth =
      op.getNumResults() == 1 && op.getResult(0).getType().isInteger(1);
  bool isNumber = op.getNumResults() == 1 && op.getResult(0).getType().isF32();
  if (!kind || !(isTruth || isNumber))
    throw std::runtime_error("the interpreter does not know '" +
                             op.getName().getStringRef().str() + "'");
  auto place = [&](unsigned index) {
    return index < op.getNumOperands() ? places.at(op.getOperand(index)) : 0;
  };
  Instruction instruction{*kind, place(0), place(1), place(2), {}, function};
  if (auto compare = dyn_cast<arith::CmpFOp>(op))
    instruction.predicate =
        reference::predicateOf(static_cast<int64_t>(compare.getPredicate()));
  instructions.push_back(instruction);
}

double RegionCode::evaluate(const Instruction &instruction) const {
  double x = values[instruction.x];
  double y = values[instruction.y];
  double z = values[instruction.z];
  switch (instruction.kind) {
  case Kind::Add:
    return x + y;
  case Kind::Subtract:
    return x - y;
  case Kind::Multiply:
    return x * y;
  case Kind::Divide:
    return x / y;
  case Kind::Negate:
    return -x;
  case Kind::Maximum:
  case Kind::Minimum:
    if (std::isnan(x) || std::isnan(y))
      return std::numeric_limits<double>::quiet_NaN();
    return (instruction.kind == Kind::Maximum) == (x > y) ? x : y;
  case Kind::Compare:
    return instruction.predicate.holds(x, y) ? 1 : 0;
  case Kind::Select:
    return x != 0 ? y : z;
  case Kind::And:
    return x != 0 && y != 0 ? 1 : 0;
  case Kind::Or:
    return x != 0 || y != 0 ? 1 : 0;
  case Kind::ExclusiveOr:
    return (x != 0) != (y != 0) ? 1 : 0;
  case Kind::Exp2:
    return std::exp2(x);
  case Kind::Log2:
    return std::log2(x);
  case Kind::Absolute:
    return std::abs(x);
  case Kind::Lerp:
    return (1 - z) * x + z * y;
  case Kind::Call:
    return instruction.function->value(x);
  case Kind::LogAddExp2:
    return reference::logAddExp2(x, y);
  }
  throw std::runtime_error("an instruction of no kind");
}

std::span<const double> RegionCode::run(std::span<const double> given) {
  if (given.size() != arguments)
    throw std::runtime_error("a region of " + std::to_string(arguments) +
                             " arguments was given " +
                             std::to_string(given.size()));
  std::copy(given.begin(), given.end(), values.begin());
  size_t result = values.size() - instructions.size();
  for (const Instruction &instruction : instructions)
    values[result++] = evaluate(instruction);
  for (size_t i = 0; i < yielded.size(); ++i)
    yielded[i] = values[yieldedPlaces[i]];
  return yielded;
}
