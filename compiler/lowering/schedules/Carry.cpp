//===- Carry.cpp - The carry schedule -------------------------------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A block takes all tiles of time of its channels in the order of the scan. The
// states after a tile stay in registers, and are those before the next. While a
// tile is computed, the loads of the next are under way.
//
// The tiles that are whole have a loop of their own, where nothing is clamped
// or selected. What is left has the other loop, in tiles of half as many steps
// where that is free to choose, since it holds more of each; so have all tiles
// where the caller gives a reset mask.
//
//===----------------------------------------------------------------------===//

#include "compiler/lowering/ScanStages.h"
#include "compiler/lowering/schedules/Schedules.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

using namespace mlir;
using namespace minrnn::compiler;
using namespace minrnn::dialect;

/// The buffers that the warps exchange through: of the states, and where states
/// are recomputed, one more for these.
static SmallVector<Type> sharedBuffers(Builder builder, ScanOp scan,
                                       BlockShape shape) {
  Type buffer = exchangeBuffer(builder, shape, scan.getElementSize());
  return SmallVector<Type>(scan.getTaken() ? 2 : 1, buffer);
}

int64_t minrnn::compiler::carrySharedBytes(int64_t elementSize, bool recomputes,
                                           BlockShape shape) {
  return (recomputes ? 2 : 1) * exchangeBytes(shape, elementSize);
}

namespace {

/// Builds one kernel.
class CarrySchedule {
public:
  /// `whole` takes the whole tiles, `rest` the others.
  CarrySchedule(ScanThread &whole, ScanThread &rest, const TileAxis &axis,
                Value shared, Value sharedForward)
      : whole(whole), rest(rest), block(whole.block), scan(whole.scan),
        axis(axis), shared(shared), sharedForward(sharedForward) {}

  void build();

private:
  /// All tiles, from `carried`: the states and the sums. Returns these after
  /// the last tile.
  SmallVector<Value> buildTiles(ArrayRef<Value> carried);
  /// The tiles from `begin` to `end`, positions both, behind `turns` others.
  /// Where `areWhole`, each of their steps exists and no reset mask is given.
  SmallVector<Value> buildLoop(Value begin, Value end, Value turns,
                               bool areWhole, ValueRange carried);
  /// One tile of `thread`, behind `turn` others. `prefetch` begins the loads of
  /// the next. Returns what is carried on.
  SmallVector<Value> buildTile(ScanThread &thread, Value tileStart, Value turn,
                               ValueRange pointers, TileSteps steps,
                               ValueRange carried,
                               llvm::function_ref<void()> prefetch);
  void writeResults(ValueRange carried);

  ScanThread &whole;
  ScanThread &rest;
  ThreadBlock &block;
  ScanOp scan;
  TileAxis axis;
  Value shared;
  Value sharedForward;
  /// Whether the thread writes what a row has once for each channel.
  Value isWriter;
};

} // namespace

void CarrySchedule::build() {
  TensorAccess &tensors = block.tensors;
  isWriter = block.both(whole.isOwnWarp.front(), block.isInside);
  SmallVector<Value> carried =
      whole.algebra.encode(tensors.readRows(scan.getInitial()));
  // Where there is no step, the last states are the initial ones to the bit,
  // which decoding would not give back.
  scf::IfOp hasSteps;
  if (whole.algebra.encodes()) {
    hasSteps = scf::IfOp::create(block.builder, block.location,
                                 block.compare(arith::CmpIPredicate::slt,
                                               tensors.begin(), tensors.end()),
                                 /*withElseRegion=*/true);
    block.builder.setInsertionPointToStart(hasSteps.elseBlock());
    block.when(isWriter, [&] {
      tensors.writeRows(scan.getLast(), tensors.readRows(scan.getInitial()));
    });
    block.builder.setInsertionPointToStart(hasSteps.thenBlock());
  }
  llvm::append_range(carried, tensors.readSums(scan.getSums()));
  writeResults(buildTiles(carried));
  if (hasSteps)
    block.builder.setInsertionPointAfter(hasSteps);
  gpu::ReturnOp::create(block.builder, block.location);
}

