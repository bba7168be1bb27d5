//===- CharacterModel.cpp - A language model of characters ----------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "minrnn/train/character_model.h"

#include "runtime/train/CheckpointMetadata.h"

using namespace minrnn;

CharacterModelInfo
minrnn::readCharacterModelInfo(const std::filesystem::path &path) {
  CharacterModelInfo info{.checkpoint = readCheckpointInfo(path),
                          .model = readLanguageModelInfo(path)};
  readMetadata(path, [&] {
    requireTask(info.checkpoint.metadata, "text");
    info.vocabulary =
        Vocabulary::fromJson(entryOf(info.checkpoint.metadata, "vocabulary"));
    if (info.vocabulary.size() != info.model.options.vocabulary)
      throw Error("the model has a vocabulary of " +
                  std::to_string(info.model.options.vocabulary) +
                  ", but the file lists " +
                  std::to_string(info.vocabulary.size()) + " characters");
  });
  return info;
}
