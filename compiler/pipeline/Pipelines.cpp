//===- Pipelines.cpp - The passes, in order -------------------------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compiler/pipeline/Pipelines.h"
#include "compiler/lowering/Passes.h"
#include "compiler/transforms/Passes.h"

#include "mlir/Transforms/GreedyPatternRewriteDriver.h"
#include "mlir/Transforms/Passes.h"

using namespace mlir;
using namespace minrnn::compiler;

static void cleanup(OpPassManager &passes) {
  passes.addPass(createCanonicalizerPass());
  passes.addPass(createCSEPass());
}

/// The same of kernels, whose loops carry a value for each state and each sum.
static void cleanupKernels(OpPassManager &passes) {
  // This pattern compares every two values that a loop carries, each time that
  // the loop changes: of 200 states, for seconds. Two of ours that are equal
  // come of states that are, which are rare, and cost a register.
  passes.addPass(createCanonicalizerPass(
      GreedyRewriteConfig(),
      {"(anonymous namespace)::RemoveDuplicateSuccessorInputUses"}));
  passes.addPass(createCSEPass());
}

void minrnn::compiler::buildProvePipeline(OpPassManager &passes) {
  // What is one value must be seen as one: a select between two of them that
  // only look different would make the cell sequential, and parallel as soon
  // as it is printed and read again.
  // What depends on a state stays as it was written, for the verdict speaks of
  // it.
  auto cleanupCell = [&] {
    passes.addPass(createCompositeFixedPointPass(
        "minrnn-cleanup-cell", [](OpPassManager &inner) {
          inner.addPass(createMergeRepeatedPass());
          StabilizePassOptions options;
          options.stateFree = true;
          inner.addPass(createStabilizePass(options));
          cleanup(inner);
        }));
  };
  cleanupCell();
  passes.addPass(createProveRecurrencePass());
  // The coefficients that the proof wrote down can be mended too (1 - z). Then
  // they are others, and their intervals are proven again.
  cleanupCell();
  passes.addPass(createProveRecurrencePass());
  cleanup(passes);
}

void minrnn::compiler::buildScanPipeline(OpPassManager &passes,
                                         bool recompute) {
  FuseGatesPassOptions options;
  options.recompute = recompute;
  // The verdict is spoken, and the cell printed: now what depends on a state is
  // mended, too.
  passes.addPass(createStabilizePass());
  passes.addPass(createFuseGatesPass(options));
  passes.addPass(createDeriveBackwardPass());
  passes.addPass(createStabilizePass());
  cleanup(passes);
}

void minrnn::compiler::buildDomainPipeline(OpPassManager &passes,
                                           const std::string &domain) {
  LogSpacePassOptions options;
  options.domain = domain;
  passes.addPass(createLogSpacePass(options));
  cleanup(passes);
}

void minrnn::compiler::buildLookBackPipeline(OpPassManager &passes,
                                             bool beside) {
  LookBackPassOptions options;
  options.beside = beside;
  passes.addPass(createLookBackPass(options));
}

void minrnn::compiler::buildMathPipeline(OpPassManager &passes,
                                         const std::string &target, bool isFast,
                                         bool outlines) {
  if (outlines) {
    // A call that nobody needs, or that is made twice, is not found afterwards.
    cleanupKernels(passes);
    passes.addPass(createOutlineMathPass());
  }
  ExpandMathPassOptions options;
  options.target = target;
  options.fast = isFast;
  passes.addPass(createExpandMathPass(options));
  cleanupKernels(passes);
}
