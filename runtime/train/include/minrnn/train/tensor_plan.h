//===- tensor_plan.h - Where tensors lie in one array -----------*- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_TRAIN_TENSOR_PLAN_H
#define MINRNN_TRAIN_TENSOR_PLAN_H

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace minrnn {

/// Where a tensor begins in a flat array of f32, and how many there are.
struct TensorSlice {
  std::int64_t offset = 0;
  std::int64_t count = 0;

  /// Its address in the array that begins at `base`, of f32 or of as many
  /// other numbers; null when it is empty.
  template <typename Number> Number *in(Number *base) const {
    return count == 0 ? nullptr : base + offset;
  }
  /// Its part of the array.
  template <typename Number>
  std::span<Number> of(std::span<Number> array) const {
    return array.subspan(static_cast<std::size_t>(offset),
                         static_cast<std::size_t>(count));
  }
};

/// One tensor of a plan.
struct PlannedTensor : TensorSlice {
  /// Such as `layers.0.cell.z.weight`.
  std::string name;
  std::vector<std::int64_t> shape;
};

/// A table of tensors of f32 that lie one behind the other in one array.
class TensorPlan {
public:
  /// Each begins at a multiple of `alignment` elements.
  explicit TensorPlan(std::int64_t alignment = 1) : alignment(alignment) {}

  /// Adds a tensor at the end. Throws Error, naming it, when a size is negative
  /// or the array would be too large for memory.
  TensorSlice add(std::string name, std::vector<std::int64_t> shape);

  const std::vector<PlannedTensor> &tensors() const { return table; }

  /// The number of elements of the array.
  std::int64_t count() const { return total; }

private:
  std::int64_t alignment;
  std::int64_t total = 0;
  std::vector<PlannedTensor> table;
};

} // namespace minrnn

#endif // MINRNN_TRAIN_TENSOR_PLAN_H
