//===- InspectCommand.cpp - What a checkpoint holds -----------------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "minrnn/train/checkpoint.h"
#include "minrnn/train/language_model.h"
#include "runtime/tools/Commands.h"
#include "runtime/tools/Losses.h"
#include "runtime/train/CheckpointMetadata.h"

#include <algorithm>
#include <iomanip>
#include <iostream>
#include <memory>

using namespace minrnn;

namespace {

using OrderedJson = nlohmann::ordered_json;

/// Parameters that belong together, as `layers.0`, in the order of the file.
struct Layer {
  std::string name;
  std::vector<std::pair<std::string, const TensorInfo *>> parameters = {};

  std::int64_t count() const {
    std::int64_t sum = 0;
    for (const auto &[name, info] : parameters)
      sum += info->elementCount();
    return sum;
  }
};

/// Of `layers.0.cell.z.weight` the first two names, of `norm.weight` the first.
std::string layerOf(const std::string &parameter) {
  const std::size_t first = parameter.find('.');
  return parameter.starts_with("layers.")
             ? parameter.substr(0, parameter.find('.', first + 1))
             : parameter.substr(0, first);
}

struct Contents {
  std::vector<Layer> layers;
  /// What the optimiser keeps of each parameter, as `first_moment`.
  std::vector<std::string> optimizer;

  std::int64_t count() const {
    std::int64_t sum = 0;
    for (const Layer &layer : layers)
      sum += layer.count();
    return sum;
  }
};

Contents contentsOf(const SafetensorsReader &reader) {
  std::vector<std::pair<std::string, const TensorInfo *>> tensors;
  for (const auto &[name, info] : reader.tensors())
    tensors.emplace_back(name, &info);
  std::ranges::sort(tensors, {}, [](const auto &tensor) {
    return std::pair(tensor.second->begin, tensor.second->end);
  });
  Contents contents;
  constexpr std::string_view prefix = "optimizer.";
  for (const auto &tensor : tensors) {
    const std::string &name = tensor.first;
    if (name.starts_with(prefix)) {
      const std::string state = name.substr(
          prefix.size(), name.find('.', prefix.size()) - prefix.size());
      if (std::ranges::find(contents.optimizer, state) ==
          contents.optimizer.end())
        contents.optimizer.push_back(state);
      continue;
    }
    const std::string layer = layerOf(name);
    if (contents.layers.empty() || contents.layers.back().name != layer)
      contents.layers.push_back({layer});
    contents.layers.back().parameters.push_back(tensor);
  }
  return contents;
}

/// The entry of the metadata `key`; an empty object where there is none.
Json entryOr(const Metadata &metadata, const char *key) {
  return metadata.contains(key) ? parseNumbers(metadata.at(key))
                                : Json::object();
}

struct Inspection {
  explicit Inspection(const std::filesystem::path &path)
      : reader(path), info(readCheckpointInfo(path)),
        model(readLanguageModelInfo(path)), task(taskOf(info.metadata)),
        unit(task == "text" ? characterUnit : "position"),
        countedIn(task == "regression" ? varianceUnit : ""),
        contents(contentsOf(reader)) {
    readMetadata(path, [&] {
      taskOptions = entryOr(info.metadata, "task_options");
      modelOptions = entryOr(info.metadata, "model");
      trainingOptions = entryOr(reader.metadata(), "training");
      vocabulary = entryOr(info.metadata, "vocabulary");
      return true;
    });
  }

