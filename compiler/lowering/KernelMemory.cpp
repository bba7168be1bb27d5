//===- KernelMemory.cpp - Tensors of the scan level as pointers -----------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compiler/lowering/KernelMemory.h"
#include "compiler/transforms/Passes.h"

#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

using namespace mlir;
using namespace minrnn::compiler;
using namespace minrnn::dialect;

//===----------------------------------------------------------------------===//
// The argument block (specs/abi.md)
//===----------------------------------------------------------------------===//

std::vector<KernelArgument> minrnn::compiler::kernelArguments(StringRef entry) {
  using Shape = std::vector<std::string>;
  const Shape packed = {"batch", "time", "gates", "channels"};
  const Shape hidden = {"batch", "time", "channels"};
  const Shape bias = {"gates", "channels"};
  const Shape state = {"batch", "channels"};
  auto read = [](const char *name, const Shape &shape, bool optional = false) {
    return KernelArgument{name, shape, KernelArgument::Read, optional};
  };
  auto write = [](const char *name, const Shape &shape, bool optional = false) {
    return KernelArgument{name, shape, KernelArgument::Write, optional};
  };
  auto size = [](const char *name) {
    return KernelArgument{name, {}, KernelArgument::Read, false};
  };
  if (entry == kForwardName)
    return {read("preactivations", packed),
            read("bias", bias, true),
            read("initial", state, true),
            write("output", hidden),
            write("last", state, true),
            size("batch"),
            size("time"),
            size("channels")};
  if (entry == kBackwardName)
    return {read("preactivations", packed),
            read("bias", bias, true),
            read("initial", state, true),
            read("output", hidden),
            read("d_output", hidden),
            read("d_last", state, true),
            write("d_preactivations", packed),
            write("d_bias", {"batch", "gates", "channels"}, true),
            write("d_initial", state, true),
            size("batch"),
            size("time"),
            size("channels")};
  return {read("preactivations", {"batch", "gates", "channels"}),
          read("bias", bias, true),
          read("previous", state, true),
          write("next", state),
          size("batch"),
          size("channels")};
}

LogicalResult minrnn::compiler::verifyEntry(func::FuncOp function) {
  StringRef name = function.getName();
  bool isStep = name == kStepName;
  if (!isStep && name != kForwardName && name != kBackwardName)
    return function.emitOpError("expects an entry, called 'forward', "
                                "'backward' or 'step'");
  if (!function.getBody().hasOneBlock() ||
      (isStep ? !findOnly<StepOp>(function) : !findOnly<ScanOp>(function)))
    return function.emitOpError("expects one ")
           << (isStep ? "minrnn.step" : "minrnn.scan");

  // What a pointer of the argument block stands for.
  SmallVector<Value> tensors;
  auto projection = findOnly<PackedProjectionOp>(function);
  if (projection)
    tensors.push_back(projection.getResult());
  for (BlockArgument argument : function.getArguments())
    if (!projection || (argument != projection.getInput() &&
                        argument != projection.getWeight()))
      tensors.push_back(argument);
  llvm::append_range(tensors, function.front().getTerminator()->getOperands());
  auto expected =
      llvm::count_if(kernelArguments(name), [](const KernelArgument &argument) {
        return argument.isPointer();
      });
  if (static_cast<ptrdiff_t>(tensors.size()) != expected)
    return function.emitOpError("expects the ")
           << expected << " tensors that specs/abi.md lists for '" << name
           << "', found " << tensors.size();

  for (Operation &op : function.front().without_terminator()) {
    if (!isa<ScanOp, StepOp, DelayOp, SumTimeOp>(op))
      continue;
    for (Value operand : op.getOperands())
      if (!llvm::is_contained(tensors, operand) &&
          !operand.getDefiningOp<DelayOp>())
        return op.emitOpError("expects operands that are arguments of '")
               << name << "' or returned by it";
    if (isa<DelayOp>(op))
      continue;
    for (Value result : op.getResults())
      if (!llvm::is_contained(tensors, result))
        return op.emitOpError("expects '") << name << "' to return its results";
  }
  return success();
}

KernelMemory::KernelMemory(OpBuilder &builder, func::FuncOp function,
                           ValueRange arguments, LaneCode &lanes,
                           LaneMemory &memory)
    : builder(builder), location(function.getLoc()), lanes(lanes),
      memory(memory) {
  // Inputs in order, the packed projection in place of its two operands; then
  // what is returned; then the sizes.
  size_t next = 0;
  auto projection = findOnly<PackedProjectionOp>(function);
  if (projection)
    pointers[projection.getResult()] = arguments[next++];
  for (BlockArgument argument : function.getArguments())
    if (!projection || (argument != projection.getInput() &&
                        argument != projection.getWeight()))
      pointers[argument] = arguments[next++];
  for (Value returned : function.front().getTerminator()->getOperands())
    pointers[returned] = arguments[next++];
  batchSize = arguments[next++];
  if (function.getName() != kStepName)
    timeSize = arguments[next++];
  channelSize = arguments[next++];
  assert(next == arguments.size() && "argument block and function disagree");
}

Value KernelMemory::pointerOf(Value tensor) const {
  Value pointer = pointers.lookup(tensor);
  assert(pointer && "tensor is neither an argument nor returned");
  return pointer;
}

//===----------------------------------------------------------------------===//
// Addresses
//===----------------------------------------------------------------------===//

Value KernelMemory::index(int64_t value) {
  return arith::ConstantOp::create(builder, location,
                                   builder.getI64IntegerAttr(value));
}

Value KernelMemory::add(Value x, Value y) {
  return arith::AddIOp::create(builder, location, x, y);
}

