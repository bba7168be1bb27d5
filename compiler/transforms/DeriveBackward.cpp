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
// backward is a scan of the very kind of the forward, from the last step to
// the first, that starts from dL/ds_last and ends in dL/ds_initial.
//
//===----------------------------------------------------------------------===//

#include "compiler/analysis/Recurrence.h"
#include "compiler/transforms/Passes.h"
#include "compiler/transforms/ReverseMode.h"
#include "dialect/MinRNN.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/IRMapping.h"

namespace minrnn::compiler {
#define GEN_PASS_DEF_DERIVEBACKWARDPASS
#include "compiler/transforms/Passes.h.inc"
} // namespace minrnn::compiler

using namespace mlir;
using namespace minrnn::compiler;
using namespace minrnn::dialect;

namespace {

/// The arguments of the adjoint step after the gates: the state before the
/// step, the gradient of its output, and what arrives from later steps.
enum AdjointArgument { PreviousState, OutputGradient, Carry };

/// What the adjoint step computes: the gradient of every gate, and of the
/// previous state.
struct AdjointStep {
  SmallVector<Value> gateGradients;
  Value previousGradient;
};

} // namespace

/// Copies the step's equations into `block`, whose arguments are the gates and
/// then the AdjointArguments, and appends their reverse-mode derivative.
static FailureOr<AdjointStep> differentiate(StepOp step, Block *block,
                                            OpBuilder &builder) {
  size_t gates = step.getBody().getNumArguments() - 1;
  IRMapping copies;
  for (BlockArgument argument : step.getBody().getArguments())
    copies.map(argument, block->getArgument(argument.getArgNumber()));
  SmallVector<Operation *> equations;
  for (Operation &op : step.getBody().front().without_terminator())
    equations.push_back(builder.clone(op, copies));

  auto yield = cast<YieldOp>(step.getBody().front().getTerminator());
  Value next = copies.lookupOrDefault(yield.getOperand(0));
  Value arriving = arith::AddFOp::create(
      builder, step.getLoc(), block->getArgument(gates + OutputGradient),
      block->getArgument(gates + Carry));
  ReverseMode reverse(builder);
  reverse.accumulate(next, arriving);
  for (Operation *op : llvm::reverse(equations))
    if (failed(reverse.visit(op)))
      return failure();

  AdjointStep adjoint;
  for (size_t gate = 0; gate < gates; ++gate)
    adjoint.gateGradients.push_back(reverse.gradient(block->getArgument(gate)));
  adjoint.previousGradient =
      reverse.gradient(block->getArgument(gates + PreviousState));
  return adjoint;
}

/// Fills `element` with the coefficient and the offset of the recurrence of c.
static LogicalResult buildElement(StepOp step, ScanOp scan, size_t gates,
                                  OpBuilder &builder) {
  Location location = step.getLoc();
  OpBuilder::InsertionGuard guard(builder);
  // The carry is an argument of the adjoint step, but not of the element: it
  // is there while the recurrence is analysed, and gone afterwards.
  Block *block =
      startScalarRegion(builder, scan.getElement(), gates + 3, location);
  FailureOr<AdjointStep> adjoint = differentiate(step, block, builder);
  if (failed(adjoint))
    return failure();
  BlockArgument carry = block->getArgument(gates + Carry);
  RecurrenceAnalysis recurrence(carry, {}, builder);
  std::optional<AffineForm> form = recurrence.solve(adjoint->previousGradient);
  if (!form)
    return step.emitOpError("has an adjoint that is not affine: ")
           << recurrence.reason().because;
  auto yield = YieldOp::create(builder, location,
                               ValueRange{form->coefficient, form->offset});

  // What still reads the carry is the adjoint step itself, now dead.
  for (Operation &op :
       llvm::make_early_inc_range(llvm::drop_begin(llvm::reverse(*block))))
    if (op.use_empty())
      op.erase();
  if (!carry.use_empty())
    return yield.emitOpError("reads the carry it was separated from");
  block->eraseArgument(carry.getArgNumber());
  return success();
}

static LogicalResult deriveBackward(StepOp step, OpBuilder &builder) {
  constexpr int64_t dynamic = ShapedType::kDynamic;
  Location location = step.getLoc();
  auto tensor = [&](ArrayRef<int64_t> extents) {
    return RankedTensorType::get(extents, builder.getF32Type());
  };
  size_t gates = step.getBody().getNumArguments() - 1;
  auto gateExtent = static_cast<int64_t>(gates);
  auto packed = tensor({dynamic, dynamic, gateExtent, dynamic});
  auto bias = tensor({gateExtent, dynamic});
  auto biasGradient = tensor({dynamic, gateExtent, dynamic});
  auto state = tensor({dynamic, dynamic});
  auto hidden = tensor({dynamic, dynamic, dynamic});

  auto function = func::FuncOp::create(
      builder, location, kBackwardName,
      builder.getFunctionType({packed, bias, state, hidden, hidden, state},
                              {packed, biasGradient, state}));
  OpBuilder::InsertionGuard guard(builder);
  Block *body = function.addEntryBlock();
  builder.setInsertionPointToStart(body);
  Value previous = DelayOp::create(builder, location, hidden,
                                   /*sequence=*/body->getArgument(3),
                                   /*initial=*/body->getArgument(2));
  auto scan = ScanOp::create(
      builder, location, TypeRange{packed, state}, Domain::Linear,
      /*reverse=*/true,
      ValueRange{body->getArgument(0), previous, body->getArgument(4)},
      /*bias=*/body->getArgument(1), /*initial=*/body->getArgument(5));
  Value summed = SumTimeOp::create(builder, location, biasGradient,
                                   scan.getOutputs().front());
  func::ReturnOp::create(
      builder, location,
      ValueRange{scan.getOutputs().front(), summed, scan.getLast()});

  if (failed(buildElement(step, scan, gates, builder)))
    return failure();
  // The output region's last two arguments are c before and after the step.
  Block *output =
      startScalarRegion(builder, scan.getOutput(), gates + 4, location);
  FailureOr<AdjointStep> adjoint = differentiate(step, output, builder);
  if (failed(adjoint))
    return failure();
  YieldOp::create(builder, location, adjoint->gateGradients);
  return success();
}

namespace {

struct DeriveBackwardPass
    : public minrnn::compiler::impl::DeriveBackwardPassBase<
          DeriveBackwardPass> {
  void runOnOperation() override {
    auto function = getOperation().lookupSymbol<func::FuncOp>(kStepName);
    auto steps = function ? llvm::to_vector(function.getOps<StepOp>())
                          : SmallVector<StepOp>();
    if (steps.size() != 1) {
      getOperation().emitOpError("expects a function 'step' with one "
                                 "minrnn.step; run minrnn-fuse-gates first");
      return signalPassFailure();
    }
    OpBuilder builder(function);
    if (failed(deriveBackward(steps.front(), builder)))
      signalPassFailure();
  }
};

} // namespace
