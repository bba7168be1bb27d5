//===- DecodeLayer.cpp - One step of a layer for each token ---------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/tools/bench/DecodeLayer.h"

#include "minrnn/error.h"

#include <bit>

using namespace minrnn;
using namespace minrnn::bench;

DecodeLayer::DecodeLayer(const CellKernels &cell, const LayerSizes &sizes,
                         const SampleNumbers &numbers)
    : cell(cell), layer(cell, {sizes.batch, 1, sizes.inputs, sizes.channels},
                        {.training = false}),
      arrays(cell.device(), layer, numbers,
             [](const LayerTensor &tensor) {
               return tensor.role == Role::Parameter ||
                      (tensor.role == Role::Input && tensor.name != "reset") ||
                      tensor.name == "output";
             }),
      named(arrays.named()) {
  // The states become those after the step where they are.
  named.emplace_back(
      "last", std::bit_cast<const void *>(
                  static_cast<std::uintptr_t>(arrays.address("initial"))));
}

void DecodeLayer::setInput(const std::vector<float> &input) {
  const LayerTensor tensor = layer.tensor("input");
  const std::vector<std::byte> elements = toElements(input, tensor.element);
  if (elements.size() != tensor.bytes)
    throw Error("the input of a step is " + std::to_string(tensor.bytes) +
                " bytes, found " + std::to_string(elements.size()));
  cell.device()->copyToDevice(arrays.address("input"), elements.data(),
                              elements.size());
}

void DecodeLayer::step() { layer.step(named); }

std::vector<float> DecodeLayer::output() const {
  const LayerTensor tensor = layer.tensor("output");
  return readElements(*cell.device(), arrays.address("output"),
                      static_cast<std::int64_t>(tensor.bytes) /
                          bytesOfElement(tensor.element),
                      tensor.element);
}
