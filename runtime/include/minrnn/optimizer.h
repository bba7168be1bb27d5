//===- optimizer.h - AdamW, clipping, learning rate -------------*- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_OPTIMIZER_H
#define MINRNN_OPTIMIZER_H

#include "minrnn/device_array.h"
#include "minrnn/device_blocks.h"

#include <cstdint>
#include <memory>
#include <vector>

namespace minrnn {

/// AdamW on one flat vector of parameters, in the memory of a device.
class AdamW {
public:
  /// `decays[i]` says whether parameter i is decayed (matrices are; scales and
  /// biases are not). The state lives on the device of `blocks`; null: the
  /// host.
  AdamW(const AdamWOptions &options, const std::vector<bool> &decays,
        std::shared_ptr<Blocks> blocks = nullptr);

  /// One step, in place:
  ///   m = beta1 m + (1 - beta1) g,  v = beta2 v + (1 - beta2) g^2,
  ///   p -= rate (m / (1 - beta1^t) / (sqrt(v / (1 - beta2^t)) + epsilon)
  ///              + weightDecay p)
  /// with g the gradients, scaled so that their Euclidean norm is at most
  /// `limit`. Returns the norm they had; when it is not finite, nothing is
  /// changed. Throws Error when an array is not as long as `decays`.
  double step(double rate, double limit, const DeviceArray<float> &parameters,
              const DeviceArray<float> &gradients);

  /// The same in parts, for a step that is recorded in a graph: copies what
  /// changes from step to step to the device, queues the step, and waits for
  /// the norm, with which the step counts as done when it is finite.
  void stage(double rate);
  void queueStep(double limit, const DeviceArray<float> &parameters,
                 const DeviceArray<float> &gradients);
  double queuedNorm();

  /// The state, so that training can be resumed.
  DeviceArray<float> &firstMoment() { return first; }
  DeviceArray<float> &secondMoment() { return second; }
  std::int64_t stepsDone() const { return steps; }
  void setStepsDone(std::int64_t count) { steps = count; }

private:
  AdamWOptions options;
  std::shared_ptr<Blocks> blocks;
  DeviceArray<float> decay;
  DeviceArray<float> first;
  DeviceArray<float> second;
  /// As AdamWArguments has them.
  DeviceArray<float> factors;
  DeviceArray<float> scale;
  DeviceArray<double> norm;
  std::int64_t steps = 0;
};

/// Linear warm-up, then half a cosine from the peak to the final rate.
struct LearningRateSchedule {
  double peak = 1e-3;
  double final = 1e-4;
  std::int64_t warmupSteps = 100;
  std::int64_t totalSteps = 1000;

  /// The rate of step `step`, counted from 0.
  double rate(std::int64_t step) const;
};

} // namespace minrnn

#endif // MINRNN_OPTIMIZER_H
