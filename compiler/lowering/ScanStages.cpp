//===- ScanStages.cpp - The stages of a scan on a GPU ---------------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compiler/lowering/ScanStages.h"

#include "mlir/Dialect/MemRef/IR/MemRef.h"

using namespace mlir;
using namespace minrnn::compiler;
using namespace minrnn::dialect;

Type minrnn::compiler::exchangeBuffer(Builder &builder, const BlockShape &shape,
                                      int64_t size) {
  return MemRefType::get(
      {2, shape.warps, size, kWarpSize}, builder.getF32Type(),
      MemRefLayoutAttrInterface(),
      gpu::AddressSpaceAttr::get(builder.getContext(),
                                 gpu::AddressSpace::Workgroup));
}

int64_t minrnn::compiler::exchangeBytes(const BlockShape &shape, int64_t size) {
  return 2 * shape.warps * size * kWarpSize *
         static_cast<int64_t>(sizeof(float));
}

//===----------------------------------------------------------------------===//
// Load
//===----------------------------------------------------------------------===//

TileSteps minrnn::compiler::loadTile(ScanThread &thread, Value tileStart,
                                     Value tileEnd) {
  ThreadBlock &block = thread.block;
  TensorAccess &tensors = block.tensors;
  Value first = block.add(
      tileStart, block.mul(block.toInteger(block.warp),
                           block.integer(thread.shape.stepsPerThread)));
  Value lastPosition = block.sub(tensors.end(), block.integer(1));
  // All loads of a tile come first, so that they are under way together.
  // Beyond the end they read the last step again, and count as identity.
  TileSteps steps;
  // Stores need no clamping. Their places are linear in the step, which costs
  // fewer registers than to keep those of the loads.
  SmallVector<StepPlace> places;
  for (int64_t offset = 0; offset < thread.shape.stepsPerThread; ++offset) {
    Value position = block.add(first, block.integer(offset));
    if (tileEnd)
      position = block.sub(block.sub(tileEnd, block.integer(1)), position);
    steps.exists.push_back(
        block.compare(arith::CmpIPredicate::slt, position, tensors.end()));
    steps.storePlaces.push_back(tensors.storePlace(thread.axis, position));
    Value clamped = arith::MinSIOp::create(block.builder, block.location,
                                           position, lastPosition);
    places.push_back(tensors.place(thread.axis, clamped, position));
  }
  steps.values = tensors.readSteps(thread.scan.getSequences(), places,
                                   thread.initialStates);
  return steps;
}

//===----------------------------------------------------------------------===//
// Compose
//===----------------------------------------------------------------------===//

SmallVector<Element>
minrnn::compiler::composeSteps(ScanThread &thread, Region &region,
                               ArrayRef<SmallVector<Value>> values,
                               ArrayRef<Value> exists) {
  LaneBuilder &lanes = thread.block.lanes;
  Element identity = thread.algebra.identity();
  SmallVector<Element> elements;
  for (auto [step, exist] : llvm::zip(values, exists)) {
    Element element = lanes.inlineRegion(region, step);
    for (auto [value, neutral] : llvm::zip_equal(element, identity))
      value = lanes.select(exist, value, neutral);
    elements.push_back(element);
  }
  return elements;
}

//===----------------------------------------------------------------------===//
// Exchange
//===----------------------------------------------------------------------===//

/// Values of one thread in shared memory: [buffer, warp, value, lane].
static void writeShared(ThreadBlock &block, Value shared, Value parity,
                        ArrayRef<Value> values) {
  for (auto [place, value] : llvm::enumerate(values))
    memref::StoreOp::create(block.builder, block.location, value, shared,
                            ValueRange{parity, block.warp,
                                       block.index(static_cast<int64_t>(place)),
                                       block.lane});
}

/// The first `count` values of the same lane of `warp`.
static SmallVector<Value> readShared(ThreadBlock &block, Value shared,
                                     Value parity, int64_t warp,
                                     int64_t count) {
  Value from = block.index(warp);
  SmallVector<Value> values;
  for (int64_t place = 0; place < count; ++place)
    values.push_back(memref::LoadOp::create(
        block.builder, block.location, shared,
        ValueRange{parity, from, block.index(place), block.lane}));
  return values;
}

