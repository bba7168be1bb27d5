//===- DeriveBackward.cpp - The backward scan -----------------------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// With s_t = F(p_t, s_{t-1}) the step, L the loss and c_t the gradient that
// arrives at s_t from step t+1 on, the gradient of s_t is g_t = dL/ds_t + c_t,
// and
//
//   c_{t-1} = g_t dF/ds (p_t, s_{t-1}),   dL/dp_t = g_t dF/dp (p_t, s_{t-1}).
//
// c is affine in itself whatever F is: c_{t-1} = A c_t + A dL/ds_t. So the
// backward of a parallel cell is a scan of the very kind of the forward, from
// the last step to the first, that starts from dL/ds_last and ends in
// dL/ds_initial. The A of a sequential cell mixes its states, or its channels
// through a projection; its backward is a loop, as its forward is.
//
//===----------------------------------------------------------------------===//

#include "compiler/analysis/Recurrence.h"
#include "compiler/transforms/EntryTensors.h"
#include "compiler/transforms/InnerProjections.h"
#include "compiler/transforms/Passes.h"
#include "compiler/transforms/ProgramBuilder.h"
#include "compiler/transforms/ReverseMode.h"
#include "dialect/MinRNN.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/IRMapping.h"

namespace minrnn::compiler {
#define GEN_PASS_DEF_DERIVEBACKWARDPASS
#include "compiler/transforms/Passes.h.inc"
} // namespace minrnn::compiler

using namespace mlir;
using namespace minrnn;
using namespace minrnn::compiler;
using namespace minrnn::dialect;

namespace {

/// The step that is differentiated: the one sequential scan of the function
/// `step`.
struct Step {
  SequentialScanOp loop;
  ProgramOp program;
  /// What it projects of its own values.
  InnerProjections inner;
  /// The step's values from the gates to the mask of resets, the parameters,
  /// and the states.
  int64_t values;
  int64_t parameters;
  int64_t states;
  bool readsInput;
};

/// What the adjoint step computes: the gradients of the states before the
/// step, and of the step's values and parameters.
struct AdjointStep {
  SmallVector<Value> states;
  SmallVector<Value> values;
  SmallVector<Value> parameters;
};

/// Builds the functions `backward` and `backward_inner` of one step.
class BackwardDerivation {
public:
  BackwardDerivation(Step step, OpBuilder &builder)
      : step(step), location(step.loop.getLoc()), builder(builder) {}

  /// `forward` is the scan of a parallel cell, null for a sequential one. With
  /// `recompute`, the states each step started from are recomputed from those
  /// at tile boundaries.
  LogicalResult build(ScanOp forward, bool recompute);

  /// The gradients of the projections of inner values of one stage, which are
  /// multiplied before those of an earlier stage and `backward` start. What
  /// arrives at the values of later stages is there; what arrives at others
  /// does not reach these.
  LogicalResult buildInner(int64_t stage);

private:
  /// The number of values of an adjoint step: the step's own, the gradients of
  /// its output and of the values it projects, and the states it started from.
  int64_t valueCount() const {
    return step.values + 1 + innerGradients + step.states;
  }
  /// Copies the step's equations into `block`, whose arguments are the values
  /// of an adjoint step, the parameters, and the gradients that arrive at the
  /// states from later steps (`carries`), and appends their reverse-mode
  /// derivative. Of the gradients of inner values those of stages behind
  /// `stage` are taken.
  FailureOr<AdjointStep> differentiate(Block *block, int64_t stage = -1);
  /// The name of the tensor that holds the states of every step.
  StringRef statesName() {
    return step.program.outputIsState() ? "output" : "states";
  }
  /// What an adjoint step is given of the tensors of `function`, but for the
  /// states it started from.
  SmallVector<Value> sequencesOf(func::FuncOp function,
                                 const EquationTensors &tensors);
  /// What the adjoint step stores and sums up, in the order of `backward`'s
  /// results.
  SmallVector<Value> results(const AdjointStep &adjoint);
  LogicalResult buildElement(ScanOp scan);

  Step step;
  Location location;
  OpBuilder &builder;
  /// How many gradients of projected values an adjoint step is given.
  int64_t innerGradients = 0;
};

} // namespace

