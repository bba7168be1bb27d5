//===- TilePointers.cpp - A thread's steps of a tile, in memory -----------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compiler/lowering/TilePointers.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

#include <limits>

using namespace mlir;
using namespace minrnn::compiler;
using namespace minrnn::dialect;

TilePointers::TilePointers(ThreadBlock &block, ScanOp scan,
                           const TileAxis &axis, BlockShape shape)
    : block(block), builder(block.builder), location(block.location),
      tensors(block.tensors), axis(axis), stepsPerThread(shape.stepsPerThread),
      tileTime(shape.tileTime()), readCount(scan.getSequences().size()) {
  for (Value read : scan.getSequences()) {
    auto delay = read.getDefiningOp<DelayOp>();
    bool isMask = cast<RankedTensorType>(read.getType()).getRank() == 2;
    Sequence added =
        sequence(tensors.tensorOf(delay ? delay.getSequence() : read),
                 isMask ? 1 : stepValueCount(read.getType()), isMask);
    if (delay)
      added.initial = tensors.readRows(delay.getInitial());
    sequences.push_back(added);
  }
  for (Value output : scan.getOutputs())
    sequences.push_back(sequence(tensors.tensorOf(output),
                                 stepValueCount(output.getType()),
                                 /*isMask=*/false));
}

TilePointers::Sequence
TilePointers::sequence(const TensorAccess::Tensor &tensor, int64_t gates,
                       bool isMask) {
  Value perStep = isMask ? block.integer(1)
                         : block.mul(tensors.channels(), block.integer(gates));
  auto narrow = [&](Value value) {
    return arith::TruncIOp::create(builder, location, builder.getI32Type(),
                                   value);
  };
  Value direction = axis.time.direction;
  Value stride = block.mul(narrow(perStep), narrow(direction));
  // ptxas keeps what all threads share in uniform registers, out of which it
  // takes a move for every address: the stride is hidden behind a minimum with
  // a number that is each thread's own, and no smaller.
  Value beyond = arith::SubIOp::create(
      builder, location, offset(std::numeric_limits<int32_t>::max()),
      narrow(block.toInteger(block.lane)));
  stride = arith::MinSIOp::create(builder, location, stride, beyond);
  Value tileStride =
      block.mul(perStep, block.mul(direction, block.integer(tileTime)));
  return {tensor, gates, isMask, /*initial=*/{}, stride, tileStride};
}

Value TilePointers::offset(int64_t value) {
  return arith::ConstantOp::create(
      builder, location,
      builder.getI32IntegerAttr(static_cast<int32_t>(value)));
}

Value TilePointers::move(const Sequence &sequence, Value pointer,
                         Value elements) {
  return LLVM::GEPOp::create(builder, location, pointer.getType(),
                             sequence.tensor.element, pointer,
                             ArrayRef<LLVM::GEPArg>{elements});
}

SmallVector<Value> TilePointers::at(Value position) {
  Value time =
      block.add(axis.time.origin, block.mul(position, axis.time.direction));
  SmallVector<Value> pointers;
  for (const Sequence &sequence : sequences)
    pointers.push_back(move(sequence, sequence.tensor.pointer,
                            sequence.isMask
                                ? tensors.maskIndex(time)
                                : tensors.sequenceIndex(time, sequence.gates,
                                                        /*gate=*/0)));
  return pointers;
}

SmallVector<Value> TilePointers::next(ValueRange pointers) {
  SmallVector<Value> later;
  for (auto [sequence, pointer] : llvm::zip_equal(sequences, pointers))
    later.push_back(move(sequence, pointer, sequence.tileStride));
  return later;
}

//===----------------------------------------------------------------------===//
// Which steps
//===----------------------------------------------------------------------===//

Value TilePointers::toOffset(Value position) {
  // (What is a tile away or more makes no difference.)
  Value near =
      arith::MinSIOp::create(builder, location,
                             arith::MaxSIOp::create(builder, location, position,
                                                    block.integer(-tileTime)),
                             block.integer(tileTime));
  return arith::TruncIOp::create(builder, location, builder.getI32Type(), near);
}

