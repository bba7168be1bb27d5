//===- Commands.h - The subcommands of minrnn -------------------*- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Each command declares its options on a CLI11 subcommand; CLI11 runs the
// command when the line is parsed. Errors leave as minrnn::Error.
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_RUNTIME_TOOLS_COMMANDS_H
#define MINRNN_RUNTIME_TOOLS_COMMANDS_H

#include "files/FileOptions.h"
#include "minrnn/safetensors.h"

#include <CLI/CLI.hpp>
#include <stdexcept>
#include <string>

namespace minrnn {

/// `minrnn run`: a cell on tensors from a file, gradients included.
void addRunCommand(CLI::App &minrnn);

/// `minrnn train TASK`: a model.
void addTrainCommand(CLI::App &minrnn);

/// `minrnn sample`: text from a trained model.
void addSampleCommand(CLI::App &minrnn);

/// `minrnn eval`: a trained model on what its training validates on.
void addEvalCommand(CLI::App &minrnn);

/// `minrnn inspect`: what a checkpoint holds.
void addInspectCommand(CLI::App &minrnn);

/// `minrnn plot`: the losses of trainings over their steps.
void addPlotCommand(CLI::App &minrnn);

/// `minrnn bench`: how fast cells are on a device.
void addBenchCommand(CLI::App &minrnn);

/// `minrnn devices`: what kernels can run on here.
void addDevicesCommand(CLI::App &minrnn);

/// `minrnn completion`: what a shell may complete, of all commands of `minrnn`.
void addCompletionCommand(CLI::App &minrnn);

/// Says on standard error which tensors of a file are read as f32 from another
/// type, if any are.
void noteConversions(const SafetensorsReader &file);

/// How a command ends that a signal stopped after it had saved its work; the
/// message says what was saved.
struct Interrupted : std::runtime_error {
  Interrupted(int signal, const std::string &what)
      : std::runtime_error(what), signal(signal) {}
  int signal;
};

/// Throws Error when an output would replace a file that is also read, or
/// written twice, or when an option's `-` stands for nothing. `files` are those
/// that `options` name, and others that the command writes or may replace.
void checkFiles(const FileOptions &options, const NamedFiles &files);

} // namespace minrnn

#endif // MINRNN_RUNTIME_TOOLS_COMMANDS_H
