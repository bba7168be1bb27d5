//===- NvidiaTarget.cpp - Kernels for NVIDIA's GPUs -----------------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compiler/codegen/LLVMCode.h"
#include "compiler/codegen/Manifest.h"
#include "compiler/lowering/Passes.h"
#include "compiler/lowering/schedules/Schedules.h"
#include "compiler/pipeline/Pipelines.h"
#include "compiler/targets/Target.h"
#include "compiler/targets/nvidia/GPUTargets.h"
#include "compiler/targets/nvidia/Ptxas.h"
#include "compiler/transforms/Passes.h"

#include "mlir/Conversion/GPUToNVVM/GPUToNVVMPass.h"
#include "mlir/Conversion/ReconcileUnrealizedCasts/ReconcileUnrealizedCasts.h"
#include "mlir/Conversion/SCFToControlFlow/SCFToControlFlow.h"
#include "mlir/IR/Diagnostics.h"
#include "mlir/Transforms/Passes.h"
#include "llvm/Support/TargetSelect.h"

#include <algorithm>

using namespace mlir;
using namespace minrnn;
using namespace minrnn::compiler;

/// The first PTX ISA version with `tanh.approx`. (Two digits each, so that they
/// order as text.)
static constexpr llvm::StringRef kTanhPtxFeature = "+ptx70";

namespace {

class NvidiaTarget : public Target {
public:
  NvidiaTarget(const CompileOptions &options, const GPUTarget &gpu)
      : Target(options), gpu(gpu) {}

  Stage defaultStage() const override { return Stage::PTX; }
  bool makes(Stage stage) const override {
    return stage != Stage::Object && stage != Stage::Header;
  }

  std::string refusal(Stage stage) const override {
    if (makes(stage))
      return "";
    return "objects are made for the target host; the target " +
           options.target + " has PTX and cubins";
  }

  LogicalResult verifyStates(Location cell, int64_t states) const override {
    if (options.schedule == Schedule::Lookback) {
      if (looksBack(states))
        return success();
      int64_t most = states;
      while (!looksBack(most))
        --most;
      return emitError(cell) << "expects a parallel cell of at most " << most
                             << " states for the schedule lookback, found "
                             << states << "; --schedule=carry allows more";
    }
    // The warps of a block exchange an element of two values for each state.
    auto mostOf = [&](bool recomputes) {
      return kSharedBytes /
             carrySharedBytes(/*elementSize=*/2, recomputes, blockShape({}));
    };
    int64_t mostKept = mostOf(false);
    int64_t most = mostOf(options.recompute == Recompute::All);
    if (states <= most)
      return success();
    InFlightDiagnostic error =
        emitError(cell) << "expects a parallel cell of at most " << most
                        << " states, whose summaries a GPU's shared memory "
                           "holds; found "
                        << states;
    if (states > mostKept)
      return error << "; the host takes any number, with --target=host";
    return error << "; without recomputing them, with --recompute=gates, "
                 << mostKept << " are allowed";
  }

  bool hasSchedules() const override { return true; }
  bool looksBack(int64_t states) const override {
    return lookbackSharedBytes(/*elementSize=*/2 * states, blockShape({})) <=
           kSharedBytes;
  }

  std::string whyLinear() const override {
    return gpu.hasFastMemory
               ? "the default on " + options.target +
                     ", whose memory outruns the arithmetic of log space"
               : "";
  }
  BlockShape blockShape(const KernelSize &size) const override {
    return {size.warps, size.stepsPerThread};
  }

  void buildKernelPipeline(OpPassManager &passes,
                           const KernelSize &size) const override {
    passes.addPass(createPlainStatesPass());
    passes.addPass(createFactorSlopesPass());
    LowerToGPUPassOptions lowering;
    lowering.warps = blockShape(size).warps;
    lowering.stepsPerThread = size.stepsPerThread;
    lowering.ioType = options.ioType;
    lowering.roundsToBF16 = gpu.roundsToBF16;
    passes.addPass(createLowerToGPUPass(lowering));
    // What a step's element and its output have in common is expanded once.
    passes.addPass(createCSEPass());
    buildMathPipeline(passes, "gpu", isFast(), size.outlinesMath);
  }

  void buildLLVMPipeline(OpPassManager &passes) const override {
    OpPassManager &kernels = passes.nest<gpu::GPUModuleOp>();
    kernels.addPass(createSCFToControlFlowPass());
    kernels.addPass(createConvertGpuOpsToNVVMOps());
    kernels.addPass(createReconcileUnrealizedCastsPass());
  }

  Operation *kernels(ModuleOp module) const override {
    return *module.getOps<gpu::GPUModuleOp>().begin();
  }

  std::unique_ptr<llvm::TargetMachine>
  createMachine(std::string &error) const override {
    LLVMInitializeNVPTXTargetInfo();
    LLVMInitializeNVPTXTarget();
    LLVMInitializeNVPTXTargetMC();
    LLVMInitializeNVPTXAsmPrinter();
    // sm_75 has tanh.approx, but not in the first PTX that has sm_75.
    StringRef ptx =
        isFast() ? std::max(gpu.ptxFeature, kTanhPtxFeature) : gpu.ptxFeature;
    return createLLVMMachine("nvptx64-nvidia-cuda", gpu.name.str(), ptx.str(),
                             error);
  }

  StringRef llvmPasses() const override {
    // The code generator brings its own passes for addresses and loops; a loop
    // that tests at its end costs ptxas fewer registers, without it, it spills
    // on sm_80.
    return "function(early-cse,instcombine<no-verify-fixpoint>,simplifycfg,"
           "loop(loop-rotate))";
  }

  Outcome serialize(Stage stage, llvm::Module &module,
                    llvm::TargetMachine &machine, StringRef manifest,
                    std::string &output, std::string &error) const override {
    std::string ptx;
    if (!emitLLVMCode(module, machine, llvm::CodeGenFileType::AssemblyFile, ptx,
                      error))
      return Outcome::InternalFault;
    // It would not link without a library.
    if (ptx.find(".extern .func") != std::string::npos) {
      error = "the kernels call a function that no one defines";
      return Outcome::InternalFault;
    }
    ptx.insert(0, writeManifestComment(manifest.str()));
    if (stage != Stage::Cubin) {
      output = std::move(ptx);
      return Outcome::Done;
    }
    // (Of the PTX as --emit=ptx gives it, so that ptxas's line numbers hold.)
    std::string ptxas = findPtxas(
        options.ptxasFolders.empty() ? ptxasFolders() : options.ptxasFolders,
        error);
    bool isDone =
        !ptxas.empty() && emitCubin(ptxas, ptx, options.target, output, error);
    return isDone ? Outcome::Done : Outcome::BadInput;
  }

private:
  bool isFast() const { return options.math == Math::Fast; }

  const GPUTarget &gpu;
};

} // namespace

std::unique_ptr<Target>
minrnn::compiler::createNvidiaTarget(const CompileOptions &options,
                                     const GPUTarget &gpu) {
  return std::make_unique<NvidiaTarget>(options, gpu);
}
