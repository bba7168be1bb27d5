//===- Lookback.cpp - The look-back schedule ------------------------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Each tile of time of 32 channels of one row is a block. A tile composes its
// steps to one element, its summary, and publishes it. The states that it
// starts from are those after the group of 32 tiles before, to which it applies
// the summaries of the tiles before it in its own group. The last tile of a
// group publishes the states after it instead of its summary. What is composed
// with what is the same in every run, and so are the bits of the result.
//
// Why nobody waits forever: a block takes its place in time from a counter of
// its row and channels. It waits only for earlier places, whose blocks have
// begun, whatever the order in which the GPU starts blocks; and the earliest
// one that is not done waits for nobody.
//
// Why what is read is what was written: each thread publishes its own channel,
// with a release store behind the stores of the values, and reads the same
// channel of other tiles behind an acquire of that very word, at the scope of
// the GPU. So all ordering is between two threads and one word; no barrier and
// no order among the lanes of a warp takes part in it. A word goes from 0 to 1
// once in a launch, and values are written once.
//
//===----------------------------------------------------------------------===//

#include "compiler/lowering/Passes.h"
#include "compiler/lowering/ScanStages.h"
#include "compiler/lowering/schedules/Schedules.h"
#include "compiler/transforms/EntryTensors.h"
#include "compiler/transforms/Passes.h"

#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

using namespace mlir;
using namespace minrnn::compiler;
using namespace minrnn::dialect;

/// The tiles of a group, behind each of which stand its last states.
static constexpr int64_t kGroupTiles = 32;
/// The scope of all that blocks do with each other's words.
static constexpr StringLiteral kScope = "device";

int64_t minrnn::compiler::lookbackSharedBytes(int64_t elementSize,
                                              BlockShape shape) {
  // The ticket lies beside what warps exchange.
  return exchangeBytes(shape, elementSize) + 16;
}

namespace {

/// Builds one kernel.
class LookbackSchedule {
public:
  LookbackSchedule(ThreadBlock &block, func::FuncOp function, ScanOp scan,
                   BlockShape shape);

  void build();

private:
  Value word(int32_t value);
  Value less(Value x, Value y) {
    return block.compare(arith::CmpIPredicate::slt, x, y);
  }
  Value equal(Value x, Value y) {
    return block.compare(arith::CmpIPredicate::eq, x, y);
  }
  Value least(Value x, Value y) {
    return arith::MinSIOp::create(builder, location, x, y);
  }
  Value both(Value x, Value y) { return block.both(x, y); }

  /// The block's tile of time, from the counter.
  Value takeTile();
  /// All of one tile. Where it `isWhole`, each of its steps exists and no reset
  /// mask is given.
  void buildTile(bool isWhole);

  /// The word that tells whether `tile` has published.
  Value publishedWord(Value tile);
  /// Publishes `values` for `tile`, this thread's.
  void publish(ValueRange values);
  /// Waits until each of `tiles` (i64) has published, and sees what it has.
  void await(ArrayRef<Value> tiles);
  /// What the warps' steps come to, as one element.
  Element composeWarps();
  /// The tiles of the group that are this warp's to compose, as one element.
  Element composeShare();
  /// The carried states that the tile starts from.
  SmallVector<Value> statesBeforeTile();

  ThreadBlock &block;
  OpBuilder &builder;
  Location location;
  TensorAccess &tensors;
  ScanOp scan;
  BlockShape shape;
  Value tickets;
  Value published;
  Value summaries;
  Value shared;
  Value sharedTicket;
  TileAxis axis;
  std::optional<ScanThread> scanThread;

  Value tile;
  /// The first tile of its group, and the tile's place in that.
  Value group;
  Value place;
  /// Whether no tile follows in the row, and none in the group (i1 each).
  Value isLast;
  Value isLastOfGroup;
  /// Whether the thread writes what a row, or a tile, has once for each
  /// channel.
  Value isWriter;
};

} // namespace

LookbackSchedule::LookbackSchedule(ThreadBlock &block, func::FuncOp function,
                                   ScanOp scan, BlockShape shape)
    : block(block), builder(block.builder), location(block.location),
      tensors(block.tensors), scan(scan), shape(shape),
      tickets(findArgument(function, kTickets)),
      published(findArgument(function, kPublished)),
      summaries(findArgument(function, kSummaries)),
      axis(tileAxis(block, scan, shape)) {
  auto buffers = block.kernel.getWorkgroupAttributions();
  shared = buffers.front();
  sharedTicket = buffers.back();
}

