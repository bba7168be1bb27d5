//===- FloatLayer.cpp - A layer on numbers of f32 -------------------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "minrnn/layer.h"
#include "runtime/core/DeviceAddress.h"
#include "runtime/core/HalfStorage.h"

#include <algorithm>

using namespace minrnn;

/// `numbers` as elements of another type, in the memory of `device`.
template <typename Stored, typename Convert>
static DeviceArray<std::byte> store(const std::shared_ptr<Device> &device,
                                    std::span<const float> numbers,
                                    const Convert &convert) {
  std::vector<Stored> elements(numbers.size());
  std::transform(numbers.begin(), numbers.end(), elements.begin(), convert);
  return {device, std::as_bytes(std::span(elements))};
}

template <typename Stored, typename Convert>
static std::vector<float> load(Device &device, std::uint64_t address,
                               std::uint64_t bytes, const Convert &convert) {
  std::vector<Stored> elements(bytes / sizeof(Stored));
  device.copyToHost(elements.data(), address, bytes);
  std::vector<float> numbers(elements.size());
  std::transform(elements.begin(), elements.end(), numbers.begin(), convert);
  return numbers;
}

FloatLayer::FloatLayer(const CellKernels &cell, const LayerSizes &sizes,
                       const LayerOptions &options)
    : device(cell.device()), inner(cell, sizes, options) {}

void FloatLayer::set(std::string_view name, std::span<const float> numbers) {
  const LayerTensor tensor = inner.tensor(name);
  DeviceArray<std::byte> &array = arrays[tensor.name];
  if (tensor.element == "f32")
    array = {device, std::as_bytes(numbers)};
  else if (tensor.element == "u8")
    array = store<std::uint8_t>(device, numbers, [](float number) {
      return static_cast<std::uint8_t>(number);
    });
  else
    array = store<std::uint16_t>(
        device, numbers, [type = elementTypeOf(tensor.element)](float number) {
          return narrow(type, number);
        });
}

void FloatLayer::want(std::string_view name) {
  const LayerTensor tensor = inner.tensor(name);
  arrays[tensor.name] = {device, static_cast<std::size_t>(tensor.bytes)};
}

std::vector<float> FloatLayer::get(std::string_view name,
                                   Procedure after) const {
  const LayerTensor tensor = inner.tensor(name);
  const auto found = arrays.find(name);
  const std::uint64_t address = found == arrays.end()
                                    ? inner.address(after, name)
                                    : addressOf(found->second.data());
  if (address == 0)
    return {};
  if (tensor.element == "f32")
    return load<float>(*device, address, tensor.bytes, std::identity());
  if (tensor.element == "u8")
    return load<std::uint8_t>(*device, address, tensor.bytes, std::identity());
  return load<std::uint16_t>(
      *device, address, tensor.bytes,
      [type = elementTypeOf(tensor.element)](std::uint16_t bits) {
        return widen(type, bits);
      });
}

void FloatLayer::run(Procedure procedure) {
  const std::vector<LayerTensor> tensors = inner.tensors();
  std::vector<NamedTensor> named;
  for (const LayerTensor &tensor : tensors) {
    if (tensor.role == Role::Output && !tensor.isOptional &&
        !arrays.contains(tensor.name))
      want(tensor.name);
    if (const auto found = arrays.find(tensor.name);
        found != arrays.end() &&
        (procedure == Procedure::Backward || tensor.role != Role::Gradient))
      named.emplace_back(tensor.name, found->second);
  }
  inner.run(procedure, named);
}
