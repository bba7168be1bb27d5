//===- LLVMCode.cpp - From the llvm dialect to code -----------------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compiler/codegen/LLVMCode.h"
#include "compiler/codegen/GPUTargets.h"

#include "mlir/IR/Operation.h"
#include "mlir/Target/LLVMIR/Dialect/Builtin/BuiltinToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Dialect/GPU/GPUToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Dialect/LLVMIR/LLVMToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Dialect/NVVM/NVVMToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Export.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Analysis/CGSCCPassManager.h"
#include "llvm/Analysis/LoopAnalysisManager.h"
#include "llvm/IR/LegacyPassManager.h"
#include "llvm/IR/PatternMatch.h"
#include "llvm/MC/MCSubtargetInfo.h"
#include "llvm/MC/TargetRegistry.h"
#include "llvm/Passes/PassBuilder.h"
#include "llvm/Support/TargetSelect.h"
#include "llvm/TargetParser/Host.h"

using namespace minrnn::compiler;

void minrnn::compiler::registerTranslations(mlir::DialectRegistry &registry) {
  mlir::registerBuiltinDialectTranslation(registry);
  mlir::registerLLVMDialectTranslation(registry);
  mlir::registerGPUDialectTranslation(registry);
  mlir::registerNVVMDialectTranslation(registry);
}

static std::unique_ptr<llvm::TargetMachine>
createMachine(const std::string &tripleText, const std::string &processor,
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

std::unique_ptr<llvm::TargetMachine>
minrnn::compiler::createGPUMachine(const std::string &chip,
                                   std::string &error) {
  const GPUTarget *target = findGPUTarget(chip);
  if (!target) {
    error = "'" + chip + "' is no GPU target";
    return nullptr;
  }
  LLVMInitializeNVPTXTargetInfo();
  LLVMInitializeNVPTXTarget();
  LLVMInitializeNVPTXTargetMC();
  LLVMInitializeNVPTXAsmPrinter();
  return createMachine("nvptx64-nvidia-cuda", chip, target->ptxFeature.str(),
                       error);
}

bool minrnn::compiler::checkHostProcessor(const std::string &processor,
                                          const std::string &features,
                                          std::string &error) {
  llvm::InitializeNativeTarget();
  llvm::Triple triple(llvm::sys::getProcessTriple());
  const llvm::Target *target =
      llvm::TargetRegistry::lookupTarget(triple, error);
  if (!target)
    return false;
  // Of no processor, so that it has every name and complains of none.
  std::unique_ptr<llvm::MCSubtargetInfo> known(
      target->createMCSubtargetInfo(triple, "", ""));
  if (!processor.empty() && !known->isCPUStringValid(processor)) {
    error = "unknown host processor '" + processor + "' for " + triple.str();
    return false;
  }
  for (llvm::StringRef feature : llvm::split(features, ',')) {
    if (feature.empty())
      continue;
    bool isSigned = feature.starts_with("+") || feature.starts_with("-");
    auto isKnown = [&](const llvm::SubtargetFeatureKV &entry) {
      return feature.drop_front() == entry.Key;
    };
    if (!isSigned || llvm::none_of(known->getAllProcessorFeatures(), isKnown)) {
      error = ("unknown host feature '" + feature + "' for " + triple.str() +
               "; features are written as in +avx2,-fma")
                  .str();
      return false;
    }
  }
  std::unique_ptr<llvm::MCSubtargetInfo> chosen(
      target->createMCSubtargetInfo(triple, processor, features));
  if (triple.getArch() == llvm::Triple::x86_64 && !processor.empty() &&
      !chosen->checkFeatures("+64bit")) {
    error = "the host processor '" + processor + "' has no 64-bit mode";
    return false;
  }
  return true;
}

bool minrnn::compiler::convertsHalves(const std::string &processor,
                                      const std::string &features) {
  llvm::InitializeNativeTarget();
  llvm::Triple triple(llvm::sys::getProcessTriple());
  if (triple.getArch() != llvm::Triple::x86_64)
    return true;
  std::string error;
  const llvm::Target *target =
      llvm::TargetRegistry::lookupTarget(triple, error);
  if (!target)
    return false;
  std::unique_ptr<llvm::MCSubtargetInfo> chosen(
      target->createMCSubtargetInfo(triple, processor, features));
  return chosen->checkFeatures("+f16c");
}

std::unique_ptr<llvm::TargetMachine>
minrnn::compiler::createHostMachine(const std::string &processor,
                                    const std::string &features,
                                    std::string &error) {
  llvm::InitializeNativeTarget();
  llvm::InitializeNativeTargetAsmPrinter();
  return createMachine(llvm::sys::getProcessTriple(), processor, features,
                       error);
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

std::unique_ptr<llvm::Module>
minrnn::compiler::translateAndOptimize(mlir::Operation *module,
                                       llvm::LLVMContext &context,
                                       llvm::TargetMachine &machine) {
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
  // half the time or less, with the same registers and speed. The GPU's code
  // generator brings its own passes for addresses and loops; a loop that tests
  // at its end costs ptxas fewer registers, without it, it spills on sm_80. On
  // the host, `instcombine` would take half the time and find nothing.
  llvm::ModulePassManager pipeline;
  llvm::cantFail(passes.parsePassPipeline(
      pipeline, machine.getTargetTriple().isNVPTX()
                    ? "function(early-cse,instcombine<no-verify-fixpoint>,"
                      "simplifycfg,loop(loop-rotate))"
                    : "function(early-cse,simplifycfg,"
                      "loop-mssa(loop-rotate,licm))"));
  pipeline.run(*translated, modules);
  // Last, when equal products have become one.
  keepSharedProducts(*translated);
  return translated;
}

/// Runs the code generator of `machine`.
static bool emit(llvm::Module &module, llvm::TargetMachine &machine,
                 llvm::CodeGenFileType type, std::string &code,
                 std::string &error) {
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

bool minrnn::compiler::emitPTX(llvm::Module &module,
                               llvm::TargetMachine &machine, std::string &ptx,
                               std::string &error) {
  if (!emit(module, machine, llvm::CodeGenFileType::AssemblyFile, ptx, error))
    return false;
  if (ptx.find(".extern .func") != std::string::npos) {
    error = "the kernels call a function that no one defines";
    return false;
  }
  return true;
}

bool minrnn::compiler::emitObject(llvm::Module &module,
                                  llvm::TargetMachine &machine,
                                  std::string &object, std::string &error) {
  for (const llvm::Function &function : module)
    if (function.isDeclaration() && !function.isIntrinsic()) {
      error = "the kernels call '" + function.getName().str() +
              "', which no one defines";
      return false;
    }
  return emit(module, machine, llvm::CodeGenFileType::ObjectFile, object,
              error);
}
