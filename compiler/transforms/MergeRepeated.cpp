//===- MergeRepeated.cpp - What is asked for twice is one value -----------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compiler/transforms/Passes.h"
#include "dialect/MinRNN.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/TypeSwitch.h"

#include <optional>
#include <tuple>
#include <utility>

namespace minrnn::compiler {
#define GEN_PASS_DEF_MERGEREPEATEDPASS
#include "compiler/transforms/Passes.h.inc"
} // namespace minrnn::compiler

using namespace mlir;
using namespace minrnn::dialect;

namespace {

/// What an operation asks for: its name, what stands in it, and its operands.
/// Two that ask for the same are one value.
using Question = std::tuple<const void *, Attribute, Value, Value>;

/// A comparison the other way round: y < x for x > y. None where it reads the
/// same both ways.
std::optional<arith::CmpFPredicate> swapped(arith::CmpFPredicate predicate) {
  switch (predicate) {
  case arith::CmpFPredicate::OGT:
    return arith::CmpFPredicate::OLT;
  case arith::CmpFPredicate::OGE:
    return arith::CmpFPredicate::OLE;
  case arith::CmpFPredicate::UGT:
    return arith::CmpFPredicate::ULT;
  case arith::CmpFPredicate::UGE:
    return arith::CmpFPredicate::ULE;
  default:
    return std::nullopt;
  }
}

std::optional<Question> questionOf(Operation &op) {
  const void *name = op.getName().getAsOpaquePointer();
  return llvm::TypeSwitch<Operation *, std::optional<Question>>(&op)
      .Case([&](ProjectOp project) {
        return Question{name, project.getGateAttr(), project.getOperand(), {}};
      })
      .Case(
          [&](ReadOp read) { return Question{name, {}, read.getInput(), {}}; })
      .Case([&](ParameterOp parameter) {
        return Question{name, parameter.getParameterAttr(), {}, {}};
      })
      .Case([&](arith::CmpFOp compare) -> std::optional<Question> {
        if (compare.getFastmath() != arith::FastMathFlags::none)
          return std::nullopt;
        Value x = compare.getLhs();
        Value y = compare.getRhs();
        arith::CmpFPredicate predicate = compare.getPredicate();
        if (auto other = swapped(predicate)) {
          predicate = *other;
          std::swap(x, y);
        }
        return Question{
            name, arith::CmpFPredicateAttr::get(op.getContext(), predicate), x,
            y};
      })
      .Default([](Operation *) { return std::nullopt; });
}

struct MergeRepeatedPass
    : public minrnn::compiler::impl::MergeRepeatedPassBase<MergeRepeatedPass> {
  void runOnOperation() override {
    getOperation()->walk([](CellOp cell) {
      llvm::DenseMap<Question, Operation *> first;
      for (Operation &op : llvm::make_early_inc_range(cell.getBody().front())) {
        std::optional<Question> question = questionOf(op);
        if (!question)
          continue;
        auto [entry, isNew] = first.try_emplace(*question, &op);
        if (isNew)
          continue;
        op.replaceAllUsesWith(entry->second);
        op.erase();
      }
    });
  }
};

} // namespace
