//===- Task.cpp - What a model is trained on ------------------------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "minrnn/train/task.h"

#include "minrnn/layers.h"

#include <algorithm>

using namespace minrnn;

std::int64_t Batch::counted() const {
  return mask.empty() ? batch * time
                      : static_cast<std::int64_t>(mask.size()) -
                            std::ranges::count(mask, std::uint8_t{0});
}

Batch Batch::rows(std::int64_t first, std::int64_t count) const {
  const auto of = [&]<typename Element>(const std::vector<Element> &all) {
    // (Numbers have several columns at each position.)
    const auto row =
        batch == 0 ? 0 : static_cast<std::int64_t>(all.size()) / batch;
    const auto begin = all.begin() + first * row;
    return std::vector<Element>(begin, begin + count * row);
  };
  return {count,    time,        of(inputs),       of(targets),
          of(mask), of(numbers), of(numberTargets)};
}

void Task::enqueueLoss(const LayerContext &context,
                       const DeviceTargets &targets, const float *outputs,
                       float *dOutputs, double *loss) const {
  if (targets.numbers != nullptr)
    return squaredError(context, {targets.rows, targets.outputSize}, outputs,
                        targets.numbers, targets.weights, dOutputs, loss);
  crossEntropy(context, {targets.rows, targets.outputSize}, outputs,
               targets.targets, targets.weights, dOutputs, loss);
}

void Task::addMetrics(const Batch & /*batch*/,
                      std::span<const float> /*outputs*/,
                      std::span<double> /*sums*/) const {}
