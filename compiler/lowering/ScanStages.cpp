//===- ScanStages.cpp - The stages of a scan on a GPU ---------------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compiler/lowering/ScanStages.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"

using namespace mlir;
using namespace minrnn::compiler;
using namespace minrnn::dialect;

/// The values that one instruction moves to or from shared memory, of an
/// element of so many.
static int64_t pieceOf(int64_t size) {
  return size % 4 == 0 ? 4 : size % 2 == 0 ? 2 : 1;
}

Type minrnn::compiler::exchangeBuffer(Builder &builder, const BlockShape &shape,
                                      int64_t size) {
  int64_t piece = pieceOf(size);
  return MemRefType::get(
      {2, shape.warps, size / piece, kWarpSize},
      VectorType::get({piece}, builder.getF32Type()),
      MemRefLayoutAttrInterface(),
      gpu::AddressSpaceAttr::get(builder.getContext(),
                                 gpu::AddressSpace::Workgroup));
}

int64_t minrnn::compiler::exchangeBytes(const BlockShape &shape, int64_t size) {
  return 2 * shape.warps * size * kWarpSize *
         static_cast<int64_t>(sizeof(float));
}

TileAxis minrnn::compiler::tileAxis(ThreadBlock &block, ScanOp scan,
                                    BlockShape shape) {
  TensorAccess &tensors = block.tensors;
  if (!scan.getTaken())
    return {tensors.timeAxis(scan.getReverse()), /*first=*/{}, tensors.end()};
  TimeAxis forward = tensors.timeAxis(/*isReverse=*/false);
  Value end = block.mul(tensors.timeTiles(shape.tileTime()),
                        block.integer(shape.tileTime()));
  Value last = block.sub(end, block.integer(1));
  return {{block.add(forward.origin, block.mul(last, forward.direction)),
           block.sub(block.integer(0), forward.direction),
           /*lastPosition=*/{}},
          block.sub(end, tensors.end()),
          end};
}

ScanThread minrnn::compiler::startThread(ThreadBlock &block, ScanOp scan,
                                         const TileAxis &axis,
                                         BlockShape shape) {
  ScanThread thread{block,
                    shape,
                    scan,
                    LaneAlgebra(scan, block.lanes),
                    TilePointers(block, scan, axis, shape),
                    block.tensors.readParameters(scan.getParameters()),
                    /*isOwnWarp=*/{}};
  for (int64_t warp = 0; warp < shape.warps; ++warp)
    thread.isOwnWarp.push_back(
        block.compare(arith::CmpIPredicate::eq, block.warp, block.index(warp)));
  return thread;
}

//===----------------------------------------------------------------------===//
// Compose
//===----------------------------------------------------------------------===//

SmallVector<Element>
minrnn::compiler::elementsOf(ScanThread &thread, Region &region,
                             ArrayRef<SmallVector<Value>> values,
                             ArrayRef<Value> exists) {
  LaneBuilder &lanes = thread.block.lanes;
  Element identity = thread.algebra.identity();
  SmallVector<Element> elements;
  for (auto [index, step] : llvm::enumerate(values)) {
    Element element = lanes.inlineRegion(region, step);
    if (!exists.empty())
      for (auto [value, neutral] : llvm::zip_equal(element, identity))
        value = lanes.select(exists[index], value, neutral);
    elements.push_back(element);
  }
  return elements;
}

Element minrnn::compiler::composeSteps(ScanThread &thread,
                                       ArrayRef<Element> elements) {
  Element summary = elements.front();
  for (const Element &element : elements.drop_front())
    summary = thread.algebra.compose(summary, element);
  return summary;
}

void minrnn::compiler::prepareOutputs(ScanThread &thread, TileSteps &steps) {
  for (ArrayRef<Value> values : steps.values)
    steps.prepared.push_back(thread.algebra.prepare(values));
}

//===----------------------------------------------------------------------===//
// Exchange
//===----------------------------------------------------------------------===//

// Values of one thread in shared memory: [buffer, warp, piece, lane].
void minrnn::compiler::writeShared(ScanThread &thread, Value shared,
                                   Value parity, ArrayRef<Value> values) {
  ThreadBlock &block = thread.block;
  auto piece =
      cast<VectorType>(cast<MemRefType>(shared.getType()).getElementType());
  for (int64_t place = 0; !values.empty(); ++place) {
    size_t count = std::min<size_t>(piece.getNumElements(), values.size());
    Value vector = LLVM::PoisonOp::create(block.builder, block.location, piece);
    for (auto [index, value] : llvm::enumerate(values.take_front(count)))
      vector = LLVM::InsertElementOp::create(
          block.builder, block.location, vector, value,
          block.integer(static_cast<int64_t>(index)));
    values = values.drop_front(count);
    memref::StoreOp::create(
        block.builder, block.location, vector, shared,
        ValueRange{parity, block.warp, block.index(place), block.lane});
  }
}