Value KernelMemory::mul(Value x, Value y) {
  return arith::MulIOp::create(builder, location, x, y);
}

Value KernelMemory::channelTiles(int64_t tileChannels) {
  // Sizes are not negative, so the unsigned division is right, and cheaper.
  return arith::DivUIOp::create(builder, location,
                                add(channelSize, index(tileChannels - 1)),
                                index(tileChannels));
}

Value KernelMemory::isGiven(Value pointer) {
  Value null = LLVM::ZeroOp::create(builder, location, pointer.getType());
  return LLVM::ICmpOp::create(builder, location, LLVM::ICmpPredicate::ne,
                              pointer, null);
}

Value KernelMemory::stateIndex() { return add(mul(row, channelSize), channel); }

Value KernelMemory::sequenceIndex(Value step, int64_t gates, int64_t gate) {
  Value position = add(mul(row, timeSize), step);
  if (gates != 1)
    position = mul(position, index(gates));
  if (gate != 0)
    position = add(position, index(gate));
  return add(mul(position, channelSize), channel);
}

//===----------------------------------------------------------------------===//
// Reading and writing
//===----------------------------------------------------------------------===//

Value KernelMemory::loadOptional(Value pointer, Value index) {
  auto branch =
      scf::IfOp::create(builder, location, lanes.type(), isGiven(pointer),
                        /*withElseRegion=*/true);
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToStart(branch.thenBlock());
  scf::YieldOp::create(builder, location, memory.load(pointer, index));
  builder.setInsertionPointToStart(branch.elseBlock());
  scf::YieldOp::create(builder, location, lanes.number(0));
  return branch.getResult(0);
}

Value KernelMemory::readState(Value tensor) {
  return loadOptional(pointerOf(tensor), stateIndex());
}

void KernelMemory::writeState(Value tensor, Value value) {
  Value pointer = pointerOf(tensor);
  Value position = stateIndex();
  auto branch = scf::IfOp::create(builder, location, isGiven(pointer));
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToStart(branch.thenBlock());
  memory.store(value, pointer, position);
}

SmallVector<Value> KernelMemory::readBias(Value tensor) {
  SmallVector<Value> bias;
  if (!tensor)
    return bias;
  int64_t gates = cast<RankedTensorType>(tensor.getType()).getDimSize(0);
  for (int64_t gate = 0; gate < gates; ++gate)
    bias.push_back(loadOptional(pointerOf(tensor),
                                add(mul(index(gate), channelSize), channel)));
  return bias;
}

SmallVector<Value>
KernelMemory::readStep(ScanOp scan, Value step, ArrayRef<Value> bias,
                       const llvm::DenseMap<Value, Value> &initialStates) {
  SmallVector<Value> values;
  bool biasAdded = false;
  for (Value sequence : scan.getSequences()) {
    auto type = cast<RankedTensorType>(sequence.getType());
    if (type.getRank() == 4) {
      int64_t gates = type.getDimSize(2);
      for (int64_t gate = 0; gate < gates; ++gate) {
        Value loaded =
            memory.load(pointerOf(sequence), sequenceIndex(step, gates, gate));
        bool takesBias = !biasAdded && !bias.empty();
        values.push_back(takesBias ? lanes.add(loaded, bias[gate]) : loaded);
      }
      biasAdded = true;
      continue;
    }
    auto delay = sequence.getDefiningOp<DelayOp>();
    if (!delay) {
      values.push_back(
          memory.load(pointerOf(sequence), sequenceIndex(step, 1, 0)));
      continue;
    }
    // The step before; before the first one, the initial state. The load is
    // kept within the array either way, so that it needs no branch.
    Value isFirst = arith::CmpIOp::create(
        builder, location, arith::CmpIPredicate::eq, step, index(0));
    Value before = arith::SelectOp::create(builder, location, isFirst, index(0),
                                           add(step, index(-1)));
    Value loaded = memory.load(pointerOf(delay.getSequence()),
                               sequenceIndex(before, 1, 0));
    values.push_back(lanes.select(
        isFirst, initialStates.lookup(delay.getInitial()), loaded));
  }
  return values;
}

void KernelMemory::writeStep(ScanOp scan, Value step, ArrayRef<Value> yielded) {
  const Value *next = yielded.begin();
  for (Value output : scan.getOutputs()) {
    auto type = cast<RankedTensorType>(output.getType());
    int64_t gates = type.getRank() == 4 ? type.getDimSize(2) : 1;
    for (int64_t gate = 0; gate < gates; ++gate)
      memory.store(*next++, pointerOf(output),
                   sequenceIndex(step, gates, gate));
  }
}

SmallVector<Value> KernelMemory::readGates(StepOp step, ArrayRef<Value> bias) {
  int64_t gates =
      cast<RankedTensorType>(step.getPreactivations().getType()).getDimSize(1);
  SmallVector<Value> values;
  for (int64_t gate = 0; gate < gates; ++gate) {
    Value position = add(
        mul(add(mul(row, index(gates)), index(gate)), channelSize), channel);
    Value loaded = memory.load(pointerOf(step.getPreactivations()), position);
    values.push_back(bias.empty() ? loaded : lanes.add(loaded, bias[gate]));
  }
  return values;
}

void KernelMemory::writeSum(SumTimeOp tensor, int64_t gate, Value value) {
  Value pointer = pointerOf(tensor.getResult());
  int64_t gates = cast<RankedTensorType>(tensor.getType()).getDimSize(1);
  Value position =
      add(mul(add(mul(row, index(gates)), index(gate)), channelSize), channel);
  auto branch = scf::IfOp::create(builder, location, isGiven(pointer));
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToStart(branch.thenBlock());
  memory.store(value, pointer, position);
}
