//===- CellRuns.h - Compiled cells run beside the judge ---------*- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// One run of a compiled cell on one set of inputs, and what the judge says of
// the same inputs. Every array that a kernel writes is full of NaN beforehand
// and lies between guards, so that a number left out or written outside shows.
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_TESTS_E2E_CELLRUNS_H
#define MINRNN_TESTS_E2E_CELLRUNS_H

#include "minrnn/cell_kernels.h"
#include "tests/reference/SequenceSamples.h"

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace minrnn::e2e {

using reference::Presence;
using reference::SequenceData;

enum class Scan { Linear, Log };

inline constexpr Scan allScans[] = {Scan::Linear, Scan::Log};

std::string_view name(Scan scan);

/// The bound of the forward entry: 1e-5 of the value itself at every place.
/// There is no absolute part but for underflow, since with a state that is not
/// negative nothing cancels: every term of h is positive.
inline constexpr reference::Tolerance forwardTolerance = {0, 1e-5};

/// The bound of the gradients: 1e-4 of the value itself, or 1e-6 of the sum of
/// the absolute values of its terms. Gradients are sums of terms of both
/// signs, and a sum that cancels keeps the rounding errors of its terms.
inline constexpr reference::Tolerance gradientTolerance = {1e-6, 1e-4};

/// The cell from specs/cells, compiled for the host. `threads` as HostDevice
/// takes it. Compiled once in a process for each set of arguments.
CellKernels compiledCell(reference::Cell cell, Scan scan, int threads = 0);

struct ForwardRun {
  std::vector<float> output; // [B, T, H]
  std::vector<float> last;   // [B, H]
};

struct BackwardRun {
  std::vector<float> preactivations; // [B, T, G, H]
  std::vector<float> bias;           // [B, G, H]
  std::vector<float> initial;        // [B, H]
};

/// Runs the entry; adds a test failure when it writes outside its arrays.
ForwardRun runForward(const CellKernels &kernels, const SequenceData &data);
BackwardRun runBackward(const CellKernels &kernels, const SequenceData &data,
                        std::span<const float> output);

/// The state after each of T calls of `step`: [B, T, H] and [B, H].
ForwardRun runSteps(const CellKernels &kernels, const SequenceData &data);

/// Time steps [begin, end) of `data`, without initial state and dLast.
SequenceData pieceOf(const SequenceData &data, int64_t begin, int64_t end);

/// Adds a test failure, naming `what`, unless `found` agrees. Returns the
/// largest relative error.
double expectAgrees(std::string_view what, std::span<const float> found,
                    std::span<const double> expected,
                    reference::Tolerance tolerance,
                    std::span<const double> magnitude);

} // namespace minrnn::e2e

#endif // MINRNN_TESTS_E2E_CELLRUNS_H