/// The first `count` values of the same lane of `warp`.
static SmallVector<Value> readSharedValues(ThreadBlock &block, Value shared,
                                           Value parity, int64_t warp,
                                           int64_t count) {
  Value from = block.index(warp);
  int64_t piece =
      cast<VectorType>(cast<MemRefType>(shared.getType()).getElementType())
          .getNumElements();
  SmallVector<Value> values;
  Value vector;
  for (int64_t index = 0; index < count; ++index) {
    if (index % piece == 0)
      vector = memref::LoadOp::create(
          block.builder, block.location, shared,
          ValueRange{parity, from, block.index(index / piece), block.lane});
    values.push_back(LLVM::ExtractElementOp::create(
        block.builder, block.location, vector, block.integer(index % piece)));
  }
  return values;
}

Element minrnn::compiler::readShared(ScanThread &thread, Value shared,
                                     Value parity, int64_t warp) {
  return readSharedValues(thread.block, shared, parity, warp,
                          thread.algebra.elementSize());
}

Exchanged minrnn::compiler::applySummaries(ScanThread &thread, Value shared,
                                           Value parity, ValueRange carried,
                                           bool againstWarps) {
  ThreadBlock &block = thread.block;
  Exchanged states{SmallVector<Value>(carried), SmallVector<Value>(carried)};
  int64_t warps = thread.shape.warps;
  for (int64_t turn = 0; turn < warps; ++turn) {
    int64_t from = againstWarps ? warps - 1 - turn : turn;
    for (auto [state, running] : llvm::zip(states.entering, states.leaving))
      state = block.lanes.select(thread.isOwnWarp[from], running, state);
    states.leaving = thread.algebra.apply(
        readShared(thread, shared, parity, from), states.leaving);
  }
  return states;
}

Exchanged minrnn::compiler::exchangeSummaries(ScanThread &thread, Value shared,
                                              Value parity,
                                              ArrayRef<Element> elements,
                                              ValueRange carried,
                                              bool againstWarps) {
  // With two buffers one barrier is enough: whoever writes a buffer again has
  // passed the barrier of the tile between, and so has everyone who read it.
  writeShared(thread, shared, parity, composeSteps(thread, elements));
  gpu::BarrierOp::create(thread.block.builder, thread.block.location);
  return applySummaries(thread, shared, parity, carried, againstWarps);
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
      elementsOf(thread, scan.getStates(), values,
                 SmallVector<Value>(llvm::reverse(steps.which.exists)));
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

void minrnn::compiler::replayAndStore(ScanThread &thread, ValueRange pointers,
                                      const TileSteps &steps,
                                      ArrayRef<Element> elements,
                                      ArrayRef<Value> entering,
                                      MutableArrayRef<Value> totals) {
  LaneBuilder &lanes = thread.block.lanes;
  int64_t stored = stepValueCount(thread.scan.getOutputs().getTypes());
  ArrayRef<Value> exists = steps.which.exists;
  SmallVector<Value> state(entering);
  SmallVector<SmallVector<Value>> yielded;
  for (auto [index, values] : llvm::enumerate(steps.values)) {
    yielded.push_back(thread.algebra.replay(
        values, elements[index], state,
        steps.prepared.empty() ? IRMapping() : steps.prepared[index]));
    for (auto [total, value] :
         llvm::zip_equal(totals, ArrayRef(yielded.back()).drop_front(stored)))
      total =
          lanes.add(total, exists.empty() ? value
                                          : lanes.select(exists[index], value,
                                                         lanes.number(0)));
  }
  thread.pointers.store(pointers, steps.which, yielded);
}

Value minrnn::compiler::sumOverWarps(ScanThread &thread, Value shared,
                                     Value value) {
  ThreadBlock &block = thread.block;
  // The barrier before keeps the buffer from whoever still reads it.
  gpu::BarrierOp::create(block.builder, block.location);
  writeShared(thread, shared, block.index(0), value);
  gpu::BarrierOp::create(block.builder, block.location);
  Value total = block.lanes.number(0);
  for (int64_t from = 0; from < thread.shape.warps; ++from)
    total =
        block.lanes.add(total, readSharedValues(block, shared, block.index(0),
                                                from, /*count=*/1)
                                   .front());
  return total;
}
