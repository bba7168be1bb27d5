//===- Manifest.h - What a kernel's caller must know ------------*- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The manifest (specs/abi.md) and the C header of a host object, both written
// from the kernels' functions, so that they cannot disagree with the code.
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_COMPILER_CODEGEN_MANIFEST_H
#define MINRNN_COMPILER_CODEGEN_MANIFEST_H

#include "compiler/lowering/KernelArguments.h"

#include "mlir/IR/BuiltinOps.h"

#include <string>
#include <vector>

namespace minrnn::compiler {

/// One entry of the compiled cell.
struct KernelEntry {
  /// forward, backward, step, forward_chained or backward_chained.
  std::string name;
  /// Its name in the PTX or the object.
  std::string symbol;
  /// Threads of a block; empty on the host.
  std::vector<int64_t> block;
  int64_t tileChannels = 0;
  /// 0 where time is not tiled.
  int64_t tileTime = 0;
  std::vector<KernelArgument> arguments;
};

/// A gate that projects a state, or a value computed within the step.
struct RecurrentProjection {
  std::string name;
  /// The name of the state; empty where it is no state.
  std::string state;
  /// Else the value's place along the axis `chained`.
  int64_t chained = 0;
};

/// The kernels of a module at the kernel level, and what they were made from.
struct KernelInventory {
  std::string cell;
  /// parallel or sequential.
  std::string kind;
  std::string target;
  /// f32, f16 or bf16.
  std::string ioType;
  /// log or linear; none for a sequential cell.
  std::string scan;
  std::vector<std::string> gates;
  /// The projections of states and of values computed within the step.
  std::vector<RecurrentProjection> recurrent;
  std::vector<std::string> parameters;
  std::vector<std::string> states;
  /// Whether the one state is the output.
  bool isPlain = false;
  /// The name of the output's tensor: that of the first state, or `y`.
  std::string output;
  std::vector<KernelEntry> entries;
};

/// Reads the inventory of `module`, at the kernel level.
KernelInventory takeInventory(mlir::ModuleOp module, llvm::StringRef target,
                              llvm::StringRef ioType, llvm::StringRef scan);

/// The manifest as JSON, with a newline at its end.
std::string writeManifest(const KernelInventory &inventory);

/// The manifest as the comment that opens a PTX file.
std::string writeManifestComment(const std::string &manifest);

/// The C header that declares a host object's entries.
std::string writeHeader(const KernelInventory &inventory);

} // namespace minrnn::compiler

#endif // MINRNN_COMPILER_CODEGEN_MANIFEST_H
