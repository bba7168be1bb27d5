//===- TensorPlan.cpp - Where tensors lie in one array --------------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "minrnn/train/tensor_plan.h"

#include "specs/contract/ElementCount.h"

#include <utility>

using namespace minrnn;

TensorSlice TensorPlan::add(std::string name, std::vector<std::int64_t> shape) {
  const std::int64_t count = elementCount(shape, name);
  const std::int64_t offset = (total + alignment - 1) / alignment * alignment;
  total = elementCount({offset + count}, name);
  table.push_back({{offset, count}, std::move(name), std::move(shape)});
  return table.back();
}
