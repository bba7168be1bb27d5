//===- sampling.h - Text from a trained model -------------------*- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_TRAIN_SAMPLING_H
#define MINRNN_TRAIN_SAMPLING_H

#include "minrnn/random.h"
#include "minrnn/train/model.h"

#include <cstdint>
#include <functional>
#include <span>

namespace minrnn {

/// One token drawn from softmax(logits / temperature); the likeliest one when
/// `temperature` is 0. Throws Error when there are no logits, one is not
/// finite, or `temperature` is negative or not finite.
std::int32_t drawToken(std::span<const float> logits, double temperature,
                       Random &random);

/// Reads `prompt` (at least one token), then draws `length` tokens, one step at
/// a time with the state carried on, and gives each to `emit`. The same
/// seed gives the same text. Throws Error as `drawToken` does, and when the
/// prompt is empty or holds a token outside the vocabulary.
void sampleTokens(Model &model, std::span<const std::int32_t> prompt,
                  std::int64_t length, double temperature, std::uint64_t seed,
                  const std::function<void(std::int32_t)> &emit);

} // namespace minrnn

#endif // MINRNN_TRAIN_SAMPLING_H
