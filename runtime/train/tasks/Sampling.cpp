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
#include <numeric>
#include <utility>
#include <vector>

using namespace minrnn;

namespace {

void check(std::span<const float> logits, const SamplingOptions &options) {
  if (!(options.temperature >= 0) || !std::isfinite(options.temperature))
    throw Error("the temperature must be 0 or more, found " +
                formatNumber(options.temperature));
  if (options.topK < 0)
    throw Error("the number of likeliest tokens must be 0 or more, found " +
                std::to_string(options.topK));
  if (!(options.topP > 0 && options.topP <= 1))
    throw Error("the share of the likeliest tokens must be above 0 and at most "
                "1, found " +
                formatNumber(options.topP));
  if (logits.empty())
    throw Error("there is no token to draw from");
  if (!std::all_of(logits.begin(), logits.end(),
                   [](float logit) { return std::isfinite(logit); }))
    throw Error("the model gave a logit that is not finite");
}

/// Sets the weights of those tokens to zero that the options leave out.
void leaveOut(const SamplingOptions &options, std::vector<double> &weights) {
  const std::size_t most =
      options.topK == 0
          ? weights.size()
          : std::min(weights.size(), static_cast<std::size_t>(options.topK));
  if (most == weights.size() && options.topP == 1)
    return;
  std::vector<std::size_t> order(weights.size());
  std::iota(order.begin(), order.end(), 0);
  std::ranges::sort(order, {}, [&](std::size_t token) {
    return std::pair(-weights[token], token);
  });
  double total = 0;
  for (std::size_t i = 0; i < most; ++i)
    total += weights[order[i]];
  double sum = 0;
  for (std::size_t i = 0; i < order.size(); ++i) {
    double &weight = weights[order[i]];
    if (i >= most || (options.topP < 1 && sum >= options.topP * total))
      weight = 0;
    else
      sum += weight;
  }
}

} // namespace

std::int32_t minrnn::drawToken(std::span<const float> logits,
                               const SamplingOptions &options, Random &random) {
  check(logits, options);
  const auto likeliest = std::max_element(logits.begin(), logits.end());
  if (options.temperature == 0)
    return static_cast<std::int32_t>(likeliest - logits.begin());
  std::vector<double> weights;
  for (const float logit : logits)
    weights.push_back(std::exp(
        (static_cast<double>(logit) - static_cast<double>(*likeliest)) /
        options.temperature));
  leaveOut(options, weights);
  double rest =
      random.uniform() * std::accumulate(weights.begin(), weights.end(), 0.0);
  for (std::size_t token = 0; token < weights.size(); ++token) {
    rest -= weights[token];
    if (rest < 0)
      return static_cast<std::int32_t>(token);
  }
  // Rounding left a little over.
  return static_cast<std::int32_t>(likeliest - logits.begin());
}

void minrnn::sampleTokens(Model &model, std::span<const std::int32_t> prompt,
                          std::int64_t length, const SamplingOptions &options,
                          std::uint64_t seed,
                          const std::function<bool(std::int32_t)> &emit) {
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
    const std::int32_t token = drawToken(logits, options, random);
    if (!emit(token))
      return;
    model.step(state, {&token, 1}, logits);
  }
}
