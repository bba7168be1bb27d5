//===- HostLoop.cpp - The schedule of the host ----------------------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The steps of a vector of channels, one after the other. Where the states that
// backward reads are recomputed, this is done a tile of time at a time: few
// enough that they stay in the first cache.
//
//===----------------------------------------------------------------------===//

#include "compiler/lowering/LaneAlgebra.h"
#include "compiler/lowering/TileTime.h"
#include "compiler/lowering/schedules/Schedules.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

using namespace mlir;
using namespace minrnn::compiler;
using namespace minrnn::dialect;

/// The steps between a prefetch and its load: steps of many channels lie on
/// pages of their own, past which no processor fetches by itself.
static constexpr int64_t kStepsAhead = 8;

namespace {

/// Builds the loop of one scan.
class HostLoop {
public:
  HostLoop(OpBuilder &builder, Location location, ScanOp scan,
           LaneBuilder &lanes, TensorAccess &tensors, Value scratch)
      : builder(builder), location(location), scan(scan), lanes(lanes),
        tensors(tensors), scratch(scratch), algebra(scan, lanes),
        states(scan.getStateCount()) {}

  void build();

private:
  Value integer(int64_t value) {
    return arith::ConstantOp::create(builder, location,
                                     builder.getI64IntegerAttr(value));
  }
  Value add(Value x, Value y) {
    return arith::AddIOp::create(builder, location, x, y);
  }
  Value sub(Value x, Value y) {
    return arith::SubIOp::create(builder, location, x, y);
  }
  Value mul(Value x, Value y) {
    return arith::MulIOp::create(builder, location, x, y);
  }
  /// The steps at the positions from `begin` to `end`: `carried` are the states
  /// and the sums. `statesAt` gives the recomputed states of a position.
  SmallVector<Value>
  buildSteps(Value begin, Value end, ValueRange carried,
             llvm::function_ref<SmallVector<Value>(Value)> statesAt);
  /// All steps where the states that they started from are recomputed, from one
  /// tile of time to the one before.
  SmallVector<Value> buildRecomputedSteps(ArrayRef<Value> carried);
  /// Recomputes the states before each step of the tile of that number, at the
  /// positions from `first` to `end` of the forward pass, into `scratch`.
  void recomputeTile(Value tile, Value first, Value end,
                     const TimeAxis &forwardAxis, ArrayRef<Value> parameters);
  /// The place in `scratch` of a state: [step, state] of vectors.
  Value placeOf(Value step, int64_t state);
  /// Builds `body` for the tile that starts at `position`, where one does.
  void whenTileStarts(Value position, llvm::function_ref<void(Value)> body);
  /// The plain states after all steps.
  SmallVector<Value> lastStates(ArrayRef<Value> carried);

  OpBuilder &builder;
  Location location;
  ScanOp scan;
  LaneBuilder &lanes;
  TensorAccess &tensors;
  Value scratch;
  LaneAlgebra algebra;
  int64_t states;
};

} // namespace

void HostLoop::build() {
  SmallVector<Value> carried =
      algebra.encode(tensors.readRows(scan.getInitial()));
  llvm::append_range(carried, tensors.readSums(scan.getSums()));
  SmallVector<Value> results =
      scan.getTaken() ? buildRecomputedSteps(carried)
                      : buildSteps(tensors.begin(), tensors.end(), carried,
                                   [](Value) { return SmallVector<Value>(); });
  tensors.writeRows(scan.getLast(),
                    lastStates(ArrayRef(results).take_front(states)));
  tensors.writeSums(scan.getSums(), ArrayRef(results).drop_front(states));
}

SmallVector<Value>
HostLoop::buildSteps(Value begin, Value end, ValueRange carried,
                     llvm::function_ref<SmallVector<Value>(Value)> statesAt) {
  SmallVector<Value> parameters = tensors.readParameters(scan.getParameters());
  TensorAccess::InitialStates initialStates =
      tensors.readInitialStates(scan.getSequences());
  TimeAxis axis = tensors.timeAxis(scan.getReverse());
  auto loop =
      scf::ForOp::create(builder, location, begin, end, integer(1), carried);
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToStart(loop.getBody());
  Value position = loop.getInductionVar();
  StepPlace place = tensors.place(axis, position);
  // (Going back a step computes longer than it waits.)
  if (!scan.getReverse())
    tensors.prefetchStep(
        scan.getSequences(),
        add(place.time, mul(axis.direction, integer(kStepsAhead))));
  SmallVector<Value> values =
      tensors.readStep(scan.getSequences(), place, initialStates);
  llvm::append_range(values, statesAt(position));
  llvm::append_range(values, parameters);
  Element element = lanes.inlineRegion(scan.getElement(), values);
  SmallVector<Value> next(loop.getRegionIterArgs().take_front(states));
  if (Value boundaries = scan.getBoundaries())
    whenTileStarts(position, [&](Value tile) {
      tensors.writeBoundary(boundaries, tile, kTileTime, algebra.decode(next));
    });
  SmallVector<Value> yielded = algebra.replay(values, element, next);
  tensors.writeStep(scan.getOutputs(), place, yielded);
  int64_t stored = stepValueCount(scan.getOutputs().getTypes());
  for (auto [total, value] :
       llvm::zip(loop.getRegionIterArgs().drop_front(states),
                 ArrayRef(yielded).drop_front(stored)))
    next.push_back(lanes.add(total, value));
  scf::YieldOp::create(builder, location, next);
  return SmallVector<Value>(loop.getResults());
}

