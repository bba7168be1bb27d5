//===- Optimizer.cpp - What learns from gradients -------------------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "minrnn/train/optimizer.h"

#include <algorithm>
#include <cmath>
#include <numbers>

using namespace minrnn;

bool minrnn::isDecayed(const PlannedTensor &parameter) {
  return parameter.shape.size() > 1;
}

double Optimizer::step(double rate, double limit,
                       const DeviceArray<float> &parameters,
                       const DeviceArray<float> &gradients) {
  upload(rate);
  enqueueStep(limit, parameters, gradients);
  return waitForNorm();
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
  switch (decay) {
  case LearningRateDecay::Constant:
    return peak;
  case LearningRateDecay::Linear:
    return peak + (final - peak) * progress;
  case LearningRateDecay::Cosine:
    break;
  }
  return final +
         (peak - final) * 0.5 * (1 + std::cos(std::numbers::pi * progress));
}
