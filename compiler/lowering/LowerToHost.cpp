//===- LowerToHost.cpp - Vector loops for the CPU -------------------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compiler/lowering/KernelMemory.h"
#include "compiler/lowering/LaneCode.h"
#include "compiler/lowering/Passes.h"
#include "compiler/transforms/Passes.h"
#include "dialect/MinRNN.h"

#include "mlir/IR/Builders.h"

namespace minrnn::compiler {
#define GEN_PASS_DEF_LOWERTOHOSTPASS
#include "compiler/lowering/Passes.h.inc"
} // namespace minrnn::compiler

using namespace mlir;
using namespace minrnn::compiler;
using namespace minrnn::dialect;

namespace {

/// A vector of channels an access; masked where the tile is the last of its
/// row and not full.
class VectorMemory : public LaneMemory {
public:
  VectorMemory(OpBuilder &builder, Location location, VectorType vector)
      : builder(builder), location(location), vector(vector) {}

  /// Null for a full tile, else which lanes exist (vector<Nxi1>).
  Value mask;

  Value load(Value pointer, Value index) override {
    Value place = address(pointer, index);
    if (!mask)
      return LLVM::LoadOp::create(builder, location, vector, place,
                                  /*alignment=*/4);
    Value zero = arith::ConstantOp::create(builder, location,
                                           builder.getZeroAttr(vector));
    return LLVM::MaskedLoadOp::create(builder, location, vector, place, mask,
                                      zero, /*alignment=*/4);
  }
  void store(Value value, Value pointer, Value index) override {
    Value place = address(pointer, index);
    if (!mask)
      LLVM::StoreOp::create(builder, location, value, place, /*alignment=*/4);
    else
      LLVM::MaskedStoreOp::create(builder, location, value, place, mask,
                                  /*alignment=*/4);
  }

private:
  Value address(Value pointer, Value index) {
    return LLVM::GEPOp::create(builder, location, pointer.getType(),
                               builder.getF32Type(), pointer,
                               ArrayRef<LLVM::GEPArg>{index});
  }

  OpBuilder &builder;
  Location location;
  VectorType vector;
};

/// Builds the host function of one function of the scan level.
class HostBuilder {
public:
  HostBuilder(OpBuilder &builder, func::FuncOp function, StringRef cell,
              int64_t width)
      : builder(builder), location(function.getLoc()), function(function),
        cell(cell), width(width),
        vector(VectorType::get({width}, builder.getF32Type())),
        lanes(builder, location, vector), memory(builder, location, vector) {}

  void build();

private:
  Value integer(int64_t value) {
    return arith::ConstantOp::create(builder, location,
                                     builder.getI64IntegerAttr(value));
  }
  /// The words of the argument block, loaded as what they are.
  SmallVector<Value> readArgumentBlock(Value block, size_t words,
                                       size_t pointers);
  /// The lanes below `count` (i64).
  Value lanesBelow(Value count);
  /// The work of one tile; `tensors` has the tile selected.
  void buildTile(KernelMemory &tensors);
  void buildScan(KernelMemory &tensors, ScanOp scan);
  void buildStep(KernelMemory &tensors, StepOp step);

  OpBuilder &builder;
  Location location;
  func::FuncOp function;
  StringRef cell;
  int64_t width;
  VectorType vector;
  LaneCode lanes;
  VectorMemory memory;
};

} // namespace

SmallVector<Value> HostBuilder::readArgumentBlock(Value block, size_t words,
                                                  size_t pointers) {
  SmallVector<Value> arguments;
  auto pointer = LLVM::LLVMPointerType::get(builder.getContext());
  for (size_t word = 0; word < words; ++word) {
    Value place = LLVM::GEPOp::create(
        builder, location, pointer, builder.getI64Type(), block,
        ArrayRef<LLVM::GEPArg>{static_cast<int32_t>(word)});
    Type type = word < pointers ? Type(pointer) : Type(builder.getI64Type());
    arguments.push_back(
        LLVM::LoadOp::create(builder, location, type, place, /*alignment=*/8));
  }
  return arguments;
}

Value HostBuilder::lanesBelow(Value count) {
  SmallVector<int32_t> numbers(
      llvm::to_vector(llvm::seq<int32_t>(0, static_cast<int32_t>(width))));
  auto integers = VectorType::get({width}, builder.getI32Type());
  Value lane = arith::ConstantOp::create(
      builder, location,
      DenseElementsAttr::get(integers, ArrayRef<int32_t>(numbers)));
  Value narrow =
      arith::TruncIOp::create(builder, location, builder.getI32Type(), count);
  Value limit =
      vector::BroadcastOp::create(builder, location, integers, narrow);
  return arith::CmpIOp::create(builder, location, arith::CmpIPredicate::slt,
                               lane, limit);
}

