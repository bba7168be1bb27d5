//===- CompletionCommand.cpp - What a shell may complete ------------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/tools/Commands.h"
#include "runtime/tools/ShellWord.h"

#include <array>
#include <iostream>
#include <memory>
#include <string_view>
#include <vector>

using namespace minrnn;

namespace {

constexpr std::array<std::string_view, 2> shells = {"bash", "zsh"};

/// A word that may come next, and what it is.
struct Word {
  std::string text;
  std::string description;
};

/// An option that takes a value, by all its names, and the values there are;
/// without any, it may be a file.
struct Value {
  std::vector<std::string> names;
  std::vector<std::string> choices;
};

/// A command of the tree, as `minrnn train text`.
struct Command {
  std::string path;
  std::vector<Word> commands = {};
  std::vector<Word> options = {};
  std::vector<Value> values = {};
};

std::vector<std::string> namesOf(const CLI::Option &option) {
  std::vector<std::string> names;
  for (const std::string &name : option.get_lnames())
    names.push_back("--" + name);
  for (const std::string &name : option.get_snames())
    names.push_back("-" + name);
  return names;
}

/// The set that CLI11 checks an option's value against. It is known to its
/// validator alone, which says it when it refuses: `x not in {a,b}`.
std::vector<std::string> choicesOf(CLI::Option &option) {
  std::string said;
  try {
    std::string refused = "-1"; // A number, where the set is one of numbers.
    said = (*option.get_validator())(refused);
  } catch (const CLI::OptionNotFound &) {
    return {}; // There is no validator.
  }
  constexpr std::string_view before = " not in {";
  const std::size_t begin = said.find(before);
  if (begin == std::string::npos || said.back() != '}')
    return {};
  const std::size_t first = begin + before.size();
  return CLI::detail::split(said.substr(first, said.size() - 1 - first), ',');
}

void collect(CLI::App &app, const std::string &path,
             std::vector<Command> &commands) {
  Command command{path};
  for (CLI::Option *option : app.get_options()) {
    const std::vector<std::string> names = namesOf(*option);
    for (const std::string &name : names)
      command.options.push_back({name, option->get_description()});
    if (!names.empty() && option->get_expected_max() > 0)
      command.values.push_back({names, choicesOf(*option)});
  }
  const std::vector<CLI::App *> below =
      app.get_subcommands(std::function<bool(CLI::App *)>());
  for (const CLI::App *each : below)
    command.commands.push_back({each->get_name(), each->get_description()});
  commands.push_back(command);
  for (CLI::App *each : below)
    collect(*each, path + " " + each->get_name(), commands);
}

/// The options whose values only the user knows: one pattern for all.
std::vector<std::string> freeOptionsOf(const Command &command) {
  std::vector<std::string> names;
  for (const Value &value : command.values)
    if (value.choices.empty())
      names.insert(names.end(), value.names.begin(), value.names.end());
  return names;
}

template <typename Parts, typename Text>
std::string join(const Parts &parts, std::string_view between,
                 const Text &textOf) {
  std::string text;
  for (const auto &part : parts)
    text += (text.empty() ? "" : std::string(between)) + textOf(part);
  return text;
}

std::string same(const std::string &text) { return text; }
std::string textOf(const Word &word) { return word.text; }

/// The paths of all commands but the first, as patterns of `case`.
std::string patternsOf(const std::vector<Command> &commands) {
  return join(std::vector<Command>(commands.begin() + 1, commands.end()), " | ",
              [](const Command &each) { return "'" + each.path + "'"; });
}

std::string bashScript(const std::vector<Command> &commands) {
  std::string script =
      R"(# Completion of minrnn in bash: source <(minrnn completion bash)
_minrnn() {
  local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]}
  local path=minrnn commands='' options='' values=none i
  for ((i = 1; i < COMP_CWORD; ++i)); do
    case "$path ${COMP_WORDS[i]}" in
    )" +
      patternsOf(commands) + R"() path="$path ${COMP_WORDS[i]}" ;;
    esac
  done
  case $path in
)";
  for (const Command &command : commands) {
    script += "  '" + command.path + "')\n    commands='" +
              join(command.commands, " ", textOf) + "'\n    options='" +
              join(command.options, " ", textOf) + "'\n    case $before in\n";
    for (const Value &value : command.values)
      if (!value.choices.empty())
        script += "    " + join(value.names, " | ", same) + ") values='" +
                  join(value.choices, " ", same) + "' ;;\n";
    if (const auto names = freeOptionsOf(command); !names.empty())
      script += "    " + join(names, " | ", same) + ") values='' ;;\n";
    script += "    esac ;;\n";
  }
  return script + R"(  esac
  if [[ $values == none && $word == -* ]]; then
    values=$options
  elif [[ $values == none ]]; then
    values=$commands
  fi
  # Where there is none, bash completes files.
  COMPREPLY=()
  if [[ $values ]]; then
    mapfile -t COMPREPLY < <(compgen -W "$values" -- "$word")
  fi
}
complete -o default -F _minrnn minrnn
)";
}

