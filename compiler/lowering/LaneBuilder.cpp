//===- LaneBuilder.cpp - Math for one lane or a vector of lanes ---------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compiler/lowering/LaneBuilder.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/IRMapping.h"
#include "llvm/ADT/SmallPtrSet.h"

using namespace mlir;
using namespace minrnn::compiler;
using namespace minrnn::dialect;

static Attribute constantOf(Type type, TypedAttr scalar) {
  auto vector = dyn_cast<VectorType>(type);
  if (!vector)
    return scalar;
  return DenseElementsAttr::get(vector, ArrayRef<Attribute>(scalar));
}

Value LaneBuilder::number(double value) {
  FloatAttr scalar = builder.getF32FloatAttr(static_cast<float>(value));
  return arith::ConstantOp::create(builder, location,
                                   cast<TypedAttr>(constantOf(lane, scalar)));
}

Value LaneBuilder::add(Value x, Value y) {
  return arith::AddFOp::create(builder, location, x, y,
                               arith::FastMathFlags::contract);
}

Value LaneBuilder::mul(Value x, Value y) {
  return arith::MulFOp::create(builder, location, x, y,
                               arith::FastMathFlags::contract);
}

Value LaneBuilder::select(Value condition, Value x, Value y) {
  return arith::SelectOp::create(builder, location, condition, x, y);
}

Type LaneBuilder::lanesOf(Type scalar) const {
  auto vector = dyn_cast<VectorType>(lane);
  return vector ? VectorType::get(vector.getShape(), scalar) : scalar;
}

Value LaneBuilder::splat(Value scalar) {
  if (!isa<VectorType>(lane))
    return scalar;
  return vector::BroadcastOp::create(builder, location,
                                     lanesOf(scalar.getType()), scalar);
}

//===----------------------------------------------------------------------===//
// Storage
//===----------------------------------------------------------------------===//

Value LaneBuilder::integer(int32_t value) {
  return arith::ConstantOp::create(
      builder, location,
      cast<TypedAttr>(constantOf(lanesOf(builder.getI32Type()),
                                 builder.getI32IntegerAttr(value))));
}

Value LaneBuilder::fromStored(Value stored, Type element) {
  if (element.isF32())
    return stored;
  if (element.isF16())
    return arith::ExtFOp::create(builder, location, lane, stored);
  // bf16 is the upper half of an f32: no instruction is faster than a shift.
  Value bits = arith::ExtUIOp::create(builder, location,
                                      lanesOf(builder.getI32Type()), stored);
  return arith::BitcastOp::create(
      builder, location, lane,
      arith::ShLIOp::create(builder, location, bits, integer(16)));
}

Value LaneBuilder::toStored(Value value, Type element) {
  if (element.isF32())
    return value;
  if (element.isF16())
    return arith::TruncFOp::create(builder, location,
                                   lanesOf(builder.getF16Type()), value);
  if (roundsToBF16)
    return arith::BitcastOp::create(
        builder, location, lanesOf(builder.getI16Type()),
        arith::TruncFOp::create(builder, location,
                                lanesOf(builder.getBF16Type()), value));
  // Round to nearest, ties to even: add half of the last kept bit, less one,
  // plus that bit. A NaN must not be rounded to infinity: it keeps its upper
  // half, made quiet.
  Value bits = arith::BitcastOp::create(builder, location,
                                        lanesOf(builder.getI32Type()), value);
  auto upper = [&](Value word) -> Value {
    return arith::ShRUIOp::create(builder, location, word, integer(16));
  };
  Value lastBit =
      arith::AndIOp::create(builder, location, upper(bits), integer(1));
  Value rounded = upper(arith::AddIOp::create(
      builder, location,
      arith::AddIOp::create(builder, location, bits, integer(0x7FFF)),
      lastBit));
  Value quiet =
      arith::OrIOp::create(builder, location, upper(bits), integer(0x40));
  Value isNaN = arith::CmpFOp::create(builder, location,
                                      arith::CmpFPredicate::UNO, value, value);
  return arith::TruncIOp::create(builder, location,
                                 lanesOf(builder.getI16Type()),
                                 select(isNaN, quiet, rounded));
}

void LaneBuilder::copy(Operation &op, IRMapping &mapping) {
  if (auto constant = dyn_cast<arith::ConstantOp>(op)) {
    auto value = cast<TypedAttr>(
        constantOf(lanesOf(constant.getType()), constant.getValue()));
    mapping.map(
        constant.getResult(),
        arith::ConstantOp::create(builder, op.getLoc(), value).getResult());
    return;
  }
  Operation *copy = builder.clone(op, mapping);
  for (Value result : copy->getResults())
    result.setType(lanesOf(result.getType()));
  if (isa<arith::AddFOp, arith::SubFOp, arith::MulFOp>(copy))
    copy->setAttr("fastmath",
                  arith::FastMathFlagsAttr::get(
                      builder.getContext(), arith::FastMathFlags::contract));
}

SmallVector<Value> LaneBuilder::inlineRegion(Region &region,
                                             ValueRange arguments) {
  IRMapping mapping;
  return inlineRest(region, arguments, mapping);
}

void LaneBuilder::inlineKnown(Region &region, ArrayRef<Value> arguments,
                              IRMapping &mapping) {
  for (auto [parameter, value] : llvm::zip(region.getArguments(), arguments))
    if (value)
      mapping.map(parameter, value);
  for (Operation &op : region.front().without_terminator())
    if (llvm::all_of(op.getOperands(),
                     [&](Value operand) { return mapping.contains(operand); }))
      copy(op, mapping);
}

SmallVector<Value> LaneBuilder::inlineRest(Region &region, ValueRange arguments,
                                           IRMapping &mapping) {
  mapping.map(region.getArguments(), arguments);
  for (Operation &op : region.front().without_terminator())
    if (!mapping.contains(op.getResult(0)))
      copy(op, mapping);
  return llvm::map_to_vector(
      region.front().getTerminator()->getOperands(),
      [&](Value value) { return mapping.lookup(value); });
}

SmallVector<Value> LaneBuilder::inlineResults(Region &region,
                                              ArrayRef<Value> arguments,
                                              ArrayRef<int64_t> results) {
  SmallVector<Value> wanted =
      llvm::map_to_vector(results, [&](int64_t result) -> Value {
        return region.front().getTerminator()->getOperand(result);
      });
  llvm::SmallPtrSet<Operation *, 16> needed;
  SmallVector<Value> pending = wanted;
  while (!pending.empty())
    if (Operation *op = pending.pop_back_val().getDefiningOp();
        op && needed.insert(op).second)
      llvm::append_range(pending, op->getOperands());
  IRMapping mapping;
  for (auto [parameter, value] : llvm::zip(region.getArguments(), arguments))
    if (value)
      mapping.map(parameter, value);
  for (Operation &op : region.front().without_terminator())
    if (needed.contains(&op))
      copy(op, mapping);
  return llvm::map_to_vector(
      wanted, [&](Value value) { return mapping.lookup(value); });
}
