//===- LayerArrays.cpp - Numbers for what a layer is given ----------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/tools/bench/LayerArrays.h"

#include "minrnn/random.h"
#include "runtime/core/DeviceAddress.h"
#include "runtime/core/HalfStorage.h"

#include <algorithm>
#include <cmath>
#include <cstring>

using namespace minrnn;
using namespace minrnn::bench;

namespace {

/// A prime, so that rows of no width repeat.
constexpr std::int64_t periodOfSamples = 1'000'003;

double scaleOf(std::string_view tensor, const LayerSizes &sizes) {
  const auto inverseRoot = [](std::int64_t width) {
    const auto inputs = static_cast<double>(std::max<std::int64_t>(width, 1));
    return std::exp2(-std::round(std::log2(inputs) / 2));
  };
  if (tensor == "weight")
    return inverseRoot(sizes.inputs);
  // Half as large as usual: a recurrence without a bound of its own stays
  // finite over any number of steps.
  if (tensor == "recurrent_weight")
    return inverseRoot(sizes.channels) / 2;
  if (tensor == "parameters")
    return 0.5;
  return tensor == "bias" || tensor == "recurrent_bias" ? 0.125 : 1;
}

/// Fills an array with a tensor's sample numbers, piece by piece.
void fill(DeviceArray<std::byte> &array, const LayerTensor &tensor,
          const LayerSizes &sizes, const SampleNumbers &numbers) {
  constexpr std::int64_t piece = std::int64_t{1} << 24;
  const std::int64_t size = bytesOfElement(tensor.element);
  const std::int64_t count = static_cast<std::int64_t>(tensor.bytes) / size;
  for (std::int64_t first = 0; first < count; first += piece)
    array.upload(toElements(numbers.of(tensor.name, sizes, first,
                                       std::min(piece, count - first)),
                            tensor.element),
                 static_cast<std::size_t>(first * size));
}

} // namespace

SampleNumbers::SampleNumbers() : block(periodOfSamples) {
  Random random(1);
  constexpr std::int64_t largest = 28;
  for (float &number : block)
    number = static_cast<float>(random.below(2 * largest + 1) - largest) / 16;
}

std::vector<float> SampleNumbers::of(std::string_view tensor,
                                     const LayerSizes &sizes,
                                     std::int64_t first,
                                     std::int64_t count) const {
  // Each tensor begins at a place of its own.
  std::int64_t place = 0;
  for (const char letter : tensor)
    place = (place * 31 + letter) * 977 % periodOfSamples;
  place = (place + first) % periodOfSamples;
  const auto scale = static_cast<float>(scaleOf(tensor, sizes));
  std::vector<float> numbers(static_cast<std::size_t>(count));
  for (float &number : numbers) {
    number = scale * block[static_cast<std::size_t>(place)];
    place = place + 1 == periodOfSamples ? 0 : place + 1;
  }
  return numbers;
}

LayerArrays::LayerArrays(
    const std::shared_ptr<Device> &device, const Layer &layer,
    const SampleNumbers &numbers,
    const std::function<bool(const LayerTensor &)> &isUsed) {
  for (const LayerTensor &tensor : layer.tensors()) {
    if (!isUsed(tensor))
      continue;
    DeviceArray<std::byte> array(device,
                                 static_cast<std::size_t>(tensor.bytes));
    if (tensor.name == "initial")
      array.clear();
    else if (!isResult(tensor))
      fill(array, tensor, layer.sizes(), numbers);
    arrays.emplace(tensor.name, std::move(array));
  }
}

std::uint64_t LayerArrays::address(std::string_view tensor) const {
  const auto found = arrays.find(tensor);
  return found == arrays.end() ? 0 : addressOf(found->second.data());
}

std::vector<NamedTensor> LayerArrays::named() const {
  std::vector<NamedTensor> list;
  list.reserve(arrays.size());
  for (const auto &[name, array] : arrays)
    list.emplace_back(name, array);
  return list;
}

std::uint64_t LayerArrays::bytes() const {
  std::uint64_t sum = 0;
  for (const auto &[name, array] : arrays)
    sum += array.size();
  return sum;
}

bool minrnn::bench::isResult(const LayerTensor &tensor) {
  return tensor.role == Role::Output ||
         (tensor.role == Role::Gradient && tensor.of != "output" &&
          tensor.of != "last");
}

std::int64_t minrnn::bench::bytesOfElement(std::string_view element) {
  return elementBytes(elementTypeOf(element));
}

std::vector<std::byte> minrnn::bench::toElements(std::span<const float> numbers,
                                                 std::string_view element) {
  const ElementType type = elementTypeOf(element);
  if (type == ElementType::F32) {
    const auto bytes = std::as_bytes(numbers);
    return {bytes.begin(), bytes.end()};
  }
  std::vector<std::byte> bytes(numbers.size() * sizeof(std::uint16_t));
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    const std::uint16_t bits = narrow(type, numbers[i]);
    std::memcpy(bytes.data() + i * sizeof bits, &bits, sizeof bits);
  }
  return bytes;
}

std::vector<float> minrnn::bench::readElements(Device &device,
                                               std::uint64_t address,
                                               std::int64_t count,
                                               std::string_view element) {
  const ElementType type = elementTypeOf(element);
  std::vector<float> numbers(static_cast<std::size_t>(count));
  if (type == ElementType::F32) {
    device.copyToHost(numbers.data(), address, numbers.size() * sizeof(float));
    return numbers;
  }
  std::vector<std::uint16_t> bits(numbers.size());
  device.copyToHost(bits.data(), address, bits.size() * sizeof(std::uint16_t));
  std::transform(bits.begin(), bits.end(), numbers.begin(),
                 [&](std::uint16_t word) { return widen(type, word); });
  return numbers;
}