ThreadSteps TilePointers::steps(Value position, bool areAllThere) {
  auto from = [&](Value place) { return toOffset(block.sub(place, position)); };
  ThreadSteps steps;
  // The offsets of the first and the last step that there are.
  Value least;
  Value most;
  if (!areAllThere) {
    if (axis.first)
      least = from(axis.first);
    most = from(block.sub(axis.end, block.integer(1)));
  }
  Value lastPosition = axis.time.lastPosition;
  Value turn;
  Value isTurn;
  if (lastPosition && areAllThere) {
    // No step of a whole tile is beyond the last position, and what is beyond
    // this thread's steps makes no difference.
    Value ahead = block.sub(lastPosition, position);
    Value own = block.integer(stepsPerThread);
    isTurn = block.compare(arith::CmpIPredicate::slt, ahead, own);
    turn = arith::TruncIOp::create(
        builder, location, builder.getI32Type(),
        arith::MinSIOp::create(builder, location, ahead, own));
  } else if (lastPosition) {
    turn = from(lastPosition);
  }
  for (int64_t step = 0; step < stepsPerThread; ++step) {
    Value at = offset(step);
    if (!areAllThere) {
      Value exists = block.compare(arith::CmpIPredicate::sle, at, most);
      Value nearest = arith::MinSIOp::create(builder, location, at, most);
      if (least) {
        exists = block.both(
            exists, block.compare(arith::CmpIPredicate::sge, at, least));
        nearest = arith::MaxSIOp::create(builder, location, nearest, least);
      }
      steps.exists.push_back(exists);
      at = nearest;
    }
    steps.offsets.push_back(at);
    if (!lastPosition)
      continue;
    // What the forward pass took before is what comes next here. Of the steps
    // of a whole tile only the last one can be the first of the sequence.
    if (areAllThere) {
      bool isLast = step + 1 == stepsPerThread;
      steps.offsetsBefore.push_back(isLast ? turn : offset(step + 1));
      steps.isFirst.push_back(isLast ? isTurn : Value());
      continue;
    }
    steps.offsetsBefore.push_back(arith::MinSIOp::create(
        builder, location, block.add(at, offset(1)), turn));
    steps.isFirst.push_back(block.compare(arith::CmpIPredicate::sge, at, turn));
  }
  return steps;
}

//===----------------------------------------------------------------------===//
// Loads and stores
//===----------------------------------------------------------------------===//

SmallVector<Value> TilePointers::gates(const Sequence &sequence, Value pointer,
                                       Value offset) {
  auto widen = [&](Value value) {
    return arith::ExtSIOp::create(builder, location, builder.getI64Type(),
                                  value);
  };
  Value far = block.mul(widen(sequence.stride), widen(offset));
  SmallVector<Value> places;
  for (int64_t gate = 0; gate < sequence.gates; ++gate) {
    if (gate > 0)
      pointer = move(sequence, pointer, tensors.channels());
    places.push_back(move(sequence, pointer, far));
  }
  return places;
}

IntegerType TilePointers::maskType() {
  return stepsPerThread <= 32 ? builder.getI32Type() : builder.getI64Type();
}

Value TilePointers::maskIsGiven() {
  for (const Sequence &sequence : ArrayRef(sequences).take_front(readCount))
    if (sequence.isMask)
      return sequence.tensor.isGiven;
  return {};
}

Value TilePointers::loadMask(const Sequence &mask, Value pointer,
                             ArrayRef<Value> offsets) {
  // All bits in one word: it costs one register, and an absent mask a branch.
  auto word = [&](int64_t bits) -> Value {
    return arith::ConstantOp::create(builder, location,
                                     builder.getIntegerAttr(maskType(), bits));
  };
  auto branch =
      scf::IfOp::create(builder, location, maskType(), mask.tensor.isGiven,
                        /*withElseRegion=*/true);
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToStart(branch.elseBlock());
  scf::YieldOp::create(builder, location, word(0));
  builder.setInsertionPointToStart(branch.thenBlock());
  Value bits = word(0);
  for (auto [bit, offset] : llvm::enumerate(offsets)) {
    Value byte = LLVM::LoadOp::create(builder, location, mask.tensor.element,
                                      gates(mask, pointer, offset).front(),
                                      /*alignment=*/1);
    Value zero = arith::ConstantOp::create(builder, location,
                                           builder.getI8IntegerAttr(0));
    Value isSet = arith::CmpIOp::create(builder, location,
                                        arith::CmpIPredicate::ne, byte, zero);
    bits = arith::OrIOp::create(
        builder, location, bits,
        arith::SelectOp::create(builder, location, isSet,
                                word(int64_t(1) << bit), word(0)));
  }
  scf::YieldOp::create(builder, location, bits);
  return branch.getResult(0);
}

