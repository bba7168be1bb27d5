//===- Losses.h - Losses as people read them --------------------*- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_RUNTIME_TOOLS_LOSSES_H
#define MINRNN_RUNTIME_TOOLS_LOSSES_H

#include "minrnn/train/objective.h"

#include <string>

namespace minrnn {

/// What the positions of a text are called; those of other tasks are
/// `position`.
inline constexpr const char *characterUnit = "character";

/// How much information `nats` are.
double bitsOf(double nats);

/// What the losses of numbers are counted in.
inline constexpr const char *varianceUnit = "of the targets' variance";

/// `1.52 nats (2.19 bits) per character`, `0.25 nats per position`: a text's
/// losses are compared in bits, too. Where `countedIn` is not empty, it is in
/// the place of nats: `0.1 of the targets' variance`.
std::string describeLoss(double loss, const std::string &unit,
                         const std::string &countedIn);

/// `loss 0.25 nats per position, accuracy 0.99`
std::string describeEvaluation(const Evaluation &found, const std::string &unit,
                               const std::string &countedIn);

} // namespace minrnn

#endif // MINRNN_RUNTIME_TOOLS_LOSSES_H