void HostBuilder::buildScan(KernelMemory &tensors, ScanOp scan) {
  Domain domain = scan.getDomain();
  SmallVector<Value> bias = tensors.readBias(scan.getBias());
  llvm::DenseMap<Value, Value> initialStates;
  for (Value sequence : scan.getSequences())
    if (auto delay = sequence.getDefiningOp<DelayOp>())
      initialStates[delay.getInitial()] = tensors.readState(delay.getInitial());

  auto summed = findOnly<SumTimeOp>(function);
  int64_t sums =
      summed ? cast<RankedTensorType>(summed.getType()).getDimSize(1) : 0;
  SmallVector<Value> carried = {
      lanes.toCarried(domain, tensors.readState(scan.getInitial()))};
  for (int64_t gate = 0; gate < sums; ++gate)
    carried.push_back(lanes.number(0));

  auto loop = scf::ForOp::create(builder, location, integer(0), tensors.time(),
                                 integer(1), carried);
  {
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPointToStart(loop.getBody());
    Value step = loop.getInductionVar();
    if (scan.getReverse()) {
      Value last =
          arith::SubIOp::create(builder, location, tensors.time(), integer(1));
      step = arith::SubIOp::create(builder, location, last, step);
    }
    SmallVector<Value> values =
        tensors.readStep(scan, step, bias, initialStates);
    SmallVector<Value> element = lanes.inlineRegion(scan.getElement(), values);
    Value before = loop.getRegionIterArgs()[0];
    Value after = lanes.apply(domain, {element[0], element[1]}, before);
    values.push_back(lanes.toPlain(domain, before));
    values.push_back(lanes.toPlain(domain, after));
    SmallVector<Value> yielded = lanes.inlineRegion(scan.getOutput(), values);
    tensors.writeStep(scan, step, yielded);
    SmallVector<Value> next = {after};
    for (auto [total, value] :
         llvm::zip(loop.getRegionIterArgs().drop_front(), yielded))
      next.push_back(lanes.add(total, value));
    scf::YieldOp::create(builder, location, next);
  }
  tensors.writeState(scan.getLast(), lanes.toPlain(domain, loop.getResult(0)));
  for (int64_t gate = 0; gate < sums; ++gate)
    tensors.writeSum(summed, gate, loop.getResult(1 + gate));
}

void HostBuilder::buildStep(KernelMemory &tensors, StepOp step) {
  SmallVector<Value> arguments =
      tensors.readGates(step, tensors.readBias(step.getBias()));
  arguments.push_back(tensors.readState(step.getPrevious()));
  SmallVector<Value> yielded = lanes.inlineRegion(step.getBody(), arguments);
  tensors.writeState(step.getNext(), yielded.front());
}

void HostBuilder::buildTile(KernelMemory &tensors) {
  if (auto scan = findOnly<ScanOp>(function))
    buildScan(tensors, scan);
  else
    buildStep(tensors, findOnly<StepOp>(function));
}

void HostBuilder::build() {
  std::vector<KernelArgument> signature = kernelArguments(function.getName());
  auto pointers = static_cast<size_t>(
      llvm::count_if(signature, [](const KernelArgument &argument) {
        return argument.isPointer();
      }));
  auto pointer = LLVM::LLVMPointerType::get(builder.getContext());
  auto kernel = func::FuncOp::create(builder, location,
                                     (cell + "_" + function.getName()).str(),
                                     builder.getFunctionType({pointer}, {}));
  kernel->setAttr(kEntryAttribute, builder.getStringAttr(function.getName()));
  kernel->setAttr(kTileChannelsAttribute, builder.getI64IntegerAttr(width));
  kernel->setAttr(kTileTimeAttribute, builder.getI64IntegerAttr(0));
  Block *body = kernel.addEntryBlock();
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToStart(body);

  // The block ends in two words more: the range of work.
  SmallVector<Value> words =
      readArgumentBlock(body->getArgument(0), signature.size() + 2, pointers);
  Value end = words.pop_back_val();
  Value begin = words.pop_back_val();
  KernelMemory tensors(builder, function, words, lanes, memory);
  Value tiles = tensors.channelTiles(width);

  auto loop = scf::ForOp::create(builder, location, begin, end, integer(1));
  builder.setInsertionPointToStart(loop.getBody());
  Value work = loop.getInductionVar();
  Value row = arith::DivUIOp::create(builder, location, work, tiles);
  Value tile = arith::RemUIOp::create(builder, location, work, tiles);
  Value channel =
      arith::MulIOp::create(builder, location, tile, integer(width));
  Value left =
      arith::SubIOp::create(builder, location, tensors.channels(), channel);
  tensors.select(row, channel);
  Value isFull = arith::CmpIOp::create(
      builder, location, arith::CmpIPredicate::sge, left, integer(width));
  auto branch = scf::IfOp::create(builder, location, isFull,
                                  /*withElseRegion=*/true);
  builder.setInsertionPointToStart(branch.thenBlock());
  memory.mask = Value();
  buildTile(tensors);
  builder.setInsertionPointToStart(branch.elseBlock());
  memory.mask = lanesBelow(left);
  buildTile(tensors);
  builder.setInsertionPointToEnd(body);
  func::ReturnOp::create(builder, location);
}

namespace {

struct LowerToHostPass
    : public minrnn::compiler::impl::LowerToHostPassBase<LowerToHostPass> {
  using LowerToHostPassBase::LowerToHostPassBase;

  void runOnOperation() override {
    ModuleOp module = getOperation();
    auto cell = module->getAttrOfType<StringAttr>(kCellAttribute);
    if (!cell) {
      module.emitOpError("expects a module made by minrnn-fuse-gates");
      return signalPassFailure();
    }
    if (width < 1 || width > 1024) {
      module.emitError("minrnn-lower-to-host expects a width of 1 to 1024 "
                       "channels, found ")
          << width.getValue();
      return signalPassFailure();
    }
    auto functions = llvm::to_vector(module.getOps<func::FuncOp>());
    for (func::FuncOp function : functions)
      if (failed(verifyEntry(function)))
        return signalPassFailure();
    OpBuilder builder(&getContext());
    builder.setInsertionPointToEnd(module.getBody());
    for (func::FuncOp function : functions) {
      HostBuilder(builder, function, cell.getValue(), width).build();
      function.erase();
    }
  }
};

} // namespace
