//===- Presets.h - Trainings by a name --------------------------*- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_RUNTIME_TOOLS_TRAIN_PRESETS_H
#define MINRNN_RUNTIME_TOOLS_TRAIN_PRESETS_H

#include <string>
#include <string_view>
#include <vector>

namespace minrnn {

/// The options of a training that is known to reach something.
struct Preset {
  /// The subcommand that it is for, and its name there.
  std::string_view command;
  std::string_view name;
  /// What it is, and what it reaches, for --help.
  std::string_view description;
  /// Options by name, as `--config` reads them.
  std::string_view json;
};

/// Those of a subcommand of `minrnn train`.
std::vector<Preset> presetsOf(std::string_view command);

} // namespace minrnn

#endif // MINRNN_RUNTIME_TOOLS_TRAIN_PRESETS_H
