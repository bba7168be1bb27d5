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

#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

namespace minrnn::compiler {
#define GEN_PASS_DEF_STABILIZEPASS
#include "compiler/transforms/Passes.h.inc"
} // namespace minrnn::compiler

using namespace mlir;
using namespace minrnn::compiler;

namespace {

struct StabilizePass
    : public minrnn::compiler::impl::StabilizePassBase<StabilizePass> {
  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    addNegationRules(patterns);
    addGateRules(patterns);
    addExponentialRules(patterns);
    addLogarithmRules(patterns);
    if (failed(applyPatternsGreedily(getOperation(), std::move(patterns))))
      signalPassFailure();
  }
};

} // namespace