  SafetensorsReader reader;
  CheckpointInfo info;
  LanguageModelInfo model;
  std::string task;
  std::string unit;
  std::string countedIn;
  Contents contents;
  Json taskOptions;
  Json modelOptions;
  Json trainingOptions;
  Json vocabulary;
};

OrderedJson toJson(const std::optional<Validation> &validation) {
  if (!validation)
    return nullptr;
  return {{"step", validation->step}, {"loss", validation->loss}};
}

OrderedJson toJson(const Inspection &found) {
  OrderedJson json = {{"file", found.reader.path().string()},
                      {"task", found.task},
                      {"task_options", found.taskOptions},
                      {"cell", found.model.cellName},
                      {"cell_source", found.model.cellSource},
                      {"io_type", found.model.ioType},
                      {"steps_done", found.info.stepsDone},
                      {"validation", toJson(found.info.validation)},
                      {"best_validation", toJson(found.info.bestValidation)},
                      {"model", found.modelOptions},
                      {"training", found.trainingOptions},
                      {"optimizer", found.contents.optimizer},
                      {"parameters", found.contents.count()},
                      {"layers", OrderedJson::array()}};
  if (found.vocabulary.is_array())
    json["vocabulary"] = found.vocabulary;
  for (const Layer &layer : found.contents.layers) {
    OrderedJson each = {{"name", layer.name},
                        {"count", layer.count()},
                        {"parameters", OrderedJson::array()}};
    for (const auto &[name, info] : layer.parameters)
      each["parameters"].push_back({{"name", name},
                                    {"shape", info->shape},
                                    {"count", info->elementCount()}});
    json["layers"].push_back(each);
  }
  return json;
}

/// `batch 32, context 128`
std::string listOf(const Json &options) {
  std::string text;
  for (const auto &[name, value] : options.items())
    text += (text.empty() ? "" : ", ") + spoken(name) + ' ' +
            (value.is_string() ? value.get<std::string>() : value.dump());
  return text;
}

void printTable(const Contents &contents) {
  std::size_t longest = 0;
  for (const Layer &layer : contents.layers)
    for (const auto &[name, info] : layer.parameters)
      longest = std::max(longest, name.size());
  const auto row = [&](const std::string &name, const std::string &shape,
                       std::int64_t count) {
    constexpr int shapeWidth = 16;
    constexpr int countWidth = 12;
    std::cout << std::left << std::setw(static_cast<int>(longest) + 4) << name
              << std::setw(shapeWidth) << shape << std::right
              << std::setw(countWidth) << count << '\n';
  };
  for (const Layer &layer : contents.layers) {
    row(layer.name, "", layer.count());
    for (const auto &[name, info] : layer.parameters)
      row("  " + name, formatShape(info->shape), info->elementCount());
  }
  row("in all", "", contents.count());
}

void print(const Inspection &found) {
  const CheckpointInfo &info = found.info;
  std::cout << found.reader.path().string() << ": after step " << info.stepsDone
            << " of " << info.training.steps << '\n';
  const auto line = [](const std::string &name, const std::string &text) {
    constexpr int width = 12;
    std::cout << std::left << std::setw(width) << name;
    // Lists go on in lines of their own.
    constexpr std::size_t longest = 68;
    std::string rest = text;
    while (rest.size() > longest) {
      const std::size_t end = rest.rfind(", ", longest);
      if (end == std::string::npos)
        break;
      std::cout << rest.substr(0, end + 1) << '\n' << std::setw(width) << "";
      rest.erase(0, end + 2);
    }
    std::cout << rest << '\n';
  };
  line("task",
       found.task +
           (found.vocabulary.is_array()
                ? ", vocabulary of " + std::to_string(found.vocabulary.size()) +
                      " characters"
                : "") +
           (found.taskOptions.empty() ? "" : ": " + listOf(found.taskOptions)));
  const auto validation = [&](const std::string &name, const Validation &of) {
    line(name, "loss " + describeLoss(of.loss, found.unit, found.countedIn) +
                   " after step " + std::to_string(of.step));
  };
  if (info.validation)
    validation("validation", *info.validation);
  if (info.bestValidation && info.validation &&
      info.bestValidation->loss < info.validation->loss)
    validation("the best", *info.bestValidation);
  line("cell", found.model.cellName + ", activations in " + found.model.ioType);
  line("model", listOf(found.modelOptions));
  line("training", listOf(found.trainingOptions));
  std::string states;
  for (const std::string &state : found.contents.optimizer)
    states += (states.empty() ? "" : ", ") + spoken(state);
  line("optimiser", states + " of each parameter");
  std::cout << '\n';
  printTable(found.contents);
}

} // namespace

void minrnn::addInspectCommand(CLI::App &minrnn) {
  CLI::App *command = minrnn.add_subcommand(
      "inspect", "Print what a checkpoint holds: its task, cell, options and "
                 "losses, and its parameters, layer by layer.");
  struct Options {
    std::filesystem::path checkpoint;
    bool isJson = false;
  };
  const auto options = std::make_shared<Options>();
  const auto files = std::make_shared<FileOptions>(*command);
  files
      ->addInput("checkpoint", options->checkpoint, "what minrnn train wrote",
                 FileOptions::Dash::Refused)
      ->required();
  command->add_flag("--json", options->isJson,
                    "an object of JSON, with the cell's text and the "
                    "vocabulary");
  command->footer("Examples:\n"
                  "  minrnn inspect model.safetensors\n"
                  "  minrnn inspect model.safetensors --json | jq .training");
  command->callback([options, files] {
    checkFiles(*files, files->named());
    const Inspection found(options->checkpoint);
    if (options->isJson)
      std::cout << toJson(found).dump(2) << '\n';
    else
      print(found);
  });
}
