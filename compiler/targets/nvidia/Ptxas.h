//===- Ptxas.h - From PTX to a cubin ----------------------------*- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A cubin is the machine code of one GPU. Only NVIDIA's assembler, ptxas, makes
// it; it comes with the CUDA toolkit and runs as a program.
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_COMPILER_TARGETS_NVIDIA_PTXAS_H
#define MINRNN_COMPILER_TARGETS_NVIDIA_PTXAS_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"

#include <string>
#include <vector>

namespace minrnn::compiler {

/// The folders where this process looks for ptxas, in their order: those on
/// PATH, $CUDA_HOME/bin, $CUDA_PATH/bin, /usr/local/cuda/bin. Those that are no
/// absolute paths, which would begin at the working directory, are left out.
std::vector<std::string> ptxasFolders();

/// The path of the ptxas in the first of `folders` that holds one. Empty, with
/// `error` set, where none does.
std::string findPtxas(llvm::ArrayRef<std::string> folders, std::string &error);

/// Has the program `ptxas` make the cubin of `ptx` for `target` (sm_75). False,
/// with `error` set, where it cannot be run, fails, or writes no cubin; what it
/// says is part of the error then. No file is left in either case.
bool emitCubin(llvm::StringRef ptxas, llvm::StringRef ptx,
               llvm::StringRef target, std::string &cubin, std::string &error);

} // namespace minrnn::compiler

#endif // MINRNN_COMPILER_TARGETS_NVIDIA_PTXAS_H
