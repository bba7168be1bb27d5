//===- CellCases.h - Calls of cells beside the reference --------*- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_TESTS_DEVICE_CELLCASES_H
#define MINRNN_TESTS_DEVICE_CELLCASES_H

#include "tests/device/KernelProgram.h"
#include "tests/reference/CallSamples.h"
#include "tests/reference/ErrorBounds.h"

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace minrnn::test {

/// One of the calls that every cell is put to.
struct Setting {
  reference::Shape shape;
  reference::CallOptions options;
  bool dLast = true;
};

std::string describe(const Setting &setting);

/// Lengths around the edges of tiles.
inline constexpr int64_t everyTime[] = {0, 1, 2, 31, 33, 64, 65, 130};

/// The lengths, with odd widths, with resets and without, in both directions,
/// with each optional argument and without; and empty ones.
std::vector<Setting> settings(const KernelProgram &kernels,
                              std::span<const int64_t> times = everyTime);

/// One call of a cell, as the reference takes it.
struct Case {
  reference::Call call;
  std::vector<double> dOutput;
  std::vector<double> dLast;
};

Case makeCase(const reference::ParsedCell &cell, const KernelProgram &kernels,
              const Setting &setting, uint64_t seed);

/// Rounds the numbers that a cell of this io type stores in its own way, so
/// that kernels of different io types start from the same numbers.
void roundInputs(Case &sample, const std::string &ioType);

/// `forward`'s arguments, with those of `backward` that are not its results.
EntryCall callOf(const reference::ParsedCell &cell, const Case &sample);

/// Adds what `backward` reads of what `forward` wrote.
void addSaved(EntryCall &call, const NamedArrays &forward);

struct Both {
  NamedArrays forward;
  NamedArrays backward;
};

/// Forward, and then backward on what forward gave.
Both runBoth(const KernelProgram &kernels, EntryCall call);

/// Compares every array that the manifest says is written with the reference's,
/// of which `results` are those of `forward`; see specs/numerics.md, "Any
/// cell". Throws reference::Fault at the first number beyond its bound.
void compareWithReference(const reference::ParsedCell &cell,
                          const KernelProgram &kernels, const Case &sample,
                          const reference::CallResults &results,
                          const Both &found, reference::ErrorMetrics &metrics,
                          bool isHostile = false);

/// The same of what KernelProgram::steps gives.
void compareStepsWithReference(const Case &sample,
                               const reference::CallResults &results,
                               const NamedArrays &found,
                               reference::ErrorMetrics &metrics,
                               bool isHostile = false);

} // namespace minrnn::test

#endif // MINRNN_TESTS_DEVICE_CELLCASES_H
