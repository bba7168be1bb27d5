//===- Optimizer.cpp - AdamW, clipping, learning rate ---------------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "minrnn/optimizer.h"

#include "minrnn/error.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <string>

using namespace minrnn;

AdamW::AdamW(const AdamWOptions &options, const std::vector<bool> &decays)
    : options(options), first(decays.size()), second(decays.size()) {
  decay.reserve(decays.size());
  for (const bool decayed : decays)
    decay.push_back(decayed ? static_cast<float>(options.weightDecay) : 0.0F);
}

void AdamW::step(double rate, std::span<float> parameters,
                 std::span<const float> gradients) {
  if (parameters.size() != first.size() || gradients.size() != first.size())
    throw Error("AdamW was made for " + std::to_string(first.size()) +
                " parameters, found " + std::to_string(parameters.size()) +
                " parameters and " + std::to_string(gradients.size()) +
                " gradients");
  ++steps;
  const auto beta1 = static_cast<float>(options.beta1);
  const auto beta2 = static_cast<float>(options.beta2);
  const auto time = static_cast<double>(steps);
  // Both bias corrections, folded into two constants.
  const double secondCorrection = 1 - std::pow(options.beta2, time);
  const auto stepSize =
      static_cast<float>(rate / (1 - std::pow(options.beta1, time)));
  const auto secondScale = static_cast<float>(1 / secondCorrection);
  const auto epsilon = static_cast<float>(options.epsilon);
  const auto rateOfDecay = static_cast<float>(rate);
  const auto count = static_cast<std::int64_t>(first.size());
  float *p = parameters.data();
  const float *g = gradients.data();
  float *m = first.data();
  float *v = second.data();
  const float *w = decay.data();
#pragma omp parallel for simd schedule(static) if (count > (1 << 15))
  for (std::int64_t i = 0; i < count; ++i) {
    m[i] = beta1 * m[i] + (1 - beta1) * g[i];
    v[i] = beta2 * v[i] + (1 - beta2) * g[i] * g[i];
    p[i] -= stepSize * m[i] / (std::sqrt(v[i] * secondScale) + epsilon) +
            rateOfDecay * w[i] * p[i];
  }
}

double minrnn::clipByGlobalNorm(std::span<float> gradients, double limit) {
  // Sums of pieces of a fixed length, added in order: the same norm whatever
  // the number of threads.
  constexpr std::int64_t piece = 1 << 14;
  const auto count = static_cast<std::int64_t>(gradients.size());
  const std::int64_t pieces = (count + piece - 1) / piece;
  std::vector<double> sums(static_cast<std::size_t>(pieces));
#pragma omp parallel for schedule(static) if (pieces > 1)
  for (std::int64_t k = 0; k < pieces; ++k) {
    double sum = 0;
    const std::int64_t end = std::min(count, (k + 1) * piece);
    for (std::int64_t i = k * piece; i < end; ++i) {
      const double g = gradients[static_cast<std::size_t>(i)];
      sum += g * g;
    }
    sums[static_cast<std::size_t>(k)] = sum;
  }
  double total = 0;
  for (const double sum : sums)
    total += sum;
  const double norm = std::sqrt(total);
  if (!std::isfinite(norm) || norm <= limit)
    return norm;
  const auto scale = static_cast<float>(limit / norm);
  for (float &g : gradients)
    g *= scale;
  return norm;
}

double LearningRateSchedule::rate(std::int64_t step) const {
  if (step < warmupSteps)
    return peak * static_cast<double>(step + 1) /
           static_cast<double>(warmupSteps);
  const std::int64_t falling = totalSteps - warmupSteps;
  if (falling <= 0)
    return peak;
  const double progress =
      std::min(1.0, static_cast<double>(step - warmupSteps) /
                        static_cast<double>(falling));
  return final +
         (peak - final) * 0.5 * (1 + std::cos(std::numbers::pi * progress));
}