SmallVector<Value> CarrySchedule::buildTiles(ArrayRef<Value> carried) {
  TensorAccess &tensors = block.tensors;
  bool recomputes = static_cast<bool>(scan.getTaken());
  Value tileTime = block.integer(whole.shape.tileTime());
  Value begin = recomputes ? block.integer(0) : tensors.begin();
  // The whole tiles are all but the last one of the forward pass, where that is
  // taken in part.
  Value tiles = arith::DivUIOp::create(
      block.builder, block.location, block.sub(tensors.end(), begin), tileTime);
  if (Value isMasked = whole.pointers.maskIsGiven())
    tiles = arith::SelectOp::create(block.builder, block.location, isMasked,
                                    block.integer(0), tiles);
  Value steps = block.mul(tiles, tileTime);
  Value none = block.integer(0);
  if (recomputes) {
    Value wholeBegin = block.sub(axis.end, steps);
    SmallVector<Value> between =
        buildLoop(begin, wholeBegin, none, /*areWhole=*/false, carried);
    Value before = arith::DivUIOp::create(
        block.builder, block.location, block.sub(wholeBegin, begin), tileTime);
    return buildLoop(wholeBegin, axis.end, before, /*areWhole=*/true, between);
  }
  Value wholeEnd = block.add(begin, steps);
  SmallVector<Value> between =
      buildLoop(begin, wholeEnd, none, /*areWhole=*/true, carried);
  return buildLoop(wholeEnd, axis.end, tiles, /*areWhole=*/false, between);
}

SmallVector<Value> CarrySchedule::buildLoop(Value begin, Value end, Value turns,
                                            bool areWhole, ValueRange carried) {
  ScanThread &thread = areWhole ? whole : rest;
  TilePointers &tile = thread.pointers;
  OpBuilder &builder = block.builder;
  Value tileTime = block.integer(thread.shape.tileTime());
  auto hasTiles =
      scf::IfOp::create(builder, block.location, carried.getTypes(),
                        block.compare(arith::CmpIPredicate::slt, begin, end),
                        /*withElseRegion=*/true);
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToStart(hasTiles.elseBlock());
  scf::YieldOp::create(builder, block.location, carried);
  builder.setInsertionPointToStart(hasTiles.thenBlock());

  Value own = block.mul(block.toInteger(block.warp),
                        block.integer(thread.shape.stepsPerThread));
  Value position = block.add(begin, own);
  SmallVector<Value> pointers = tile.at(position);
  SmallVector<Value> iterated(carried);
  llvm::append_range(iterated, pointers);
  llvm::append_range(iterated,
                     tile.load(pointers, tile.steps(position, areWhole),
                               /*withMask=*/!areWhole));
  auto loop = scf::ForOp::create(builder, block.location, begin, end, tileTime,
                                 iterated);
  builder.setInsertionPointToStart(loop.getBody());
  ValueRange arguments = loop.getRegionIterArgs();
  ValueRange at = arguments.drop_front(carried.size());
  ValueRange loaded = at.drop_front(pointers.size());
  at = at.take_front(pointers.size());
  Value tileStart = loop.getInductionVar();
  Value turn = block.add(
      turns, arith::DivUIOp::create(builder, block.location,
                                    block.sub(tileStart, begin), tileTime));
  Value nextStart = block.add(tileStart, tileTime);

  TileSteps steps{tile.steps(block.add(tileStart, own), areWhole), {}, {}};
  steps.values = tile.values(loaded, steps.which, /*withMask=*/!areWhole);
  SmallVector<Value> later;
  SmallVector<Value> prefetched;
  SmallVector<Value> next = buildTile(
      thread, tileStart, turn, at, std::move(steps),
      arguments.take_front(carried.size()), [&] {
        later = tile.next(at);
        auto hasNext = scf::IfOp::create(
            builder, block.location, loaded.getTypes(),
            block.compare(arith::CmpIPredicate::slt, nextStart, end),
            /*withElseRegion=*/true);
        prefetched = hasNext.getResults();
        OpBuilder::InsertionGuard guard(builder);
        builder.setInsertionPointToStart(hasNext.thenBlock());
        scf::YieldOp::create(
            builder, block.location,
            tile.load(later, tile.steps(block.add(nextStart, own), areWhole),
                      /*withMask=*/!areWhole));
        builder.setInsertionPointToStart(hasNext.elseBlock());
        SmallVector<Value> nothing;
        for (Type type : loaded.getTypes())
          nothing.push_back(
              LLVM::PoisonOp::create(builder, block.location, type));
        scf::YieldOp::create(builder, block.location, nothing);
      });
  llvm::append_range(next, later);
  llvm::append_range(next, prefetched);
  scf::YieldOp::create(builder, block.location, next);
  builder.setInsertionPointAfter(loop);
  scf::YieldOp::create(builder, block.location,
                       loop.getResults().take_front(carried.size()));
  return SmallVector<Value>(hasTiles.getResults());
}