FailureOr<AdjointStep> BackwardDerivation::differentiate(Block *block,
                                                         int64_t stage) {
  ValueRange arguments = block->getArguments();
  ValueRange values = arguments.take_front(step.values);
  Value outputGradient = arguments[step.values];
  ValueRange projectedGradients =
      arguments.slice(step.values + 1, innerGradients);
  ValueRange before =
      arguments.slice(step.values + 1 + innerGradients, step.states);
  ValueRange parameters = arguments.slice(valueCount(), step.parameters);
  ValueRange carries =
      arguments.slice(valueCount() + step.parameters, step.states);

  SmallVector<Operation *> equations;
  llvm::DenseMap<size_t, SmallVector<Operation *, 1>> earlier;
  auto hashOf = [](Operation *op) -> size_t {
    return OperationEquivalence::computeHash(
        op, OperationEquivalence::directHashValue,
        OperationEquivalence::ignoreHashValue,
        OperationEquivalence::IgnoreLocations);
  };
  // The equations of a loop; what an earlier one computes is not computed, and
  // differentiated, again. Returns what it yields.
  auto copyEquations = [&](SequentialScanOp loop) {
    Block &body = loop.getBody().front();
    IRMapping copies;
    ValueRange own = body.getArguments();
    copies.map(own.take_front(step.values), values);
    copies.map(own.slice(step.values, step.parameters), parameters);
    copies.map(own.take_back(step.states), before);
    SmallVector<Operation *> added;
    for (Operation &op : body.without_terminator()) {
      Operation *copy = builder.clone(op, copies);
      auto &alike = earlier[hashOf(copy)];
      const auto *same = llvm::find_if(alike, [&](Operation *known) {
        return OperationEquivalence::isEquivalentTo(
            copy, known, OperationEquivalence::IgnoreLocations);
      });
      if (same == alike.end()) {
        added.push_back(copy);
        continue;
      }
      copies.map(op.getResults(), (*same)->getResults());
      copy->erase();
    }
    for (Operation *op : added)
      earlier[hashOf(op)].push_back(op);
    llvm::append_range(equations, added);
    return llvm::map_to_vector(
        body.getTerminator()->getOperands(),
        [&](Value value) { return copies.lookup(value); });
  };
  ReverseMode reverse(builder);
  if (innerGradients != 0) {
    SmallVector<Value> projected = copyEquations(step.inner.loop);
    for (auto [value, gradient, own] :
         llvm::zip_equal(ArrayRef(projected).drop_front(step.states),
                         projectedGradients, step.inner.stages)) {
      if (own <= stage)
        continue;
      // A product that nothing takes sends a zero, and the value that it
      // projects may have no slope.
      Value zero = arith::ConstantOp::create(builder, location,
                                             builder.getF32FloatAttr(0));
      Value isTaken = arith::CmpFOp::create(
          builder, location, arith::CmpFPredicate::UNE, gradient, zero);
      reverse.accumulate(value, gradient, isTaken);
    }
  }
  SmallVector<Value> yielded = copyEquations(step.loop);
  for (auto [index, carry] : llvm::enumerate(carries)) {
    Value arriving = carry;
    if (index == 0 && step.program.outputIsState())
      arriving =
          arith::AddFOp::create(builder, location, outputGradient, carry);
    reverse.accumulate(yielded[index], arriving);
  }
  if (!step.program.outputIsState())
    reverse.accumulate(yielded[step.states], outputGradient);
  for (Operation *op : llvm::reverse(equations))
    if (failed(reverse.visit(op)))
      return failure();

  AdjointStep adjoint;
  for (Value value : before)
    adjoint.states.push_back(reverse.gradient(value));
  for (Value value : values)
    adjoint.values.push_back(reverse.gradient(value));
  for (Value value : parameters)
    adjoint.parameters.push_back(reverse.gradient(value));
  return adjoint;
}

SmallVector<Value> BackwardDerivation::results(const AdjointStep &adjoint) {
  // All the step's values but the mask of resets, which is the last.
  SmallVector<Value> yielded(ArrayRef(adjoint.values).drop_back());
  llvm::append_range(yielded, adjoint.parameters);
  return yielded;
}

LogicalResult BackwardDerivation::buildElement(ScanOp scan) {
  OpBuilder::InsertionGuard guard(builder);
  // The carries are arguments of the adjoint step, but not of the element: they
  // are there while the recurrence is analysed, and gone afterwards.
  int64_t kept = valueCount() + step.parameters;
  Block *block = startScalarRegion(builder, scan.getElement(),
                                   kept + step.states, location);
  FailureOr<AdjointStep> adjoint = differentiate(block);
  if (failed(adjoint))
    return failure();
  ValueRange carries = block->getArguments().drop_front(kept);
  SmallVector<Value> elements;
  for (auto [index, carry] : llvm::enumerate(carries)) {
    SmallVector<Value> others;
    for (Value other : carries)
      if (other != carry)
        others.push_back(other);
    RecurrenceAnalysis recurrence(carry, others, Projections::OfAnything,
                                  builder);
    std::optional<AffineForm> form = recurrence.solve(adjoint->states[index]);
    if (!form)
      return step.loop.emitOpError("has an adjoint that is not affine: ")
             << (recurrence.reason() ? recurrence.reason()->because
                                     : "it reads another one");
    elements.push_back(form->coefficient);
    elements.push_back(form->offset);
  }
  auto yield = YieldOp::create(builder, location, elements);

  // What still reads the carries is the adjoint step itself, now dead.
  for (Operation &op :
       llvm::make_early_inc_range(llvm::drop_begin(llvm::reverse(*block))))
    if (op.use_empty())
      op.erase();
  for (Value carry : carries)
    if (!carry.use_empty())
      return yield.emitOpError("reads the carry it was separated from");
  block->eraseArguments(kept, step.states);
  return success();
}