Value LookbackSchedule::word(int32_t value) {
  return arith::ConstantOp::create(builder, location,
                                   builder.getI32IntegerAttr(value));
}

//===----------------------------------------------------------------------===//
// Between blocks
//===----------------------------------------------------------------------===//

/// The address of the word at `index` of a tensor of words.
static Value wordAddress(ThreadBlock &block, Value tensor, Value index) {
  Value pointer = block.tensors.tensorOf(tensor).pointer;
  return LLVM::GEPOp::create(block.builder, block.location, pointer.getType(),
                             block.builder.getI32Type(), pointer,
                             ArrayRef<LLVM::GEPArg>{index});
}

Value LookbackSchedule::takeTile() {
  // The block's first thread has its first channel, which exists.
  Value isFirst = both(equal(block.toInteger(block.lane), block.integer(0)),
                       equal(block.toInteger(block.warp), block.integer(0)));
  Value zero = block.index(0);
  block.when(isFirst, [&] {
    Value address =
        wordAddress(block, tickets, tensors.rowIndex(/*gates=*/1, /*gate=*/0));
    Value ticket = LLVM::AtomicRMWOp::create(
        builder, location, LLVM::AtomicBinOp::add, address, word(1),
        LLVM::AtomicOrdering::monotonic, kScope);
    memref::StoreOp::create(builder, location, ticket, sharedTicket, zero);
  });
  gpu::BarrierOp::create(builder, location);
  Value ticket = memref::LoadOp::create(builder, location, sharedTicket, zero);
  return arith::ExtUIOp::create(builder, location, builder.getI64Type(),
                                ticket);
}

Value LookbackSchedule::publishedWord(Value tile) {
  return wordAddress(block, published,
                     tensors.boundaryIndex(tile, shape.tileTime(), /*states=*/1,
                                           /*state=*/0));
}

void LookbackSchedule::publish(ValueRange values) {
  tensors.writeBoundary(summaries, tile, shape.tileTime(), values);
  LLVM::StoreOp::create(builder, location, word(1), publishedWord(tile),
                        /*alignment=*/4, /*isVolatile=*/false,
                        /*isNonTemporal=*/false, /*isInvariantGroup=*/false,
                        LLVM::AtomicOrdering::release, kScope);
}

void LookbackSchedule::await(ArrayRef<Value> tiles) {
  SmallVector<Value> addresses;
  for (Value tile : tiles)
    addresses.push_back(publishedWord(tile));
  auto loop =
      scf::WhileOp::create(builder, location, TypeRange(), ValueRange());
  OpBuilder::InsertionGuard guard(builder);
  builder.createBlock(&loop.getBefore());
  Value isMissing;
  for (Value address : addresses) {
    Value found = LLVM::LoadOp::create(
        builder, location, builder.getI32Type(), address, /*alignment=*/4,
        /*isVolatile=*/false, /*isNonTemporal=*/false, /*isInvariant=*/false,
        /*isInvariantGroup=*/false, LLVM::AtomicOrdering::acquire, kScope);
    Value isZero = equal(found, word(0));
    isMissing = isMissing
                    ? arith::OrIOp::create(builder, location, isMissing, isZero)
                    : isZero;
  }
  scf::ConditionOp::create(builder, location, isMissing, ValueRange());
  builder.createBlock(&loop.getAfter());
  scf::YieldOp::create(builder, location);
}

//===----------------------------------------------------------------------===//
// The tree
//===----------------------------------------------------------------------===//

Element LookbackSchedule::composeWarps() {
  ScanThread &thread = *scanThread;
  auto read = [&](int64_t warp) {
    return readShared(thread, shared, block.index(0), warp);
  };
  Element summary = read(0);
  for (int64_t warp = 1; warp < shape.warps; ++warp)
    summary = thread.algebra.compose(summary, read(warp));
  return summary;
}

