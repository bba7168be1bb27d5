//===- HostTimeLoop.h - A loop over time on the processor -------*- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Rows of the batch do not read each other. So each thread takes a slice of
// them and goes through all steps by itself, products included, and no thread
// waits for another at a step.
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_RUNTIME_PROGRAM_HOSTTIMELOOP_H
#define MINRNN_RUNTIME_PROGRAM_HOSTTIMELOOP_H

#include "runtime/program/Executor.h"

namespace minrnn {

/// Runs the loop, whose operations are live ones, slice by slice of the batch.
/// The results are the same bits whatever the slices. False, and nothing was
/// done, where it cannot be cut so: on another device, where an operation
/// writes something that has no rows of the batch, and where products are not
/// of a sequence in f32 by a matrix that stays as it is; and where all threads
/// at one product are faster, which the sizes alone decide.
bool runTimeLoopInSlices(const BoundLoop &loop, const ProcedureCall &call);

} // namespace minrnn

#endif // MINRNN_RUNTIME_PROGRAM_HOSTTIMELOOP_H
