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

#include <CLI/CLI.hpp>

namespace minrnn {

/// `minrnn run`: a cell on tensors from a file, gradients included.
void addRunCommand(CLI::App &minrnn);

/// `minrnn train text`: a character model.
void addTrainCommand(CLI::App &minrnn);

/// `minrnn sample`: text from a trained model.
void addSampleCommand(CLI::App &minrnn);

/// `minrnn devices`: what kernels can run on here.
void addDevicesCommand(CLI::App &minrnn);

/// Adds `--threads N` and `--device NAME` to a command; N is put into `threads`
/// (0: OpenMP's own choice).
void addDeviceOptions(CLI::App &command, int &threads);

} // namespace minrnn

#endif // MINRNN_RUNTIME_TOOLS_COMMANDS_H
