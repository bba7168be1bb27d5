//===- FileOptions.h - Options that name files ------------------*- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_FILES_FILEOPTIONS_H
#define MINRNN_FILES_FILEOPTIONS_H

#include "files/NamedFiles.h"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <filesystem>
#include <functional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace minrnn {

/// The options of a command that name files. Each is added here, as an input or
/// an output; one of type FILE that is not is found at the first run.
class FileOptions {
public:
  /// What `-` means for an option.
  enum class Dash { StandardStream, Refused };

  /// `command` must live as long as these options do.
  explicit FileOptions(CLI::App &command) : command(command) {}

  /// Adds an option, or an argument, that names a file to read; --help shows it
  /// as FILE. `variable` must live as long as these options do; it names no
  /// file while it is empty, or while `isFile` is given and says so.
  template <typename Path>
  CLI::Option *addInput(const std::string &name, Path &variable,
                        const std::string &description,
                        Dash dash = Dash::StandardStream,
                        const std::function<bool()> &isFile = {}) {
    return add(name, variable, description,
               {nullptr, {}, dash, isFile, /*isOutput=*/false});
  }

  /// Adds an option that names a file to write.
  template <typename Path>
  CLI::Option *addOutput(const std::string &name, Path &variable,
                         const std::string &description,
                         Dash dash = Dash::StandardStream) {
    return add(name, variable, description,
               {nullptr, {}, dash, {}, /*isOutput=*/true});
  }

  /// The files that the parsed command line names.
  NamedFiles named() const {
    NamedFiles files;
    for (const Entry &entry : entries)
      if (isNamed(entry))
        (files.*
         (entry.isOutput ? &NamedFiles::addOutput : &NamedFiles::addInput))(
            entry.option->get_name(), entry.path());
    return files;
  }

  /// What is wrong with the options, each by itself, and how it is mended;
  /// empty when nothing is. Throws std::logic_error when an option of type FILE
  /// was not added here.
  std::string fault() const {
    for (const CLI::Option *option : command.get_options())
      if (option->get_type_name().find("FILE") != std::string::npos &&
          std::none_of(entries.begin(), entries.end(), [&](const Entry &entry) {
            return entry.option == option;
          }))
        throw std::logic_error(option->get_name() +
                               " is neither an input nor an output");
    for (const Entry &entry : entries)
      if (entry.dash == Dash::Refused && entry.option->count() > 0 &&
          entry.path() == "-")
        return entry.option->get_name() +
               ": expected a file, found -; a file of that name is ./-";
    return "";
  }

private:
  struct Entry {
    CLI::Option *option;
    std::function<std::filesystem::path()> path;
    Dash dash;
    std::function<bool()> isFile;
    bool isOutput;
  };

  template <typename Path>
  CLI::Option *add(const std::string &name, Path &variable,
                   const std::string &description, Entry entry) {
    entry.option =
        command.add_option(name, variable, description)->type_name("FILE");
    entry.path = [&variable] { return std::filesystem::path(variable); };
    entries.push_back(std::move(entry));
    return entries.back().option;
  }

  static bool isNamed(const Entry &entry) {
    return !entry.path().empty() && (!entry.isFile || entry.isFile());
  }

  CLI::App &command;
  std::vector<Entry> entries;
};

} // namespace minrnn

#endif // MINRNN_FILES_FILEOPTIONS_H
