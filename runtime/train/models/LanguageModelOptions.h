//===- LanguageModelOptions.h - Which models there can be -------*- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_RUNTIME_TRAIN_MODELS_LANGUAGEMODELOPTIONS_H
#define MINRNN_RUNTIME_TRAIN_MODELS_LANGUAGEMODELOPTIONS_H

#include "minrnn/cell_kernels.h"
#include "minrnn/train/language_model.h"

namespace minrnn {

/// Throws Error when there is no model of these options, with the layers of
/// `cell`, or of a Transformer where it is null.
void checkOptions(const LanguageModelOptions &options, const CellKernels *cell);

} // namespace minrnn

#endif // MINRNN_RUNTIME_TRAIN_MODELS_LANGUAGEMODELOPTIONS_H
