//===- BranchOptions.h - What the branches of a layer share -----*- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_RUNTIME_TRAIN_MODELS_BRANCHOPTIONS_H
#define MINRNN_RUNTIME_TRAIN_MODELS_BRANCHOPTIONS_H

#include "minrnn/train/language_model.h"

#include <cstdint>
#include <string>

namespace minrnn {

/// Where in a model a branch stands.
struct BranchOptions {
  const LanguageModelOptions &model;
  /// What the names of its parameters begin with.
  std::string prefix;
  /// Another for each branch: the seed of its dropout.
  std::uint64_t seed = 0;
};

} // namespace minrnn

#endif // MINRNN_RUNTIME_TRAIN_MODELS_BRANCHOPTIONS_H
