//===- HandWrittenMinGru.h - minGRU without the compiler --------*- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The entries of minGRU written by hand in C++ (HandWrittenEntries.h), in
// double inside, with the argument blocks of specs/abi.md. The runtime's own
// tests run on it, so that they need no compiler and no fault of the compiler
// can hide one of theirs.
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_TESTS_RUNTIME_HANDWRITTENMINGRU_H
#define MINRNN_TESTS_RUNTIME_HANDWRITTENMINGRU_H

#include "minrnn/cell_kernels.h"

#include <string>

namespace minrnn::test {

/// The manifest, as JSON, with tiles of 16 channels.
std::string handWrittenMinGruManifest();

/// The module on a host device.
std::shared_ptr<HostModule> handWrittenMinGruModule(
    std::shared_ptr<HostDevice> device = std::make_shared<HostDevice>());

/// Both together.
CellKernels handWrittenMinGru(int threads = 0);

} // namespace minrnn::test

#endif // MINRNN_TESTS_RUNTIME_HANDWRITTENMINGRU_H
