//===- Stabilize.cpp - Formulas that keep their accuracy ------------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compiler/transforms/Stabilize.h"
#include "compiler/transforms/Passes.h"
#include "dialect/MinRNN.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"
#include "llvm/ADT/DenseSet.h"

namespace minrnn::compiler {
#define GEN_PASS_DEF_STABILIZEPASS
#include "compiler/transforms/Passes.h.inc"
} // namespace minrnn::compiler

using namespace mlir;
using namespace minrnn::compiler;
using namespace minrnn::dialect;

namespace {

/// The operations of `cell` that compute nothing of a state.
SmallVector<Operation *> findStateFree(CellOp cell) {
  SmallVector<Operation *> free;
  llvm::DenseSet<Value> dependent;
  dependent.insert_range(cell.getStates());
  for (Operation &op : cell.getBody().front().without_terminator()) {
    if (llvm::any_of(op.getOperands(), [&](Value operand) {
          return dependent.contains(operand);
        }))
      dependent.insert_range(op.getResults());
    else
      free.push_back(&op);
  }
  return free;
}

struct StabilizePass
    : public minrnn::compiler::impl::StabilizePassBase<StabilizePass> {
  using StabilizePassBase::StabilizePassBase;

  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    addNegationRules(patterns);
    addGateRules(patterns);
    addExponentialRules(patterns);
    addLogarithmRules(patterns);
    FrozenRewritePatternSet rules(std::move(patterns));
    if (!stateFree) {
      if (failed(applyPatternsGreedily(getOperation(), rules)))
        signalPassFailure();
      return;
    }
    GreedyRewriteConfig config;
    config.setStrictness(GreedyRewriteStrictness::ExistingAndNewOps);
    getOperation()->walk([&](CellOp cell) {
      if (failed(applyOpPatternsGreedily(findStateFree(cell), rules, config)))
        signalPassFailure();
    });
  }
};

} // namespace
