//===- NotFinite.h - Where a model's numbers end ----------------*- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_RUNTIME_TRAIN_NOTFINITE_H
#define MINRNN_RUNTIME_TRAIN_NOTFINITE_H

#include "minrnn/safetensors.h"
#include "minrnn/train/tensor_plan.h"

#include <optional>
#include <span>
#include <string>

namespace minrnn {

/// The first number that is NaN or infinite among the parameters of a model, or
/// what there is one of for each of them: `tensor '<prefix><name>': element
/// [1, 2] is nan`. Nothing when all are finite.
inline std::optional<std::string>
findNotFinite(std::span<const PlannedTensor> layout,
              std::span<const float> flat, const std::string &prefix) {
  for (const PlannedTensor &parameter : layout)
    if (const auto bad = findNotFinite(parameter.shape, parameter.of(flat)))
      return "tensor '" + prefix + parameter.name + "': " + *bad;
  return std::nullopt;
}

} // namespace minrnn

#endif // MINRNN_RUNTIME_TRAIN_NOTFINITE_H
