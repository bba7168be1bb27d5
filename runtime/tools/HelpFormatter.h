//===- HelpFormatter.h - How --help lists options ---------------*- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_RUNTIME_TOOLS_HELPFORMATTER_H
#define MINRNN_RUNTIME_TOOLS_HELPFORMATTER_H

#include <CLI/CLI.hpp>
#include <string>

namespace minrnn {

/// CLI11's own, without the list of options that an option excludes: whoever
/// gives two such is told.
class HelpFormatter : public CLI::Formatter {
public:
  std::string make_option_opts(const CLI::Option *option) const override {
    const std::string text = CLI::Formatter::make_option_opts(option);
    return text.substr(0, text.find(" Excludes:"));
  }
};

} // namespace minrnn

#endif // MINRNN_RUNTIME_TOOLS_HELPFORMATTER_H
