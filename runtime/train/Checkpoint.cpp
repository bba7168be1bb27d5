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
#include "runtime/core/ParseJson.h"

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
          {"evaluate_every", options.evaluateEvery}};
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
  return options;
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
  const auto bad = std::find_if(data.begin(), data.end(),
                                [](float x) { return !std::isfinite(x); });
  if (bad != data.end())
    throw Error(reader.path().string() + ": tensor '" + name + "': element " +
                std::to_string(bad - data.begin()) + " is " +
                std::to_string(*bad) + "; weights must be finite");
  std::copy(data.begin(), data.end(), partOf(flat, parameter).begin());
}

std::string metadata(const SafetensorsReader &reader, std::string_view key) {
  const auto found = reader.metadata().find(key);
  if (found == reader.metadata().end())
    throw Error(reader.path().string() + ": the metadata entry '" +
                std::string(key) +
                "' is missing; expected a checkpoint that minrnn train wrote");
  return found->second;
}

std::string firstMomentName(const ModelParameter &parameter) {
  return "optimizer.first_moment." + parameter.name;
}
std::string secondMomentName(const ModelParameter &parameter) {
  return "optimizer.second_moment." + parameter.name;
}

} // namespace

void minrnn::writeCheckpoint(const std::filesystem::path &path,
                             CheckpointInfo info, LanguageModel &model,
                             AdamW &optimizer) {
  std::vector<float> weights = model.parameters().download();
  std::vector<float> first = optimizer.firstMoment().download();
  std::vector<float> second = optimizer.secondMoment().download();
  std::vector<TensorToWrite> tensors;
  tensors.reserve(3 * model.layout().size());
  for (const ModelParameter &parameter : model.layout()) {
    tensors.push_back(
        {parameter.name, parameter.shape, partOf(weights, parameter)});
    tensors.push_back({firstMomentName(parameter), parameter.shape,
                       partOf(first, parameter)});
    tensors.push_back({secondMomentName(parameter), parameter.shape,
                       partOf(second, parameter)});
  }
  const Json progress = {{"steps_done", optimizer.stepsDone()},
                         {"validation_loss", info.validationLoss}};
  writeSafetensors(path, tensors,
                   {{"format", format},
                    {"version", version},
                    {"cell_source", info.cellSource},
                    {"cell_name", info.cellName},
                    {"model", toJson(info.model).dump()},
                    {"training", toJson(info.training).dump()},
                    {"progress", progress.dump()},
                    {"vocabulary", info.vocabulary.toJson()}});
}

CheckpointInfo minrnn::readCheckpointInfo(const std::filesystem::path &path) {
  const SafetensorsReader reader(path);
  const std::string where = path.string() + ": ";
  if (metadata(reader, "format") != format)
    throw Error(where + "expected a checkpoint of format '" + format +
                "', found '" + metadata(reader, "format") + "'");
  if (metadata(reader, "version") != version)
    throw Error(where + "expected a checkpoint of version " + version +
                ", found " + metadata(reader, "version"));
  CheckpointInfo info;
  info.cellSource = metadata(reader, "cell_source");
  info.cellName = metadata(reader, "cell_name");
  try {
    info.model = modelFromJson(
        parseJson(metadata(reader, "model"), "the metadata entry 'model'"));
    info.training = trainingFromJson(parseJson(
        metadata(reader, "training"), "the metadata entry 'training'"));
    const Json progress = parseJson(metadata(reader, "progress"),
                                    "the metadata entry 'progress'");
    progress.at("steps_done").get_to(info.stepsDone);
    progress.at("validation_loss").get_to(info.validationLoss);
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
    readInto(reader, firstMomentName(parameter), parameter, first);
    readInto(reader, secondMomentName(parameter), parameter, second);
  }
  model.parameters().upload(weights);
  if (optimizer == nullptr)
    return;
  optimizer->firstMoment().upload(first);
  optimizer->secondMoment().upload(second);
  optimizer->setStepsDone(readCheckpointInfo(path).stepsDone);
}
