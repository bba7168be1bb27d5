//===- GradientChecks.h - Gradients against differences ---------*- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_TESTS_REFERENCE_GRADIENTCHECKS_H
#define MINRNN_TESTS_REFERENCE_GRADIENTCHECKS_H

#include "tests/reference/Equations.h"
#include "tests/reference/Samples.h"

#include <span>
#include <string_view>

namespace minrnn::reference {

/// Expects that `found` is `expected` as compare() has it.
void expectAgrees(std::string_view what, std::span<const double> found,
                  std::span<const double> expected, Tolerance tolerance,
                  std::span<const double> magnitude = {});

/// Expects that differentiate() yields, for every input of `call`, the central
/// differences of evaluate(). `dOutput` is [B, T, H], `dLast` [B, S, H].
/// `call` must not round its pre-activations.
void expectGradientsAreCentralDifferences(const ParsedCell &cell,
                                          const Call &call,
                                          std::span<const double> dOutput,
                                          std::span<const double> dLast);

} // namespace minrnn::reference

#endif // MINRNN_TESTS_REFERENCE_GRADIENTCHECKS_H
