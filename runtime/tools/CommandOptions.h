//===- CommandOptions.h - Options that commands share --------- -*- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_RUNTIME_TOOLS_COMMANDOPTIONS_H
#define MINRNN_RUNTIME_TOOLS_COMMANDOPTIONS_H

#include "minrnn/jit.h"
#include "minrnn/open_device.h"

#include <CLI/CLI.hpp>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace minrnn {

/// The device that a command runs on.
struct DeviceChoice {
  std::string name = "host";
  /// 0: the device's own choice.
  int threads = 0;
  /// How products are formed; none: the command's own choice.
  std::optional<Precision> precision = std::nullopt;

  /// Opens it, and has OpenMP use as many threads. Throws Error when it cannot
  /// be used here, or has no products in the precision.
  std::shared_ptr<Device> open() const;
};

/// What a command compiles a cell for, as its options spell it.
struct CompileChoice {
  std::string cell;
  std::string scan = "auto";
  std::string ioType = "f32";
  std::string recompute = "gates";
  std::string schedule = "auto";
  std::string math = "precise";
  std::optional<int> numWarps = std::nullopt;

  JitOptions optionsFor(std::shared_ptr<Device> device) const;
};

/// Adds `--threads N` and `--device NAME` to a command.
void addDeviceOptions(CLI::App &command, DeviceChoice &choice);

/// Adds `--products PRECISION` to a command; `usual` says what it takes without
/// it.
void addProductsOption(CLI::App &command, DeviceChoice &choice,
                       const std::string &usual);

/// Adds `--cell`, `--scan`, `--io-type`, `--recompute`, `--math`, `--schedule`
/// and `--num-warps` to a command.
void addCompileOptions(CLI::App &command, CompileChoice &choice);

/// Adds an option whose value is one of `names`.
CLI::Option *addChoice(CLI::App &command, const std::string &name,
                       std::string &choice, const std::string &description,
                       std::span<const std::string_view> names);

/// Adds `--io-type f32|f16|bf16` to a command.
CLI::Option *addIoTypeOption(CLI::App &command, std::string &choice,
                             const std::string &description);

/// Adds `--recompute gates|all` to a command.
void addRecomputeOption(CLI::App &command, std::string &choice);

/// Adds `--schedule auto|carry|lookback` and `--num-warps 8|16` to a command.
void addScheduleOptions(CLI::App &command, std::string &choice,
                        std::optional<int> &numWarps);

/// Adds `--math precise|fast` to a command.
void addMathOption(CLI::App &command, std::string &choice);

} // namespace minrnn

#endif // MINRNN_RUNTIME_TOOLS_COMMANDOPTIONS_H