void HostLoop::whenTileStarts(Value position,
                              llvm::function_ref<void(Value)> body) {
  Value within =
      arith::RemUIOp::create(builder, location, position, integer(kTileTime));
  Value starts = arith::CmpIOp::create(
      builder, location, arith::CmpIPredicate::eq, within, integer(0));
  auto branch = scf::IfOp::create(builder, location, starts);
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToStart(branch.thenBlock());
  body(arith::DivUIOp::create(builder, location, position, integer(kTileTime)));
}

Value HostLoop::placeOf(Value step, int64_t state) {
  auto pointer = LLVM::LLVMPointerType::get(builder.getContext());
  Value index =
      add(mul(step, integer(scan.getRecomputedCount())), integer(state));
  return LLVM::GEPOp::create(builder, location, pointer, lanes.type(), scratch,
                             ArrayRef<LLVM::GEPArg>{index});
}

/// The alignment of a vector of lanes in memory of our own.
static unsigned alignmentOf(Type lane) {
  return cast<VectorType>(lane).getNumElements() * sizeof(float);
}

void HostLoop::recomputeTile(Value tile, Value first, Value end,
                             const TimeAxis &forwardAxis,
                             ArrayRef<Value> parameters) {
  auto loop = scf::ForOp::create(
      builder, location, first, end, integer(1),
      algebra.encode(tensors.readBoundary(scan.getTaken(), tile, kTileTime)));
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToStart(loop.getBody());
  Value position = loop.getInductionVar();
  Value within = sub(position, first);
  int64_t read = scan.getStates().getNumArguments() -
                 static_cast<int64_t>(parameters.size());
  // The leading sequences; what follows is of the backward pass alone.
  SmallVector<Value> values = tensors.readStep(
      leadingSequences(scan, read), tensors.place(forwardAxis, position),
      TensorAccess::InitialStates());
  llvm::append_range(values, parameters);
  Element element = lanes.inlineRegion(scan.getStates(), values);
  ValueRange before = loop.getRegionIterArgs();
  for (auto [state, plain] : llvm::enumerate(algebra.decode(before)))
    LLVM::StoreOp::create(builder, location, plain,
                          placeOf(within, static_cast<int64_t>(state)),
                          alignmentOf(lanes.type()));
  scf::YieldOp::create(builder, location, algebra.apply(element, before));
}

SmallVector<Value> HostLoop::buildRecomputedSteps(ArrayRef<Value> carried) {
  Value tiles = tensors.timeTiles(kTileTime);
  Value time = tensors.time();
  SmallVector<Value> parameters = tensors.readParameters(scan.getParameters());
  TimeAxis forwardAxis = tensors.timeAxis(/*isReverse=*/false);
  auto loop = scf::ForOp::create(builder, location, integer(0), tiles,
                                 integer(1), carried);
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToStart(loop.getBody());
  Value tile = sub(tiles, add(loop.getInductionVar(), integer(1)));
  Value first = mul(tile, integer(kTileTime));
  Value end = arith::MinSIOp::create(builder, location,
                                     add(first, integer(kTileTime)), time);
  recomputeTile(tile, first, end, forwardAxis, parameters);
  // From the tile's last step to its first; positions count from the end.
  auto fromEnd = [&](Value position) { return sub(time, position); };
  Value stop = fromEnd(first);
  Value begin = fromEnd(end);
  SmallVector<Value> next =
      buildSteps(begin, stop, loop.getRegionIterArgs(), [&](Value position) {
        Value step = sub(sub(fromEnd(position), integer(1)), first);
        SmallVector<Value> loaded;
        for (int64_t state = 0; state < scan.getRecomputedCount(); ++state)
          loaded.push_back(LLVM::LoadOp::create(builder, location, lanes.type(),
                                                placeOf(step, state),
                                                alignmentOf(lanes.type())));
        return loaded;
      });
  scf::YieldOp::create(builder, location, next);
  return SmallVector<Value>(loop.getResults());
}

SmallVector<Value> HostLoop::lastStates(ArrayRef<Value> carried) {
  if (!algebra.encodes())
    return SmallVector<Value>(carried);
  // Where there is no step, the states leave as they entered, to the bit, which
  // decoding would not give back.
  Value isEmpty =
      arith::CmpIOp::create(builder, location, arith::CmpIPredicate::sge,
                            tensors.begin(), tensors.end());
  SmallVector<Value> initial = tensors.readRows(scan.getInitial());
  SmallVector<Value> last = algebra.decode(carried);
  for (auto [state, entered] : llvm::zip_equal(last, initial))
    state = lanes.select(isEmpty, entered, state);
  return last;
}

void minrnn::compiler::buildHostLoop(OpBuilder &builder, Location location,
                                     ScanOp scan, LaneBuilder &lanes,
                                     TensorAccess &tensors, Value scratch) {
  HostLoop(builder, location, scan, lanes, tensors, scratch).build();
}
