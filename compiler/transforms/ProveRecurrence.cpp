//===- ProveRecurrence.cpp - The verdict on a cell ------------------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compiler/analysis/Interval.h"
#include "compiler/analysis/Recurrence.h"
#include "compiler/transforms/Passes.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/Remarks.h"

#include <optional>

namespace minrnn::compiler {
#define GEN_PASS_DEF_PROVERECURRENCEPASS
#include "compiler/transforms/Passes.h.inc"
} // namespace minrnn::compiler

using namespace mlir;
using namespace minrnn::compiler;
using namespace minrnn::dialect;

namespace {

remark::RemarkOpts remarkOptions(StringRef name, CellOp cell) {
  return remark::RemarkOpts::name(name)
      .category("minrnn-prove-recurrence")
      .function(cell.getSymName());
}

/// Marks `cell` as sequential, and says why at the operation that forbids it.
void markSequential(CellOp cell, const SequentialReason &reason) {
  std::string text;
  if (reason.culprit && reason.culprit != cell)
    text = ("'" + reason.culprit->getName().getStringRef() + "' ").str();
  text += reason.because + "; to make it parallel, " + reason.remedy;
  Location location = reason.culprit ? reason.culprit->getLoc() : cell.getLoc();
  cell->setAttr(kSequentialAttribute, StringAttr::get(cell.getContext(), text));
  cell->setAttr(kSequentialAtAttribute, LocationAttr(location));
  remark::analysis(location, remarkOptions("Sequential", cell))
      << "sequential: " + text;
}

/// The form of a state's next value.
struct ProvenState {
  AffineForm form;
  /// Behind the parts of the form: where the proof will stand.
  OpBuilder::InsertPoint place;
  IntervalAttr coefficientRange;
  IntervalAttr offsetRange;
};

/// The affine form of every state's next value, or none: then the cell has been
/// marked sequential.
std::optional<SmallVector<ProvenState>> solveStates(CellOp cell,
                                                    OpBuilder &builder) {
  SmallVector<ProvenState> proven;
  YieldOp yield = cell.getYield();
  for (auto [index, next] : llvm::enumerate(yield.getOperands())) {
    BlockArgument state = cell.getStates()[index];
    SmallVector<Value> otherStates;
    for (BlockArgument other : cell.getStates())
      if (other != state)
        otherStates.push_back(other);
    // Right behind the value, so that all that reads it can read its proof.
    if (Operation *definition = next.getDefiningOp())
      builder.setInsertionPointAfter(definition);
    else
      builder.setInsertionPoint(yield);
    // A step written as minrnn.affine has its form already. What it claims
    // beyond that is a claim, and is proven like any other.
    auto affine = next.getDefiningOp<AffineOp>();
    if (affine && affine.getState() == state) {
      proven.push_back({{affine.getCoefficient(), affine.getOffset()},
                        builder.saveInsertionPoint(),
                        {},
                        {}});
      continue;
    }
    RecurrenceAnalysis recurrence(state, otherStates, builder);
    std::optional<AffineForm> form = recurrence.solve(next, yield);
    if (!form) {
      markSequential(cell, recurrence.reason());
      return std::nullopt;
    }
    proven.push_back({*form, builder.saveInsertionPoint(), {}, {}});
  }
  return proven;
}

/// Writes the proof of one state down: its next value becomes minrnn.affine.
void writeProof(CellOp cell, unsigned index, const ProvenState &proven,
                OpBuilder &builder) {
  YieldOp yield = cell.getYield();
  Value next = yield.getOperand(index);
  BlockArgument state = cell.getStates()[index];
  auto affine = next.getDefiningOp<AffineOp>();
  if (affine && affine.getState() == state) {
    affine.setCoefficientRangeAttr(proven.coefficientRange);
    affine.setOffsetRangeAttr(proven.offsetRange);
    return;
  }
  Location location = next.getDefiningOp() ? next.getLoc() : yield.getLoc();
  builder.restoreInsertionPoint(proven.place);
  auto proof = AffineOp::create(builder, location, proven.form.coefficient,
                                state, proven.form.offset,
                                proven.coefficientRange, proven.offsetRange);
  yield.getValuesMutable()[index].assign(proof);
  // The output may be computed from the state after the step. (Where the next
  // value is free of the state, it stands for itself.)
  if (next.getDefiningOp() && next != proven.form.offset)
    next.replaceUsesWithIf(proof.getResult(), [&](OpOperand &use) {
      return proof->isBeforeInBlock(use.getOwner()) &&
             !isa<YieldOp>(use.getOwner());
    });
}

void prove(CellOp cell) {
  // A verdict from before is no longer known to hold.
  cell->removeAttr(kSequentialAttribute);
  cell->removeAttr(kSequentialAtAttribute);
  OpBuilder builder(cell.getYield());
  std::optional<SmallVector<ProvenState>> proven = solveStates(cell, builder);
  if (!proven)
    return;
  // One of a state that no next value reads mixes the channels all the same. A
  // projection of a gate value is parallel in principle, but it is a second
  // matrix product, chained behind the first; none is built yet.
  for (auto project : cell.getBody().getOps<ProjectOp>()) {
    if (isa<InputType>(project.getOperand().getType()))
      continue;
    if (llvm::is_contained(cell.getStates(), project.getOperand()))
      markSequential(cell, mixesChannels(project));
    else
      markSequential(cell,
                     {project, "projects a value computed within the step",
                      "project the input vector instead"});
    return;
  }
  IntervalAnalysis intervals;
  std::string ranges;
  for (auto [index, state] : llvm::enumerate(*proven)) {
    state.coefficientRange =
        intervals.get(state.form.coefficient).toAttribute(cell.getContext());
    state.offsetRange =
        intervals.get(state.form.offset).toAttribute(cell.getContext());
    ranges += (index == 0 ? "a in " : "; a in ") +
              state.coefficientRange.str() + ", b in " +
              state.offsetRange.str();
  }
  for (auto [index, state] : llvm::enumerate(*proven))
    writeProof(cell, index, state, builder);
  remark::analysis(cell.getLoc(), remarkOptions("Parallel", cell))
      << "parallel (affine): " + ranges;
}

struct ProveRecurrencePass
    : public minrnn::compiler::impl::ProveRecurrencePassBase<
          ProveRecurrencePass> {
  void runOnOperation() override {
    getOperation()->walk([](CellOp cell) { prove(cell); });
  }
};

} // namespace
