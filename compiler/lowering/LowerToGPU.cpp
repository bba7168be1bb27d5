//===- LowerToGPU.cpp - The carry schedule --------------------------------===//
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
#define GEN_PASS_DEF_LOWERTOGPUPASS
#include "compiler/lowering/Passes.h.inc"
} // namespace minrnn::compiler

using namespace mlir;
using namespace minrnn::compiler;
using namespace minrnn::dialect;

/// Lanes of a warp, each with a channel of its own.
static constexpr int64_t kLanes = 32;

namespace {

struct Schedule {
  int64_t warps;
  int64_t stepsPerThread;

  int64_t tileTime() const { return warps * stepsPerThread; }
  int64_t threads() const { return warps * kLanes; }
};

/// One element a thread. Threads beyond the last channel read the last one and
/// write nothing.
class ThreadMemory : public LaneMemory {
public:
  ThreadMemory(OpBuilder &builder, Location location)
      : builder(builder), location(location) {}

  Value load(Value pointer, Value index) override {
    return LLVM::LoadOp::create(builder, location, builder.getF32Type(),
                                address(pointer, index), /*alignment=*/4);
  }
  void store(Value value, Value pointer, Value index) override {
    LLVM::StoreOp::create(builder, location, value, address(pointer, index),
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
};

/// Builds the kernel of one function of the scan level.
class KernelBuilder {
public:
  KernelBuilder(OpBuilder &builder, func::FuncOp function, Schedule schedule)
      : builder(builder), location(function.getLoc()), function(function),
        schedule(schedule), lanes(builder, location, builder.getF32Type()),
        memory(builder, location) {}

  void buildScan(ScanOp scan);
  void buildStep(StepOp step);

private:
  gpu::GPUFuncOp startKernel(int64_t tileChannels, int64_t tileTime,
                             ArrayRef<int32_t> block, TypeRange sharedBuffers);
  /// Row, channel and whether the channel exists, for a thread whose place
  /// within the tile is `lane`.
  void locate(KernelMemory &tensors, Value lane, int64_t tileChannels);

  Value index(int64_t value) {
    return arith::ConstantIndexOp::create(builder, location, value);
  }
  Value integer(int64_t value) {
    return arith::ConstantOp::create(builder, location,
                                     builder.getI64IntegerAttr(value));
  }
  Value toInteger(Value index) {
    return arith::IndexCastOp::create(builder, location, builder.getI64Type(),
                                      index);
  }
  Value compare(arith::CmpIPredicate predicate, Value x, Value y) {
    return arith::CmpIOp::create(builder, location, predicate, x, y);
  }
  Value both(Value x, Value y) {
    return arith::AndIOp::create(builder, location, x, y);
  }
  /// Builds `body` under `condition`.
  void when(Value condition, llvm::function_ref<void()> body) {
    auto branch = scf::IfOp::create(builder, location, condition);
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPointToStart(branch.thenBlock());
    body();
  }

  /// The summaries of one tile: [buffer, warp, (coefficient, offset), lane].
  void writeSummary(Value buffer, Element element);
  Element readSummary(Value buffer, int64_t fromWarp);
  /// Adds up one value a thread over the warps, for warp 0.
  Value sumOverWarps(Value value);

  OpBuilder &builder;
  Location location;
  func::FuncOp function;
  Schedule schedule;
  LaneCode lanes;
  ThreadMemory memory;

  Value lane;
  Value warp;
  Value isInside;
  Value isFirstWarp;
  Value shared;
};

} // namespace

gpu::GPUFuncOp KernelBuilder::startKernel(int64_t tileChannels,
                                          int64_t tileTime,
                                          ArrayRef<int32_t> block,
                                          TypeRange sharedBuffers) {
  SmallVector<Type> types;
  for (const KernelArgument &argument : kernelArguments(function.getName()))
    types.push_back(argument.isPointer()
                        ? Type(LLVM::LLVMPointerType::get(builder.getContext()))
                        : Type(builder.getI64Type()));
  auto kernel = gpu::GPUFuncOp::create(
      builder, location, function.getName(),
      builder.getFunctionType(types, TypeRange()), sharedBuffers);
  kernel->setAttr(gpu::GPUDialect::getKernelFuncAttrName(),
                  builder.getUnitAttr());
  kernel.setKnownBlockSizeAttr(builder.getDenseI32ArrayAttr(block));
  kernel->setAttr(kEntryAttribute, builder.getStringAttr(function.getName()));
  kernel->setAttr(kTileChannelsAttribute,
                  builder.getI64IntegerAttr(tileChannels));
  kernel->setAttr(kTileTimeAttribute, builder.getI64IntegerAttr(tileTime));
  builder.setInsertionPointToStart(&kernel.getBody().front());
  return kernel;
}

void KernelBuilder::locate(KernelMemory &tensors, Value lane,
                           int64_t tileChannels) {
  Value block =
      toInteger(gpu::BlockIdOp::create(builder, location, gpu::Dimension::x));
  Value tiles = tensors.channelTiles(tileChannels);
  Value row = arith::DivUIOp::create(builder, location, block, tiles);
  Value tile = arith::RemUIOp::create(builder, location, block, tiles);
  Value channel = arith::AddIOp::create(
      builder, location,
      arith::MulIOp::create(builder, location, tile, integer(tileChannels)),
      toInteger(lane));
  isInside = compare(arith::CmpIPredicate::slt, channel, tensors.channels());
  Value lastChannel =
      arith::SubIOp::create(builder, location, tensors.channels(), integer(1));
  tensors.select(
      row, arith::MinSIOp::create(builder, location, channel, lastChannel));
}

void KernelBuilder::writeSummary(Value buffer, Element element) {
  memref::StoreOp::create(builder, location, element.coefficient, shared,
                          ValueRange{buffer, warp, index(0), lane});
  memref::StoreOp::create(builder, location, element.offset, shared,
                          ValueRange{buffer, warp, index(1), lane});
}

Element KernelBuilder::readSummary(Value buffer, int64_t fromWarp) {
  Value from = index(fromWarp);
  return {memref::LoadOp::create(builder, location, shared,
                                 ValueRange{buffer, from, index(0), lane}),
          memref::LoadOp::create(builder, location, shared,
                                 ValueRange{buffer, from, index(1), lane})};
}

Value KernelBuilder::sumOverWarps(Value value) {
  // The barrier before keeps the buffer from whoever still reads it.
  gpu::BarrierOp::create(builder, location);
  writeSummary(index(0), {value, lanes.number(0)});
  gpu::BarrierOp::create(builder, location);
  Value total = lanes.number(0);
  for (int64_t from = 0; from < schedule.warps; ++from)
    total = lanes.add(total, readSummary(index(0), from).coefficient);
  return total;
}

void KernelBuilder::buildScan(ScanOp scan) {
  Domain domain = scan.getDomain();
  auto sharedType =
      MemRefType::get({2, schedule.warps, 2, kLanes}, builder.getF32Type(),
                      MemRefLayoutAttrInterface(),
                      gpu::AddressSpaceAttr::get(builder.getContext(),
                                                 gpu::AddressSpace::Workgroup));
  auto kernel = startKernel(
      kLanes, schedule.tileTime(),
      {static_cast<int32_t>(kLanes), static_cast<int32_t>(schedule.warps), 1},
      TypeRange{sharedType});
  shared = kernel.getWorkgroupAttributions().front();
  KernelMemory tensors(builder, function,
                       kernel.getArguments().take_front(
                           kernelArguments(function.getName()).size()),
                       lanes, memory);
  lane = gpu::ThreadIdOp::create(builder, location, gpu::Dimension::x);
  warp = gpu::ThreadIdOp::create(builder, location, gpu::Dimension::y);
  isFirstWarp = compare(arith::CmpIPredicate::eq, warp, index(0));
  locate(tensors, lane, kLanes);

  SmallVector<Value> bias = tensors.readBias(scan.getBias());
  llvm::DenseMap<Value, Value> initialStates;
  for (Value sequence : scan.getSequences())
    if (auto delay = sequence.getDefiningOp<DelayOp>())
      initialStates[delay.getInitial()] = tensors.readState(delay.getInitial());
  Value carry = lanes.toCarried(domain, tensors.readState(scan.getInitial()));

  auto summed = findOnly<SumTimeOp>(function);
  int64_t sums =
      summed ? cast<RankedTensorType>(summed.getType()).getDimSize(1) : 0;
  SmallVector<Value> carried = {carry, integer(0)};
  for (int64_t gate = 0; gate < sums; ++gate)
    carried.push_back(lanes.number(0));

  // One iteration a time tile; positions count in the order of the scan, so
  // that a reverse scan differs in the time index alone.
  auto loop = scf::ForOp::create(builder, location, integer(0), tensors.time(),
                                 integer(schedule.tileTime()), carried);
  builder.setInsertionPointToStart(loop.getBody());
  carry = loop.getRegionIterArgs()[0];
  Value bufferNumber = loop.getRegionIterArgs()[1];
  Value buffer = arith::IndexCastOp::create(
      builder, location, builder.getIndexType(), bufferNumber);
  Value first = arith::AddIOp::create(
      builder, location, loop.getInductionVar(),
      arith::MulIOp::create(builder, location, toInteger(warp),
                            integer(schedule.stepsPerThread)));
  Value lastPosition =
      arith::SubIOp::create(builder, location, tensors.time(), integer(1));

  struct ThreadStep {
    Value exists;
    Value time;
    SmallVector<Value> values;
    Element element;
  };
  SmallVector<ThreadStep> steps(schedule.stepsPerThread);
  // All loads of a tile come first, so that they are under way together.
  // Beyond the end they read the last step again, and count as identity.
  for (auto [offset, step] : llvm::enumerate(steps)) {
    Value position =
        arith::AddIOp::create(builder, location, first, integer(offset));
    step.exists = compare(arith::CmpIPredicate::slt, position, tensors.time());
    position =
        arith::MinSIOp::create(builder, location, position, lastPosition);
    step.time =
        scan.getReverse()
            ? arith::SubIOp::create(builder, location, lastPosition, position)
                  .getResult()
            : position;
    step.values = tensors.readStep(scan, step.time, bias, initialStates);
  }
  Element identity = lanes.identity(domain);
  Element summary = identity;
  for (ThreadStep &step : steps) {
    SmallVector<Value> yielded =
        lanes.inlineRegion(scan.getElement(), step.values);
    step.element = {lanes.select(step.exists, yielded[0], identity.coefficient),
                    lanes.select(step.exists, yielded[1], identity.offset)};
    summary = &step == &steps.front()
                  ? step.element
                  : lanes.compose(domain, summary, step.element);
  }

  // With two buffers one barrier is enough: whoever writes a buffer again has
  // passed the barrier of the tile between, and so has everyone who read it.
  writeSummary(buffer, summary);
  gpu::BarrierOp::create(builder, location);
  Value entering = carry;
  Value running = carry;
  for (int64_t from = 0; from < schedule.warps; ++from) {
    Value isMine = compare(arith::CmpIPredicate::eq, warp, index(from));
    entering = lanes.select(isMine, running, entering);
    running = lanes.apply(domain, readSummary(buffer, from), running);
  }

  SmallVector<Value> totals(loop.getRegionIterArgs().drop_front(2));
  Value state = entering;
  for (ThreadStep &step : steps) {
    Value before = state;
    state = lanes.apply(domain, step.element, state);
    SmallVector<Value> arguments = step.values;
    arguments.push_back(lanes.toPlain(domain, before));
    arguments.push_back(lanes.toPlain(domain, state));
    SmallVector<Value> yielded =
        lanes.inlineRegion(scan.getOutput(), arguments);
    for (auto [total, value] : llvm::zip(totals, yielded))
      total =
          lanes.add(total, lanes.select(step.exists, value, lanes.number(0)));
    when(both(step.exists, isInside),
         [&] { tensors.writeStep(scan, step.time, yielded); });
  }
  Value otherBuffer =
      arith::SubIOp::create(builder, location, integer(1), bufferNumber);
  SmallVector<Value> next = {running, otherBuffer};
  next.append(totals);
  scf::YieldOp::create(builder, location, next);

  builder.setInsertionPointAfter(loop);
  Value isWriter = both(isFirstWarp, isInside);
  when(isWriter, [&] {
    tensors.writeState(scan.getLast(),
                       lanes.toPlain(domain, loop.getResult(0)));
  });
  for (int64_t gate = 0; gate < sums; ++gate) {
    Value total = sumOverWarps(loop.getResult(2 + gate));
    when(isWriter, [&] { tensors.writeSum(summed, gate, total); });
  }
  gpu::ReturnOp::create(builder, location);
}

void KernelBuilder::buildStep(StepOp step) {
  auto kernel =
      startKernel(schedule.threads(), /*tileTime=*/0,
                  {static_cast<int32_t>(schedule.threads()), 1, 1}, {});
  KernelMemory tensors(builder, function, kernel.getArguments(), lanes, memory);
  lane = gpu::ThreadIdOp::create(builder, location, gpu::Dimension::x);
  locate(tensors, lane, schedule.threads());
  SmallVector<Value> arguments =
      tensors.readGates(step, tensors.readBias(step.getBias()));
  arguments.push_back(tensors.readState(step.getPrevious()));
  SmallVector<Value> yielded = lanes.inlineRegion(step.getBody(), arguments);
  when(isInside, [&] { tensors.writeState(step.getNext(), yielded.front()); });
  gpu::ReturnOp::create(builder, location);
}

namespace {

struct LowerToGPUPass
    : public minrnn::compiler::impl::LowerToGPUPassBase<LowerToGPUPass> {
  using LowerToGPUPassBase::LowerToGPUPassBase;

  void runOnOperation() override {
    ModuleOp module = getOperation();
    // A thread's steps are unrolled; 64 of them are beyond its registers.
    if (warps < 1 || warps > 32 || stepsPerThread < 1 || stepsPerThread > 64) {
      module.emitError("minrnn-lower-to-gpu expects 1 to 32 warps and 1 to 64 "
                       "steps per thread, found ")
          << warps.getValue() << " and " << stepsPerThread.getValue();
      return signalPassFailure();
    }
    auto functions = llvm::to_vector(module.getOps<func::FuncOp>());
    for (func::FuncOp function : functions)
      if (failed(verifyEntry(function)))
        return signalPassFailure();
    OpBuilder builder(&getContext());
    builder.setInsertionPointToEnd(module.getBody());
    auto kernels =
        gpu::GPUModuleOp::create(builder, module.getLoc(), kKernelModuleName);
    module->setAttr(gpu::GPUDialect::getContainerModuleAttrName(),
                    builder.getUnitAttr());
    for (func::FuncOp function : functions) {
      builder.setInsertionPointToEnd(kernels.getBody());
      KernelBuilder kernel(builder, function, {warps, stepsPerThread});
      if (auto scan = findOnly<ScanOp>(function))
        kernel.buildScan(scan);
      else
        kernel.buildStep(findOnly<StepOp>(function));
      function.erase();
    }
  }
};

} // namespace
