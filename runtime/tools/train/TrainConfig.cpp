//===- TrainConfig.cpp - Options from a file or by a name -----------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/tools/train/TrainConfig.h"

#include "minrnn/error.h"
#include "runtime/core/ReadFile.h"
#include "runtime/tools/train/Presets.h"
#include "specs/contract/Json.h"

using namespace minrnn;

namespace {

bool isFlag(const CLI::Option &option) {
  return option.get_expected_max() == 0;
}

/// What a value of JSON is on a command line.
std::string textOf(const Json &value, const std::string &name) {
  if (value.is_string())
    return value.get<std::string>();
  if (value.is_number() || value.is_boolean())
    return value.dump();
  throw Error("--" + name + ": expected a number, a text, true or false");
}

/// What an option was given, as one text.
std::string textOf(const CLI::results_t &results, const CLI::Option &option) {
  if (option.get_delimiter() == '\0')
    return results.back();
  std::string text;
  for (const std::string &each : results)
    text += (text.empty() ? "" : std::string(1, option.get_delimiter())) + each;
  return text;
}

/// A number where the text is one.
Json valueOf(const std::string &text) {
  const Json value = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  return value.is_number() ? value : Json(text);
}

} // namespace

TrainConfig::TrainConfig(CLI::App &command, FileOptions &files)
    : command(command) {
  std::string descriptions;
  std::vector<std::string> names;
  for (const Preset &each : presetsOf(command.get_name())) {
    names.emplace_back(each.name);
    descriptions += (descriptions.empty() ? "" : "; ") + names.back() + ": " +
                    std::string(each.description);
  }
  if (!names.empty())
    command
        .add_option("--preset", preset,
                    "options by a name, where none is given: " + descriptions)
        ->check(CLI::IsMember(names).description(""))
        ->type_name("NAME")
        ->configurable(false);
  files
      .addInput("--config", file,
                "options from a file of JSON, where none is given: what "
                "--print-config prints; - for standard input")
      ->configurable(false);
  command
      .add_flag("--print-config", isPrinted,
                "print all options as JSON for --config, and do no more")
      ->configurable(false);
}

std::vector<CLI::Option *> TrainConfig::options() const {
  std::vector<CLI::Option *> found = {command.get_option("--config")};
  if (CLI::Option *named = command.get_option_no_throw("--preset"))
    found.push_back(named);
  return found;
}

void TrainConfig::apply() {
  if (!file.empty())
    give(readInput(file), inputName(file));
  for (const Preset &each : presetsOf(command.get_name()))
    if (each.name == preset)
      give(std::string(each.json), "the preset " + preset);
}

void TrainConfig::give(const std::string &json, const std::string &source) {
  const Json values = parseJson(json, source);
  if (!values.is_object())
    throw Error(source + ": expected an object of options, found " +
                values.type_name());
  const std::string expected = source + ": expected options of minrnn train " +
                               command.get_name() + ", found '";
  for (const auto &[name, value] : values.items()) {
    CLI::Option *option = command.get_option_no_throw("--" + name);
    if (option == nullptr || !option->get_configurable())
      throw Error(expected + name + "'");
    if (option->count() > 0)
      continue;
    try {
      option->add_result(textOf(value, name));
      option->run_callback();
    } catch (const CLI::ParseError &error) {
      throw Error(source + ": " + error.what());
    } catch (const Error &error) {
      throw Error(source + ": " + error.what());
    }
  }
}

std::string TrainConfig::toJson() const {
  nlohmann::ordered_json values;
  for (const CLI::Option *option : std::as_const(command).get_options()) {
    if (!option->get_configurable())
      continue;
    const std::string name = option->get_single_name();
    if (isFlag(*option))
      values[name] = option->count() > 0 && option->as<bool>();
    else if (const std::string text = option->count() > 0
                                          ? textOf(option->results(), *option)
                                          : option->get_default_str();
             !text.empty())
      values[name] = valueOf(text);
  }
  return values.dump(2);
}
