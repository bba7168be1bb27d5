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

void prove(CellOp cell) {
  // A verdict from before is no longer known to hold.
  cell->removeAttr(kSequentialAttribute);
  cell->removeAttr(kSequentialAtAttribute);
  // The language knows several states; this pass proves one. Cells of more
  // are sequential until their states are proven apart.
  if (cell.getStates().size() != 1) {
    markSequential(
        cell, {cell, "has several states", "describe it with a single state"});
    return;
  }
  YieldOp yield = cell.getYield();
  Value next = yield.getOperand(0);
  Location location = next.getDefiningOp() ? next.getLoc() : yield.getLoc();
  OpBuilder builder(yield);
  BlockArgument state = cell.getStates().front();

  // A step written as minrnn.affine has its form already. What it claims
  // beyond that is a claim, and is proven like any other.
  auto affine = next.getDefiningOp<AffineOp>();
  std::optional<AffineForm> form;
  if (affine) {
    form = AffineForm{affine.getCoefficient(), affine.getOffset()};
  } else {
    RecurrenceAnalysis recurrence(state, {}, builder);
    form = recurrence.solve(next);
    if (!form) {
      markSequential(cell, recurrence.reason());
      return;
    }
  }
  // A projection of a gate value is parallel in principle, but it is a second
  // matrix product, chained behind the first; none is built yet.
  for (auto project : cell.getBody().getOps<ProjectOp>())
    if (!isa<InputType>(project.getOperand().getType())) {
      markSequential(cell,
                     {project, "projects a value computed within the step",
                      "project the input vector instead"});
      return;
    }
  IntervalAnalysis intervals;
  IntervalAttr coefficientRange =
      intervals.get(form->coefficient).toAttribute(cell.getContext());
  IntervalAttr offsetRange =
      intervals.get(form->offset).toAttribute(cell.getContext());
  if (affine) {
    affine.setCoefficientRangeAttr(coefficientRange);
    affine.setOffsetRangeAttr(offsetRange);
  } else {
    yield.getValuesMutable()[0].assign(
        AffineOp::create(builder, location, form->coefficient, state,
                         form->offset, coefficientRange, offsetRange));
  }

  remark::analysis(cell.getLoc(), remarkOptions("Parallel", cell))
      << "parallel (affine): a in " + coefficientRange.str() + ", b in " +
             offsetRange.str();
}

struct ProveRecurrencePass
    : public minrnn::compiler::impl::ProveRecurrencePassBase<
          ProveRecurrencePass> {
  void runOnOperation() override {
    getOperation()->walk([](CellOp cell) { prove(cell); });
  }
};

} // namespace