SmallVector<Value>
BackwardDerivation::sequencesOf(func::FuncOp function,
                                const EquationTensors &tensors) {
  auto find = [&](StringRef name) { return findArgument(function, name); };
  auto sequences = llvm::map_to_vector(tensors.sequences, find);
  sequences.append({find("reset"), find("d_output")});
  if (innerGradients != 0)
    sequences.push_back(find("d_inner"));
  return sequences;
}

LogicalResult BackwardDerivation::buildInner(int64_t stage) {
  EquationTensors tensors(step.program, step.readsInput);
  SmallVector<StringRef> arguments = tensors.arguments();
  StringRef saved = statesName();
  arguments.append({"initial", saved, "d_output"});
  bool isLast = stage + 1 == step.inner.stageCount;
  innerGradients = isLast ? 0 : step.program.getSize(Axis::Inner);
  if (!isLast)
    arguments.push_back("d_inner");
  arguments.push_back("d_last");
  func::FuncOp function =
      createEntry(builder, location, (kBackwardInnerName + Twine(stage)).str(),
                  step.program, arguments, {"d_recurrent", "d_initial"});
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToStart(&function.front());
  auto find = [&](StringRef name) { return findArgument(function, name); };
  SmallVector<Value> sequences = sequencesOf(function, tensors);
  sequences.push_back(
      DelayOp::create(builder, location, find(saved), find("initial")));
  TypeRange types = function.getResultTypes();
  auto loop = SequentialScanOp::create(
      builder, location, types.take_front(1), TypeRange(), types.back(),
      /*reverse=*/true, sequences,
      llvm::map_to_vector(tensors.parameters, find), find("d_last"));
  func::ReturnOp::create(builder, location, loop.getResults());
  Block *body =
      startScalarRegion(builder, loop.getBody(),
                        valueCount() + step.parameters + step.states, location);
  FailureOr<AdjointStep> adjoint = differentiate(body, stage);
  if (failed(adjoint))
    return failure();
  // The step is taken by `backward`: here what arrives stays as it is, and of
  // the products' gradients only those are computed that it waits for.
  SmallVector<Value> yielded(body->getArguments().take_back(step.states));
  int64_t firstProduct =
      step.program.getSize(Axis::Gates) + (step.readsInput ? 1 : 0);
  Value zero =
      arith::ConstantOp::create(builder, location, builder.getF32FloatAttr(0));
  for (auto [index, gate] : llvm::enumerate(step.inner.projections))
    yielded.push_back(gate.inner && gate.stage == stage
                          ? adjoint->values[firstProduct + index]
                          : zero);
  YieldOp::create(builder, location, yielded);
  return success();
}

