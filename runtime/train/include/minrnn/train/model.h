//===- model.h - What is trained --------------------------------*- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_TRAIN_MODEL_H
#define MINRNN_TRAIN_MODEL_H

#include "minrnn/device_array.h"
#include "minrnn/layers.h"
#include "minrnn/train/tensor_plan.h"

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

namespace minrnn {

/// What a model or a task says of itself in a checkpoint, by name.
using Metadata = std::map<std::string, std::string, std::less<>>;

/// What a model carries from one step to the next, of `batch` rows.
struct ModelState {
  std::int64_t batch = 0;
  /// How many steps it has seen.
  std::int64_t position = 0;
  /// `stateSize` numbers for each row, on the model's device.
  DeviceArray<float> values;
};

/// A model that reads one token at each position of a sequence, or `inputSize`
/// numbers, and gives `outputSize` numbers there. Its parameters and their
/// gradients are two arrays on one device, laid out alike.
class Model {
public:
  virtual ~Model() = default;

  /// Where its layers run.
  virtual const LayerContext &context() const = 0;

  /// The parameters by name.
  virtual const std::vector<PlannedTensor> &layout() const = 0;
  virtual DeviceArray<float> &parameters() = 0;
  virtual DeviceArray<float> &gradients() = 0;

  /// Draws the parameters afresh.
  virtual void initialise(std::uint64_t seed) = 0;

  virtual std::int64_t outputSize() const = 0;
  /// How many numbers it reads at each position; 0: it reads tokens.
  virtual std::int64_t inputSize() const { return 0; }

  /// Copies inputs[batch, time] to the device. Throws Error when a token is
  /// none that the model knows, or there are not as many.
  virtual void upload(std::int64_t batch, std::int64_t time,
                      std::span<const std::int32_t> inputs) = 0;

  /// Copies numbers[batch, time, inputSize] to the device. Throws Error when
  /// the model reads tokens, or there are not as many. Here: it does.
  virtual void upload(std::int64_t batch, std::int64_t time,
                      std::span<const float> numbers);

  /// Copies the number of a training step to the device, which decides what
  /// dropout leaves out of the next forwards in training. Here: there is none.
  virtual void uploadStep(std::uint64_t /*step*/) {}

  /// Queues the outputs of what was uploaded, each row from its initial
  /// states; in `training` with dropout. It may be recorded in a graph after
  /// a first call.
  virtual void enqueueForward(bool training) = 0;

  /// Where `enqueueForward` leaves the outputs[batch, time, outputSize], and
  /// `enqueueBackward` expects their gradient in their place.
  virtual float *outputs() const = 0;

  /// Queues the gradients of the parameters, which are overwritten.
  virtual void enqueueBackward() = 0;

  /// Changes when a buffer has moved: a graph that was recorded before is of no
  /// use any more.
  virtual std::uint64_t bufferGeneration() const = 0;

  /// The number of floats of one row's states.
  virtual std::int64_t stateSize() const = 0;

  /// The states at the beginning of a sequence, of `batch` rows. Throws Error
  /// when `batch` is negative or they are too large for memory.
  virtual ModelState initialState(std::int64_t batch) = 0;

  /// One more step of each row, or several at once, which give the same but for
  /// rounding: reads inputs[batch, steps], moves `state` on, and writes
  /// outputs[batch, steps, outputSize]. Throws Error when an array is of
  /// another length or an input is none that the model knows.
  virtual void step(ModelState &state, std::span<const std::int32_t> inputs,
                    std::span<float> outputs) = 0;

  /// The same of numbers[batch, steps, inputSize]. Here: the model reads
  /// tokens.
  virtual void step(ModelState &state, std::span<const float> numbers,
                    std::span<float> outputs);

  /// A snapshot: another state that is the same, on the device.
  ModelState copyOf(const ModelState &state) const;

  /// What is needed to build it again.
  virtual Metadata metadata() const = 0;
};

} // namespace minrnn

#endif // MINRNN_TRAIN_MODEL_H
