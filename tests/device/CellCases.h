//===- CellCases.h - Calls of cells, judged ---------------------*- C++ -*-===//
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
#include "tests/reference/Equations.h"

#include <cstdint>
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

/// Lengths around the edges of tiles, odd widths, with resets and without, in
/// both directions, with each optional argument and without; and empty ones.
std::vector<Setting> settings(const KernelProgram &kernels);

/// One call of a cell, as the kernels and as the judge take it.
struct Case {
  reference::Call judged;
  std::vector<double> dOutput;
  std::vector<double> dLast;
};

Case makeCase(const reference::Program &program, const KernelProgram &kernels,
              const Setting &setting, uint64_t seed);

/// Rounds the numbers that a cell of this io type stores in its own way, so
/// that kernels of different io types start from the same numbers.
void roundInputs(Case &sample, const std::string &ioType);

/// `forward`'s arguments, with those of `backward` that are not its results.
EntryCall callOf(const reference::Program &program, const Case &sample);

/// Adds what `backward` reads of what `forward` wrote.
void addSaved(EntryCall &call, const NamedArrays &forward);

struct Both {
  NamedArrays forward;
  NamedArrays backward;
};

/// Forward, and then backward on what forward gave.
Both runBoth(const KernelProgram &kernels, EntryCall call);

/// The judge's bounds, and how much of them was made use of; see
/// specs/numerics.md, "Any cell".
class Bounds {
public:
  /// Adds a fatal failure unless every element lies within the bound.
  /// `carriesLogarithms` says that even an initial state has been through a
  /// logarithm and an exponential.
  void expectWithin(const NamedArrays &found, const std::string &name,
                    const reference::Judged &expected,
                    bool carriesLogarithms = false);

  /// Forward and backward of one call against the judge: every array that the
  /// manifest says is written.
  void expectAgrees(const reference::Program &program,
                    const KernelProgram &kernels, const Case &sample,
                    const Both &found);

  /// The largest relative error where little cancels, and the largest part of
  /// a bound that was made use of.
  double largestRelative = 0;
  double largestShare = 0;
};

} // namespace minrnn::test

#endif // MINRNN_TESTS_DEVICE_CELLCASES_H
