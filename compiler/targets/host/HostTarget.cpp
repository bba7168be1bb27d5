//===- HostTarget.cpp - Kernels for the processor -------------------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compiler/codegen/LLVMCode.h"
#include "compiler/lowering/Passes.h"
#include "compiler/lowering/TileTime.h"
#include "compiler/lowering/schedules/Schedules.h"
#include "compiler/pipeline/Pipelines.h"
#include "compiler/targets/Target.h"

#include "mlir/Conversion/ArithToLLVM/ArithToLLVM.h"
#include "mlir/Conversion/ControlFlowToLLVM/ControlFlowToLLVM.h"
#include "mlir/Conversion/FuncToLLVM/ConvertFuncToLLVMPass.h"
#include "mlir/Conversion/ReconcileUnrealizedCasts/ReconcileUnrealizedCasts.h"
#include "mlir/Conversion/SCFToControlFlow/SCFToControlFlow.h"
#include "mlir/Conversion/VectorToLLVM/ConvertVectorToLLVMPass.h"
#include "mlir/IR/Diagnostics.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/MC/MCSubtargetInfo.h"
#include "llvm/MC/TargetRegistry.h"
#include "llvm/Support/TargetSelect.h"
#include "llvm/TargetParser/Host.h"
#include "llvm/TargetParser/SubtargetFeature.h"

#include <algorithm>

using namespace mlir;
using namespace minrnn::compiler;

//===----------------------------------------------------------------------===//
// The processor
//===----------------------------------------------------------------------===//

/// Checks that LLVM knows `processor` and `features` and that 64-bit code can
/// be made for them; false, with `error` set, otherwise. (LLVM itself would
/// print a line and go on, or end the process.)
static bool checkHostProcessor(const std::string &processor,
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

/// Whether that processor, accepted by `checkHostProcessor`, converts f16
/// itself. (Otherwise the object would call a library for it.)
static bool convertsHalves(const std::string &processor,
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

/// The f32 numbers in one of the processor's vectors.
static int64_t vectorWidth(llvm::StringRef features) {
  int64_t width = 4;
  for (llvm::StringRef feature : llvm::split(features, ',')) {
    if (feature == "+avx")
      width = std::max<int64_t>(width, 8);
    if (feature == "+avx512f")
      width = std::max<int64_t>(width, 16);
  }

  return width;
}

void minrnn::compiler::detectHost(std::string &processor,
                                  std::string &features) {
  processor = llvm::sys::getHostCPUName().str();
  llvm::SubtargetFeatures list;
  for (const auto &feature : llvm::sys::getHostCPUFeatures())
    list.AddFeature(feature.first(), feature.second);
  features = list.getString();
}

//===----------------------------------------------------------------------===//
// The target
//===----------------------------------------------------------------------===//

namespace {

class HostTarget : public Target {
public:
  explicit HostTarget(const CompileOptions &options)
      : Target(options), processor(options.hostProcessor),
        features(options.hostFeatures) {
    if (processor.empty())
      detectHost(processor, features);
  }

  Stage defaultStage() const override { return Stage::Object; }
  bool makes(Stage stage) const override {
    return stage != Stage::PTX && stage != Stage::Cubin;
  }

  std::string refusal(Stage stage) const override {
    if (!makes(stage))
      return "the target host has no PTX and no cubin; ask for an object, or "
             "for a GPU target";
    if (options.schedule == Schedule::Lookback)
      return "the schedule lookback is one of GPUs; the host takes time in "
             "order";
    if (options.math == Math::Fast)
      return "fast math is made of a GPU's approximate instructions, which the "
             "host has not; compile for it with --math=precise";
    std::string error;
    if (!options.hostProcessor.empty() || !options.hostFeatures.empty())
      checkHostProcessor(options.hostProcessor, options.hostFeatures, error);
    return error;
  }

  std::string kernelRefusal() const override {
    if (options.ioType != "f16" || convertsHalves(processor, features))
      return "";
    return "the host processor has no instructions that convert f16 (+f16c); "
           "compile for one that has, or with --io-type=bf16";
  }

  LogicalResult verifyStates(Location cell, int64_t states) const override {
    if (options.recompute != Recompute::All || states <= kMostStatesOnStack)
      return success();
    return emitError(cell)
           << "expects a parallel cell of at most " << kMostStatesOnStack
           << " states, which are recomputed on the stack; found " << states
           << "; without recomputing them, with "
              "--recompute=gates, any number is allowed";
  }

  // It takes time in order, so that nothing far apart is multiplied.
  std::string whyLinear() const override {
    return "the default on the host, which walks time in order";
  }
  BlockShape blockShape(const KernelSize & /*size*/) const override {
    return {/*warps=*/1, kTileTime};
  }

  void buildKernelPipeline(OpPassManager &passes,
                           const KernelSize &size) const override {
    LowerToHostPassOptions lowering;
    // Two of the processor's vectors: enough independent work to hide
    // latencies, few enough registers.
    lowering.width = vectorWidth(features) * (size.outlinesMath ? 1 : 2);
    lowering.ioType = options.ioType;
    passes.addPass(createLowerToHostPass(lowering));
    buildMathPipeline(passes, "host", /*isFast=*/false, size.outlinesMath);
  }

  void buildLLVMPipeline(OpPassManager &passes) const override {
    passes.addPass(createSCFToControlFlowPass());
    passes.addPass(createConvertVectorToLLVMPass());
    passes.addPass(createArithToLLVMConversionPass());
    passes.addPass(createConvertControlFlowToLLVMPass());
    passes.addPass(createConvertFuncToLLVMPass());
    passes.addPass(createReconcileUnrealizedCastsPass());
  }

  bool hasHeader() const override { return true; }
  std::unique_ptr<llvm::TargetMachine>
  createMachine(std::string &error) const override {
    llvm::InitializeNativeTarget();
    llvm::InitializeNativeTargetAsmPrinter();
    return createLLVMMachine(llvm::sys::getProcessTriple(), processor, features,
                             error);
  }

  StringRef llvmPasses() const override {
    // (`instcombine` would take half the time and find nothing.)
    return "function(early-cse,simplifycfg,loop-mssa(loop-rotate,licm))";
  }

  Outcome serialize(Stage /*stage*/, llvm::Module &module,
                    llvm::TargetMachine &machine, StringRef /*manifest*/,
                    std::string &output, std::string &error) const override {
    for (const llvm::Function &function : module)
      if (function.isDeclaration() && !function.isIntrinsic()) {
        error = "the kernels call '" + function.getName().str() +
                "', which no one defines";
        return Outcome::InternalFault;
      }
    return emitLLVMCode(module, machine, llvm::CodeGenFileType::ObjectFile,
                        output, error)
               ? Outcome::Done
               : Outcome::InternalFault;
  }

private:
  /// As LLVM names them: those asked for, or those of this machine.
  std::string processor;
  std::string features;
};

} // namespace

std::unique_ptr<Target>
minrnn::compiler::createHostTarget(const CompileOptions &options) {
  return std::make_unique<HostTarget>(options);
}
