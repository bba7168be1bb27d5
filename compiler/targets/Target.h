//===- Target.h - What code is made for -------------------------*- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_COMPILER_TARGETS_TARGET_H
#define MINRNN_COMPILER_TARGETS_TARGET_H

#include "compiler/lowering/BlockShape.h"
#include "compiler/pipeline/Compile.h"
#include "compiler/pipeline/KernelSize.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/Location.h"
#include "mlir/Pass/PassManager.h"
#include "llvm/IR/Module.h"
#include "llvm/Target/TargetMachine.h"

#include <memory>
#include <string>

namespace minrnn::compiler {

struct GPUTarget;

/// All that is different between one target and another, from the scan level
/// on. One target is one folder beside this file.
class Target {
public:
  /// `options` outlive it.
  explicit Target(const CompileOptions &options) : options(options) {}
  Target(const Target &) = delete;
  Target &operator=(const Target &) = delete;
  virtual ~Target();

  /// What it is compiled to where nothing is said.
  virtual Stage defaultStage() const = 0;
  /// Whether it has such a stage.
  virtual bool makes(Stage stage) const = 0;
  /// What keeps `stage` from being made with these options; empty: nothing.
  virtual std::string refusal(Stage stage) const = 0;
  /// The same of kernels, once it is clear that there shall be some.
  virtual std::string kernelRefusal() const { return ""; }

  /// Emits an error at `cell` where a parallel cell of so many states is beyond
  /// what its kernels hold.
  virtual mlir::LogicalResult verifyStates(mlir::Location cell,
                                           int64_t states) const = 0;
  /// Whether tiles of time can be blocks of their own; and of a cell of so many
  /// states.
  virtual bool hasSchedules() const { return false; }
  virtual bool looksBack(int64_t /*states*/) const { return false; }
  /// Why a scan that may go to log space stays in linear space unless it is
  /// asked to go; empty where it goes.
  virtual std::string whyLinear() const = 0;
  /// The block that takes a tile of time.
  virtual BlockShape blockShape(const KernelSize &size) const = 0;

  /// Scans to kernels.
  virtual void buildKernelPipeline(mlir::OpPassManager &passes,
                                   const KernelSize &size) const = 0;
  /// Kernels to the llvm dialect.
  virtual void buildLLVMPipeline(mlir::OpPassManager &passes) const = 0;
  /// The kernels within the module, once they are in the llvm dialect.
  virtual mlir::Operation *kernels(mlir::ModuleOp module) const {
    return module;
  }
  /// Whether a C header declares the kernels.
  virtual bool hasHeader() const { return false; }

  /// LLVM's machine, or null with `error` set.
  virtual std::unique_ptr<llvm::TargetMachine>
  createMachine(std::string &error) const = 0;
  /// LLVM's passes, as its `-passes` has them.
  virtual llvm::StringRef llvmPasses() const = 0;
  /// Writes `module` as `stage` to `output`. `error` is set where the outcome
  /// is not Done.
  virtual Outcome serialize(Stage stage, llvm::Module &module,
                            llvm::TargetMachine &machine,
                            llvm::StringRef manifest, std::string &output,
                            std::string &error) const = 0;

protected:
  const CompileOptions &options;
};

/// The target that `options` name, or null where there is none of that name.
std::unique_ptr<Target> createTarget(const CompileOptions &options);

/// PTX for that GPU, and cubins of it.
std::unique_ptr<Target> createNvidiaTarget(const CompileOptions &options,
                                           const GPUTarget &gpu);
/// Relocatable objects for a processor, with a C header.
std::unique_ptr<Target> createHostTarget(const CompileOptions &options);

} // namespace minrnn::compiler

#endif // MINRNN_COMPILER_TARGETS_TARGET_H
