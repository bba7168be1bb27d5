//===- UsageError.cpp - A command line that is wrong, in words ------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/tools/UsageError.h"

#include <algorithm>
#include <cstddef>
#include <vector>

using namespace minrnn;

namespace {

/// How many letters are to be changed, added, left out or exchanged with their
/// neighbour to make one text of the other.
std::size_t editDistance(const std::string &one, const std::string &other) {
  const std::size_t width = other.size() + 1;
  std::vector<std::size_t> table((one.size() + 1) * width);
  const auto at = [&](std::size_t i, std::size_t j) -> std::size_t & {
    return table[i * width + j];
  };
  for (std::size_t i = 0; i <= one.size(); ++i)
    for (std::size_t j = 0; j <= other.size(); ++j) {
      if (i == 0 || j == 0) {
        at(i, j) = i + j;
        continue;
      }
      const bool isSame = one[i - 1] == other[j - 1];
      at(i, j) = std::min({at(i - 1, j) + 1, at(i, j - 1) + 1,
                           at(i - 1, j - 1) + (isSame ? 0 : 1)});
      if (i > 1 && j > 1 && one[i - 1] == other[j - 2] &&
          one[i - 2] == other[j - 1])
        at(i, j) = std::min(at(i, j), at(i - 2, j - 2) + 1);
    }
  return table.back();
}

/// The command that the line came to: `minrnn train text`.
const CLI::App *commandOf(const CLI::App *app) {
  while (!app->get_subcommands().empty())
    app = app->get_subcommands().back();
  return app;
}

std::string nameOf(const CLI::App &command) {
  const CLI::App *parent = command.get_parent();
  return (parent == nullptr ? "" : nameOf(*parent) + " ") + command.get_name();
}

std::vector<std::string> subcommandsOf(const CLI::App &command) {
  std::vector<std::string> names;
  for (const CLI::App *each :
       command.get_subcommands(std::function<bool(const CLI::App *)>()))
    names.push_back(each->get_name());
  return names;
}

std::vector<std::string> optionsOf(const CLI::App &command) {
  std::vector<std::string> names;
  for (const CLI::Option *option : command.get_options())
    for (const std::string &name : option->get_lnames())
      names.push_back("--" + name);
  return names;
}

/// What is none of the command's: the first option, or the first word, which is
/// that where a command was expected.
std::string strangerOf(const CLI::App &command) {
  const std::vector<std::string> left = command.remaining();
  if (!left.empty() && !subcommandsOf(command).empty())
    return left.front();
  const auto found = std::ranges::find_if(
      left, [](const std::string &word) { return word.starts_with('-'); });
  if (found != left.end())
    return found->substr(0, found->find('='));
  return left.empty() ? "" : left.front();
}

} // namespace

std::string minrnn::closest(const std::string &found,
                            std::span<const std::string> names) {
  std::string best;
  // A short word is soon another.
  std::size_t least = std::min<std::size_t>(2, found.size() / 3) + 1;
  for (const std::string &name : names)
    if (const std::size_t distance = editDistance(found, name);
        distance < least) {
      least = distance;
      best = name;
    }
  constexpr std::size_t enough = 3;
  if (best.empty() && found.size() > enough)
    for (const std::string &name : names)
      if (name.starts_with(found))
        return name;
  return best;
}

std::string minrnn::describeUsageError(const CLI::App &app,
                                       const CLI::ParseError &error) {
  const CLI::App &command = *commandOf(&app);
  const std::string help = " (see '" + nameOf(command) + " --help')";
  const std::string stranger = strangerOf(command);
  // What is missing may have been misspelled.
  const auto code = static_cast<CLI::ExitCodes>(error.get_exit_code());
  if (stranger.empty() || (code != CLI::ExitCodes::ExtrasError &&
                           code != CLI::ExitCodes::RequiredError))
    return error.what() + help;
  const bool isOption = stranger.starts_with('-');
  const std::vector<std::string> names =
      isOption ? optionsOf(command) : subcommandsOf(command);
  const std::string meant = closest(stranger, names);
  std::string text = nameOf(command) + " has no ";
  text += isOption ? "option " : names.empty() ? "argument " : "command ";
  text += "'" + stranger + "'";
  if (!meant.empty())
    text += "; did you mean '" + meant + "'?";
  return text + help;
}
