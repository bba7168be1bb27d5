//===- Checkpoint.cpp - A model in a file ---------------------------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "minrnn/checkpoint.h"

#include "minrnn/error.h"
#include "minrnn/safetensors.h"
#include "runtime/core/FormatNumber.h"
#include "specs/contract/ParseJson.h"
#include "runtime/train/NotFinite.h"

#include <algorithm>
#include <cmath>

using namespace minrnn;
using Json = nlohmann::json;

namespace {

constexpr const char *format = "minrnn-checkpoint";
constexpr const char *version = "1";

Json toJson(const LanguageModelOptions &options) {
  return {{"vocabulary", options.vocabulary},
          {"layers", options.layers},
          {"width", options.width},
          {"expansion", options.expansion}};
}

Json toJson(const TrainingOptions &options) {
  return {{"batch", options.batch},
          {"context", options.context},
          {"steps", options.steps},
          {"learning_rate", options.learningRate},
          {"final_fraction", options.finalFraction},
          {"warmup_steps", options.warmupSteps},
          {"weight_decay", options.weightDecay},
          {"clip", options.clip},
          {"seed", options.seed},
          {"evaluate_every", options.evaluateEvery},
          {"evaluate_characters", options.evaluateCharacters}};
}

Json progressOf(const CheckpointInfo &info) {
  Json json = {{"steps_done", info.stepsDone}};
  const auto add = [&](const std::string &name,
                       const std::optional<Validation> &validation) {
    if (!validation)
      return;
    json[name + "_step"] = validation->step;
    json[name + "_loss"] = validation->loss;
  };
  add("validation", info.validation);
  add("best_validation", info.bestValidation);
  return json;
}

/// `validation_loss` as people say it.
std::string spoken(std::string key) {
  std::replace(key.begin(), key.end(), '_', ' ');
  return key;
}

LanguageModelOptions modelFromJson(const Json &json) {
  LanguageModelOptions options;
  json.at("vocabulary").get_to(options.vocabulary);
  json.at("layers").get_to(options.layers);
  json.at("width").get_to(options.width);
  json.at("expansion").get_to(options.expansion);
  return options;
}

TrainingOptions trainingFromJson(const Json &json) {
  TrainingOptions options;
  json.at("batch").get_to(options.batch);
  json.at("context").get_to(options.context);
  json.at("steps").get_to(options.steps);
  json.at("learning_rate").get_to(options.learningRate);
  json.at("final_fraction").get_to(options.finalFraction);
  json.at("warmup_steps").get_to(options.warmupSteps);
  json.at("weight_decay").get_to(options.weightDecay);
  json.at("clip").get_to(options.clip);
  json.at("seed").get_to(options.seed);
  json.at("evaluate_every").get_to(options.evaluateEvery);
  // Files of before this option lack it.
  options.evaluateCharacters =
      json.value("evaluate_characters", options.evaluateCharacters);
  return options;
}

/// Parses an entry of the metadata. JSON has no NaN: a number that was not
/// finite has become null.
Json parseNumbers(const std::string &text) {
  Json json = parseJson(text, "the metadata");
  if (json.is_object())
    for (const auto &[key, value] : json.items())
      if (value.is_null())
        throw Error("holds a " + spoken(key) +
                    " that is not a number: the training that wrote it had "
                    "diverged. Go on from an earlier checkpoint, or train "
                    "afresh with a lower learning rate");
  return json;
}

void readProgress(const Json &json, CheckpointInfo &info) {
  json.at("steps_done").get_to(info.stepsDone);
  const auto read = [&](const std::string &name) {
    std::optional<Validation> validation;
    if (json.contains(name + "_loss"))
      validation = {json.value(name + "_step", info.stepsDone),
                    json.at(name + "_loss").get<double>()};
    return validation;
  };
  info.validation = read("validation");
  info.bestValidation = read("best_validation");
  // Files of before it was kept account of lack it.
  if (!info.bestValidation)
    info.bestValidation = info.validation;
}

/// The part of a flat vector that belongs to one parameter.
std::span<float> partOf(std::span<float> flat,
                        const ModelParameter &parameter) {
  return flat.subspan(static_cast<std::size_t>(parameter.offset),
                      static_cast<std::size_t>(parameter.count));
}

void readInto(const SafetensorsReader &reader, const std::string &name,
              const ModelParameter &parameter, std::span<float> flat) {
  const std::vector<float> data = reader.readFloats(name, parameter.shape);
  if (const auto bad = findNotFinite(parameter.shape, data))
    throw Error(reader.path().string() + ": tensor '" + name + "': " + *bad +
                "; expected finite numbers");
  std::copy(data.begin(), data.end(), partOf(flat, parameter).begin());
}

std::string metadata(const SafetensorsReader &reader, std::string_view key) {
  const auto found = reader.metadata().find(key);
  if (found == reader.metadata().end())
    throw Error("the metadata entry '" + std::string(key) +
                "' is missing; expected a checkpoint that minrnn train wrote");
  return found->second;
}

constexpr const char *firstMoment = "optimizer.first_moment.";
constexpr const char *secondMoment = "optimizer.second_moment.";

/// What is not finite among the numbers of an entry of the metadata.
std::optional<std::string> findNotFiniteNumber(const Json &json) {
  for (const auto &[key, value] : json.items())
    if (value.is_number_float() && !std::isfinite(value.get<double>()))
      return "the " + spoken(key) + " is " + formatNumber(value.get<double>());
  return std::nullopt;
}

/// Refuses a state of training in which something is not finite.
void requireFinite(const std::optional<std::string> &bad,
                   const std::filesystem::path &path, std::int64_t step) {
  if (bad)
    throw Error("training diverged: after step " + std::to_string(step) + " " +
                *bad + "; use a lower learning rate; " + describeKept(path));
}

} // namespace

