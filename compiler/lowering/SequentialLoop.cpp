//===- SequentialLoop.cpp - A recurrence, one step after the other --------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compiler/lowering/SequentialLoop.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

using namespace mlir;
using namespace minrnn::compiler;
using namespace minrnn::dialect;

void SequentialLoop::build(
    SequentialScanOp scan,
    llvm::function_ref<void(llvm::function_ref<void()>)> whenStoring) {
  int64_t states = scan.getStateCount();
  SmallVector<Value> parameters = tensors.readParameters(scan.getParameters());
  TensorAccess::InitialStates initialStates =
      tensors.readInitialStates(scan.getSequences());
  SmallVector<Value> carried = tensors.readRows(scan.getInitial());
  llvm::append_range(carried, tensors.readSums(scan.getSums()));

  TimeAxis axis = tensors.timeAxis(scan.getReverse());
  Value one = arith::ConstantOp::create(builder, location,
                                        builder.getI64IntegerAttr(1));
  auto loop = scf::ForOp::create(builder, location, tensors.begin(),
                                 tensors.end(), one, carried);
  {
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPointToStart(loop.getBody());
    StepPlace place = tensors.place(axis, loop.getInductionVar());
    SmallVector<Value> values =
        tensors.readStep(scan.getSequences(), place, initialStates);
    llvm::append_range(values, parameters);
    ValueRange iterated = loop.getRegionIterArgs();
    llvm::append_range(values, iterated.take_front(states));
    SmallVector<Value> yielded = lanes.inlineRegion(scan.getBody(), values);
    ArrayRef<Value> results = yielded;
    SmallVector<Value> next = llvm::to_vector(results.take_front(states));
    results = results.drop_front(states);
    whenStoring([&] { tensors.writeStep(scan.getOutputs(), place, results); });
    results = results.drop_front(stepValueCount(scan.getOutputs().getTypes()));
    for (auto [total, value] : llvm::zip(iterated.drop_front(states), results))
      next.push_back(lanes.add(total, value));
    scf::YieldOp::create(builder, location, next);
  }
  whenStoring([&] {
    tensors.writeRows(scan.getLast(), loop.getResults().take_front(states));
    tensors.writeSums(scan.getSums(), loop.getResults().drop_front(states));
  });
}
