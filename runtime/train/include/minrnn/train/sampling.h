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

/// From which tokens the next is drawn, and how likely each is.
struct SamplingOptions {
  /// Logits are divided by it; 0: the likeliest token is taken.
  double temperature = 1;
  /// So many of the likeliest tokens are left; 0: all.
  std::int64_t topK = 0;
  /// Of these, as few of the likeliest as have this share of the probability
  /// (nucleus sampling, Holtzman et al. 2020); 1: all.
  double topP = 1;
};

/// One token drawn from softmax(logits / temperature), of those that the
/// options leave; of equally likely ones the first are left. Throws Error when
/// there are no logits, one is not finite, or an option is out of range: the
/// temperature negative or not finite, `topK` negative, `topP` not in (0, 1].
std::int32_t drawToken(std::span<const float> logits,
                       const SamplingOptions &options, Random &random);

/// Reads `prompt` (at least one token), then draws at most `length` tokens, one
/// step at a time with the state carried on, and gives each to `emit`, until
/// that says false. The same seed gives the same text. Throws Error as
/// `drawToken` does, and when the prompt is empty or holds a token outside the
/// vocabulary.
void sampleTokens(Model &model, std::span<const std::int32_t> prompt,
                  std::int64_t length, const SamplingOptions &options,
                  std::uint64_t seed,
                  const std::function<bool(std::int32_t)> &emit);

} // namespace minrnn

#endif // MINRNN_TRAIN_SAMPLING_H
