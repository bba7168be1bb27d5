//===- bidirectional.h - Both directions of a sequence ----------*- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_BIDIRECTIONAL_H
#define MINRNN_BIDIRECTIONAL_H

#include "minrnn/layer.h"
#include "minrnn/layers.h"

#include <array>

namespace minrnn {

/// Two layers of one cell, each with weights of its own: one goes from step 0
/// on, the other from step T - 1 back. Their outputs stand side by side. Of
/// cells in f32.
class BidirectionalLayer {
public:
  /// The tensors of one direction, but `input`, `output`, `d_input` and
  /// `d_output`.
  using Tensors = std::span<const NamedTensor>;

  /// `options.reverse` is not looked at. Throws Error as Layer does, when the
  /// cell is not in f32, and when `context` is of another device.
  BidirectionalLayer(LayerContext context, const CellKernels &cell,
                     const LayerSizes &sizes, LayerOptions options = {});

  /// output[B, T, 2 H]: at every step that of the forward direction, then that
  /// of the backward direction.
  void forward(const float *input, Tensors forwardDirection,
               Tensors backwardDirection, float *output);

  /// From dOutput[B, T, 2 H]. dInput[B, T, D], the sum of both directions', is
  /// overwritten; null: not wanted.
  void backward(const float *input, const float *dOutput,
                Tensors forwardDirection, Tensors backwardDirection,
                float *dInput);

private:
  LayerContext context;
  LayerSizes sizes;
  std::array<Layer, 2> layers;
  /// [B, T, H] of each direction, and gradients of one.
  std::array<DeviceArray<float>, 2> outputs;
  DeviceArray<float> dOutputOfOne;
  DeviceArray<float> dInputOfOne;
};

} // namespace minrnn

#endif // MINRNN_BIDIRECTIONAL_H
