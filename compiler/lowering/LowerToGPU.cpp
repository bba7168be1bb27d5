//===- LowerToGPU.cpp - The carry schedule --------------------------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compiler/lowering/KernelMemory.h"
#include "compiler/lowering/LaneCode.h"
#include "compiler/lowering/LaneWalk.h"
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

  Value load(Value pointer, Value index, Type element) override {
    return LLVM::LoadOp::create(builder, location, element,
                                address(pointer, index, element),
                                element.getIntOrFloatBitWidth() / 8);
  }
  void store(Value value, Value pointer, Value index, Type element) override {
    LLVM::StoreOp::create(builder, location, value,
                          address(pointer, index, element),
                          element.getIntOrFloatBitWidth() / 8);
  }

private:
  Value address(Value pointer, Value index, Type element) {
    return LLVM::GEPOp::create(builder, location, pointer.getType(), element,
                               pointer, ArrayRef<LLVM::GEPArg>{index});
  }

  OpBuilder &builder;
  Location location;
};

/// Builds the kernel of one function of the scan level.
class KernelBuilder {
public:
  KernelBuilder(OpBuilder &builder, func::FuncOp function, Schedule schedule,
                StringRef ioType)
      : builder(builder), location(function.getLoc()), function(function),
        signature(kernelArguments(function, ioType)), schedule(schedule),
        lanes(builder, location, builder.getF32Type()),
        memory(builder, location) {}

  void buildScan(ScanOp scan);
  void buildWalk(WalkOp walk);

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

  /// One element a state.
  using Elements = SmallVector<Element>;
  /// The elements that `region` yields for one step.
  Elements elementsOf(Region &region, ArrayRef<Value> arguments);

  /// The summaries of one tile: [buffer, warp, (coefficient, offset) of every
  /// state, lane].
  void writeSummary(Value buffer, ArrayRef<Element> elements);
  Element readSummary(Value buffer, int64_t fromWarp, int64_t state);
  /// Adds up one value a thread over the warps, for warp 0.
  Value sumOverWarps(Value value);

