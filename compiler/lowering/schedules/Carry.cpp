//===- Carry.cpp - The carry schedule -------------------------------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A block takes all tiles of time of its channels in the order of the scan. The
// states after a tile stay in registers, and are those before the next.
//
//===----------------------------------------------------------------------===//

#include "compiler/lowering/ScanStages.h"
#include "compiler/lowering/schedules/Schedules.h"

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
  CarrySchedule(ScanThread &thread, Value shared, Value sharedForward)
      : thread(thread), block(thread.block), scan(thread.scan), shared(shared),
        sharedForward(sharedForward) {}

  void build();

private:
  /// The tiles, from `carried`: the states, which of the two buffers is next
  /// (i64), and the sums. Returns these after the last tile.
  ValueRange buildTiles(ArrayRef<Value> carried);
  /// One tile; returns what is carried on.
  SmallVector<Value> buildTile(Value tileStart, Value end, ValueRange carried);
  void writeResults(ValueRange carried);

  ScanThread &thread;
  ThreadBlock &block;
  ScanOp scan;
  Value shared;
  Value sharedForward;
  /// Whether the thread writes what a row has once for each channel.
  Value isWriter;
};

} // namespace

void CarrySchedule::build() {
  TensorAccess &tensors = block.tensors;
  Value isFirstWarp =
      block.compare(arith::CmpIPredicate::eq, block.warp, block.index(0));
  block.locate(kWarpSize);
  isWriter = block.both(isFirstWarp, block.isInside);
  thread.parameters = tensors.readParameters(scan.getParameters());
  thread.initialStates = tensors.readInitialStates(scan.getSequences());
  SmallVector<Value> carried =
      thread.algebra.encode(tensors.readRows(scan.getInitial()));
  // Where there is no step, the last states are the initial ones to the bit,
  // which decoding would not give back.
  scf::IfOp hasSteps;
  if (thread.algebra.encodes()) {
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
  carried.push_back(block.integer(0));
  llvm::append_range(carried, tensors.readSums(scan.getSums()));
  writeResults(buildTiles(carried));
  if (hasSteps)
    block.builder.setInsertionPointAfter(hasSteps);
  gpu::ReturnOp::create(block.builder, block.location);
}

ValueRange CarrySchedule::buildTiles(ArrayRef<Value> carried) {
  // One iteration a time tile; positions count in the order of the scan. Where
  // states are recomputed, tiles begin where those of the forward pass did: the
  // last one, which is taken first, may begin with steps that do not exist.
  TensorAccess &tensors = block.tensors;
  bool recomputes = static_cast<bool>(scan.getTaken());
  Value tileTime = block.integer(thread.shape.tileTime());
  Value end = tensors.end();
  if (recomputes)
    end = block.mul(tensors.timeTiles(thread.shape.tileTime()), tileTime);
  thread.axis = tensors.timeAxis(scan.getReverse() && !recomputes);
  auto loop = scf::ForOp::create(block.builder, block.location, tensors.begin(),
                                 end, tileTime, carried);
  block.builder.setInsertionPointToStart(loop.getBody());
  SmallVector<Value> next =
      buildTile(loop.getInductionVar(), end, loop.getRegionIterArgs());
  scf::YieldOp::create(block.builder, block.location, next);
  block.builder.setInsertionPointAfter(loop);
  return loop.getResults();
}

SmallVector<Value> CarrySchedule::buildTile(Value tileStart, Value end,
                                            ValueRange carried) {
  TensorAccess &tensors = block.tensors;
  int64_t tileTime = thread.shape.tileTime();
  ValueRange states = carried.take_front(scan.getStateCount());
  Value parityNumber = carried[scan.getStateCount()];
  Value parity =
      arith::IndexCastOp::create(block.builder, block.location,
                                 block.builder.getIndexType(), parityNumber);
  bool recomputes = static_cast<bool>(scan.getTaken());
  TileSteps steps = loadTile(thread, tileStart, recomputes ? end : Value());
  if (recomputes) {
    Value last = block.add(tileStart, block.integer(tileTime));
    recomputeStates(thread, sharedForward, parity, block.sub(end, last), steps);
  }
  for (SmallVector<Value> &step : steps.values)
    llvm::append_range(step, thread.parameters);

  if (Value boundaries = scan.getBoundaries()) {
    SmallVector<Value> plain = thread.algebra.decode(states);
    Value tile = arith::DivUIOp::create(block.builder, block.location,
                                        tileStart, block.integer(tileTime));
    block.when(isWriter, [&] {
      tensors.writeBoundary(boundaries, tile, tileTime, plain);
    });
  }
  SmallVector<Element> elements =
      composeSteps(thread, scan.getElement(), steps.values, steps.exists);
  Exchanged exchanged =
      exchangeSummaries(thread, shared, parity, elements, states,
                        /*againstWarps=*/false);
  SmallVector<Value> totals(carried.drop_front(scan.getStateCount() + 1));
  replayAndStore(thread, steps, elements, exchanged.entering, totals);

  SmallVector<Value> next = exchanged.leaving;
  next.push_back(block.sub(block.integer(1), parityNumber));
  next.append(totals);
  return next;
}

void CarrySchedule::writeResults(ValueRange carried) {
  TensorAccess &tensors = block.tensors;
  SmallVector<Value> last =
      thread.algebra.decode(carried.take_front(scan.getStateCount()));
  block.when(isWriter, [&] { tensors.writeRows(scan.getLast(), last); });
  ValueRange threadSums = carried.drop_front(scan.getStateCount() + 1);
  for (Value sum : scan.getSums()) {
    int64_t gates = packedValueCount(sum.getType());
    SmallVector<Value> overWarps;
    for (Value value : threadSums.take_front(gates))
      overWarps.push_back(sumOverWarps(thread, shared, value));
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
  ScanThread thread{block,
                    shape,
                    scan,
                    LaneAlgebra(scan, block.lanes),
                    /*parameters=*/{},
                    TensorAccess::InitialStates(),
                    /*axis=*/{}};
  auto buffers = block.kernel.getWorkgroupAttributions();
  CarrySchedule(thread, buffers.front(), buffers.back()).build();
}