std::string minrnn::describeKept(const std::filesystem::path &path) {
  std::error_code ignored;
  if (!std::filesystem::exists(path, ignored))
    return "no checkpoint was written";
  try {
    return path.string() + " still holds step " +
           std::to_string(readCheckpointInfo(path).stepsDone);
  } catch (const Error &) {
    return path.string() + " is left as it was";
  }
}

void minrnn::writeCheckpoint(const std::filesystem::path &path,
                             CheckpointInfo info, LanguageModel &model,
                             AdamW &optimizer) {
  info.stepsDone = optimizer.stepsDone();
  const Json modelOptions = toJson(info.model);
  const Json training = toJson(info.training);
  const Json progress = progressOf(info);
  for (const Json *numbers : {&training, &progress})
    requireFinite(findNotFiniteNumber(*numbers), path, info.stepsDone);

  std::vector<float> weights = model.parameters().download();
  std::vector<float> first = optimizer.firstMoment().download();
  std::vector<float> second = optimizer.secondMoment().download();
  const auto require = [&](std::span<const float> flat, const char *prefix) {
    requireFinite(findNotFinite(model.layout(), flat, prefix), path,
                  info.stepsDone);
  };
  require(weights, "");
  require(first, firstMoment);
  require(second, secondMoment);
  std::vector<TensorToWrite> tensors;
  tensors.reserve(3 * model.layout().size());
  for (const ModelParameter &parameter : model.layout()) {
    tensors.push_back(
        {parameter.name, parameter.shape, partOf(weights, parameter)});
    tensors.push_back({firstMoment + parameter.name, parameter.shape,
                       partOf(first, parameter)});
    tensors.push_back({secondMoment + parameter.name, parameter.shape,
                       partOf(second, parameter)});
  }
  try {
    writeSafetensors(path, tensors,
                     {{"format", format},
                      {"version", version},
                      {"cell_source", info.cellSource},
                      {"cell_name", info.cellName},
                      {"model", modelOptions.dump()},
                      {"training", training.dump()},
                      {"progress", progress.dump()},
                      {"vocabulary", info.vocabulary.toJson()}});
  } catch (const Error &error) {
    throw Error(std::string(error.what()) + "; " + describeKept(path));
  }
}

CheckpointInfo minrnn::readCheckpointInfo(const std::filesystem::path &path) {
  const SafetensorsReader reader(path);
  const std::string where = path.string() + ": ";
  const auto expect = [&](const char *key, const std::string &expected) {
    if (const std::string found = metadata(reader, key); found != expected)
      throw Error(std::string("expected a checkpoint of ") + key + " '" +
                  expected + "', found '" + found + "'");
  };
  CheckpointInfo info;
  try {
    expect("format", format);
    expect("version", version);
    info.cellSource = metadata(reader, "cell_source");
    info.cellName = metadata(reader, "cell_name");
    info.model = modelFromJson(parseNumbers(metadata(reader, "model")));
    info.training =
        trainingFromJson(parseNumbers(metadata(reader, "training")));
    readProgress(parseNumbers(metadata(reader, "progress")), info);
    info.vocabulary = Vocabulary::fromJson(metadata(reader, "vocabulary"));
  } catch (const Json::exception &exception) {
    throw Error(where + "the metadata is damaged: " + exception.what());
  } catch (const Error &error) {
    throw Error(where + error.what());
  }
  if (info.vocabulary.size() != info.model.vocabulary)
    throw Error(where + "the model has a vocabulary of " +
                std::to_string(info.model.vocabulary) +
                ", but the file lists " +
                std::to_string(info.vocabulary.size()) + " characters");
  // The sizes must be those of tensors in the file, so that damaged ones never
  // ask for more memory than the file has bytes.
  const LanguageModelOptions &model = info.model;
  if (model.layers < 1 || model.width < 1 || model.expansion < 1)
    throw Error(where + "the model's sizes must be positive");
  const std::string lastLayer =
      "layers." + std::to_string(model.layers - 1) + ".out.weight";
  const std::vector<std::int64_t> &out = reader.info(lastLayer).shape;
  if (reader.info("embedding.weight").shape !=
          std::vector<std::int64_t>{model.vocabulary, model.width} ||
      out.size() != 2 || out[0] != model.width ||
      out[1] / model.width != model.expansion || out[1] % model.width != 0 ||
      static_cast<std::size_t>(model.layers) > reader.tensors().size())
    throw Error(where + "the model's sizes do not fit its tensors");
  if (info.stepsDone < 0)
    throw Error(where + "a negative number of steps done");
  return info;
}

void minrnn::readCheckpoint(const std::filesystem::path &path,
                            LanguageModel &model, AdamW *optimizer) {
  const SafetensorsReader reader(path);
  std::vector<float> weights(model.parameters().size());
  std::vector<float> first(optimizer == nullptr ? 0 : weights.size());
  std::vector<float> second(first.size());
  for (const ModelParameter &parameter : model.layout()) {
    readInto(reader, parameter.name, parameter, weights);
    if (optimizer == nullptr)
      continue;
    readInto(reader, firstMoment + parameter.name, parameter, first);
    readInto(reader, secondMoment + parameter.name, parameter, second);
  }
  model.parameters().upload(weights);
  if (optimizer == nullptr)
    return;
  optimizer->firstMoment().upload(first);
  optimizer->secondMoment().upload(second);
  optimizer->setStepsDone(readCheckpointInfo(path).stepsDone);
}
