//===- Sampling.cpp - Text from a trained model ---------------------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "minrnn/train/sampling.h"

#include "minrnn/error.h"
#include "runtime/core/FormatNumber.h"

#include <algorithm>
#include <cmath>
#include <vector>

using namespace minrnn;

std::int32_t minrnn::drawToken(std::span<const float> logits,
                               double temperature, Random &random) {
  if (!(temperature >= 0) || !std::isfinite(temperature))
    throw Error("the temperature must be 0 or more, found " +
                formatNumber(temperature));
  if (logits.empty())
    throw Error("there is no token to draw from");
  if (!std::all_of(logits.begin(), logits.end(),
                   [](float logit) { return std::isfinite(logit); }))
    throw Error("the model gave a logit that is not finite");
  const auto likeliest = std::max_element(logits.begin(), logits.end());
  if (temperature == 0)
    return static_cast<std::int32_t>(likeliest - logits.begin());
  std::vector<double> weights;
  double total = 0;
  for (const float logit : logits) {
    weights.push_back(std::exp(
        (static_cast<double>(logit) - static_cast<double>(*likeliest)) /
        temperature));
    total += weights.back();
  }
  double rest = random.uniform() * total;
  for (std::size_t token = 0; token < weights.size(); ++token) {
    rest -= weights[token];
    if (rest < 0)
      return static_cast<std::int32_t>(token);
  }
  // Rounding left a little over.
  return static_cast<std::int32_t>(likeliest - logits.begin());
}

void minrnn::sampleTokens(Model &model, std::span<const std::int32_t> prompt,
                          std::int64_t length, double temperature,
                          std::uint64_t seed,
                          const std::function<void(std::int32_t)> &emit) {
  if (prompt.empty())
    throw Error("the prompt is empty; the model needs at least one character");
  Random random(seed);
  const auto size = static_cast<std::size_t>(model.outputSize());
  ModelState state = model.initialState(1);
  std::vector<float> logits;
  // In pieces, so that the logits of a long prompt need little room.
  constexpr std::size_t piece = 1024;
  for (std::size_t begin = 0; begin < prompt.size(); begin += piece) {
    const auto tokens =
        prompt.subspan(begin, std::min(piece, prompt.size() - begin));
    logits.resize(tokens.size() * size);
    model.step(state, tokens, logits);
  }
  // Those of its last token.
  logits.erase(logits.begin(),
               logits.end() - static_cast<std::ptrdiff_t>(size));
  for (std::int64_t i = 0; i < length; ++i) {
    const std::int32_t token = drawToken(logits, temperature, random);
    emit(token);
    model.step(state, {&token, 1}, logits);
  }
}
