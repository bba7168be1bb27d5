//===- LowerToGPU.cpp - The carry schedule --------------------------------===//
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
                StringRef ioType, bool roundsToBF16)
      : builder(builder), location(function.getLoc()), function(function),
        signature(kernelArguments(function, ioType)), schedule(schedule),
        lanes(builder, location, builder.getF32Type(), roundsToBF16),
        memory(builder, location) {}

  void buildScan(ScanOp scan);
  void buildLoop(SequentialScanOp loop);

private:
  gpu::GPUFuncOp startKernel(int64_t tileChannels, int64_t tileTime,
                             ArrayRef<int32_t> block, TypeRange sharedBuffers);
  /// Row, channel and whether the channel exists, for a thread whose place
  /// within the tile is `lane`.
  void locate(TensorAccess &tensors, Value lane, int64_t tileChannels);

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

  /// The elements of `region` for each step that exists; identity elsewhere.
  SmallVector<Elements> stepElements(Region &region, Domain domain,
                                     ArrayRef<SmallVector<Value>> steps,
                                     ArrayRef<Value> exists);

  /// Summaries of one tile in shared memory: [buffer, warp, (coefficient,
  /// offset) of every state, lane].
  void writeSummary(Value shared, Value buffer, ArrayRef<Element> elements);
  Element readSummary(Value shared, Value buffer, int64_t fromWarp,
                      int64_t state);
  /// The states that a thread's steps start from, and those after the tile.
  struct Exchanged {
    SmallVector<Value> entering;
    SmallVector<Value> leaving;
  };
  /// Exchanges the warps' summaries, in the order of the warps or, for steps
  /// that lie the other way round, against it.
  Exchanged exchange(Value shared, Value buffer, Domain domain,
                     ArrayRef<Elements> elements, ValueRange carries,
                     bool againstWarps);
  /// The states before each of a thread's steps, recomputed from the boundary
  /// of the tile that starts at step `tileStart`.
  SmallVector<SmallVector<Value>>
  recomputeStates(TensorAccess &tensors, ScanOp scan, Value buffer,
                  Value tileStart, ArrayRef<SmallVector<Value>> steps,
                  ArrayRef<Value> parameters, ArrayRef<Value> exists);
  /// Adds up one value a thread over the warps, for warp 0.
  Value sumOverWarps(Value value);

  OpBuilder &builder;
  Location location;
  func::FuncOp function;
  std::vector<KernelArgument> signature;
  Schedule schedule;
  LaneBuilder lanes;
  ThreadMemory memory;

  Value lane;
  Value warp;
  Value isInside;
  Value isFirstWarp;
  Value shared;
  /// The second buffer, of the summaries of recomputed states.
  Value sharedForward;
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

