//===- CellArray.h - Numbers here and on the cell's device ------*- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_RUNTIME_TOOLS_CELLARRAY_H
#define MINRNN_RUNTIME_TOOLS_CELLARRAY_H

#include "minrnn/cell_kernels.h"
#include "minrnn/device_array.h"

#include <cstdint>
#include <string>
#include <vector>

namespace minrnn {

/// An array of numbers in f32 here, and the same on the device of a cell, as
/// the cell stores it. On the host, in f32, both are one.
class CellArray {
public:
  CellArray() = default;

  /// `name` is for messages; `mayOverflow`: a number that is too large for the
  /// type becomes infinite without a word.
  CellArray(const CellKernels &cell, ElementType type, std::string name,
            std::vector<float> values, bool mayOverflow = false);

  std::vector<float> &values() { return numbers; }
  const std::vector<float> &values() const { return numbers; }

  /// Where it begins on the device; null when it has no elements.
  void *data();

  /// Copies the elements here to the device, or those from there to here;
  /// `count` of them from `first` on. Throws Error when a number is too large
  /// for the type.
  void toDevice(std::size_t first, std::size_t count);
  void toHost(std::size_t first, std::size_t count);
  /// Rounds the elements here as the device stores them.
  void roundToStored();
  void toDevice() { toDevice(0, numbers.size()); }
  void toHost() { toHost(0, numbers.size()); }

private:
  ElementType type = ElementType::F32;
  std::string name;
  bool mayOverflow = false;
  std::vector<float> numbers;
  /// Where the array is not the vector itself: one of these, by the type.
  bool isSeparate = false;
  DeviceArray<float> singles;
  DeviceArray<std::uint16_t> halves;
};

} // namespace minrnn

#endif // MINRNN_RUNTIME_TOOLS_CELLARRAY_H
