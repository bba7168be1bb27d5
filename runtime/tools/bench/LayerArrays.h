//===- LayerArrays.h - Numbers for what a layer is given --------*- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_RUNTIME_TOOLS_BENCH_LAYERARRAYS_H
#define MINRNN_RUNTIME_TOOLS_BENCH_LAYERARRAYS_H

#include "minrnn/layer.h"

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace minrnn::bench {

/// Numbers without a pattern that are the same in every run: multiples of a
/// sixteenth below two, of mean 0 and variance 1, times a scale. They repeat
/// after a million and three.
///
/// Products of such matrices are exact in f32, in whatever order they are
/// summed, and in any format that tensor cores take: the gates of any
/// implementation are the same to the bit, and a gate with a kink is on the
/// same side of it.
class SampleNumbers {
public:
  SampleNumbers();

  /// Those of places [first, first + count) of a tensor of the contract, scaled
  /// about as a layer that begins to learn has them, by a power of two.
  std::vector<float> of(std::string_view tensor, const LayerSizes &sizes,
                        std::int64_t first, std::int64_t count) const;

private:
  std::vector<float> block;
};

/// The caller's tensors of a layer, in the memory of its device: those that it
/// is given hold sample numbers, `initial` zero, and results nothing yet.
class LayerArrays {
public:
  /// Those that `isUsed` says.
  LayerArrays(const std::shared_ptr<Device> &device, const Layer &layer,
              const SampleNumbers &numbers,
              const std::function<bool(const LayerTensor &)> &isUsed);

  bool has(std::string_view tensor) const { return arrays.contains(tensor); }
  /// 0 where there is none.
  std::uint64_t address(std::string_view tensor) const;
  /// What `Layer::run` takes.
  std::vector<NamedTensor> named() const;
  std::uint64_t bytes() const;

private:
  std::map<std::string, DeviceArray<std::byte>, std::less<>> arrays;
};

/// Whether a call writes the tensor, which is the caller's.
bool isResult(const LayerTensor &tensor);

/// Elements (`f32`, `f16` or `bf16`) as numbers, and numbers as such elements,
/// rounded to the nearest.
std::vector<float> readElements(Device &device, std::uint64_t address,
                                std::int64_t count, std::string_view element);
std::vector<std::byte> toElements(std::span<const float> numbers,
                                  std::string_view element);
std::int64_t bytesOfElement(std::string_view element);

} // namespace minrnn::bench

#endif // MINRNN_RUNTIME_TOOLS_BENCH_LAYERARRAYS_H