Element LookbackSchedule::composeShare() {
  ScanThread &thread = *scanThread;
  int64_t share = (kGroupTiles + shape.warps - 1) / shape.warps;
  Value first = block.mul(block.toInteger(block.warp), block.integer(share));
  SmallVector<Type> types(thread.algebra.elementSize(), block.lanes.type());
  auto hasTiles =
      scf::IfOp::create(builder, location, types, less(first, place),
                        /*withElseRegion=*/true);
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToStart(hasTiles.elseBlock());
  scf::YieldOp::create(builder, location, thread.algebra.identity());
  builder.setInsertionPointToStart(hasTiles.thenBlock());
  // All loads side by side; in the place of a tile that is not before this one,
  // the last that is.
  SmallVector<Value> tiles;
  for (int64_t index = 0; index < share; ++index)
    tiles.push_back(
        block.add(group, least(block.add(first, block.integer(index)),
                               block.sub(place, block.integer(1)))));
  await(tiles);
  SmallVector<Element> elements;
  for (Value earlier : tiles)
    elements.push_back(
        tensors.readBoundary(summaries, earlier, shape.tileTime()));
  Element composed = elements.front();
  for (int64_t index = 1; index < share; ++index) {
    Value exists = less(block.add(first, block.integer(index)), place);
    Element longer = thread.algebra.compose(composed, elements[index]);
    for (auto [value, added] : llvm::zip_equal(composed, longer))
      value = block.lanes.select(exists, added, value);
  }
  scf::YieldOp::create(builder, location, composed);
  return Element(hasTiles.getResults());
}

SmallVector<Value> LookbackSchedule::statesBeforeTile() {
  ScanThread &thread = *scanThread;
  // The second buffer: the first still holds the warps' own steps.
  Value parity = block.index(1);
  writeShared(thread, shared, parity, composeShare());
  SmallVector<Type> types(scan.getStateCount(), block.lanes.type());
  auto hasGroup =
      scf::IfOp::create(builder, location, types, less(block.integer(0), group),
                        /*withElseRegion=*/true);
  {
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPointToStart(hasGroup.elseBlock());
    scf::YieldOp::create(
        builder, location,
        thread.algebra.encode(tensors.readRows(scan.getInitial())));
    builder.setInsertionPointToStart(hasGroup.thenBlock());
    Value before = block.sub(group, block.integer(1));
    await(before);
    SmallVector<Value> states =
        tensors.readBoundary(summaries, before, shape.tileTime());
    states.truncate(types.size());
    scf::YieldOp::create(builder, location, states);
  }
  gpu::BarrierOp::create(builder, location);
  return applySummaries(thread, shared, parity,
                        SmallVector<Value>(hasGroup.getResults()),
                        /*againstWarps=*/false)
      .leaving;
}

//===----------------------------------------------------------------------===//
// A tile
//===----------------------------------------------------------------------===//

void LookbackSchedule::buildTile(bool isWhole) {
  ScanThread &thread = *scanThread;
  TilePointers &tilePointers = thread.pointers;
  int64_t tileTime = shape.tileTime();
  Value position = block.add(block.mul(tile, block.integer(tileTime)),
                             block.mul(block.toInteger(block.warp),
                                       block.integer(shape.stepsPerThread)));
  SmallVector<Value> pointers = tilePointers.at(position);
  TileSteps steps{tilePointers.steps(position, isWhole), {}, {}};
  steps.values = tilePointers.values(
      tilePointers.load(pointers, steps.which, /*withMask=*/!isWhole),
      steps.which, /*withMask=*/!isWhole);
  if (scan.getTaken()) {
    // The second buffer: who writes it again has passed a barrier first.
    Value next = block.add(tile, block.integer(1));
    recomputeStates(
        thread, shared, /*parity=*/block.index(1),
        block.sub(axis.end, block.mul(next, block.integer(tileTime))), steps);
  }
  for (SmallVector<Value> &step : steps.values)
    llvm::append_range(step, thread.parameters);
  SmallVector<Element> elements =
      elementsOf(thread, scan.getElement(), steps.values, steps.which.exists);

  Value parity = block.index(0);
  writeShared(thread, shared, parity, composeSteps(thread, elements));
  gpu::BarrierOp::create(builder, location);
  Value hasNext = arith::XOrIOp::create(
      builder, location, isLast,
      arith::ConstantOp::create(builder, location, builder.getBoolAttr(true)));
  Value isInGroup = arith::XOrIOp::create(
      builder, location, isLastOfGroup,
      arith::ConstantOp::create(builder, location, builder.getBoolAttr(true)));
  block.when(both(isWriter, both(hasNext, isInGroup)),
             [&] { publish(composeWarps()); });
  SmallVector<Value> before = statesBeforeTile();
  if (Value boundaries = scan.getBoundaries()) {
    SmallVector<Value> plain = thread.algebra.decode(before);
    block.when(isWriter, [&] {
      tensors.writeBoundary(boundaries, tile, tileTime, plain);
    });
  }
  Exchanged exchanged = applySummaries(thread, shared, parity, before,
                                       /*againstWarps=*/false);
  block.when(both(isWriter, both(hasNext, isLastOfGroup)),
             [&] { publish(exchanged.leaving); });
  block.when(both(isWriter, isLast), [&] {
    tensors.writeRows(scan.getLast(), thread.algebra.decode(exchanged.leaving));
  });

  SmallVector<Value> totals(packedValueCount(scan.getSums().getTypes()),
                            block.lanes.number(0));
  replayAndStore(thread, pointers, steps, elements, exchanged.entering, totals);
  ArrayRef<Value> left(totals);
  for (Value sum : scan.getSums()) {
    SmallVector<Value> overWarps;
    for (Value value : left.take_front(packedValueCount(sum.getType())))
      overWarps.push_back(sumOverWarps(thread, shared, value));
    left = left.drop_front(overWarps.size());
    block.when(isWriter,
               [&] { tensors.writeBoundary(sum, tile, tileTime, overWarps); });
  }
}

