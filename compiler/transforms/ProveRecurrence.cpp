//===- ProveRecurrence.cpp - The verdict on a cell ------------------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compiler/analysis/Interval.h"
#include "compiler/analysis/Recurrence.h"
#include "compiler/analysis/StateReads.h"
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

/// Marks `cell` as sequential, and says why at the operation to look at; `then`
/// is what would be left to mend.
void markSequential(CellOp cell, const SequentialReason &reason,
                    const std::optional<SequentialReason> &then) {
  Location location = reason.culprit->getLoc();
  OpBuilder builder(cell.getContext());
  cell->setAttr(kSequentialAttribute, builder.getStringAttr(reason.str()));
  cell->setAttr(kSequentialAtAttribute, LocationAttr(location));
  if (then)
    cell->setAttr(kSequentialThenAttribute, builder.getStringAttr(then->str()));
  remark::analysis(location, remarkOptions("Sequential", cell))
      << "sequential: " + reason.str();
}

/// The form of a state's next value.
struct ProvenState {
  AffineForm form;
  /// Behind the parts of the form: where the proof will stand.
  OpBuilder::InsertPoint place;
  IntervalAttr coefficientRange;
  IntervalAttr offsetRange;
};

/// The affine form of every state's next value, or none: then `reason` says
/// why.
std::optional<SmallVector<ProvenState>>
solveStates(CellOp cell, Projections projections, OpBuilder &builder,
            std::optional<SequentialReason> &reason) {
  SmallVector<ProvenState> proven;
  StateReads reads(cell, projections);
  YieldOp yield = cell.getYield();
  for (auto [index, next] : llvm::enumerate(yield.getOperands())) {
    BlockArgument state = cell.getStates()[index];
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
    SmallVector<Value> forbidden = reads.forbidden(index);
    RecurrenceAnalysis recurrence(state, forbidden, projections, builder);
    if (std::optional<AffineForm> form = recurrence.solve(next)) {
      proven.push_back({*form, builder.saveInsertionPoint(), {}, {}});
      continue;
    }
    // A state that nothing reads is easily mended, and to no avail before the
    // others are.
    bool isUnread = !recurrence.reason() && reads.isUnread(index);
    if (isUnread && !reason)
      reason = reads.explainUnread(index);
    if (isUnread)
      continue;
    reason = recurrence.reason() ? *recurrence.reason()
                                 : reads.explainCoupling(index);
    return std::nullopt;
  }
  if (reason)
    return std::nullopt;
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

/// The projection that makes `cell` sequential: the first one of a value that
/// depends on a state, of those that feed something back if there are any; or
/// else of one computed within the step.
ProjectOp findRecurrentProjection(CellOp cell, bool &readsState) {
  StateReads reads(cell, Projections::OfAnything);
  ProjectOp idle;
  ProjectOp inner;
  for (auto project : cell.getBody().getOps<ProjectOp>()) {
    if (isa<InputType>(project.getOperand().getType()))
      continue;
    readsState = reads.dependsOnState(project.getOperand());
    if (readsState && feedsBack(cell, project.getResult()))
      return project;
    ProjectOp &first = readsState ? idle : inner;
    if (!first)
      first = project;
  }
  readsState = idle != nullptr;
  return idle ? idle : inner;
}

/// Why `cell` is sequential, if it is found to be; else the forms of its
/// states.
std::optional<SmallVector<ProvenState>> proveStates(CellOp cell,
                                                    OpBuilder &builder) {
  std::optional<SequentialReason> reason;
  std::optional<SequentialReason> then;
  auto proven = solveStates(cell, Projections::OfAnything, builder, reason);
  // A projection of a state is a product of each step even where no next value
  // reads it. No other reason outlasts it: it comes first, and what would be
  // left without it comes after.
  bool readsState = false;
  ProjectOp project = findRecurrentProjection(cell, readsState);
  if (project && readsState) {
    reason = feedsBack(cell, project.getResult())
                 ? mixesChannels(project)
                 : explainIdleProjection(cell, project);
    solveStates(cell, Projections::OfInputs, builder, then);
  } else if (project && !reason) {
    // Parallel in principle, but a second matrix product, behind the first;
    // none is built yet.
    reason = reasonAt(project, "projects a value computed within the step",
                      "project the input vector instead");
  }
  if (!reason)
    return proven;
  markSequential(cell, *reason, then);
  return std::nullopt;
}

void prove(CellOp cell) {
  // A verdict from before is no longer known to hold.
  cell->removeAttr(kSequentialAttribute);
  cell->removeAttr(kSequentialAtAttribute);
  cell->removeAttr(kSequentialThenAttribute);
  OpBuilder builder(cell.getYield());
  std::optional<SmallVector<ProvenState>> proven = proveStates(cell, builder);
  if (!proven)
    return;
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
