//===- ControlFlow.h - Branches, where lanes reconverge ---------*- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Internal to the emulator.
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_RUNTIME_EMULATOR_CONTROLFLOW_H
#define MINRNN_RUNTIME_EMULATOR_CONTROLFLOW_H

#include "runtime/emulator/Instruction.h"

namespace minrnn::emulator {

Handler branchHandler();
Handler exitHandler();
Handler trapHandler();

/// Sets the reconvergence point of every branch: its immediate post-dominator,
/// found with the iterative algorithm of Cooper, Harvey and Kennedy ("A Simple,
/// Fast Dominance Algorithm", 2001) on the reversed graph. Marks those points
/// as joins.
void findReconvergence(EntryImage &entry);

} // namespace minrnn::emulator

#endif // MINRNN_RUNTIME_EMULATOR_CONTROLFLOW_H
