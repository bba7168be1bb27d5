//===- UsageError.h - A command line that is wrong, in words ----*- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_RUNTIME_TOOLS_USAGEERROR_H
#define MINRNN_RUNTIME_TOOLS_USAGEERROR_H

#include <CLI/CLI.hpp>
#include <span>
#include <string>

namespace minrnn {

/// The one of `names` that somebody may have meant who wrote `found`: one or
/// two letters away, or one that begins with it; empty when there is none.
std::string closest(const std::string &found,
                    std::span<const std::string> names);

/// What is wrong with a command line that `app` refused with `error`, and what
/// may have been meant, and whose --help says more.
std::string describeUsageError(const CLI::App &app,
                               const CLI::ParseError &error);

} // namespace minrnn

#endif // MINRNN_RUNTIME_TOOLS_USAGEERROR_H
