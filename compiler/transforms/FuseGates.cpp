//===- FuseGates.cpp - From a cell to functions over sequences ------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compiler/transforms/Passes.h"
#include "dialect/MinRNN.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/IRMapping.h"

namespace minrnn::compiler {
#define GEN_PASS_DEF_FUSEGATESPASS
#include "compiler/transforms/Passes.h.inc"
} // namespace minrnn::compiler

using namespace mlir;
using namespace minrnn::compiler;
using namespace minrnn::dialect;

/// tensor<?x?x..xf32>, each extent dynamic where it is negative.
static RankedTensorType tensorOf(OpBuilder &builder,
                                 ArrayRef<int64_t> extents) {
  return RankedTensorType::get(extents, builder.getF32Type());
}

namespace {

/// Copies a cell's equations into scalar regions, its projections replaced by
/// the region's arguments.
class GateFusion {
public:
  GateFusion(CellOp cell, OpBuilder &builder)
      : cell(cell), builder(builder), location(cell.getLoc()),
        gates(cell.getGateNames()) {}

  void buildForward();
  void buildStep();

private:
  /// Copies what is free of the state into the block that starts with one
  /// argument a gate; returns the mapping from the cell's values to the copies.
  IRMapping copyEquations(Block *block);

  CellOp cell;
  OpBuilder &builder;
  Location location;
  SmallVector<StringRef> gates;
};

} // namespace

IRMapping GateFusion::copyEquations(Block *block) {
  IRMapping mapping;
  for (Operation &op : cell.getBody().front().without_terminator()) {
    if (auto project = dyn_cast<ProjectOp>(op)) {
      auto index = llvm::find(gates, project.getGate()) - gates.begin();
      BlockArgument gate = block->getArgument(index);
      gate.setLoc(project.getLoc()); // Where an error about it belongs.
      mapping.map(project.getResult(), gate);
      continue;
    }
    bool readsState = llvm::any_of(op.getOperands(), [&](Value operand) {
      return !mapping.contains(operand);
    });
    if (!readsState)
      builder.clone(op, mapping);
  }
  return mapping;
}

void GateFusion::buildForward() {
  constexpr int64_t dynamic = ShapedType::kDynamic;
  auto gateCount = static_cast<int64_t>(gates.size());
  auto input = tensorOf(builder, {dynamic, dynamic, dynamic});
  auto weight = tensorOf(builder, {gateCount, dynamic, dynamic});
  auto bias = tensorOf(builder, {gateCount, dynamic});
  auto state = tensorOf(builder, {dynamic, dynamic});
  auto hidden = tensorOf(builder, {dynamic, dynamic, dynamic});
  auto packed = tensorOf(builder, {dynamic, dynamic, gateCount, dynamic});

  auto function = func::FuncOp::create(
      builder, location, kForwardName,
      builder.getFunctionType({input, weight, bias, state}, {hidden, state}));
  OpBuilder::InsertionGuard guard(builder);
  Block *body = function.addEntryBlock();
  builder.setInsertionPointToStart(body);
  Value preactivations = PackedProjectionOp::create(
      builder, location, packed, body->getArgument(0), body->getArgument(1),
      builder.getStrArrayAttr(gates));

  auto affine = cell.getYield().getOperand(0).getDefiningOp<AffineOp>();
  auto scan = ScanOp::create(builder, location, TypeRange{hidden, state},
                             Domain::Linear, /*reverse=*/false,
                             ValueRange{preactivations}, body->getArgument(2),
                             body->getArgument(3));
  scan->setAttr(kCoefficientRangeAttribute, affine.getCoefficientRange());
  scan->setAttr(kOffsetRangeAttribute, affine.getOffsetRange());
  func::ReturnOp::create(builder, location, scan.getResults());

  Block *element =
      startScalarRegion(builder, scan.getElement(), gates.size(), location);
  IRMapping copies = copyEquations(element);
  YieldOp::create(builder, location,
                  ValueRange{copies.lookup(affine.getCoefficient()),
                             copies.lookup(affine.getOffset())});
  Block *output =
      startScalarRegion(builder, scan.getOutput(), gates.size() + 2, location);
  YieldOp::create(builder, location, ValueRange{output->getArguments().back()});
}

void GateFusion::buildStep() {
  constexpr int64_t dynamic = ShapedType::kDynamic;
  auto gateCount = static_cast<int64_t>(gates.size());
  auto packed = tensorOf(builder, {dynamic, gateCount, dynamic});
  auto bias = tensorOf(builder, {gateCount, dynamic});
  auto state = tensorOf(builder, {dynamic, dynamic});
  auto function = func::FuncOp::create(
      builder, location, kStepName,
      builder.getFunctionType({packed, bias, state}, {state}));
  OpBuilder::InsertionGuard guard(builder);
  Block *body = function.addEntryBlock();
  builder.setInsertionPointToStart(body);
  auto step = StepOp::create(builder, location, state, body->getArgument(0),
                             body->getArgument(1), body->getArgument(2));
  func::ReturnOp::create(builder, location, step.getResult());

  Block *equations =
      startScalarRegion(builder, step.getBody(), gates.size() + 1, location);
  Value previous = equations->getArguments().back();
  auto affine = cell.getYield().getOperand(0).getDefiningOp<AffineOp>();
  IRMapping copies = copyEquations(equations);
  Value kept = arith::MulFOp::create(
      builder, location, copies.lookup(affine.getCoefficient()), previous);
  Value next = arith::AddFOp::create(builder, location, kept,
                                     copies.lookup(affine.getOffset()));
  YieldOp::create(builder, location, next);
}

namespace {

struct FuseGatesPass
    : public minrnn::compiler::impl::FuseGatesPassBase<FuseGatesPass> {
  void runOnOperation() override {
    ModuleOp module = getOperation();
    auto cells = llvm::to_vector(module.getOps<CellOp>());
    if (cells.size() != 1) {
      module.emitOpError("expects one minrnn.cell, found ") << cells.size();
      return signalPassFailure();
    }
    CellOp cell = cells.front();
    if (!isa_and_nonnull<AffineOp>(
            cell.getYield().getOperand(0).getDefiningOp())) {
      cell.emitOpError("expects a cell proven parallel; run "
                       "minrnn-prove-recurrence first");
      return signalPassFailure();
    }
    OpBuilder builder(cell);
    module->setAttr(kCellAttribute, cell.getSymNameAttr());
    module->setAttr(kGatesAttribute,
                    builder.getStrArrayAttr(cell.getGateNames()));
    module->setAttr(kStatesAttribute, cell.getStateNamesAttr());
    GateFusion fusion(cell, builder);
    fusion.buildForward();
    fusion.buildStep();
    cell.erase();
  }
};

} // namespace
