//===- NotFinite.cpp - Where a model's numbers end ------------------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/train/NotFinite.h"

#include "minrnn/safetensors.h"
#include "runtime/core/FormatNumber.h"

#include <algorithm>
#include <cmath>

using namespace minrnn;

std::optional<std::string>
minrnn::findNotFinite(std::span<const std::int64_t> shape,
                      std::span<const float> data) {
  const auto bad = std::find_if(data.begin(), data.end(),
                                [](float x) { return !std::isfinite(x); });
  if (bad == data.end())
    return std::nullopt;
  return "element " + formatIndex(shape, bad - data.begin()) + " is " +
         formatNumber(*bad);
}

std::optional<std::string>
minrnn::findNotFinite(std::span<const PlannedTensor> layout,
                      std::span<const float> flat, const std::string &prefix) {
  for (const PlannedTensor &parameter : layout)
    if (const auto bad = findNotFinite(
            parameter.shape,
            flat.subspan(static_cast<std::size_t>(parameter.offset),
                         static_cast<std::size_t>(parameter.count))))
      return "tensor '" + prefix + parameter.name + "': " + *bad;
  return std::nullopt;
}
