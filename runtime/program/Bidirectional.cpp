//===- Bidirectional.cpp - Both directions of a sequence ------------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "minrnn/bidirectional.h"

#include "minrnn/error.h"
#include "minrnn/layers.h"
#include "specs/contract/ElementCount.h"

using namespace minrnn;

static Layer makeLayer(const CellKernels &cell, const LayerSizes &sizes,
                       LayerOptions options, bool reverse) {
  options.reverse = reverse;
  return {cell, sizes, options};
}

BidirectionalLayer::BidirectionalLayer(LayerContext context,
                                       const CellKernels &cell,
                                       const LayerSizes &sizes,
                                       LayerOptions options)
    : context(std::move(context)), sizes(sizes),
      layers{makeLayer(cell, sizes, options, false),
             makeLayer(cell, sizes, options, true)} {
  const std::string where =
      "both directions of cell '" + cell.manifest().cell + "': ";
  if (cell.manifest().ioType != "f32")
    throw Error(where + "expected a cell in f32, found " +
                cell.manifest().ioType);
  const std::shared_ptr<Device> device = cell.device();
  if (this->context.sharedDevice() != device)
    throw Error(where + "the cell was compiled for another device than that "
                        "of the layers around it");
  const auto floats = [&](std::int64_t width) {
    return DeviceArray<float>(
        device, static_cast<std::size_t>(
                    elementCount({sizes.batch, sizes.time, width, 2},
                                 where + "a sequence") /
                    2));
  };
  for (DeviceArray<float> &output : outputs)
    output = floats(sizes.channels);
  if (!options.training)
    return;
  dOutputOfOne = floats(sizes.channels);
  dInputOfOne = floats(sizes.inputs);
}

void BidirectionalLayer::forward(const float *input, Tensors forwardDirection,
                                 Tensors backwardDirection, float *output) {
  const std::int64_t channels = sizes.channels;
  for (std::size_t i = 0; i < layers.size(); ++i) {
    const Tensors &given = i == 0 ? forwardDirection : backwardDirection;
    std::vector<NamedTensor> tensors(given.begin(), given.end());
    tensors.emplace_back("input", input);
    tensors.emplace_back("output", outputs[i]);
    layers[i].forward(tensors);
    copyRows(context, sizes.batch * sizes.time, channels, outputs[i].data(),
             channels, output + static_cast<std::int64_t>(i) * channels,
             2 * channels);
  }
}

void BidirectionalLayer::backward(const float *input, const float *dOutput,
                                  Tensors forwardDirection,
                                  Tensors backwardDirection, float *dInput) {
  const std::int64_t channels = sizes.channels;
  const std::int64_t positions = sizes.batch * sizes.time;
  for (std::size_t i = 0; i < layers.size(); ++i) {
    copyRows(context, positions, channels,
             dOutput + static_cast<std::int64_t>(i) * channels, 2 * channels,
             dOutputOfOne.data(), channels);
    const Tensors &given = i == 0 ? forwardDirection : backwardDirection;
    std::vector<NamedTensor> tensors(given.begin(), given.end());
    tensors.emplace_back("input", input);
    tensors.emplace_back("output", outputs[i]);
    tensors.emplace_back("d_output", dOutputOfOne);
    if (dInput != nullptr)
      tensors.emplace_back("d_input", i == 0 ? dInput : dInputOfOne.data());
    layers[i].backward(tensors);
  }
  if (dInput != nullptr)
    add(context, positions * sizes.inputs, dInputOfOne.data(), dInput);
}