SmallVector<Value> CarrySchedule::buildTile(
    ScanThread &thread, Value tileStart, Value turn, ValueRange pointers,
    TileSteps steps, ValueRange carried, llvm::function_ref<void()> prefetch) {
  TensorAccess &tensors = block.tensors;
  int64_t tileTime = thread.shape.tileTime();
  ValueRange states = carried.take_front(scan.getStateCount());
  Value tile = arith::DivUIOp::create(block.builder, block.location, tileStart,
                                      block.integer(tileTime));
  // The buffer that the tile takes is not that of the one before.
  Value parity = arith::IndexCastOp::create(
      block.builder, block.location, block.builder.getIndexType(),
      arith::RemUIOp::create(block.builder, block.location, turn,
                             block.integer(2)));
  if (scan.getTaken()) {
    Value last = block.add(tileStart, block.integer(tileTime));
    recomputeStates(thread, sharedForward, parity, block.sub(axis.end, last),
                    steps);
  }
  for (SmallVector<Value> &step : steps.values)
    llvm::append_range(step, thread.parameters);

  if (Value boundaries = scan.getBoundaries()) {
    SmallVector<Value> plain = thread.algebra.decode(states);
    block.when(isWriter, [&] {
      tensors.writeBoundary(boundaries, tile, tileTime, plain);
    });
  }
  SmallVector<Element> elements =
      elementsOf(thread, scan.getElement(), steps.values, steps.which.exists);
  prepareOutputs(thread, steps);
  prefetch();
  Exchanged exchanged =
      exchangeSummaries(thread, shared, parity, elements, states,
                        /*againstWarps=*/false);
  SmallVector<Value> totals(carried.drop_front(scan.getStateCount()));
  replayAndStore(thread, pointers, steps, elements, exchanged.entering, totals);

  SmallVector<Value> next = exchanged.leaving;
  next.append(totals);
  return next;
}

void CarrySchedule::writeResults(ValueRange carried) {
  TensorAccess &tensors = block.tensors;
  SmallVector<Value> last =
      whole.algebra.decode(carried.take_front(scan.getStateCount()));
  block.when(isWriter, [&] { tensors.writeRows(scan.getLast(), last); });
  ValueRange threadSums = carried.drop_front(scan.getStateCount());
  for (Value sum : scan.getSums()) {
    int64_t gates = packedValueCount(sum.getType());
    SmallVector<Value> overWarps;
    for (Value value : threadSums.take_front(gates))
      overWarps.push_back(sumOverWarps(whole, shared, value));
    threadSums = threadSums.drop_front(gates);
    block.when(isWriter, [&] { tensors.writeRows(sum, overWarps); });
  }
}

void minrnn::compiler::buildCarryKernel(OpBuilder &builder,
                                        func::FuncOp function, ScanOp scan,
                                        ArrayRef<EntryArgument> signature,
                                        BlockShape shape, bool roundsToBF16) {
  ThreadBlock block(
      builder, function, signature, roundsToBF16, kWarpSize, shape.tileTime(),
      {static_cast<int32_t>(kWarpSize), static_cast<int32_t>(shape.warps), 1},
      sharedBuffers(builder, scan, shape));
  block.lane =
      gpu::ThreadIdOp::create(builder, block.location, gpu::Dimension::x);
  block.warp =
      gpu::ThreadIdOp::create(builder, block.location, gpu::Dimension::y);
  block.locate(kWarpSize, block.blockIndex());
  // ptxas aims at two blocks by itself, but where it is not told, it may spill
  // what fits, or take more registers than that leaves. (Two of 16 warps would
  // have 64 registers a thread.)
  if (!scan.getTaken() && shape.warps <= 8 && holdsNextTile(scan, shape))
    block.kernel->setAttr("nvvm.minctasm", builder.getI32IntegerAttr(2));
  TileAxis axis = tileAxis(block, scan, shape);
  BlockShape restShape = shape;
  if (!scan.getTaken() && !scan.getBoundaries() && shape.stepsPerThread > 1)
    restShape.stepsPerThread /= 2;
  ScanThread whole = startThread(block, scan, axis, shape);
  ScanThread rest = startThread(block, scan, axis, restShape);
  auto buffers = block.kernel.getWorkgroupAttributions();
  CarrySchedule(whole, rest, axis, buffers.front(), buffers.back()).build();
}
