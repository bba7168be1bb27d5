//===- optimizer.h - What learns from gradients -----------------*- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_TRAIN_OPTIMIZER_H
#define MINRNN_TRAIN_OPTIMIZER_H

#include "minrnn/device_array.h"
#include "minrnn/layers.h"
#include "minrnn/train/tensor_plan.h"

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace minrnn {

/// Changes a model's parameters by their gradients, one flat vector of each.
class Optimizer {
public:
  virtual ~Optimizer() = default;

  /// One step, in place, with the gradients scaled so that their Euclidean norm
  /// is at most `limit`. Returns the norm they had; when it is not finite,
  /// nothing is changed. Throws Error when an array is not as long as the
  /// optimiser was made for.
  double step(double rate, double limit, const DeviceArray<float> &parameters,
              const DeviceArray<float> &gradients);

  /// The same in parts, for a step that is recorded in a graph: copies what
  /// changes from step to step to the device, queues the step, and waits for
  /// the norm, with which the step counts as done when it is finite.
  virtual void upload(double rate) = 0;
  virtual void enqueueStep(double limit, const DeviceArray<float> &parameters,
                           const DeviceArray<float> &gradients) = 0;
  virtual double waitForNorm() = 0;

  /// Its state, so that training can be resumed: arrays as long as the
  /// parameters, by names such as `first_moment`, and the steps done.
  struct State {
    std::string name;
    DeviceArray<float> *values = nullptr;
  };
  virtual std::vector<State> state() = 0;
  std::int64_t stepsDone() const { return steps; }
  void setStepsDone(std::int64_t count) { steps = count; }

protected:
  std::int64_t steps = 0;
};

/// norm[1] = the Euclidean norm of gradients[count], by a sum in double;
/// scale[1] = what makes it at most `limit`, which may be infinite: 1 or
/// limit / norm, or NaN when the norm is not finite.
void clipScale(const LayerContext &context, std::int64_t count,
               const float *gradients, double limit, double *norm,
               float *scale);

/// Whether weight decay is for a parameter: for matrices, not for scales,
/// biases and a cell's learned parameters.
bool isDecayed(const PlannedTensor &parameter);

/// The constants of AdamW (Loshchilov & Hutter 2019).
struct AdamWOptions {
  double beta1 = 0.9;
  double beta2 = 0.99;
  double epsilon = 1e-8;
  /// Decoupled: each step takes learningRate * weightDecay of a weight away.
  double weightDecay = 0.1;
};

/// What AdamW needs of its `step`-th step, counted from 1: the rate,
/// rate / (1 - beta1^step) and 1 / (1 - beta2^step).
std::array<float, 3> adamWFactors(const AdamWOptions &options, double rate,
                                  std::int64_t step);

/// What one step of AdamW reads and writes, arrays of `count` f32 but where
/// said.
struct AdamWArguments {
  std::int64_t count = 0;
  float *parameters = nullptr;
  const float *gradients = nullptr;
  float *firstMoment = nullptr;
  float *secondMoment = nullptr;
  /// Each weight's own decay.
  const float *decays = nullptr;
  /// [3]: `adamWFactors`.
  const float *factors = nullptr;
  /// [1]: what the gradients are multiplied by; where it is NaN, nothing is
  /// changed.
  const float *scale = nullptr;
};

/// One step of AdamW, in place: with g = scale gradients,
///   m = beta1 m + (1 - beta1) g,  v = beta2 v + (1 - beta2) g^2,
///   p -= factors[1] m / (sqrt(v factors[2]) + epsilon) + factors[0] decay p
void adamW(const LayerContext &context, const AdamWOptions &options,
           const AdamWArguments &arguments);

/// AdamW on one flat vector of parameters, in the memory of a device.
class AdamW : public Optimizer {
public:
  /// For the parameters of `layout`.
  AdamW(const AdamWOptions &options, const std::vector<PlannedTensor> &layout,
        const LayerContext &context);
  /// `decays[i]` says whether parameter i is decayed.
  AdamW(const AdamWOptions &options, const std::vector<bool> &decays,
        const LayerContext &context);

  void upload(double rate) override;
  void enqueueStep(double limit, const DeviceArray<float> &parameters,
                   const DeviceArray<float> &gradients) override;
  double waitForNorm() override;
  std::vector<State> state() override {
    return {{"first_moment", &first}, {"second_moment", &second}};
  }

  DeviceArray<float> &firstMoment() { return first; }
  DeviceArray<float> &secondMoment() { return second; }

private:
  AdamWOptions options;
  LayerContext context;
  DeviceArray<float> decay;
  DeviceArray<float> first;
  DeviceArray<float> second;
  /// As AdamWArguments has them.
  DeviceArray<float> factors;
  DeviceArray<float> scale;
  DeviceArray<double> norm;
};

/// How a learning rate goes from its peak to the final rate: along half a
/// cosine, along a line, or not at all.
enum class LearningRateDecay { Cosine, Linear, Constant };
inline constexpr std::array<std::string_view, 3> learningRateDecayNames = {
    "cosine", "linear", "constant"};

/// Linear warm-up to the peak, then the decay.
struct LearningRateSchedule {
  double peak = 1e-3;
  double final = 1e-4;
  std::int64_t warmupSteps = 100;
  std::int64_t totalSteps = 1000;
  LearningRateDecay decay = LearningRateDecay::Cosine;

  /// The rate of step `step`, counted from 0.
  double rate(std::int64_t step) const;
};

} // namespace minrnn

#endif // MINRNN_TRAIN_OPTIMIZER_H
