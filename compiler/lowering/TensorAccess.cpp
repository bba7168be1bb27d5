//===- TensorAccess.cpp - Tensors of the scan level as pointers -----------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compiler/lowering/TensorAccess.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

using namespace mlir;
using namespace minrnn::compiler;
using namespace minrnn::dialect;

/// The type that an argument's elements have in memory. (bf16 is handled as
/// its bits, see LaneBuilder::fromStored.)
static Type storedType(OpBuilder &builder, StringRef element) {
  if (element == "f16")
    return builder.getF16Type();
  if (element == "bf16")
    return builder.getI16Type();
  if (element == "i8")
    return builder.getI8Type();
  if (element == "i32")
    return builder.getI32Type();
  return builder.getF32Type();
}

TensorAccess::TensorAccess(OpBuilder &builder, func::FuncOp function,
                           ArrayRef<EntryArgument> signature,
                           ValueRange arguments, LaneBuilder &lanes,
                           LaneMemory &memory)
    : builder(builder), location(function.getLoc()), lanes(lanes),
      memory(memory) {
  SmallVector<Value> values = entryTensors(function);
  for (auto [index, argument] : llvm::enumerate(signature)) {
    if (!argument.isTensor()) {
      sizes[argument.name] = arguments[index];
      continue;
    }
    Tensor tensor;
    tensor.pointer = arguments[index];
    tensor.element = storedType(builder, argument.type);
    if (argument.isOptional) {
      Value null =
          LLVM::ZeroOp::create(builder, location, tensor.pointer.getType());
      tensor.isGiven = LLVM::ICmpOp::create(
          builder, location, LLVM::ICmpPredicate::ne, tensor.pointer, null);
    }
    tensors[values[index]] = tensor;
  }
}

const TensorAccess::Tensor &TensorAccess::tensorOf(Value tensor) const {
  auto found = tensors.find(tensor);
  assert(found != tensors.end() &&
         "tensor is neither an argument nor returned");
  return found->second;
}

//===----------------------------------------------------------------------===//
// Sizes and positions
//===----------------------------------------------------------------------===//

Value TensorAccess::index(int64_t value) {
  return arith::ConstantOp::create(builder, location,
                                   builder.getI64IntegerAttr(value));
}

Value TensorAccess::add(Value x, Value y) {
  return arith::AddIOp::create(builder, location, x, y);
}

Value TensorAccess::mul(Value x, Value y) {
  return arith::MulIOp::create(builder, location, x, y);
}

Value TensorAccess::choose(Value condition, Value x, Value y) {
  return arith::SelectOp::create(builder, location, condition, x, y);
}

Value TensorAccess::time() {
  Value steps = size("time");
  return steps ? steps : index(1);
}

Value TensorAccess::begin() {
  Value first = size("first");
  return first ? first : index(0);
}

Value TensorAccess::end() {
  Value count = size("count");
  return count ? add(size("first"), count) : time();
}

Value TensorAccess::timeTiles(int64_t tileTime) {
  return arith::DivUIOp::create(
      builder, location, add(time(), index(tileTime - 1)), index(tileTime));
}

Value TensorAccess::channelTiles(int64_t tileChannels) {
  // Sizes are not negative, so the unsigned division is right, and cheaper.
  return arith::DivUIOp::create(builder, location,
                                add(channels(), index(tileChannels - 1)),
                                index(tileChannels));
}

TimeAxis TensorAccess::timeAxis(bool isReverse) {
  // In `step` there is one step, and nothing before it.
  if (!size("time"))
    return {index(0), index(1), Value()};
  Value last = add(time(), index(-1));
  // An entry that goes against the forward pass, which is turned round itself,
  // starts at step 0 again.
  Value startsAtEnd = arith::CmpIOp::create(
      builder, location,
      isReverse ? arith::CmpIPredicate::eq : arith::CmpIPredicate::ne,
      size("reverse"), index(0));
  return {choose(startsAtEnd, last, index(0)),
          choose(startsAtEnd, index(-1), index(1)), isReverse ? last : Value()};
}

StepPlace TensorAccess::place(const TimeAxis &axis, Value position) {
  auto timeOf = [&](Value position) {
    return add(axis.origin, mul(position, axis.direction));
  };
  if (!axis.lastPosition)
    return {timeOf(position), Value(), Value()};
  // What the forward pass took before is what comes next here. The load is
  // kept within the array at the end, so that it needs no branch.
  Value isFirst = arith::CmpIOp::create(
      builder, location, arith::CmpIPredicate::eq, position, axis.lastPosition);
  Value next = arith::MinSIOp::create(
      builder, location, add(position, index(1)), axis.lastPosition);
  return {timeOf(position), timeOf(next), isFirst};
}

Value TensorAccess::rowIndex(int64_t gates, int64_t gate) {
  Value position = gates == 1 ? row : mul(row, index(gates));
  if (gate != 0)
    position = add(position, index(gate));
  return add(mul(position, channels()), channel);
}

Value TensorAccess::parameterIndex(int64_t gate) {
  return add(mul(index(gate), channels()), channel);
}

