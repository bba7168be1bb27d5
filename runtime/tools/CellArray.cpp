//===- CellArray.cpp - Numbers here and on the cell's device --------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/tools/CellArray.h"

#include "minrnn/error.h"
#include "runtime/core/FormatNumber.h"
#include "runtime/core/HalfStorage.h"

#include <cmath>
#include <span>

using namespace minrnn;

CellArray::CellArray(const CellKernels &cell, ElementType type,
                     std::string name, std::vector<float> values,
                     bool mayOverflow)
    : type(type), name(std::move(name)), mayOverflow(mayOverflow),
      numbers(std::move(values)) {
  const std::shared_ptr<Device> device = cell.device();
  isSeparate = type != ElementType::F32 || device->name() != "host";
  if (!isSeparate)
    return;
  if (type == ElementType::F32)
    singles = DeviceArray<float>(device, numbers.size());
  else
    halves = DeviceArray<std::uint16_t>(device, numbers.size());
}

void *CellArray::data() {
  if (numbers.empty())
    return nullptr;
  if (!isSeparate)
    return numbers.data();
  if (type == ElementType::F32)
    return singles.data();
  return halves.data();
}

void CellArray::toDevice(std::size_t first, std::size_t count) {
  if (!isSeparate)
    return;
  const std::span<const float> part =
      std::span<const float>(numbers).subspan(first, count);
  if (type == ElementType::F32) {
    singles.upload(part, first);
    return;
  }
  std::vector<std::uint16_t> bits;
  bits.reserve(count);
  for (const float number : part) {
    bits.push_back(narrow(type, number));
    if (!mayOverflow && std::isfinite(number) &&
        !std::isfinite(widen(type, bits.back())))
      throw Error("'" + name + "' holds " + formatNumber(number) +
                  ", which is too large for the io type " +
                  (type == ElementType::F16 ? "f16" : "bf16"));
  }
  halves.upload(bits, first);
}

void CellArray::roundToStored() {
  if (type == ElementType::F32)
    return;
  for (float &number : numbers)
    number = widen(type, narrow(type, number));
}

void CellArray::toHost(std::size_t first, std::size_t count) {
  if (!isSeparate)
    return;
  const std::span<float> part = std::span<float>(numbers).subspan(first, count);
  if (type == ElementType::F32) {
    singles.download(part, first);
    return;
  }
  std::vector<std::uint16_t> bits(count);
  halves.download(bits, first);
  for (std::size_t i = 0; i < count; ++i)
    part[i] = widen(type, bits[i]);
}
