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

std::array<float, 3> minrnn::adamWFactors(const AdamWOptions &options,
                                          double rate, std::int64_t step) {
  const auto time = static_cast<double>(step);
  return {static_cast<float>(rate),
          static_cast<float>(rate / (1 - std::pow(options.beta1, time))),
          static_cast<float>(1 / (1 - std::pow(options.beta2, time)))};
}

AdamW::AdamW(const AdamWOptions &options, const std::vector<bool> &decays,
             std::shared_ptr<Blocks> given)
    : options(options), blocks(std::move(given)) {
  if (!blocks)
    blocks = Blocks::create(std::make_shared<HostDevice>());
  const std::shared_ptr<Device> &device = blocks->sharedDevice();
  std::vector<float> decayOfEach;
  decayOfEach.reserve(decays.size());
  for (const bool decayed : decays)
    decayOfEach.push_back(decayed ? static_cast<float>(options.weightDecay)
                                  : 0.0F);
  decay = {device, std::span<const float>(decayOfEach)};
  first = {device, decays.size()};
  first.clear();
  second = {device, decays.size()};
  second.clear();
  factors = {device, adamWFactors(options, 0, 1).size()};
  scale = {device, 1};
  norm = {device, 1};
}

double AdamW::step(double rate, double limit,
                   const DeviceArray<float> &parameters,
                   const DeviceArray<float> &gradients) {
  stage(rate);
  queueStep(limit, parameters, gradients);
  return queuedNorm();
}

void AdamW::stage(double rate) {
  factors.upload(adamWFactors(options, rate, steps + 1));
}

void AdamW::queueStep(double limit, const DeviceArray<float> &parameters,
                      const DeviceArray<float> &gradients) {
  if (parameters.size() != first.size() || gradients.size() != first.size())
    throw Error("AdamW was made for " + std::to_string(first.size()) +
                " parameters, found " + std::to_string(parameters.size()) +
                " parameters and " + std::to_string(gradients.size()) +
                " gradients");
  const auto count = static_cast<std::int64_t>(first.size());
  blocks->clipScale(count, gradients.data(), limit, norm.data(), scale.data());
  blocks->adamW(options, {.count = count,
                          .parameters = parameters.data(),
                          .gradients = gradients.data(),
                          .firstMoment = first.data(),
                          .secondMoment = second.data(),
                          .decays = decay.data(),
                          .factors = factors.data(),
                          .scale = scale.data()});
}

double AdamW::queuedNorm() {
  const double length = norm.download().at(0);
  if (std::isfinite(length))
    ++steps;
  return length;
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