LogicalResult BackwardDerivation::build(ScanOp forward, bool recompute) {
  innerGradients = step.program.getSize(Axis::Inner);
  EquationTensors tensors(step.program, step.readsInput);
  auto outputs = llvm::map_to_vector(tensors.sequences, [](StringRef name) {
    return contractName("d_" + name);
  });
  auto sums = llvm::map_to_vector(tensors.parameters, [](StringRef name) {
    return contractName("d_" + name + "_rows");
  });
  StringRef saved = recompute ? "checkpoints" : statesName();
  SmallVector<StringRef> arguments = tensors.arguments();
  // (The checkpoints begin with the initial states.)
  if (!recompute)
    arguments.push_back("initial");
  arguments.append({saved, "d_output"});
  if (innerGradients != 0)
    arguments.push_back("d_inner");
  arguments.push_back("d_last");
  SmallVector<StringRef> results = outputs;
  llvm::append_range(results, sums);
  results.push_back("d_initial");

  func::FuncOp function = createEntry(builder, location, kBackwardName,
                                      step.program, arguments, results);
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToStart(&function.front());
  auto find = [&](StringRef name) { return findArgument(function, name); };
  SmallVector<Value> sequences = sequencesOf(function, tensors);
  Value kept = find(saved);
  if (!recompute)
    sequences.push_back(
        DelayOp::create(builder, location, kept, find("initial")));
  SmallVector<Value> parameters = llvm::map_to_vector(tensors.parameters, find);
  Value initial = find("d_last");
  TypeRange types = function.getResultTypes();
  TypeRange outputTypes = types.take_front(outputs.size());
  TypeRange sumTypes = types.slice(outputs.size(), sums.size());

  int64_t arity = valueCount() + step.parameters + step.states;
  if (!forward) {
    auto loop = SequentialScanOp::create(
        builder, location, outputTypes, sumTypes, types.back(),
        /*reverse=*/true, sequences, parameters, initial);
    func::ReturnOp::create(builder, location, loop.getResults());
    FailureOr<AdjointStep> adjoint = differentiate(
        startScalarRegion(builder, loop.getBody(), arity, location));
    if (failed(adjoint))
      return failure();
    SmallVector<Value> yielded = adjoint->states;
    llvm::append_range(yielded, this->results(*adjoint));
    YieldOp::create(builder, location, yielded);
    return success();
  }
  auto scan = ScanOp::create(builder, location, outputTypes, sumTypes,
                             /*boundaries=*/Type(), types.back(),
                             ArrayRef<float>(), /*reverse=*/true, sequences,
                             parameters, initial, recompute ? kept : Value());
  setLinearAlgebra(scan);
  func::ReturnOp::create(builder, location, scan.getResults());
  if (recompute) {
    IRMapping copies;
    forward.getElement().cloneInto(&scan.getStates(), copies);
  }
  if (failed(buildElement(scan)))
    return failure();
  // The output region's last arguments are the carries before and after the
  // step; only the former are read.
  FailureOr<AdjointStep> adjoint = differentiate(startScalarRegion(
      builder, scan.getOutput(), arity + step.states, location));
  if (failed(adjoint))
    return failure();
  YieldOp::create(builder, location, this->results(*adjoint));
  return success();
}

/// The step of `module`. Emits an error where minrnn-fuse-gates has not been.
static FailureOr<Step> findStep(ModuleOp module, ProgramOp program) {
  auto function = module.lookupSymbol<func::FuncOp>(kStepName);
  auto loops = function ? llvm::to_vector(function.getOps<SequentialScanOp>())
                        : SmallVector<SequentialScanOp>();
  if (loops.size() != 1) {
    module.emitOpError(
        "expects a function 'step' with one minrnn.sequential_scan; run "
        "minrnn-fuse-gates first");
    return failure();
  }
  SequentialScanOp loop = loops.front();
  bool readsInput = findArgument(function, "input") != nullptr;
  auto size = [&](Axis axis) { return program.getSize(axis); };
  int64_t parameters =
      size(Axis::Gates) + size(Axis::Recurrent) + size(Axis::Parameters);
  int64_t values = size(Axis::Gates) + (readsInput ? 1 : 0) +
                   size(Axis::Recurrent) + /*reset=*/1;
  if (loop.getStateCount() != size(Axis::States) ||
      stepValueCount(loop.getSequences().getTypes()) != values ||
      packedValueCount(loop.getParameters().getTypes()) != parameters ||
      (stepValueCount(loop.getOutputs().getTypes()) != 1 &&
       !program.outputIsState())) {
    loop.emitOpError("expects the gates, projections, parameters and states "
                     "that minrnn.program names, and one output where that is "
                     "no state");
    return failure();
  }
  FailureOr<InnerProjections> inner = findInnerProjections(
      program, loop, size(Axis::Gates) + (readsInput ? 1 : 0));
  if (failed(inner))
    return failure();
  return Step{loop,      program,    *inner,
              values,    parameters, loop.getStateCount(),
              readsInput};
}

namespace {

struct DeriveBackwardPass
    : public minrnn::compiler::impl::DeriveBackwardPassBase<
          DeriveBackwardPass> {
  void runOnOperation() override {
    ProgramOp program = findProgram(getOperation());
    if (!program)
      return signalPassFailure();
    FailureOr<Step> step = findStep(getOperation(), program);
    if (failed(step))
      return signalPassFailure();
    auto function = getOperation().lookupSymbol<func::FuncOp>(kForwardName);
    auto scans = function ? llvm::to_vector(function.getOps<ScanOp>())
                          : SmallVector<ScanOp>();
    if (scans.size() > 1) {
      function.emitOpError("expects one minrnn.scan, found ") << scans.size();
      return signalPassFailure();
    }
    ScanOp forward = scans.empty() ? ScanOp() : scans.front();
    // Where it keeps no more than checkpoints, the states are recomputed.
    bool recompute = forward && forward.getBoundaries();
    OpBuilder builder(step->loop->getParentOp());
    BackwardDerivation derivation(*step, builder);
    if (failed(derivation.build(forward, recompute)))
      return signalPassFailure();
    for (int64_t stage = 0; stage < step->inner.stageCount; ++stage)
      if (failed(derivation.buildInner(stage)))
        return signalPassFailure();
    ProgramBuilder(program).buildBackward();
  }
};

} // namespace