Value TensorAccess::sequenceIndex(Value step, int64_t gates, int64_t gate) {
  Value position = size("time") ? add(mul(row, time()), step) : row;
  if (gates != 1)
    position = mul(position, index(gates));
  if (gate != 0)
    position = add(position, index(gate));
  return add(mul(position, channels()), channel);
}

Value TensorAccess::maskIndex(Value step) {
  return size("time") ? add(mul(row, time()), step) : row;
}

Value TensorAccess::boundaryIndex(Value tile, int64_t tileTime, int64_t states,
                                  int64_t state) {
  Value position = add(mul(row, timeTiles(tileTime)), tile);
  position = add(mul(position, index(states)), index(state));
  return add(mul(position, channels()), channel);
}

//===----------------------------------------------------------------------===//
// Elements
//===----------------------------------------------------------------------===//

Value TensorAccess::load(const Tensor &tensor, Value index) {
  return lanes.fromStored(memory.load(tensor.pointer, index, tensor.element),
                          tensor.element);
}

void TensorAccess::store(const Tensor &tensor, Value index, Value value) {
  memory.store(lanes.toStored(value, tensor.element), tensor.pointer, index,
               tensor.element);
}

SmallVector<Value>
TensorAccess::ifGiven(const Tensor &tensor, size_t count,
                      llvm::function_ref<SmallVector<Value>()> values) {
  // (A cell without gates has nothing to read; a branch would have no results,
  // and end twice.)
  if (!tensor.isGiven || count == 0)
    return values();
  SmallVector<Type> types(count, lanes.type());
  auto branch = scf::IfOp::create(builder, location, types, tensor.isGiven,
                                  /*withElseRegion=*/true);
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToStart(branch.thenBlock());
  scf::YieldOp::create(builder, location, values());
  builder.setInsertionPointToStart(branch.elseBlock());
  scf::YieldOp::create(builder, location,
                       SmallVector<Value>(count, lanes.number(0)));
  return SmallVector<Value>(branch.getResults());
}

SmallVector<Value>
TensorAccess::loadGates(const Tensor &tensor, int64_t count,
                        llvm::function_ref<Value(int64_t)> indexOf) {
  return ifGiven(tensor, count, [&] {
    SmallVector<Value> values;
    for (int64_t gate = 0; gate < count; ++gate)
      values.push_back(load(tensor, indexOf(gate)));
    return values;
  });
}

void TensorAccess::whenGiven(const Tensor &tensor,
                             llvm::function_ref<void()> body) {
  if (!tensor.isGiven)
    return body();
  auto branch = scf::IfOp::create(builder, location, tensor.isGiven);
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToStart(branch.thenBlock());
  body();
}

//===----------------------------------------------------------------------===//
// Rows and parameters
//===----------------------------------------------------------------------===//

SmallVector<Value> TensorAccess::readRows(Value rows) {
  int64_t gates = packedValueCount(rows.getType());
  return loadGates(tensorOf(rows), gates,
                   [&](int64_t gate) { return rowIndex(gates, gate); });
}

void TensorAccess::writeRows(Value rows, ValueRange values) {
  const Tensor &tensor = tensorOf(rows);
  auto gates = static_cast<int64_t>(values.size());
  whenGiven(tensor, [&] {
    for (auto [gate, value] : llvm::enumerate(values))
      store(tensor, rowIndex(gates, static_cast<int64_t>(gate)), value);
  });
}

SmallVector<Value> TensorAccess::readSums(ValueRange sums) {
  SmallVector<Value> values;
  for (Value sum : sums) {
    if (!size("first")) {
      values.append(packedValueCount(sum.getType()), lanes.number(0));
      continue;
    }
    Value isContinued = arith::CmpIOp::create(
        builder, location, arith::CmpIPredicate::ne, size("first"), index(0));
    Tensor tensor = tensorOf(sum);
    tensor.isGiven = tensor.isGiven
                         ? arith::AndIOp::create(builder, location, isContinued,
                                                 tensor.isGiven)
                         : isContinued;
    int64_t gates = packedValueCount(sum.getType());
    llvm::append_range(values, loadGates(tensor, gates, [&](int64_t gate) {
                         return rowIndex(gates, gate);
                       }));
  }
  return values;
}

void TensorAccess::writeSums(ValueRange sums, ValueRange values) {
  for (Value sum : sums) {
    int64_t gates = packedValueCount(sum.getType());
    writeRows(sum, values.take_front(gates));
    values = values.drop_front(gates);
  }
}

SmallVector<Value> TensorAccess::readBoundary(Value boundaries, Value tile,
                                              int64_t tileTime) {
  int64_t states = stepValueCount(boundaries.getType());
  SmallVector<Value> values;
  for (int64_t state = 0; state < states; ++state)
    values.push_back(load(tensorOf(boundaries),
                          boundaryIndex(tile, tileTime, states, state)));
  return values;
}

