//===- NotFinite.h - Where a model's numbers end ----------------*- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_RUNTIME_TRAIN_NOTFINITE_H
#define MINRNN_RUNTIME_TRAIN_NOTFINITE_H

#include "minrnn/train/tensor_plan.h"

#include <optional>
#include <span>
#include <string>

namespace minrnn {

/// The first number of a tensor that is NaN or infinite: `element [1, 2] is
/// nan`. Nothing when all are finite. `data` is as long as `shape` says.
std::optional<std::string> findNotFinite(std::span<const std::int64_t> shape,
                                         std::span<const float> data);

/// The same for the parameters of a model, or for what there is one of for each
/// of them: `tensor '<prefix><name>': element [1, 2] is nan`.
std::optional<std::string> findNotFinite(std::span<const PlannedTensor> layout,
                                         std::span<const float> flat,
                                         const std::string &prefix);

} // namespace minrnn

#endif // MINRNN_RUNTIME_TRAIN_NOTFINITE_H