/// `'--seed:another seed, another text'`, as _describe of zsh reads it.
std::string describedWord(const Word &word) {
  constexpr std::size_t enough = 70;
  std::string text = word.text + ":" + word.description;
  if (word.description.size() > enough)
    text = text.substr(0, text.rfind(' ', word.text.size() + enough)) + " ...";
  return "      " + shellWord(text);
}

std::string zshScript(const std::vector<Command> &commands) {
  std::string script = R"(#compdef minrnn
# Completion of minrnn in zsh: minrnn completion zsh > FOLDER/_minrnn, in a folder
# of $fpath
_minrnn() {
  local before=${words[CURRENT - 1]} name=minrnn takes=no i
  local -a commands options values
  for ((i = 2; i < CURRENT; ++i)); do
    case "$name ${words[i]}" in
    )" + patternsOf(commands) +
                       R"() name="$name ${words[i]}" ;;
    esac
  done
  case $name in
)";
  for (const Command &command : commands) {
    script +=
        "  '" + command.path + "')\n    commands=(\n" +
        join(command.commands, "\n", describedWord) + ")\n    options=(\n" +
        join(command.options, "\n", describedWord) + ")\n    case $before in\n";
    for (const Value &value : command.values)
      if (!value.choices.empty())
        script += "    " + join(value.names, " | ", same) +
                  ") takes=yes values=(" + join(value.choices, " ", same) +
                  ") ;;\n";
    if (const auto names = freeOptionsOf(command); !names.empty())
      script += "    " + join(names, " | ", same) + ") takes=yes ;;\n";
    script += "    esac ;;\n";
  }
  return script + R"(  esac
  if [[ $takes == yes ]]; then
    if (($#values)); then compadd -a values; else _files; fi
  elif [[ ${words[CURRENT]} == -* ]]; then
    _describe -o option options
  elif (($#commands)); then
    _describe command commands
  else
    _files
  fi
}
if [[ ${funcstack[1]} == _minrnn ]]; then _minrnn "$@"; else compdef _minrnn minrnn; fi
)";
}

} // namespace

void minrnn::addCompletionCommand(CLI::App &minrnn) {
  CLI::App *command = minrnn.add_subcommand(
      "completion", "Print a script with which a shell completes commands, "
                    "options and their values.");
  const auto shell = std::make_shared<std::string>();
  command->add_option("shell", *shell, "bash or zsh")
      ->check(
          CLI::IsMember(std::vector<std::string>(shells.begin(), shells.end()))
              .description(""))
      ->required()
      ->type_name("bash|zsh");
  command->footer(
      "Examples:\n"
      "  source <(minrnn completion bash)                 in ~/.bashrc\n"
      "  minrnn completion zsh > ~/.zfunc/_minrnn         in a folder of "
      "$fpath");
  command->callback([shell, &minrnn] {
    std::vector<Command> commands;
    collect(minrnn, "minrnn", commands);
    std::cout << (*shell == "bash" ? bashScript : zshScript)(commands);
  });
}