void TensorAccess::writeBoundary(Value boundaries, Value tile, int64_t tileTime,
                                 ValueRange values) {
  int64_t states = stepValueCount(boundaries.getType());
  whenGiven(tensorOf(boundaries), [&] {
    for (auto [state, value] : llvm::enumerate(values))
      store(tensorOf(boundaries),
            boundaryIndex(tile, tileTime, states, static_cast<int64_t>(state)),
            value);
  });
}

SmallVector<Value> TensorAccess::readParameters(ValueRange parameters) {
  SmallVector<Value> values;
  for (Value parameter : parameters) {
    int64_t gates = packedValueCount(parameter.getType());
    llvm::append_range(
        values, loadGates(tensorOf(parameter), gates,
                          [&](int64_t gate) { return parameterIndex(gate); }));
  }
  return values;
}

//===----------------------------------------------------------------------===//
// Steps
//===----------------------------------------------------------------------===//

TensorAccess::InitialStates
TensorAccess::readInitialStates(ValueRange sequences) {
  InitialStates states;
  for (Value sequence : sequences)
    if (auto delay = sequence.getDefiningOp<DelayOp>())
      states[delay.getInitial()] = readRows(delay.getInitial());
  return states;
}

Value TensorAccess::readMask(const Tensor &tensor, const StepPlace &place) {
  auto zero = [&](Type type) -> Value {
    return arith::ConstantOp::create(builder, location,
                                     builder.getZeroAttr(type));
  };
  auto branch =
      scf::IfOp::create(builder, location, builder.getI1Type(), tensor.isGiven,
                        /*withElseRegion=*/true);
  {
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPointToStart(branch.thenBlock());
    Value address = LLVM::GEPOp::create(
        builder, location, tensor.pointer.getType(), tensor.element,
        tensor.pointer, ArrayRef<LLVM::GEPArg>{maskIndex(place.time)});
    Value byte = LLVM::LoadOp::create(builder, location, tensor.element,
                                      address, /*alignment=*/1);
    Value isSet =
        arith::CmpIOp::create(builder, location, arith::CmpIPredicate::ne, byte,
                              zero(tensor.element));
    scf::YieldOp::create(builder, location, isSet);
    builder.setInsertionPointToStart(branch.elseBlock());
    scf::YieldOp::create(builder, location, zero(builder.getI1Type()));
  }
  return lanes.splat(arith::UIToFPOp::create(
      builder, location, builder.getF32Type(), branch.getResult(0)));
}

SmallVector<Value> TensorAccess::readStep(ValueRange sequences,
                                          const StepPlace &place,
                                          const InitialStates &initialStates) {
  SmallVector<Value> values;
  for (Value sequence : sequences) {
    auto delay = sequence.getDefiningOp<DelayOp>();
    const Tensor &tensor = tensorOf(delay ? delay.getSequence() : sequence);
    if (cast<RankedTensorType>(sequence.getType()).getRank() == 2) {
      values.push_back(readMask(tensor, place));
      continue;
    }
    int64_t gates = stepValueCount(sequence.getType());
    for (int64_t gate = 0; gate < gates; ++gate) {
      Value time = delay ? place.timeBefore : place.time;
      Value value = load(tensor, sequenceIndex(time, gates, gate));
      if (delay)
        value = lanes.select(place.isFirst,
                             initialStates.at(delay.getInitial())[gate], value);
      values.push_back(value);
    }
  }
  return values;
}

void TensorAccess::prefetchStep(ValueRange sequences, Value time) {
  constexpr int64_t bytesOfLine = 64;
  // In `step` nothing follows.
  if (!size("time"))
    return;
  for (Value sequence : sequences) {
    auto delay = sequence.getDefiningOp<DelayOp>();
    const Tensor &tensor = tensorOf(delay ? delay.getSequence() : sequence);
    if (cast<RankedTensorType>(sequence.getType()).getRank() == 2)
      continue;
    int64_t lineElements =
        bytesOfLine * 8 / tensor.element.getIntOrFloatBitWidth();
    int64_t width = cast<VectorType>(lanes.type()).getNumElements();
    int64_t gates = stepValueCount(sequence.getType());
    for (int64_t gate = 0; gate < gates; ++gate) {
      Value place = sequenceIndex(time, gates, gate);
      for (int64_t lane = 0; lane < width; lane += lineElements) {
        Value address = LLVM::GEPOp::create(
            builder, location, tensor.pointer.getType(), tensor.element,
            tensor.pointer, ArrayRef<LLVM::GEPArg>{add(place, index(lane))});
        // To be read, and again by the passes that follow: into every cache.
        LLVM::Prefetch::create(builder, location, address, /*rw=*/0, /*hint=*/3,
                               /*cache=*/1);
      }
    }
  }
}

void TensorAccess::writeStep(ValueRange outputs, const StepPlace &place,
                             ArrayRef<Value> values) {
  for (Value output : outputs) {
    const Tensor &tensor = tensorOf(output);
    int64_t gates = stepValueCount(output.getType());
    whenGiven(tensor, [&] {
      for (int64_t gate = 0; gate < gates; ++gate)
        store(tensor, sequenceIndex(place.time, gates, gate), values[gate]);
    });
    values = values.drop_front(gates);
  }
}
