//===- LowerToHost.cpp - Vector loops for the CPU -------------------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compiler/lowering/LaneBuilder.h"
#include "compiler/lowering/Passes.h"
#include "compiler/lowering/SequentialLoop.h"
#include "compiler/lowering/TensorAccess.h"
#include "compiler/lowering/TileTime.h"
#include "compiler/lowering/schedules/Schedules.h"
#include "compiler/transforms/EntryTensors.h"
#include "compiler/transforms/Passes.h"
#include "dialect/MinRNN.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
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

  Value load(Value pointer, Value index, Type element) override {
    Value place = address(pointer, index, element);
    VectorType type = lanesOf(element);
    int alignment = element.getIntOrFloatBitWidth() / 8;
    if (!mask)
      return LLVM::LoadOp::create(builder, location, type, place, alignment);
    Value zero =
        arith::ConstantOp::create(builder, location, builder.getZeroAttr(type));
    return LLVM::MaskedLoadOp::create(builder, location, type, place, mask,
                                      zero, alignment);
  }
  void store(Value value, Value pointer, Value index, Type element) override {
    Value place = address(pointer, index, element);
    int alignment = element.getIntOrFloatBitWidth() / 8;
    if (!mask)
      LLVM::StoreOp::create(builder, location, value, place, alignment);
    else
      LLVM::MaskedStoreOp::create(builder, location, value, place, mask,
                                  alignment);
  }

private:
  VectorType lanesOf(Type element) const {
    return VectorType::get(vector.getShape(), element);
  }
  Value address(Value pointer, Value index, Type element) {
    return LLVM::GEPOp::create(builder, location, pointer.getType(), element,
                               pointer, ArrayRef<LLVM::GEPArg>{index});
  }

  OpBuilder &builder;
  Location location;
  VectorType vector;
};

/// Builds the host function of one function of the scan level.
class HostBuilder {
public:
  HostBuilder(OpBuilder &builder, func::FuncOp function, StringRef cell,
              int64_t width, StringRef ioType)
      : builder(builder), location(function.getLoc()), function(function),
        signature(kernelArguments(function, ioType)), cell(cell), width(width),
        vector(VectorType::get({width}, builder.getF32Type())),
        lanes(builder, location, vector, /*roundsToBF16=*/false),
        memory(builder, location, vector) {}

  void build();

private:
  Value integer(int64_t value) {
    return arith::ConstantOp::create(builder, location,
                                     builder.getI64IntegerAttr(value));
  }
  /// The words of the argument block, loaded as what they are.
  SmallVector<Value> readArgumentBlock(Value block);
  /// The lanes below `count` (i64).
  Value lanesBelow(Value count);
  /// The work of one tile; `tensors` has the tile selected.
  void buildTile(TensorAccess &tensors);

  OpBuilder &builder;
  Location location;
  func::FuncOp function;
  std::vector<EntryArgument> signature;
  StringRef cell;
  int64_t width;
  VectorType vector;
  /// Room for the recomputed states of one tile, where there are any.
  Value scratch;
  LaneBuilder lanes;
  VectorMemory memory;
};

} // namespace

SmallVector<Value> HostBuilder::readArgumentBlock(Value block) {
  SmallVector<Value> arguments;
  auto pointer = LLVM::LLVMPointerType::get(builder.getContext());
  Type integer = builder.getI64Type();
  SmallVector<Type> types;
  for (const EntryArgument &argument : signature)
    types.push_back(argument.isTensor() ? Type(pointer) : integer);
  types.append(2, integer);
  for (auto [word, type] : llvm::enumerate(types)) {
    Value place =
        LLVM::GEPOp::create(builder, location, pointer, integer, block,
                            ArrayRef<LLVM::GEPArg>{static_cast<int32_t>(word)});
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

void HostBuilder::buildTile(TensorAccess &tensors) {
  if (auto scan = findOnly<ScanOp>(function))
    return buildHostLoop(builder, location, scan, lanes, tensors, scratch);
  SequentialLoop(builder, location, lanes, tensors)
      .build(findOnly<SequentialScanOp>(function),
             [](llvm::function_ref<void()> store) { store(); });
}

void HostBuilder::build() {
  auto pointer = LLVM::LLVMPointerType::get(builder.getContext());
  auto kernel = func::FuncOp::create(builder, location,
                                     (cell + "_" + function.getName()).str(),
                                     builder.getFunctionType({pointer}, {}));
  kernel->setAttr(kEntryAttribute, builder.getStringAttr(function.getName()));
  attachArguments(kernel, signature);
  kernel->setAttr(kTileChannelsAttribute, builder.getI64IntegerAttr(width));
  auto scan = findOnly<ScanOp>(function);
  bool hasTiles = scan && (scan.getTaken() || scan.getBoundaries());
  kernel->setAttr(kTileTimeAttribute,
                  builder.getI64IntegerAttr(hasTiles ? kTileTime : 0));
  Block *body = kernel.addEntryBlock();
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToStart(body);

  if (scan && scan.getTaken())
    scratch =
        LLVM::AllocaOp::create(builder, location, pointer, vector,
                               integer(kTileTime * scan.getRecomputedCount()),
                               static_cast<unsigned>(width * sizeof(float)));
  // The block ends in two words more: the range of work.
  SmallVector<Value> words = readArgumentBlock(body->getArgument(0));
  Value end = words.pop_back_val();
  Value begin = words.pop_back_val();
  TensorAccess tensors(builder, function, signature, words, lanes, memory);
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
    ProgramOp program = findProgram(module);
    if (!program)
      return signalPassFailure();
    if (width < 1 || width > 1024) {
      module.emitError("minrnn-lower-to-host expects a width of 1 to 1024 "
                       "channels, found ")
          << width.getValue();
      return signalPassFailure();
    }
    if (failed(verifyIOType(module, ioType)))
      return signalPassFailure();
    auto functions = llvm::to_vector(module.getOps<func::FuncOp>());
    for (func::FuncOp function : functions) {
      if (failed(verifyEntry(function)))
        return signalPassFailure();
      if (looksBack(function)) {
        function.emitOpError("expects no scratch tensors of the schedule "
                             "lookback, which is one of GPUs");
        return signalPassFailure();
      }
      auto scan = findOnly<ScanOp>(function);
      if (scan && scan.getRecomputedCount() > kMostStatesOnStack) {
        scan.emitOpError("expects to recompute at most ")
            << kMostStatesOnStack << " states, on the stack, found "
            << scan.getRecomputedCount();
        return signalPassFailure();
      }
    }
    OpBuilder builder(&getContext());
    builder.setInsertionPointToEnd(module.getBody());
    for (func::FuncOp function : functions) {
      HostBuilder(builder, function, program.getCell(), width, ioType).build();
      function.erase();
    }
  }
};

} // namespace
