//===- CheckpointMetadata.h - The metadata of a checkpoint ------*- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_RUNTIME_TRAIN_CHECKPOINTMETADATA_H
#define MINRNN_RUNTIME_TRAIN_CHECKPOINTMETADATA_H

#include "minrnn/error.h"
#include "minrnn/safetensors.h"
#include "minrnn/train/model.h"
#include "specs/contract/Json.h"

#include <nlohmann/json.hpp>

#include <filesystem>
#include <string>
#include <string_view>

namespace minrnn {

/// The entry `key`. Throws Error when there is none.
const std::string &entryOf(const Metadata &metadata, std::string_view key);

/// Parses an entry of numbers. JSON has no NaN: a number that was not finite
/// has become null, and is an Error that names it.
nlohmann::json parseNumbers(const std::string &text);

/// The task that a model was trained on: the entry `task`, or `text` where
/// there is none.
std::string taskOf(const Metadata &metadata);

/// Throws Error when the model was trained on another task than `task`.
void requireTask(const Metadata &metadata, const std::string &task);

/// `validation_loss` as people say it.
std::string spoken(std::string key);

/// What `read` gives, its errors with the path of the checkpoint in front.
template <typename Read>
auto readMetadata(const std::filesystem::path &path, const Read &read) {
  const std::string where = path.string() + ": ";
  try {
    return read();
  } catch (const nlohmann::json::exception &exception) {
    throw Error(where + "the metadata is damaged: " + exception.what());
  } catch (const Error &error) {
    throw Error(where + error.what());
  }
}

/// The options of `task` that `read` takes from the entry `task_options` of the
/// checkpoint at `path`. Throws Error, beginning with the path, when it is of
/// another task or damaged.
template <typename Read>
auto readTaskOptions(const std::filesystem::path &path, const std::string &task,
                     const Read &read) {
  const SafetensorsReader reader(path);
  return readMetadata(path, [&] {
    requireTask(reader.metadata(), task);
    return read(parseNumbers(entryOf(reader.metadata(), "task_options")));
  });
}

} // namespace minrnn

#endif // MINRNN_RUNTIME_TRAIN_CHECKPOINTMETADATA_H
