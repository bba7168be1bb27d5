//===- character_model.h - A language model of characters -------*- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_TRAIN_CHARACTER_MODEL_H
#define MINRNN_TRAIN_CHARACTER_MODEL_H

#include "minrnn/train/checkpoint.h"
#include "minrnn/train/language_model.h"
#include "minrnn/train/text.h"

#include <filesystem>

namespace minrnn {

/// What a checkpoint holds of a language model over the characters of a text.
struct CharacterModelInfo {
  CheckpointInfo checkpoint = {};
  LanguageModelInfo model = {};
  Vocabulary vocabulary = {};
};

/// Reads it. Throws Error, beginning with the path, as readCheckpointInfo and
/// readLanguageModelInfo do, when the model was trained on another task than
/// text, and when the vocabulary is damaged or not as large as the model's.
CharacterModelInfo readCharacterModelInfo(const std::filesystem::path &path);

} // namespace minrnn

#endif // MINRNN_TRAIN_CHARACTER_MODEL_H
