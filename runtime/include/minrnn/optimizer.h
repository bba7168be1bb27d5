//===- optimizer.h - AdamW, clipping, learning rate -------------*- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_OPTIMIZER_H
#define MINRNN_OPTIMIZER_H

#include <cstdint>
#include <span>
#include <vector>

namespace minrnn {

/// The constants of AdamW (Loshchilov & Hutter 2019).
struct AdamWOptions {
  double beta1 = 0.9;
  double beta2 = 0.99;
  double epsilon = 1e-8;
  /// Decoupled: each step takes learningRate * weightDecay of a weight away.
  double weightDecay = 0.1;
};

/// AdamW on one flat vector of parameters.
class AdamW {
public:
  /// `decays[i]` says whether parameter i is decayed (matrices are; scales and
  /// biases are not).
  AdamW(const AdamWOptions &options, const std::vector<bool> &decays);

  /// One step, in place:
  ///   m = beta1 m + (1 - beta1) g,  v = beta2 v + (1 - beta2) g^2,
  ///   p -= rate (m / (1 - beta1^t) / (sqrt(v / (1 - beta2^t)) + epsilon)
  ///              + weightDecay p)
  /// Throws Error when a span is not as long as `decays`.
  void step(double rate, std::span<float> parameters,
            std::span<const float> gradients);

  /// The state, so that training can be resumed.
  std::span<float> firstMoment() { return first; }
  std::span<float> secondMoment() { return second; }
  std::int64_t stepsDone() const { return steps; }
  void setStepsDone(std::int64_t count) { steps = count; }

private:
  AdamWOptions options;
  std::vector<float> decay;
  std::vector<float> first;
  std::vector<float> second;
  std::int64_t steps = 0;
};

/// Scales `gradients` so that their Euclidean norm is at most `limit`, and
/// returns the norm they had. A norm that is not finite leaves them alone.
double clipByGlobalNorm(std::span<float> gradients, double limit);

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
