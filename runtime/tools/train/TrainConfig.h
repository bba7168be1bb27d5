//===- TrainConfig.h - Options from a file or by a name ---------*- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_RUNTIME_TOOLS_TRAIN_TRAINCONFIG_H
#define MINRNN_RUNTIME_TOOLS_TRAIN_TRAINCONFIG_H

#include "files/FileOptions.h"

#include <CLI/CLI.hpp>
#include <filesystem>
#include <string>
#include <vector>

namespace minrnn {

/// Options of a command that come from elsewhere than its command line: from a
/// preset, or from a file of JSON, an object of options by name without the
/// dashes. What the command line gives stays; then the file's; then the
/// preset's.
class TrainConfig {
public:
  /// Adds `--preset`, where the command has any, `--config` and
  /// `--print-config`. Both arguments must outlive it.
  TrainConfig(CLI::App &command, FileOptions &files);

  /// Those that a run that goes on does not take.
  std::vector<CLI::Option *> options() const;

  /// Gives the command's options the values of the file and the preset. Throws
  /// Error, naming the file, when there is no such option or its value is none.
  void apply();

  /// Whether the options are to be printed, and nothing done.
  bool prints() const { return isPrinted; }
  /// All options that have a value as JSON, which `--config` reads back.
  std::string toJson() const;

private:
  void give(const std::string &json, const std::string &source);

  CLI::App &command;
  std::filesystem::path file;
  std::string preset;
  bool isPrinted = false;
};

} // namespace minrnn

#endif // MINRNN_RUNTIME_TOOLS_TRAIN_TRAINCONFIG_H
