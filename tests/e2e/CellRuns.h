//===- CellRuns.h - Compiled cells run beside the reference -----*- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_TESTS_E2E_CELLRUNS_H
#define MINRNN_TESTS_E2E_CELLRUNS_H

#include "tests/device/CompiledCells.h"
#include "tests/reference/SequenceSamples.h"

#include <cstdint>
#include <span>
#include <string>

namespace minrnn::e2e {

using reference::SequenceData;
using test::EntryCall;
using test::KernelProgram;
using test::NamedArrays;

enum class Scan { Linear, Log };

inline constexpr Scan allScans[] = {Scan::Linear, Scan::Log};

std::string_view name(Scan scan);

/// The cell from specs/cells, compiled for the host. `threads` as HostDevice
/// takes it. Compiled once in a process for each set of arguments.
const KernelProgram &compiledCell(reference::Cell cell, Scan scan,
                                  int threads = 0);

/// The call of the cell's kernels on `data`.
EntryCall callOf(const SequenceData &data);

/// `output` and `last`; and the gradients, `output` being what it gave.
NamedArrays runForward(const KernelProgram &kernels, const SequenceData &data);
NamedArrays runBackward(const KernelProgram &kernels, const SequenceData &data,
                        const std::vector<float> &output);

/// Time steps [begin, end) of `data`, without initial state and dLast.
SequenceData pieceOf(const SequenceData &data, int64_t begin, int64_t end);

/// Adds a test failure, naming `what`, unless `found` agrees. Returns the
/// largest relative error.
double expectAgrees(const std::string &what, const NamedArrays &found,
                    const reference::Estimates &expected,
                    const reference::Tolerance &tolerance);

} // namespace minrnn::e2e

#endif // MINRNN_TESTS_E2E_CELLRUNS_H
