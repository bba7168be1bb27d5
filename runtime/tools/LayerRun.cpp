//===- LayerRun.cpp - A layer on numbers of f32 ---------------------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/tools/LayerRun.h"

#include "minrnn/error.h"
#include "runtime/core/DeviceAddress.h"
#include "runtime/core/FormatNumber.h"
#include "runtime/core/HalfStorage.h"

#include <cmath>

using namespace minrnn;

namespace {

LayerOptions inDouble(LayerOptions options) {
  options.precision = Precision::Double;
  return options;
}

/// What messages call a tensor.
std::string wordsFor(std::string_view name) {
  if (name == "input")
    return "x";
  if (name == "d_output")
    return "gradient of the output";
  return std::string(name);
}

} // namespace

LayerRun::LayerRun(const CellKernels &cell, const LayerSizes &sizes,
                   const LayerOptions &options, bool allowsOverflow)
    : device(cell.device()), allowsOverflow(allowsOverflow),
      layer(cell, sizes, inDouble(options)) {
  for (LayerTensor &tensor : layer.tensors())
    table.emplace(tensor.name, tensor);
}

void LayerRun::set(std::string_view name, std::span<const float> numbers) {
  if (numbers.empty()) {
    if (const auto found = given.find(name); found != given.end())
      given.erase(found);
    return;
  }
  const LayerTensor &tensor = table.find(name)->second;
  if (tensor.element == "f32") {
    given.insert_or_assign(
        tensor.name, DeviceArray<std::byte>(device, std::as_bytes(numbers)));
    return;
  }
  const ElementType type = elementTypeOf(tensor.element);
  std::vector<std::uint16_t> halves;
  halves.reserve(numbers.size());
  for (const float number : numbers) {
    halves.push_back(narrow(type, number));
    if (!allowsOverflow && std::isfinite(number) &&
        !std::isfinite(widen(type, halves.back())))
      throw Error("'" + wordsFor(name) + "' holds " + formatNumber(number) +
                  ", which is too large for the io type " + tensor.element);
  }
  given.insert_or_assign(
      tensor.name,
      DeviceArray<std::byte>(device, std::as_bytes(std::span(halves))));
}

void LayerRun::set(std::string_view name, std::span<const std::uint8_t> bytes) {
  if (!bytes.empty())
    given.insert_or_assign(
        std::string(name),
        DeviceArray<std::byte>(device, std::as_bytes(bytes)));
}

void LayerRun::want(std::string_view name) {
  const auto found = table.find(name);
  if (found != table.end())
    given.insert_or_assign(
        found->first, DeviceArray<std::byte>(device, static_cast<std::size_t>(
                                                         found->second.bytes)));
}

void LayerRun::run(Procedure procedure) {
  std::vector<NamedTensor> tensors;
  for (const auto &[name, array] : given)
    if (procedure == Procedure::Backward ||
        table.find(name)->second.role != Role::Gradient)
      tensors.emplace_back(name, array);
  switch (procedure) {
  case Procedure::Forward:
    return layer.forward(tensors);
  case Procedure::Backward:
    return layer.backward(tensors);
  case Procedure::Step:
    return layer.step(tensors);
  }
}

std::vector<float> LayerRun::read(const LayerTensor &tensor,
                                  std::uint64_t address) const {
  const auto bytes = static_cast<std::size_t>(tensor.bytes);
  if (tensor.element == "f32") {
    std::vector<float> numbers(bytes / sizeof(float));
    device->copyToHost(numbers.data(), address, bytes);
    return numbers;
  }
  const ElementType type = elementTypeOf(tensor.element);
  std::vector<std::uint16_t> halves(bytes / sizeof(std::uint16_t));
  device->copyToHost(halves.data(), address, bytes);
  std::vector<float> numbers;
  numbers.reserve(halves.size());
  for (const std::uint16_t bits : halves)
    numbers.push_back(widen(type, bits));
  return numbers;
}

std::vector<float> LayerRun::get(std::string_view name) const {
  const auto found = given.find(name);
  if (found == given.end())
    return {};
  return read(table.find(name)->second, addressOf(found->second.data()));
}

std::vector<float> LayerRun::own(Procedure procedure,
                                 std::string_view name) const {
  const std::uint64_t address = layer.address(procedure, name);
  return address == 0 ? std::vector<float>()
                      : read(table.find(name)->second, address);
}