void KernelBuilder::locate(TensorAccess &tensors, Value lane,
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

SmallVector<KernelBuilder::Elements>
KernelBuilder::stepElements(Region &region, Domain domain,
                            ArrayRef<SmallVector<Value>> steps,
                            ArrayRef<Value> exists) {
  Element identity = lanes.identity(domain);
  SmallVector<Elements> elements;
  for (auto [step, exist] : llvm::zip(steps, exists)) {
    Elements own = elementsOf(region, step);
    for (Element &element : own)
      element = {lanes.select(exist, element.coefficient, identity.coefficient),
                 lanes.select(exist, element.offset, identity.offset)};
    elements.push_back(own);
  }
  return elements;
}

void KernelBuilder::writeSummary(Value shared, Value buffer,
                                 ArrayRef<Element> elements) {
  for (auto [state, element] : llvm::enumerate(elements)) {
    auto place = static_cast<int64_t>(2 * state);
    memref::StoreOp::create(builder, location, element.coefficient, shared,
                            ValueRange{buffer, warp, index(place), lane});
    memref::StoreOp::create(builder, location, element.offset, shared,
                            ValueRange{buffer, warp, index(place + 1), lane});
  }
}

Element KernelBuilder::readSummary(Value shared, Value buffer, int64_t fromWarp,
                                   int64_t state) {
  Value from = index(fromWarp);
  return {
      memref::LoadOp::create(builder, location, shared,
                             ValueRange{buffer, from, index(2 * state), lane}),
      memref::LoadOp::create(
          builder, location, shared,
          ValueRange{buffer, from, index(2 * state + 1), lane})};
}

KernelBuilder::Exchanged KernelBuilder::exchange(Value shared, Value buffer,
                                                 Domain domain,
                                                 ArrayRef<Elements> elements,
                                                 ValueRange carries,
                                                 bool againstWarps) {
  Elements summary = elements.front();
  for (const Elements &own : elements.drop_front())
    for (auto [total, element] : llvm::zip(summary, own))
      total = lanes.compose(domain, total, element);
  // With two buffers one barrier is enough: whoever writes a buffer again has
  // passed the barrier of the tile between, and so has everyone who read it.
  writeSummary(shared, buffer, summary);
  gpu::BarrierOp::create(builder, location);
  Exchanged states{SmallVector<Value>(carries), SmallVector<Value>(carries)};
  for (int64_t turn = 0; turn < schedule.warps; ++turn) {
    int64_t from = againstWarps ? schedule.warps - 1 - turn : turn;
    Value isMine = compare(arith::CmpIPredicate::eq, warp, index(from));
    for (auto [state, running] : llvm::enumerate(states.leaving)) {
      states.entering[state] =
          lanes.select(isMine, running, states.entering[state]);
      running = lanes.apply(
          domain,
          readSummary(shared, buffer, from, static_cast<int64_t>(state)),
          running);
    }
  }
  return states;
}

SmallVector<SmallVector<Value>> KernelBuilder::recomputeStates(
    TensorAccess &tensors, ScanOp scan, Value buffer, Value tileStart,
    ArrayRef<SmallVector<Value>> steps, ArrayRef<Value> parameters,
    ArrayRef<Value> exists) {
  // The thread's steps in the order of the forward pass.
  int64_t read = scan.getStates().getNumArguments() -
                 static_cast<int64_t>(parameters.size());
  SmallVector<SmallVector<Value>> values;
  for (ArrayRef<Value> step : llvm::reverse(steps)) {
    values.emplace_back(step.take_front(read));
    llvm::append_range(values.back(), parameters);
  }
  SmallVector<Value> existing(llvm::reverse(exists));
  SmallVector<Elements> elements =
      stepElements(scan.getStates(), Domain::Linear, values, existing);
  Value tile = arith::DivUIOp::create(builder, location, tileStart,
                                      integer(schedule.tileTime()));
  Exchanged states =
      exchange(sharedForward, buffer, Domain::Linear, elements,
               tensors.readBoundary(scan.getTaken(), tile, schedule.tileTime()),
               /*againstWarps=*/true);
  SmallVector<SmallVector<Value>> before;
  SmallVector<Value> current = states.entering;
  for (const Elements &own : elements) {
    before.push_back(current);
    for (auto [state, element] : llvm::zip(current, own))
      state = lanes.apply(Domain::Linear, element, state);
  }
  std::reverse(before.begin(), before.end());
  return before;
}

Value KernelBuilder::sumOverWarps(Value value) {
  // The barrier before keeps the buffer from whoever still reads it.
  gpu::BarrierOp::create(builder, location);
  writeSummary(shared, index(0), Element{value, lanes.number(0)});
  gpu::BarrierOp::create(builder, location);
  Value total = lanes.number(0);
  for (int64_t from = 0; from < schedule.warps; ++from)
    total =
        lanes.add(total, readSummary(shared, index(0), from, 0).coefficient);
  return total;
}

void KernelBuilder::buildScan(ScanOp scan) {
  Domain domain = scan.getDomain();
  int64_t states = scan.getStateCount();
  int64_t recomputed = scan.getRecomputedCount();
  auto bufferOf = [&](int64_t count) -> Type {
    return MemRefType::get(
        {2, schedule.warps, 2 * count, kLanes}, builder.getF32Type(),
        MemRefLayoutAttrInterface(),
        gpu::AddressSpaceAttr::get(builder.getContext(),
                                   gpu::AddressSpace::Workgroup));
  };
  SmallVector<Type> buffers = {bufferOf(states)};
  if (recomputed != 0)
    buffers.push_back(bufferOf(recomputed));
  auto kernel = startKernel(
      kLanes, schedule.tileTime(),
      {static_cast<int32_t>(kLanes), static_cast<int32_t>(schedule.warps), 1},
      buffers);
  shared = kernel.getWorkgroupAttributions().front();
  sharedForward = kernel.getWorkgroupAttributions().back();
  TensorAccess tensors(builder, function, signature,
                       kernel.getArguments().take_front(signature.size()),
                       lanes, memory);
  lane = gpu::ThreadIdOp::create(builder, location, gpu::Dimension::x);
  warp = gpu::ThreadIdOp::create(builder, location, gpu::Dimension::y);
  isFirstWarp = compare(arith::CmpIPredicate::eq, warp, index(0));
  locate(tensors, lane, kLanes);
  Value isWriter = both(isFirstWarp, isInside);

  SmallVector<Value> parameters = tensors.readParameters(scan.getParameters());
  TensorAccess::InitialStates initialStates =
      tensors.readInitialStates(scan.getSequences());
  SmallVector<Value> carried;
  SmallVector<Value> initial = tensors.readRows(scan.getInitial());
  for (Value state : initial)
    carried.push_back(lanes.toCarried(domain, state));
  // Where there is no step, the last states are the initial ones to the bit,
  // which their logarithms would not give back.
  scf::IfOp hasSteps;
  if (domain == Domain::Log) {
    hasSteps = scf::IfOp::create(
        builder, location,
        compare(arith::CmpIPredicate::slt, tensors.begin(), tensors.end()),
        /*withElseRegion=*/true);
    builder.setInsertionPointToStart(hasSteps.elseBlock());
    when(isWriter, [&] {
      tensors.writeRows(scan.getLast(), tensors.readRows(scan.getInitial()));
    });
    builder.setInsertionPointToStart(hasSteps.thenBlock());
  }
  carried.push_back(integer(0));
  SmallVector<Value> sums = tensors.readSums(scan.getSums());
  llvm::append_range(carried, sums);

  // One iteration a time tile; positions count in the order of the scan. Where
  // states are recomputed, tiles begin where those of the forward pass did: the
  // last one, which is taken first, may begin with steps that do not exist.
  Value tileTime = integer(schedule.tileTime());
  Value end = tensors.end();
  if (recomputed != 0)
    end = arith::MulIOp::create(
        builder, location, tensors.timeTiles(schedule.tileTime()), tileTime);
  TimeAxis axis = tensors.timeAxis(scan.getReverse() && recomputed == 0);
  auto loop = scf::ForOp::create(builder, location, tensors.begin(), end,
                                 tileTime, carried);
  builder.setInsertionPointToStart(loop.getBody());
  ValueRange iterated = loop.getRegionIterArgs();
  ValueRange carries = iterated.take_front(states);
  Value bufferNumber = iterated[states];
  Value buffer = arith::IndexCastOp::create(
      builder, location, builder.getIndexType(), bufferNumber);
  Value tileStart = loop.getInductionVar();
  Value first = arith::AddIOp::create(
      builder, location, tileStart,
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
    if (recomputed != 0)
      position = arith::SubIOp::create(
          builder, location,
          arith::SubIOp::create(builder, location, end, integer(1)), position);
    exists.push_back(
        compare(arith::CmpIPredicate::slt, position, tensors.end()));
    storePlaces.push_back(tensors.storePlace(axis, position));
    Value clamped =
        arith::MinSIOp::create(builder, location, position, lastPosition);
    places.push_back(tensors.place(axis, clamped, position));
  }
  SmallVector<SmallVector<Value>> values =
      tensors.readSteps(scan.getSequences(), places, initialStates);
  if (recomputed != 0) {
    Value last = arith::AddIOp::create(builder, location, tileStart, tileTime);
    SmallVector<SmallVector<Value>> before =
        recomputeStates(tensors, scan, buffer,
                        arith::SubIOp::create(builder, location, end, last),
                        values, parameters, exists);
    for (auto [step, state] : llvm::zip(values, before))
      llvm::append_range(step, state);
  }
  for (SmallVector<Value> &step : values)
    llvm::append_range(step, parameters);

  if (Value boundaries = scan.getBoundaries()) {
    SmallVector<Value> plain;
    for (Value carry : carries)
      plain.push_back(lanes.toPlain(domain, carry));
    Value tile = arith::DivUIOp::create(builder, location, tileStart, tileTime);
    when(isWriter, [&] {
      tensors.writeBoundary(boundaries, tile, schedule.tileTime(), plain);
    });
  }
  SmallVector<Elements> elements =
      stepElements(scan.getElement(), domain, values, exists);
  Exchanged exchanged = exchange(shared, buffer, domain, elements, carries,
                                 /*againstWarps=*/false);

  SmallVector<Value> totals(iterated.drop_front(states + 1));
  int64_t stored = stepValueCount(scan.getOutputs().getTypes());
  SmallVector<Value> state = exchanged.entering;
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
  SmallVector<Value> next = exchanged.leaving;
  next.push_back(
      arith::SubIOp::create(builder, location, integer(1), bufferNumber));
  next.append(totals);
  scf::YieldOp::create(builder, location, next);

  builder.setInsertionPointAfter(loop);
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
  if (hasSteps)
    builder.setInsertionPointAfter(hasSteps);
  gpu::ReturnOp::create(builder, location);
}

void KernelBuilder::buildLoop(SequentialScanOp loop) {
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
  TensorAccess tensors(builder, function, signature, kernel.getArguments(),
                       lanes, memory);
  lane = gpu::ThreadIdOp::create(builder, location, gpu::Dimension::x);
  locate(tensors, lane, threads);
  SequentialLoop(builder, location, lanes, tensors)
      .build(loop,
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
      KernelBuilder kernel(builder, function, {warps, stepsPerThread}, ioType,
                           roundsToBF16);
      if (auto scan = findOnly<ScanOp>(function))
        kernel.buildScan(scan);
      else
        kernel.buildLoop(findOnly<SequentialScanOp>(function));
      function.erase();
    }
  }
};

} // namespace
