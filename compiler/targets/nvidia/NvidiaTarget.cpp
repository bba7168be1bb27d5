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

#include "mlir/Conversion/Passes.h"
#include "mlir/IR/Diagnostics.h"
#include "mlir/Transforms/Passes.h"
#include "llvm/Support/TargetSelect.h"

using namespace mlir;
using namespace minrnn;
using namespace minrnn::compiler;

namespace {

class NvidiaTarget : public Target {
public:
  NvidiaTarget(const CompileOptions &options, const GPUTarget &gpu)
      : Target(options), gpu(gpu) {}

  Stage defaultStage() const override { return Stage::PTX; }
  bool makes(Stage stage) const override;
  std::string refusal(Stage stage) const override;
  LogicalResult verifyStates(Location cell, int64_t states) const override;
  bool prefersLogSpace() const override { return true; }
  int64_t tileTime(const KernelSize &size) const override;
  void buildKernelPipeline(OpPassManager &passes,
                           const KernelSize &size) const override;
  void buildLLVMPipeline(OpPassManager &passes) const override;
  Operation *kernels(ModuleOp module) const override;
  std::unique_ptr<llvm::TargetMachine>
  createMachine(std::string &error) const override;
  StringRef llvmPasses() const override;
  Outcome serialize(Stage stage, llvm::Module &module,
                    llvm::TargetMachine &machine, StringRef manifest,
                    std::string &output, std::string &error) const override;

private:
  const GPUTarget &gpu;
};

} // namespace

static BlockShape blockShape(const KernelSize &size) {
  return {/*warps=*/8, size.stepsPerThread};
}

bool NvidiaTarget::makes(Stage stage) const {
  return stage != Stage::Object && stage != Stage::Header;
}

std::string NvidiaTarget::refusal(Stage stage) const {
  if (makes(stage))
    return "";
  return "objects are made for the target host; the target " + options.target +
         " has PTX and cubins";
}

LogicalResult NvidiaTarget::verifyStates(Location cell, int64_t states) const {
  // The warps of a block exchange an element of two values for each state.
  if (options.schedule == Schedule::Lookback) {
    int64_t most = 0;
    while (lookbackSharedBytes(2 * (most + 1), blockShape({})) <= kSharedBytes)
      ++most;
    if (states <= most)
      return success();
    return emitError(cell) << "expects a parallel cell of at most " << most
                           << " states for the schedule lookback, found "
                           << states << "; --schedule=carry allows more";
  }
  auto mostOf = [](bool recomputes) {
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

int64_t NvidiaTarget::tileTime(const KernelSize &size) const {
  return blockShape(size).tileTime();
}

void NvidiaTarget::buildKernelPipeline(OpPassManager &passes,
                                       const KernelSize &size) const {
  LowerToGPUPassOptions lowering;
  lowering.warps = blockShape(size).warps;
  lowering.stepsPerThread = size.stepsPerThread;
  lowering.ioType = options.ioType;
  lowering.roundsToBF16 = gpu.roundsToBF16;
  passes.addPass(createLowerToGPUPass(lowering));
  // What a step's element and its output have in common is expanded once.
  passes.addPass(createCSEPass());
  buildMathPipeline(passes, "gpu", size.outlinesMath);
}

void NvidiaTarget::buildLLVMPipeline(OpPassManager &passes) const {
  OpPassManager &kernels = passes.nest<gpu::GPUModuleOp>();
  kernels.addPass(createSCFToControlFlowPass());
  kernels.addPass(createConvertGpuOpsToNVVMOps());
  kernels.addPass(createReconcileUnrealizedCastsPass());
}

Operation *NvidiaTarget::kernels(ModuleOp module) const {
  return *module.getOps<gpu::GPUModuleOp>().begin();
}

std::unique_ptr<llvm::TargetMachine>
NvidiaTarget::createMachine(std::string &error) const {
  LLVMInitializeNVPTXTargetInfo();
  LLVMInitializeNVPTXTarget();
  LLVMInitializeNVPTXTargetMC();
  LLVMInitializeNVPTXAsmPrinter();
  return createLLVMMachine("nvptx64-nvidia-cuda", gpu.name.str(),
                           gpu.ptxFeature.str(), error);
}

StringRef NvidiaTarget::llvmPasses() const {
  // The code generator brings its own passes for addresses and loops; a loop
  // that tests at its end costs ptxas fewer registers, without it, it spills on
  // sm_80.
  return "function(early-cse,instcombine<no-verify-fixpoint>,simplifycfg,"
         "loop(loop-rotate))";
}

Outcome NvidiaTarget::serialize(Stage stage, llvm::Module &module,
                                llvm::TargetMachine &machine,
                                StringRef manifest, std::string &output,
                                std::string &error) const {
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

std::unique_ptr<Target>
minrnn::compiler::createNvidiaTarget(const CompileOptions &options,
                                     const GPUTarget &gpu) {
  return std::make_unique<NvidiaTarget>(options, gpu);
}
