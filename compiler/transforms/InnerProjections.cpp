//===- InnerProjections.cpp - What is projected within the step -----------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compiler/transforms/InnerProjections.h"
#include "compiler/transforms/Passes.h"
#include "compiler/transforms/ProgramBuilder.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"

using namespace mlir;
using namespace minrnn;
using namespace minrnn::compiler;
using namespace minrnn::dialect;

/// Whether `loop`, of a `forward_inner`, takes what `step` does and stores
/// `values` values.
static bool isOfStep(SequentialScanOp loop, SequentialScanOp step,
                     int64_t values) {
  return !loop.getReverse() && loop.getSums().empty() &&
         loop.getStateCount() == step.getStateCount() &&
         stepValueCount(loop.getSequences().getTypes()) ==
             stepValueCount(step.getSequences().getTypes()) &&
         packedValueCount(loop.getParameters().getTypes()) ==
             packedValueCount(step.getParameters().getTypes()) &&
         stepValueCount(loop.getOutputs().getTypes()) == values;
}

/// Checks that a value of `loop` reads the products of earlier stages alone.
static LogicalResult verifyStages(const InnerProjections &inner,
                                  int64_t firstProduct) {
  SequentialScanOp loop = inner.loop;
  Block &body = loop.getBody().front();
  int64_t states = loop.getStateCount();
  ValueRange yielded = body.getTerminator()->getOperands();
  if (!llvm::equal(yielded.take_front(states),
                   body.getArguments().take_back(states)))
    return loop.emitOpError("expects to yield the states as they are");
  for (auto [value, stage] :
       llvm::zip_equal(yielded.drop_front(states), inner.stages)) {
    SmallVector<Value> later;
    for (auto [index, gate] : llvm::enumerate(inner.projections))
      if (gate.inner && gate.stage >= stage)
        later.push_back(
            body.getArgument(static_cast<unsigned>(firstProduct) + index));
    if (dependsOn(value, later))
      return loop.emitOpError("expects the values of stage ")
             << stage << " to depend on projections of earlier stages alone";
  }
  return success();
}

FailureOr<InnerProjections>
minrnn::compiler::findInnerProjections(ProgramOp program, SequentialScanOp step,
                                       int64_t firstProduct) {
  auto module = cast<ModuleOp>(program->getParentOp());
  InnerProjections inner;
  inner.projections = program.getProjections();
  inner.stageCount = stageCount(program);
  int64_t values = program.getSize(Axis::Inner);
  inner.stages.resize(static_cast<size_t>(values));
  for (const RecurrentProjection &gate : inner.projections)
    if (gate.inner)
      inner.stages[static_cast<size_t>(*gate.inner)] = gate.stage;
  for (int64_t stage = 0; stage < inner.stageCount; ++stage) {
    std::string name = (kForwardInnerName + Twine(stage)).str();
    auto function = module.lookupSymbol<func::FuncOp>(name);
    if (!function) {
      program.emitOpError("expects a function '")
          << name << "', since it projects inner values of this stage";
      return failure();
    }
    auto loops = llvm::to_vector(function.getOps<SequentialScanOp>());
    if (loops.size() != 1 || !isOfStep(loops.front(), step, values)) {
      function.emitOpError(
          "expects one minrnn.sequential_scan with the values, "
          "parameters and states of 'step' that stores ")
          << values << " values, those that are projected";
      return failure();
    }
    inner.loop = loops.front();
  }
  std::string beyond = (kForwardInnerName + Twine(inner.stageCount)).str();
  if (module.lookupSymbol<func::FuncOp>(beyond)) {
    program.emitOpError("expects no function '")
        << beyond << "', since it projects no inner values of this stage";
    return failure();
  }
  if (inner.loop && failed(verifyStages(inner, firstProduct)))
    return failure();
  return inner;
}
