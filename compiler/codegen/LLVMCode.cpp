//===- LLVMCode.cpp - From the llvm dialect to code -----------------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compiler/codegen/LLVMCode.h"

#include "mlir/IR/Operation.h"
#include "mlir/Target/LLVMIR/Dialect/Builtin/BuiltinToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Dialect/GPU/GPUToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Dialect/LLVMIR/LLVMToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Dialect/NVVM/NVVMToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Export.h"
#include "llvm/Analysis/CGSCCPassManager.h"
#include "llvm/Analysis/LoopAnalysisManager.h"
#include "llvm/IR/LegacyPassManager.h"
#include "llvm/IR/PatternMatch.h"
#include "llvm/MC/TargetRegistry.h"
#include "llvm/Passes/PassBuilder.h"

using namespace minrnn::compiler;

void minrnn::compiler::registerTranslations(mlir::DialectRegistry &registry) {
  mlir::registerBuiltinDialectTranslation(registry);
  mlir::registerLLVMDialectTranslation(registry);
  mlir::registerGPUDialectTranslation(registry);
  mlir::registerNVVMDialectTranslation(registry);
}

std::unique_ptr<llvm::TargetMachine> minrnn::compiler::createLLVMMachine(
    const std::string &tripleText, const std::string &processor,
    const std::string &features, std::string &error) {
  llvm::Triple triple(tripleText);
  const llvm::Target *target =
      llvm::TargetRegistry::lookupTarget(triple, error);
  if (!target)
    return nullptr;
  llvm::TargetOptions options;
  // Fused multiply-adds are formed where an operation's own flag allows it.
  options.AllowFPOpFusion = llvm::FPOpFusion::Standard;
  // (Aggressive takes longer and finds nothing: kernels come unrolled and free
  // of common subexpressions.)
  std::unique_ptr<llvm::TargetMachine> machine(target->createTargetMachine(
      triple, processor, features, options, llvm::Reloc::PIC_, std::nullopt,
      llvm::CodeGenOptLevel::Default));
  if (!machine)
    error = "LLVM cannot make code for " + tripleText;
  return machine;
}

/// Whether all that becomes of `product`, perhaps negated as `value`, are sums
/// with other numbers that may take it in. (Code generators see through
/// negations.)
static bool isSummedAlone(llvm::Value *product, llvm::Value *value) {
  using namespace llvm::PatternMatch;
  auto isProduct = [&](llvm::Value *operand) {
    llvm::Value *inner = nullptr;
    while (match(operand, m_FNeg(m_Value(inner))))
      operand = inner;
    return operand == product;
  };
  return llvm::all_of(value->users(), [&](llvm::User *user) {
    if (match(user, m_FNeg(m_Value())))
      return isSummedAlone(product, user);
    llvm::Value *x = nullptr;
    llvm::Value *y = nullptr;
    bool isSum = match(user, m_FAdd(m_Value(x), m_Value(y))) ||
                 match(user, m_FSub(m_Value(x), m_Value(y)));
    return isSum && llvm::cast<llvm::Instruction>(user)->hasAllowContract() &&
           isProduct(x) != isProduct(y);
  });
}

/// Forbids to contract a product that has another use than sums with other
/// numbers. It would be rounded for one user and not for another, so that m - m
/// need not be zero; and code generators differ in what they contract then.
static void keepSharedProducts(llvm::Module &module) {
  for (llvm::Function &function : module)
    for (llvm::BasicBlock &block : function)
      for (llvm::Instruction &operation : block)
        if (operation.getOpcode() == llvm::Instruction::FMul &&
            !isSummedAlone(&operation, &operation))
          operation.setHasAllowContract(false);
}

std::unique_ptr<llvm::Module> minrnn::compiler::translateAndOptimize(
    mlir::Operation *module, llvm::LLVMContext &context,
    llvm::TargetMachine &machine, llvm::StringRef passNames) {
  std::unique_ptr<llvm::Module> translated =
      mlir::translateModuleToLLVMIR(module, context, "minrnn");
  if (!translated)
    return nullptr;
  translated->setDataLayout(machine.createDataLayout());
  translated->setTargetTriple(machine.getTargetTriple());

  llvm::LoopAnalysisManager loops;
  llvm::FunctionAnalysisManager functions;
  llvm::CGSCCAnalysisManager components;
  llvm::ModuleAnalysisManager modules;
  llvm::PassBuilder passes(&machine);
  passes.registerModuleAnalyses(modules);
  passes.registerCGSCCAnalyses(components);
  passes.registerFunctionAnalyses(functions);
  passes.registerLoopAnalyses(loops);
  passes.crossRegisterProxies(loops, functions, components, modules);
  // Kernels come out of MLIR inlined, unrolled or vectorized, and free of
  // common subexpressions: a few passes do what the whole O2 pipeline would, in
  // half the time or less, with the same registers and speed.
  llvm::ModulePassManager pipeline;
  llvm::cantFail(passes.parsePassPipeline(pipeline, passNames));
  pipeline.run(*translated, modules);
  // Last, when equal products have become one.
  keepSharedProducts(*translated);
  return translated;
}

bool minrnn::compiler::emitLLVMCode(llvm::Module &module,
                                    llvm::TargetMachine &machine,
                                    llvm::CodeGenFileType type,
                                    std::string &code, std::string &error) {
  llvm::SmallString<0> buffer;
  llvm::raw_svector_ostream stream(buffer);
  llvm::legacy::PassManager passes;
  if (machine.addPassesToEmitFile(passes, stream, nullptr, type)) {
    error = "LLVM cannot emit this kind of file for " +
            machine.getTargetTriple().str();
    return false;
  }
  passes.run(module);
  code = buffer.str().str();
  return true;
}
