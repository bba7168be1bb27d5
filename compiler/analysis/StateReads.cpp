//===- StateReads.cpp - Which state's next value reads which state --------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compiler/analysis/StateReads.h"

#include "llvm/ADT/DenseSet.h"

using namespace mlir;
using namespace minrnn::compiler;
using namespace minrnn::dialect;

StateReads::StateReads(CellOp cell, Projections projections)
    : cell(cell), projections(projections) {
  unsigned count = cell.getStates().size();
  for (auto [index, state] : llvm::enumerate(cell.getStates()))
    states.try_emplace(state, llvm::SmallBitVector(count))
        .first->second.set(index);
  for (Operation &op : cell.getBody().front()) {
    llvm::SmallBitVector reads(count);
    if (projections == Projections::OfAnything || !isa<ProjectOp>(op))
      for (Value operand : op.getOperands())
        reads |= statesOf(operand);
    for (Value result : op.getResults())
      states[result] = reads;
  }
}

llvm::SmallBitVector StateReads::statesOf(Value value) {
  auto found = states.find(value);
  return found != states.end() ? found->second
                               : llvm::SmallBitVector(cell.getStates().size());
}

std::string StateReads::nameOf(unsigned index) {
  return "'" + cast<StringAttr>(cell.getStateNames()[index]).getValue().str() +
         "'";
}

SmallVector<Value> StateReads::forbidden(unsigned index) {
  SmallVector<Value> values;
  for (auto [other, state] : llvm::enumerate(cell.getStates())) {
    if (other == index)
      continue;
    values.push_back(state);
    if (statesOf(nextOf(other)).reset(index).any())
      values.push_back(nextOf(other));
  }
  return values;
}

bool StateReads::isUnread(unsigned index) {
  return llvm::all_of(cell.getStates()[index].getUsers(), [&](Operation *user) {
    return projections == Projections::OfInputs && isa<ProjectOp>(user);
  });
}

/// The operations that `value` is computed from.
static void collect(Value value, llvm::DenseSet<Operation *> &operations) {
  SmallVector<Value> pending = {value};
  while (!pending.empty()) {
    Operation *definition = pending.pop_back_val().getDefiningOp();
    if (definition && operations.insert(definition).second)
      llvm::append_range(pending, definition->getOperands());
  }
}

Operation *StateReads::entryOf(unsigned index, unsigned other) {
  Operation *definition = nextOf(index).getDefiningOp();
  llvm::DenseSet<Operation *> own;
  collect(nextOf(index), own);
  llvm::DenseSet<Operation *> others;
  for (unsigned state = 0; state < cell.getStates().size(); ++state) {
    llvm::DenseSet<Operation *> operations;
    if (state != index)
      collect(nextOf(state), operations);
    // A third state that reads this one is computed from all that this one is.
    if (state == other || !operations.contains(definition))
      others.insert(operations.begin(), operations.end());
  }
  for (Operation &op : cell.getBody().front())
    if (own.contains(&op) && !others.contains(&op) &&
        llvm::any_of(op.getOperands(), [&](Value operand) {
          return statesOf(operand).test(other);
        }))
      return &op;
  return definition ? definition : cell.getYield().getOperation();
}

SequentialReason StateReads::explainCoupling(unsigned index) {
  int other = statesOf(nextOf(index)).reset(index).find_first();
  std::string self = nameOf(index);
  std::string remedy =
      "compute that value from " + self + " and the input alone";
  if (llvm::is_contained(cell.getStates(), nextOf(index)))
    return reasonAt(cell.getYield(),
                    "hands on the state " + nameOf(other) +
                        " as the next value of " + self,
                    remedy);
  return reasonAt(entryOf(index, other),
                  "lets the next value of " + self + " read the state " +
                      nameOf(other),
                  remedy);
}

SequentialReason StateReads::explainUnread(unsigned index) {
  int other = statesOf(nextOf(index)).reset(index).find_first();
  bool isOutput = index == 0 && !cell.hasSeparateOutput();
  Operation *definition = nextOf(index).getDefiningOp();
  return {definition ? definition : cell.getYield().getOperation(),
          "no equation reads the state " + nameOf(index) +
              ", whose next value reads " + nameOf(other),
          isOutput ? "make that value the cell's 'minrnn.output' instead of a "
                     "state"
                   : "leave that state out"};
}

bool minrnn::compiler::feedsBack(CellOp cell, Value value) {
  return llvm::any_of(cell.getYield().getOperands(),
                      [&](Value next) { return dependsOn(next, value); });
}

SequentialReason minrnn::compiler::explainIdleProjection(CellOp cell,
                                                         ProjectOp project) {
  bool isRead = dependsOn(cell.getOutput(), project.getResult());
  return reasonAt(
      project,
      "projects a value that depends on the state; no state's next value is "
      "computed from the result, but the product is one of each step, and so "
      "the steps run in order",
      isRead ? "make what it projects the output, and project that in the "
               "layer above"
             : "leave it out, for the output is not computed from it either");
}
