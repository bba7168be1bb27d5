//===- OutlineMath.cpp - Gate math as functions ---------------------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compiler/lowering/Passes.h"
#include "dialect/Functions.h"
#include "dialect/MinRNN.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/Builders.h"
#include "llvm/ADT/DenseMap.h"

namespace minrnn::compiler {
#define GEN_PASS_DEF_OUTLINEMATHPASS
#include "compiler/lowering/Passes.h.inc"
} // namespace minrnn::compiler

using namespace mlir;
using namespace minrnn::compiler;
using namespace minrnn::dialect;

/// Whether minrnn-expand-math makes more of `op` than a call costs.
static bool isWorthACall(Operation *op) {
  return isa<LogAddExp2Op, math::Exp2Op, math::Log2Op>(op) ||
         (findFunction(op) && !isa<math::SqrtOp>(op));
}

/// A function of the module around `op` that computes what `op` computes of its
/// operands.
static LLVM::LLVMFuncOp createFunction(Operation *op, Operation *module) {
  Type type = op->getResult(0).getType();
  OpBuilder builder = OpBuilder::atBlockBegin(&module->getRegion(0).front());
  auto function = LLVM::LLVMFuncOp::create(
      builder, module->getLoc(),
      ("minrnn_" + op->getName().stripDialect()).str(),
      LLVM::LLVMFunctionType::get(
          type, SmallVector<Type>(op->getNumOperands(), type)),
      LLVM::Linkage::Internal);
  function.setNoInline(true);
  function.setNoUnwind(true);
  function.setWillReturn(true);
  auto none = LLVM::ModRefInfo::NoModRef;
  function.setMemoryEffectsAttr(LLVM::MemoryEffectsAttr::get(
      builder.getContext(), none, none, none, none, none, none));
  Block *body = function.addEntryBlock(builder);
  builder.setInsertionPointToStart(body);
  Operation *copy = builder.clone(*op);
  copy->setLoc(module->getLoc());
  copy->setOperands(body->getArguments());
  LLVM::ReturnOp::create(builder, module->getLoc(), copy->getResults());
  return function;
}

namespace {

struct OutlineMathPass
    : public minrnn::compiler::impl::OutlineMathPassBase<OutlineMathPass> {
  void runOnOperation() override {
    SmallVector<Operation *> math;
    getOperation()->walk([&](Operation *op) {
      if (isWorthACall(op))
        math.push_back(op);
    });
    // (The lanes of a module are of one type.)
    DenseMap<std::pair<Operation *, OperationName>, LLVM::LLVMFuncOp> functions;
    for (Operation *op : math) {
      Operation *module = op->getParentWithTrait<OpTrait::SymbolTable>();
      LLVM::LLVMFuncOp &function = functions[{module, op->getName()}];
      if (!function)
        function = createFunction(op, module);
      OpBuilder builder(op);
      auto call = LLVM::CallOp::create(builder, op->getLoc(), function,
                                       op->getOperands());
      op->getResult(0).replaceAllUsesWith(call.getResult());
      op->erase();
    }
  }
};

} // namespace
