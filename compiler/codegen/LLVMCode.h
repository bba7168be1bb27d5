//===- LLVMCode.h - From the llvm dialect to code ---------------*- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_COMPILER_CODEGEN_LLVMCODE_H
#define MINRNN_COMPILER_CODEGEN_LLVMCODE_H

#include "llvm/IR/LLVMContext.h"
#include "llvm/IR/Module.h"
#include "llvm/Target/TargetMachine.h"

#include <memory>
#include <string>

namespace mlir {
class DialectRegistry;
class Operation;
} // namespace mlir

namespace minrnn::compiler {

/// Registers the translations to LLVM IR that our kernels need.
void registerTranslations(mlir::DialectRegistry &registry);

/// The machine that PTX is made for (`chip`: sm_75), or null with `error` set
/// where the chip is none of `gpuTargets()`.
std::unique_ptr<llvm::TargetMachine> createGPUMachine(const std::string &chip,
                                                      std::string &error);

/// Checks that LLVM knows `processor` and `features` and that 64-bit code can
/// be made for them; false, with `error` set, otherwise. (LLVM itself would
/// print a line and go on, or end the process.)
bool checkHostProcessor(const std::string &processor,
                        const std::string &features, std::string &error);

/// Whether that processor, accepted by `checkHostProcessor`, converts f16
/// itself. (Otherwise the object would call a library for it.)
bool convertsHalves(const std::string &processor, const std::string &features);

/// The machine that objects are made for, `processor` and `features` as LLVM
/// names them, or null with `error` set.
std::unique_ptr<llvm::TargetMachine>
createHostMachine(const std::string &processor, const std::string &features,
                  std::string &error);

/// Translates `module` (a builtin or gpu module in the llvm dialect) to LLVM IR
/// for `machine` and optimises it. Null, with a diagnostic at the operation at
/// fault, on failure.
std::unique_ptr<llvm::Module>
translateAndOptimize(mlir::Operation *module, llvm::LLVMContext &context,
                     llvm::TargetMachine &machine);

/// The PTX of `module`, or nothing with `error` set. PTX that leaves a function
/// undefined is an error: it would not link without a library.
bool emitPTX(llvm::Module &module, llvm::TargetMachine &machine,
             std::string &ptx, std::string &error);

/// The bytes of a relocatable object, or nothing with `error` set.
bool emitObject(llvm::Module &module, llvm::TargetMachine &machine,
                std::string &object, std::string &error);

} // namespace minrnn::compiler

#endif // MINRNN_COMPILER_CODEGEN_LLVMCODE_H
