//===- LayerRun.h - A layer on numbers of f32 -------------------*- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_RUNTIME_TOOLS_LAYERRUN_H
#define MINRNN_RUNTIME_TOOLS_LAYERRUN_H

#include "minrnn/layer.h"

#include <cstddef>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace minrnn {

/// A layer whose tensors are numbers of f32 here and, on the device, elements
/// of their type. It multiplies in double.
class LayerRun {
public:
  /// `allowsOverflow`: a number that is too large for its type becomes infinite
  /// without a word.
  LayerRun(const CellKernels &cell, const LayerSizes &sizes,
           const LayerOptions &options, bool allowsOverflow);

  /// Gives a tensor, or takes it back where there are no numbers. Throws Error
  /// when there are not as many as the tensor has, or when one is too large for
  /// its type.
  void set(std::string_view name, std::span<const float> numbers);
  void set(std::string_view name, std::span<const std::uint8_t> bytes);
  /// Gives room for a tensor that is to be written, where the cell has it.
  void want(std::string_view name);

  /// Runs a procedure on the tensors that were given.
  void run(Procedure procedure);

  /// What a tensor that was given holds now; empty where it was not.
  std::vector<float> get(std::string_view name) const;
  /// The same of a tensor of the layer's own, after `procedure`.
  std::vector<float> own(Procedure procedure, std::string_view name) const;

  bool has(std::string_view name) const { return table.count(name) != 0; }

private:
  std::vector<float> read(const LayerTensor &tensor,
                          std::uint64_t address) const;

  std::shared_ptr<Device> device;
  bool allowsOverflow;
  Layer layer;
  std::map<std::string, LayerTensor, std::less<>> table;
  std::map<std::string, DeviceArray<std::byte>, std::less<>> given;
};

} // namespace minrnn

#endif // MINRNN_RUNTIME_TOOLS_LAYERRUN_H