void LookbackSchedule::build() {
  scanThread.emplace(startThread(block, scan, axis, shape));
  isWriter = both(scanThread->isOwnWarp.front(), block.isInside);
  // Without a step, there is one block, and the last states are the initial
  // ones.
  auto hasSteps =
      scf::IfOp::create(builder, location, less(block.integer(0), axis.end),
                        /*withElseRegion=*/true);
  builder.setInsertionPointToStart(hasSteps.elseBlock());
  block.when(isWriter, [&] {
    tensors.writeRows(scan.getLast(), tensors.readRows(scan.getInitial()));
  });
  builder.setInsertionPointToStart(hasSteps.thenBlock());

  tile = takeTile();
  place = arith::RemUIOp::create(builder, location, tile,
                                 block.integer(kGroupTiles));
  group = block.sub(tile, place);
  Value next = block.add(tile, block.integer(1));
  isLast = equal(next, tensors.timeTiles(shape.tileTime()));
  isLastOfGroup = equal(place, block.integer(kGroupTiles - 1));
  Value tileTime = block.integer(shape.tileTime());
  Value isWhole = block.compare(arith::CmpIPredicate::sle,
                                block.mul(next, tileTime), axis.end);
  if (axis.first)
    isWhole = block.compare(arith::CmpIPredicate::sle, axis.first,
                            block.mul(tile, tileTime));
  if (Value isMasked = scanThread->pointers.maskIsGiven())
    isWhole = arith::SelectOp::create(
        builder, location, isMasked,
        arith::ConstantOp::create(builder, location,
                                  builder.getBoolAttr(false)),
        isWhole);
  auto whole =
      scf::IfOp::create(builder, location, isWhole, /*withElseRegion=*/true);
  builder.setInsertionPointToStart(whole.thenBlock());
  buildTile(/*isWhole=*/true);
  builder.setInsertionPointToStart(whole.elseBlock());
  buildTile(/*isWhole=*/false);
  builder.setInsertionPointAfter(hasSteps);
  gpu::ReturnOp::create(builder, location);
}

void minrnn::compiler::buildLookbackKernel(OpBuilder &builder,
                                           func::FuncOp function, ScanOp scan,
                                           ArrayRef<EntryArgument> signature,
                                           BlockShape shape,
                                           bool roundsToBF16) {
  Type ticket =
      MemRefType::get({1}, builder.getI32Type(), MemRefLayoutAttrInterface(),
                      gpu::AddressSpaceAttr::get(builder.getContext(),
                                                 gpu::AddressSpace::Workgroup));
  int64_t summary = scan.getElementSize();
  ThreadBlock block(
      builder, function, signature, roundsToBF16, kWarpSize, shape.tileTime(),
      {static_cast<int32_t>(kWarpSize), static_cast<int32_t>(shape.warps), 1},
      {exchangeBuffer(builder, shape, summary), ticket});
  block.kernel->setAttr(kTileSummaryAttribute,
                        builder.getI64IntegerAttr(summary));
  block.lane =
      gpu::ThreadIdOp::create(builder, block.location, gpu::Dimension::x);
  block.warp =
      gpu::ThreadIdOp::create(builder, block.location, gpu::Dimension::y);
  // Blocks side by side take tiles of different rows and channels.
  Value rows =
      block.mul(block.tensors.batch(), block.tensors.channelTiles(kWarpSize));
  block.locate(kWarpSize, arith::RemUIOp::create(builder, block.location,
                                                 block.blockIndex(), rows));
  LookbackSchedule(block, function, scan, shape).build();
}
