//===- EventFile.h - Losses for TensorBoard ---------------------*- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// An event file is TensorFlow's TFRecord format, of protocol buffers `Event`
// (tensorflow/core/util/event.proto) that hold scalars:
//
//   record   length, checksum of the length, event, checksum of the event
//   event    1: seconds, 2: step, 3: version, 5: { 1: { 1: tag, 2: number } }
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_RUNTIME_TOOLS_EVENTFILE_H
#define MINRNN_RUNTIME_TOOLS_EVENTFILE_H

#include "minrnn/train/trainer.h"

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>

namespace minrnn {

/// The CRC-32C (Castagnoli) of `bytes`, as TFRecord masks it: turned by 15 bits
/// to the right, and a constant added.
std::uint32_t maskedCrc32c(std::string_view bytes);

/// A file that TensorBoard reads: the losses of each step and validation, and
/// the task's metrics, as scalars.
class EventFile {
public:
  /// No file.
  EventFile() = default;

  /// Begins a file of its own in `folder`, which is made where there is none,
  /// `events.out.tfevents.SECONDS.HOST.PROCESS`. Throws Error when it cannot be
  /// written.
  explicit EventFile(const std::filesystem::path &folder);

  /// Throws Error when it cannot be written.
  void add(const TrainingProgress &progress);

private:
  void write(const std::string &event);

  std::string path;
  std::ofstream file;
};

} // namespace minrnn

#endif // MINRNN_RUNTIME_TOOLS_EVENTFILE_H
