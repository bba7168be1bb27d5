//===- AdamW.cpp - AdamW and its kernels ----------------------------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "minrnn/train/optimizer.h"

#include "minrnn/error.h"
#include "runtime/layers/LaunchGrids.h"
#include "runtime/layers/LayerKernels.h"
#include "runtime/train/optimizer/AdamW.cu.h"
#include "specs/contract/ElementCount.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>

using namespace minrnn;
using namespace minrnn::kernels;

namespace {

/// On the host squares are summed in pieces of a fixed length, added in order:
/// the same norm whatever the number of threads.
constexpr std::int64_t elementsOfPiece = 1 << 14;

std::vector<bool> decaysOf(const std::vector<PlannedTensor> &layout) {
  std::vector<bool> decays;
  for (const PlannedTensor &parameter : layout)
    decays.insert(decays.end(), static_cast<std::size_t>(parameter.count),
                  isDecayed(parameter));
  return decays;
}

} // namespace

void minrnn::clipScale(const LayerContext &context, std::int64_t count,
                       const float *gradients, double limit, double *norm,
                       float *scale) {
  elementCount({count}, "gradient norm");
  if (LayerKernels *device = context.kernels()) {
    // AdamW.cu says so.
    constexpr std::int64_t elementsThere = 4096;
    const std::int64_t pieces = ceilDiv(count, elementsThere);
    double *partials = device->workspace(pieces);
    device->start(adamWSource, "sumSquares",
                  {{upTo(mostBlocks, pieces), 1, 1}, {256, 1, 1}}, gradients,
                  partials, count);
    return device->start(adamWSource, "clipScale", oneBlock, partials, pieces,
                         limit, norm, scale);
  }
  constexpr std::int64_t piece = elementsOfPiece;
  const std::int64_t pieces = ceilDiv(count, piece);
  std::vector<double> sums(static_cast<std::size_t>(pieces));
#pragma omp parallel for schedule(static) if (pieces > 1)
  for (std::int64_t k = 0; k < pieces; ++k) {
    double sum = 0;
    const std::int64_t end = std::min(count, (k + 1) * piece);
    for (std::int64_t i = k * piece; i < end; ++i) {
      const double g = gradients[i];
      sum += g * g;
    }
    sums[static_cast<std::size_t>(k)] = sum;
  }
  double total = 0;
  for (const double sum : sums)
    total += sum;
  *norm = std::sqrt(total);
  if (!std::isfinite(*norm))
    *scale = std::numeric_limits<float>::quiet_NaN();
  else
    *scale = *norm <= limit ? 1.0F : static_cast<float>(limit / *norm);
}

void minrnn::adamW(const LayerContext &context, const AdamWOptions &options,
                   const AdamWArguments &arguments) {
  const std::int64_t count = elementCount({arguments.count}, "AdamW");
  if (LayerKernels *device = context.kernels())
    return device->start(adamWSource, "adamW", flatGrid(count),
                         arguments.parameters, arguments.gradients,
                         arguments.firstMoment, arguments.secondMoment,
                         arguments.decays, arguments.factors, arguments.scale,
                         count, options.beta1, options.beta2, options.epsilon);
  const float scale = *arguments.scale;
  if (std::isnan(scale))
    return;
  const auto beta1 = static_cast<float>(options.beta1);
  const auto beta2 = static_cast<float>(options.beta2);
  const auto epsilon = static_cast<float>(options.epsilon);
  const float rate = arguments.factors[0];
  const float stepSize = arguments.factors[1];
  const float secondScale = arguments.factors[2];
  float *p = arguments.parameters;
  const float *gradients = arguments.gradients;
  float *m = arguments.firstMoment;
  float *v = arguments.secondMoment;
  const float *decay = arguments.decays;
#pragma omp parallel for simd schedule(static) if (count > (1 << 15))
  for (std::int64_t i = 0; i < count; ++i) {
    const float g = gradients[i] * scale;
    m[i] = beta1 * m[i] + (1 - beta1) * g;
    v[i] = beta2 * v[i] + (1 - beta2) * g * g;
    p[i] -= stepSize * m[i] / (std::sqrt(v[i] * secondScale) + epsilon) +
            rate * decay[i] * p[i];
  }
}

std::array<float, 3> minrnn::adamWFactors(const AdamWOptions &options,
                                          double rate, std::int64_t step) {
  const auto time = static_cast<double>(step);
  return {static_cast<float>(rate),
          static_cast<float>(rate / (1 - std::pow(options.beta1, time))),
          static_cast<float>(1 / (1 - std::pow(options.beta2, time)))};
}

AdamW::AdamW(const AdamWOptions &options,
             const std::vector<PlannedTensor> &layout,
             const LayerContext &context)
    : AdamW(options, decaysOf(layout), context) {}

AdamW::AdamW(const AdamWOptions &options, const std::vector<bool> &decays,
             const LayerContext &context)
    : options(options), context(context) {
  const std::shared_ptr<Device> &device = context.sharedDevice();
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

void AdamW::upload(double rate) {
  factors.upload(adamWFactors(options, rate, steps + 1));
}

void AdamW::enqueueStep(double limit, const DeviceArray<float> &parameters,
                        const DeviceArray<float> &gradients) {
  if (parameters.size() != first.size() || gradients.size() != first.size())
    throw Error("AdamW was made for " + std::to_string(first.size()) +
                " parameters, found " + std::to_string(parameters.size()) +
                " parameters and " + std::to_string(gradients.size()) +
                " gradients");
  const auto count = static_cast<std::int64_t>(first.size());
  clipScale(context, count, gradients.data(), limit, norm.data(), scale.data());
  adamW(context, options,
        {.count = count,
         .parameters = parameters.data(),
         .gradients = gradients.data(),
         .firstMoment = first.data(),
         .secondMoment = second.data(),
         .decays = decay.data(),
         .factors = factors.data(),
         .scale = scale.data()});
}

double AdamW::waitForNorm() {
  const double length = norm.download().at(0);
  if (std::isfinite(length))
    ++steps;
  return length;
}
