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

/// LLVM's machine for a triple, a processor and its features, as LLVM names
/// them, or null with `error` set. The target must have been initialised.
std::unique_ptr<llvm::TargetMachine>
createLLVMMachine(const std::string &triple, const std::string &processor,
                  const std::string &features, std::string &error);

/// Translates `module` (a builtin or gpu module in the llvm dialect) to LLVM IR
/// for `machine` and optimises it by `passes`, as LLVM's `-passes` has them.
/// Null, with a diagnostic at the operation at fault, on failure.
std::unique_ptr<llvm::Module> translateAndOptimize(mlir::Operation *module,
                                                   llvm::LLVMContext &context,
                                                   llvm::TargetMachine &machine,
                                                   llvm::StringRef passes);

/// Runs the code generator of `machine`: assembly or an object. False, with
/// `error` set, where LLVM has none.
bool emitLLVMCode(llvm::Module &module, llvm::TargetMachine &machine,
                  llvm::CodeGenFileType type, std::string &code,
                  std::string &error);

} // namespace minrnn::compiler

#endif // MINRNN_COMPILER_CODEGEN_LLVMCODE_H