Exchanged minrnn::compiler::exchangeSummaries(ScanThread &thread, Value shared,
                                              Value parity,
                                              ArrayRef<Element> elements,
                                              ValueRange carried,
                                              bool againstWarps) {
  ThreadBlock &block = thread.block;
  Element summary = elements.front();
  for (const Element &element : elements.drop_front())
    summary = thread.algebra.compose(summary, element);
  // With two buffers one barrier is enough: whoever writes a buffer again has
  // passed the barrier of the tile between, and so has everyone who read it.
  writeShared(block, shared, parity, summary);
  gpu::BarrierOp::create(block.builder, block.location);
  Exchanged states{SmallVector<Value>(carried), SmallVector<Value>(carried)};
  int64_t warps = thread.shape.warps;
  for (int64_t turn = 0; turn < warps; ++turn) {
    int64_t from = againstWarps ? warps - 1 - turn : turn;
    Value isMine =
        block.compare(arith::CmpIPredicate::eq, block.warp, block.index(from));
    for (auto [state, running] : llvm::zip(states.entering, states.leaving))
      state = block.lanes.select(isMine, running, state);
    states.leaving = thread.algebra.apply(
        readShared(block, shared, parity, from, thread.algebra.elementSize()),
        states.leaving);
  }
  return states;
}

void minrnn::compiler::recomputeStates(ScanThread &thread, Value shared,
                                       Value parity, Value tileStart,
                                       TileSteps &steps) {
  ThreadBlock &block = thread.block;
  ScanOp scan = thread.scan;
  // The thread's steps in the order of the forward pass.
  int64_t read = scan.getStates().getNumArguments() -
                 static_cast<int64_t>(thread.parameters.size());
  SmallVector<SmallVector<Value>> values;
  for (ArrayRef<Value> step : llvm::reverse(steps.values)) {
    values.emplace_back(step.take_front(read));
    llvm::append_range(values.back(), thread.parameters);
  }
  SmallVector<Element> elements =
      composeSteps(thread, scan.getStates(), values,
                   SmallVector<Value>(llvm::reverse(steps.exists)));
  int64_t tileTime = thread.shape.tileTime();
  Value tile = arith::DivUIOp::create(block.builder, block.location, tileStart,
                                      block.integer(tileTime));
  SmallVector<Value> boundary = thread.algebra.encode(
      block.tensors.readBoundary(scan.getTaken(), tile, tileTime));
  SmallVector<Value> state =
      exchangeSummaries(thread, shared, parity, elements, boundary,
                        /*againstWarps=*/true)
          .entering;
  for (auto [step, element] :
       llvm::zip_equal(llvm::reverse(steps.values), elements)) {
    llvm::append_range(step, thread.algebra.decode(state));
    state = thread.algebra.apply(element, state);
  }
}

//===----------------------------------------------------------------------===//
// Replay and store
//===----------------------------------------------------------------------===//

void minrnn::compiler::replayAndStore(ScanThread &thread, TileSteps &steps,
                                      ArrayRef<Element> elements,
                                      ArrayRef<Value> entering,
                                      MutableArrayRef<Value> totals) {
  ThreadBlock &block = thread.block;
  LaneBuilder &lanes = block.lanes;
  ScanOp scan = thread.scan;
  int64_t stored = stepValueCount(scan.getOutputs().getTypes());
  SmallVector<Value> state(entering);
  for (auto [index, values] : llvm::enumerate(steps.values)) {
    SmallVector<Value> yielded =
        thread.algebra.replay(values, elements[index], state);
    Value exists = steps.exists[index];
    for (auto [total, value] :
         llvm::zip_equal(totals, ArrayRef(yielded).drop_front(stored)))
      total = lanes.add(total, lanes.select(exists, value, lanes.number(0)));
    block.when(block.both(exists, block.isInside), [&] {
      block.tensors.writeStep(scan.getOutputs(), steps.storePlaces[index],
                              yielded);
    });
  }
}

Value minrnn::compiler::sumOverWarps(ScanThread &thread, Value shared,
                                     Value value) {
  ThreadBlock &block = thread.block;
  // The barrier before keeps the buffer from whoever still reads it.
  gpu::BarrierOp::create(block.builder, block.location);
  writeShared(block, shared, block.index(0), {value, block.lanes.number(0)});
  gpu::BarrierOp::create(block.builder, block.location);
  Value total = block.lanes.number(0);
  for (int64_t from = 0; from < thread.shape.warps; ++from)
    total = block.lanes.add(
        total,
        readShared(block, shared, block.index(0), from, /*count=*/1).front());
  return total;
}
