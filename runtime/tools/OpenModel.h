//===- OpenModel.h - A model from its description ---------------*- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_RUNTIME_TOOLS_OPENMODEL_H
#define MINRNN_RUNTIME_TOOLS_OPENMODEL_H

#include "minrnn/jit.h"
#include "minrnn/train/language_model.h"
#include "runtime/tools/CommandOptions.h"

#include <functional>
#include <string>

namespace minrnn {

/// Compiles the cell of a model, unless it is a Transformer, and builds it on
/// `options.device`, of which `precision` tells how products are formed.
/// `sourceName` names the cell's text in messages; its name there and its
/// domain are the model's. Throws Error as compileCell and LanguageModel do.
LanguageModel
openModel(const LanguageModelInfo &model, const std::string &sourceName,
          JitOptions options,
          const std::function<Precision(const Device &)> &precision);

/// How products are formed in training: unless `choice` says otherwise, a GPU
/// with tensor cores for f32 uses them.
Precision trainingPrecision(const Device &device, const DeviceChoice &choice);

} // namespace minrnn

#endif // MINRNN_RUNTIME_TOOLS_OPENMODEL_H
