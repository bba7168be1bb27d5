//===- Manifest.h - What a kernel's caller must know ------------*- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The manifest (specs/abi.md) and the C header of a host object, both made from
// the kernels' functions, so that they cannot disagree with the code.
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_COMPILER_CODEGEN_MANIFEST_H
#define MINRNN_COMPILER_CODEGEN_MANIFEST_H

#include "dialect/MinRNN.h"
#include "minrnn/manifest.h"

#include "mlir/IR/BuiltinOps.h"

#include <string>

namespace minrnn::compiler {

/// The program in the contract's terms.
Program readProgram(dialect::ProgramOp program);

/// The manifest of `module`, at the kernel level, whose `minrnn.program` is
/// taken from it; compiled with these options, and scanned in the domain
/// `scan`. Null, with an error, where the kernels and the program do not fit.
std::optional<Manifest> takeManifest(mlir::ModuleOp module,
                                     const KernelOptions &options,
                                     llvm::StringRef scan);

/// The C header that declares a host object's entries.
std::string writeHeader(const Manifest &manifest);

} // namespace minrnn::compiler

#endif // MINRNN_COMPILER_CODEGEN_MANIFEST_H