SmallVector<Value> TilePointers::load(ValueRange pointers,
                                      const ThreadSteps &steps, bool withMask) {
  SmallVector<Value> loaded;
  for (auto [sequence, pointer] :
       llvm::zip(ArrayRef(sequences).take_front(readCount), pointers)) {
    if (sequence.isMask) {
      if (withMask)
        loaded.push_back(loadMask(sequence, pointer, steps.offsets));
      continue;
    }
    for (Value offset :
         sequence.initial.empty() ? steps.offsets : steps.offsetsBefore)
      for (Value place : gates(sequence, pointer, offset))
        loaded.push_back(block.memory.load(place, block.integer(0),
                                           sequence.tensor.element));
  }
  return loaded;
}

SmallVector<Type> TilePointers::loadedTypes(bool withMask) {
  SmallVector<Type> types;
  for (const Sequence &sequence : ArrayRef(sequences).take_front(readCount))
    if (!sequence.isMask)
      types.append(stepsPerThread * sequence.gates, sequence.tensor.element);
    else if (withMask)
      types.push_back(maskType());
  return types;
}

SmallVector<SmallVector<Value>> TilePointers::values(ValueRange loaded,
                                                     const ThreadSteps &steps,
                                                     bool withMask) {
  SmallVector<SmallVector<Value>> values(stepsPerThread);
  for (const Sequence &sequence : ArrayRef(sequences).take_front(readCount)) {
    if (sequence.isMask) {
      for (auto [bit, step] : llvm::enumerate(values)) {
        if (!withMask) {
          step.push_back(block.lanes.number(0));
          continue;
        }
        Value shifted = arith::ShRUIOp::create(
            builder, location, loaded.front(),
            arith::ConstantOp::create(
                builder, location,
                builder.getIntegerAttr(maskType(), static_cast<int64_t>(bit))));
        Value isSet = arith::TruncIOp::create(builder, location,
                                              builder.getI1Type(), shifted);
        step.push_back(arith::UIToFPOp::create(builder, location,
                                               builder.getF32Type(), isSet));
      }
      if (withMask)
        loaded = loaded.drop_front();
      continue;
    }
    for (auto [index, step] : llvm::enumerate(values))
      for (int64_t gate = 0; gate < sequence.gates; ++gate) {
        Value value =
            block.lanes.fromStored(loaded.front(), sequence.tensor.element);
        loaded = loaded.drop_front();
        if (!sequence.initial.empty() && steps.isFirst[index])
          value = block.lanes.select(steps.isFirst[index],
                                     sequence.initial[gate], value);
        step.push_back(value);
      }
  }
  return values;
}

void TilePointers::store(ValueRange pointers, const ThreadSteps &steps,
                         ArrayRef<SmallVector<Value>> yielded) {
  int64_t first = 0;
  for (auto [sequence, pointer] :
       llvm::zip_equal(ArrayRef(sequences).drop_front(readCount),
                       pointers.drop_front(readCount))) {
    Value condition = block.isInside;
    if (Value isGiven = sequence.tensor.isGiven)
      condition = block.both(condition, isGiven);
    auto storeStep = [&](size_t step) {
      Type element = sequence.tensor.element;
      for (auto [place, value] :
           llvm::zip(gates(sequence, pointer, steps.offsets[step]),
                     ArrayRef(yielded[step]).drop_front(first)))
        block.memory.store(block.lanes.toStored(value, element), place,
                           block.integer(0), element);
    };
    // One branch for the whole tile, where all of it is there.
    block.when(condition, [&] {
      for (size_t step = 0; step < yielded.size(); ++step)
        if (steps.exists.empty())
          storeStep(step);
        else
          block.when(steps.exists[step], [&] { storeStep(step); });
    });
    first += sequence.gates;
  }
}