  OpBuilder &builder;
  Location location;
  func::FuncOp function;
  std::vector<KernelArgument> signature;
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
  for (const KernelArgument &argument : signature)
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
  attachArguments(kernel, signature);
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

KernelBuilder::Elements KernelBuilder::elementsOf(Region &region,
                                                  ArrayRef<Value> arguments) {
  SmallVector<Value> yielded = lanes.inlineRegion(region, arguments);
  Elements elements;
  for (size_t part = 0; part < yielded.size(); part += 2)
    elements.push_back({yielded[part], yielded[part + 1]});
  return elements;
}

void KernelBuilder::writeSummary(Value buffer, ArrayRef<Element> elements) {
  for (auto [state, element] : llvm::enumerate(elements)) {
    auto place = static_cast<int64_t>(2 * state);
    memref::StoreOp::create(builder, location, element.coefficient, shared,
                            ValueRange{buffer, warp, index(place), lane});
    memref::StoreOp::create(builder, location, element.offset, shared,
                            ValueRange{buffer, warp, index(place + 1), lane});
  }
}

Element KernelBuilder::readSummary(Value buffer, int64_t fromWarp,
                                   int64_t state) {
  Value from = index(fromWarp);
  return {
      memref::LoadOp::create(builder, location, shared,
                             ValueRange{buffer, from, index(2 * state), lane}),
      memref::LoadOp::create(
          builder, location, shared,
          ValueRange{buffer, from, index(2 * state + 1), lane})};
}

Value KernelBuilder::sumOverWarps(Value value) {
  // The barrier before keeps the buffer from whoever still reads it.
  gpu::BarrierOp::create(builder, location);
  writeSummary(index(0), Element{value, lanes.number(0)});
  gpu::BarrierOp::create(builder, location);
  Value total = lanes.number(0);
  for (int64_t from = 0; from < schedule.warps; ++from)
    total = lanes.add(total, readSummary(index(0), from, 0).coefficient);
  return total;
}

void KernelBuilder::buildScan(ScanOp scan) {
  Domain domain = scan.getDomain();
  int64_t states = scan.getStateCount();
  auto sharedType =
      MemRefType::get({2, schedule.warps, 2 * states, kLanes},
                      builder.getF32Type(), MemRefLayoutAttrInterface(),
                      gpu::AddressSpaceAttr::get(builder.getContext(),
                                                 gpu::AddressSpace::Workgroup));
  auto kernel = startKernel(
      kLanes, schedule.tileTime(),
      {static_cast<int32_t>(kLanes), static_cast<int32_t>(schedule.warps), 1},
      TypeRange{sharedType});
  shared = kernel.getWorkgroupAttributions().front();
  KernelMemory tensors(builder, function, signature,
                       kernel.getArguments().take_front(signature.size()),
                       lanes, memory);
  lane = gpu::ThreadIdOp::create(builder, location, gpu::Dimension::x);
  warp = gpu::ThreadIdOp::create(builder, location, gpu::Dimension::y);
  isFirstWarp = compare(arith::CmpIPredicate::eq, warp, index(0));
  locate(tensors, lane, kLanes);

  SmallVector<Value> parameters = tensors.readParameters(scan.getParameters());
  KernelMemory::InitialStates initialStates =
      tensors.readInitialStates(scan.getSequences());
  SmallVector<Value> carried;
  for (Value state : tensors.readRows(scan.getInitial()))
    carried.push_back(lanes.toCarried(domain, state));
  carried.push_back(integer(0));
  SmallVector<Value> sums = tensors.readSums(scan.getSums());
  llvm::append_range(carried, sums);

  TimeAxis axis = tensors.timeAxis(scan.getReverse());
  // One iteration a time tile; positions count in the order of the scan.
  auto loop =
      scf::ForOp::create(builder, location, tensors.begin(), tensors.end(),
                         integer(schedule.tileTime()), carried);
  builder.setInsertionPointToStart(loop.getBody());
  ValueRange iterated = loop.getRegionIterArgs();
  ValueRange carries = iterated.take_front(states);
  Value bufferNumber = iterated[states];
  Value buffer = arith::IndexCastOp::create(
      builder, location, builder.getIndexType(), bufferNumber);
  Value first = arith::AddIOp::create(
      builder, location, loop.getInductionVar(),
      arith::MulIOp::create(builder, location, toInteger(warp),
                            integer(schedule.stepsPerThread)));
  Value lastPosition =
      arith::SubIOp::create(builder, location, tensors.end(), integer(1));

  // All loads of a tile come first, so that they are under way together.
  // Beyond the end they read the last step again, and count as identity.
  SmallVector<Value> exists;
  // Stores need no clamping. Their places are linear in the step, which costs
  // fewer registers than to keep those of the loads.
  SmallVector<StepPlace> places, storePlaces;
  for (int64_t offset = 0; offset < schedule.stepsPerThread; ++offset) {
    Value position =
        arith::AddIOp::create(builder, location, first, integer(offset));
    exists.push_back(
        compare(arith::CmpIPredicate::slt, position, tensors.end()));
    storePlaces.push_back(tensors.place(axis, position));
    position =
        arith::MinSIOp::create(builder, location, position, lastPosition);
    places.push_back(tensors.place(axis, position));
  }
  SmallVector<SmallVector<Value>> values =
      tensors.readSteps(scan.getSequences(), places, initialStates);
  Element identity = lanes.identity(domain);
  SmallVector<Elements> elements;
  Elements summary;
  for (auto [step, exist] : llvm::zip(values, exists)) {
    llvm::append_range(step, parameters);
    Elements own = elementsOf(scan.getElement(), step);
    for (Element &element : own)
      element = {lanes.select(exist, element.coefficient, identity.coefficient),
                 lanes.select(exist, element.offset, identity.offset)};
    if (summary.empty())
      summary = own;
    else
      for (auto [total, element] : llvm::zip(summary, own))
        total = lanes.compose(domain, total, element);
    elements.push_back(own);
  }

  // With two buffers one barrier is enough: whoever writes a buffer again has
  // passed the barrier of the tile between, and so has everyone who read it.
  writeSummary(buffer, summary);
  gpu::BarrierOp::create(builder, location);
  SmallVector<Value> entering(carries);
  SmallVector<Value> running(carries);
  for (int64_t from = 0; from < schedule.warps; ++from) {
    Value isMine = compare(arith::CmpIPredicate::eq, warp, index(from));
    for (int64_t state = 0; state < states; ++state) {
      entering[state] = lanes.select(isMine, running[state], entering[state]);
      running[state] =
          lanes.apply(domain, readSummary(buffer, from, state), running[state]);
    }
  }

  SmallVector<Value> totals(iterated.drop_front(states + 1));
  int64_t stored = stepValueCount(scan.getOutputs().getTypes());
  SmallVector<Value> state = entering;
  for (auto [index, step] : llvm::enumerate(values)) {
    for (Value before : state)
      step.push_back(lanes.toPlain(domain, before));
    for (auto [after, element] : llvm::zip(state, elements[index])) {
      after = lanes.apply(domain, element, after);
      step.push_back(lanes.toPlain(domain, after));
    }
    SmallVector<Value> yielded = lanes.inlineRegion(scan.getOutput(), step);
    for (auto [total, value] :
         llvm::zip(totals, ArrayRef(yielded).drop_front(stored)))
      total =
          lanes.add(total, lanes.select(exists[index], value, lanes.number(0)));
    when(both(exists[index], isInside), [&] {
      tensors.writeStep(scan.getOutputs(), storePlaces[index], yielded);
    });
  }
  SmallVector<Value> next = running;
  next.push_back(
      arith::SubIOp::create(builder, location, integer(1), bufferNumber));
  next.append(totals);
  scf::YieldOp::create(builder, location, next);

  builder.setInsertionPointAfter(loop);
  Value isWriter = both(isFirstWarp, isInside);
  SmallVector<Value> last;
  for (Value carry : loop.getResults().take_front(states))
    last.push_back(lanes.toPlain(domain, carry));
  when(isWriter, [&] { tensors.writeRows(scan.getLast(), last); });
  ValueRange threadSums = loop.getResults().drop_front(states + 1);
  for (Value sum : scan.getSums()) {
    int64_t gates = packedValueCount(sum.getType());
    SmallVector<Value> overWarps;
    for (Value value : threadSums.take_front(gates))
      overWarps.push_back(sumOverWarps(value));
    threadSums = threadSums.drop_front(gates);
    when(isWriter, [&] { tensors.writeRows(sum, overWarps); });
  }
  gpu::ReturnOp::create(builder, location);
}

void KernelBuilder::buildWalk(WalkOp walk) {
  // A whole sequence takes its time: the fewer channels in a block, the more
  // multiprocessors take part. A single step is bound by its memory alone.
  bool walksTime = llvm::none_of(signature, [](const KernelArgument &argument) {
    return argument.name == "count";
  });
  bool isStep = function.getName() == kStepName;
  int64_t threads = walksTime && !isStep ? kLanes : schedule.threads();
  startKernel(threads, /*tileTime=*/0, {static_cast<int32_t>(threads), 1, 1},
              {});
  auto kernel =
      cast<gpu::GPUFuncOp>(builder.getInsertionBlock()->getParentOp());
  KernelMemory tensors(builder, function, signature, kernel.getArguments(),
                       lanes, memory);
  lane = gpu::ThreadIdOp::create(builder, location, gpu::Dimension::x);
  locate(tensors, lane, threads);
  LaneWalk(builder, location, lanes, tensors)
      .build(walk,
             [&](llvm::function_ref<void()> store) { when(isInside, store); });
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
    if (failed(verifyIOType(module, ioType)))
      return signalPassFailure();
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
      KernelBuilder kernel(builder, function, {warps, stepsPerThread}, ioType);
      if (auto scan = findOnly<ScanOp>(function))
        kernel.buildScan(scan);
      else
        kernel.buildWalk(findOnly<WalkOp>(function));
      function.erase();
    }
  }
};

} // namespace
