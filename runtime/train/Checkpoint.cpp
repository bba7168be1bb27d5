//===- Checkpoint.cpp - A training run in a file --------------------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "minrnn/train/checkpoint.h"

#include "minrnn/error.h"
#include "minrnn/safetensors.h"
#include "runtime/core/FormatNumber.h"
#include "runtime/core/Hash.h"
#include "runtime/train/CheckpointMetadata.h"
#include "runtime/train/NotFinite.h"
#include "specs/contract/Names.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <utility>
#include <vector>

using namespace minrnn;

namespace {

constexpr const char *format = "minrnn-checkpoint";
constexpr const char *version = "1";

/// The entries that are not the model's or the task's.
constexpr const char *checksumEntry = "checksum";
constexpr std::array ownEntries = {"format", "version", "training", "progress",
                                   checksumEntry};

/// What the tensors of an optimiser's state are called, before the parameter.
std::string prefixOf(const Optimizer::State &state) {
  return "optimizer." + state.name + ".";
}

Json toJson(const TrainingOptions &options) {
  return {
      {"batch", options.batch},
      {"context", options.context},
      {"steps", options.steps},
      {"learning_rate", options.learningRate},
      {"final_fraction", options.finalFraction},
      {"warmup_steps", options.warmupSteps},
      {"weight_decay", options.weightDecay},
      {"clip", options.clip},
      {"seed", options.seed},
      {"evaluate_every", options.evaluateEvery},
      {"evaluate_characters", options.evaluatePositions},
      {"target_accuracy", options.targetAccuracy},
      {"patience", options.patience},
      {"accumulate", options.accumulate},
      {"learning_rate_decay", nameOf(learningRateDecayNames, options.decay)},
      {"skip_outliers", options.skipOutliers},
      {"overfit", options.overfit}};
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
  if (!info.gradientNorms.empty())
    json["gradient_norms"] = info.gradientNorms;
  if (info.stepLoss) {
    json["step_loss"] = info.stepLoss->last;
    json["smoothed_loss"] = info.stepLoss->smoothed;
  }
  return json;
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
  // Files of before these options lack them.
  const auto readLater = [&](const char *name, auto &option) {
    option = json.value(name, option);
  };
  readLater("evaluate_characters", options.evaluatePositions);
  readLater("target_accuracy", options.targetAccuracy);
  readLater("patience", options.patience);
  readLater("accumulate", options.accumulate);
  readLater("skip_outliers", options.skipOutliers);
  readLater("overfit", options.overfit);
  std::string decay =
      std::string(nameOf(learningRateDecayNames, options.decay));
  readLater("learning_rate_decay", decay);
  const auto found =
      findNamed<LearningRateDecay>(learningRateDecayNames, decay);
  if (!found)
    throw Error("there is no decay of the learning rate '" + decay + "'");
  options.decay = *found;
  return options;
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
  info.gradientNorms = json.value("gradient_norms", info.gradientNorms);
  if (json.contains("step_loss"))
    info.stepLoss = {json.at("step_loss").get<double>(),
                     json.at("smoothed_loss").get<double>()};
  // Files of before it was kept account of lack it.
  if (!info.bestValidation)
    info.bestValidation = info.validation;
}

void readInto(const SafetensorsReader &reader, const std::string &name,
              const PlannedTensor &parameter, std::span<float> flat) {
  const std::vector<float> data = reader.readFloats(name, parameter.shape);
  if (const auto bad = findNotFinite(parameter.shape, data))
    throw Error(reader.path().string() + ": tensor '" + name + "': " + *bad +
                "; expected finite numbers");
  std::copy(data.begin(), data.end(), parameter.of(flat).begin());
}

/// What is not finite among the numbers of an entry of the metadata.
std::optional<std::string> findNotFiniteNumber(const Json &json) {
  for (const auto &[key, value] : json.items())
    if (value.is_number_float() && !std::isfinite(value.get<double>()))
      return "the " + spoken(key) + " is " + formatNumber(value.get<double>());
  return std::nullopt;
}

/// The checksum of a checkpoint: over the entries of its metadata, but for this
/// one, and its tensors, both in the order of their names.
class Checksum {
public:
  explicit Checksum(const Metadata &metadata) {
    for (const auto &[key, value] : metadata)
      if (key != checksumEntry)
        hash.add(key).add(value);
  }

  void add(const std::string &name, std::span<const std::int64_t> shape,
           std::span<const float> data) {
    hash.add(name).add(formatShape(shape));
    hash.add({reinterpret_cast<const char *>(data.data()), data.size_bytes()});
  }

  std::string digits() const { return hash.hexDigest(); }

private:
  Hash hash;
};

std::string checksumOf(std::span<const TensorToWrite> tensors,
                       const Metadata &metadata) {
  std::map<std::string, const TensorToWrite *> byName;
  for (const TensorToWrite &tensor : tensors)
    byName.emplace(tensor.name, &tensor);
  Checksum checksum(metadata);
  for (const auto &[name, tensor] : byName)
    checksum.add(name, tensor->shape, tensor->data);
  return checksum.digits();
}

void requireChecksum(const SafetensorsReader &reader) {
  const auto found = reader.metadata().find(checksumEntry);
  if (found == reader.metadata().end() || !reader.conversions().empty())
    return;
  Checksum checksum(reader.metadata());
  for (const auto &[name, tensor] : reader.tensors())
    checksum.add(name, tensor.shape, reader.readFloats(name, tensor.shape));
  if (checksum.digits() != found->second)
    throw Error(reader.path().string() +
                ": damaged: its content is not that of its checksum; go on "
                "from another checkpoint, or, if it was changed on purpose, "
                "remove the metadata entry 'checksum'");
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
                             CheckpointInfo info, Model &model,
                             Optimizer &optimizer) {
  info.stepsDone = optimizer.stepsDone();
  const Json training = toJson(info.training);
  const Json progress = progressOf(info);
  for (const Json *numbers : {&training, &progress})
    requireFinite(findNotFiniteNumber(*numbers), path, info.stepsDone);

  std::vector<std::pair<std::string, std::vector<float>>> arrays;
  arrays.emplace_back("", model.parameters().download());
  for (const Optimizer::State &state : optimizer.state())
    arrays.emplace_back(prefixOf(state), state.values->download());
  for (const auto &[prefix, values] : arrays)
    requireFinite(findNotFinite(model.layout(), values, prefix), path,
                  info.stepsDone);
  std::vector<TensorToWrite> tensors;
  tensors.reserve(arrays.size() * model.layout().size());
  for (const PlannedTensor &parameter : model.layout())
    for (auto &[prefix, values] : arrays)
      tensors.push_back({prefix + parameter.name, parameter.shape,
                         parameter.of(std::span<const float>(values))});
  Metadata metadata = info.metadata;
  metadata["format"] = format;
  metadata["version"] = version;
  metadata["training"] = training.dump();
  metadata["progress"] = progress.dump();
  metadata[checksumEntry] = checksumOf(tensors, metadata);
  try {
    writeSafetensors(path, tensors, metadata);
  } catch (const Error &error) {
    throw Error(std::string(error.what()) + "; " + describeKept(path));
  }
}

const std::string &minrnn::entryOf(const Metadata &metadata,
                                   std::string_view key) {
  const auto found = metadata.find(key);
  if (found == metadata.end())
    throw Error("the metadata entry '" + std::string(key) +
                "' is missing; expected a checkpoint that minrnn train wrote");
  return found->second;
}

std::string minrnn::spoken(std::string key) {
  std::replace(key.begin(), key.end(), '_', ' ');
  return key;
}

Json minrnn::parseNumbers(const std::string &text) {
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

CheckpointInfo minrnn::readCheckpointInfo(const std::filesystem::path &path) {
  const SafetensorsReader reader(path);
  return readMetadata(path, [&] {
    const Metadata &entries = reader.metadata();
    const auto expect = [&](const char *key, const std::string &expected) {
      if (const std::string &found = entryOf(entries, key); found != expected)
        throw Error(std::string("expected a checkpoint of ") + key + " '" +
                    expected + "', found '" + found + "'");
    };
    expect("format", format);
    expect("version", version);
    CheckpointInfo info;
    info.training =
        trainingFromJson(parseNumbers(entryOf(entries, "training")));
    readProgress(parseNumbers(entryOf(entries, "progress")), info);
    if (info.stepsDone < 0)
      throw Error("a negative number of steps done");
    info.metadata = entries;
    for (const char *own : ownEntries)
      info.metadata.erase(own);
    return info;
  });
}

void minrnn::requireWhole(const std::filesystem::path &path) {
  readCheckpointInfo(path);
  requireChecksum(SafetensorsReader(path));
}

std::string minrnn::taskOf(const Metadata &metadata) {
  // Files of before there were others lack it.
  const auto entry = metadata.find("task");
  return entry == metadata.end() ? "text" : entry->second;
}

void minrnn::requireTask(const Metadata &metadata, const std::string &task) {
  const std::string found = taskOf(metadata);
  if (found != task)
    throw Error("the model was trained on the task '" + found + "', not on '" +
                task + "'");
}

void minrnn::readCheckpoint(const std::filesystem::path &path, Model &model,
                            Optimizer *optimizer) {
  const SafetensorsReader reader(path);
  requireChecksum(reader);
  const auto read = [&](const std::string &prefix, DeviceArray<float> &array) {
    std::vector<float> values(array.size());
    for (const PlannedTensor &parameter : model.layout())
      readInto(reader, prefix + parameter.name, parameter, values);
    return values;
  };
  // All is read before anything changes.
  std::vector<std::pair<DeviceArray<float> *, std::vector<float>>> arrays;
  arrays.emplace_back(&model.parameters(), read("", model.parameters()));
  if (optimizer != nullptr)
    for (const Optimizer::State &state : optimizer->state())
      arrays.emplace_back(state.values, read(prefixOf(state), *state.values));
  for (const auto &[array, values] : arrays)
    array->upload(values);
  if (optimizer != nullptr)
    optimizer->setStepsDone(readCheckpointInfo(path).stepsDone);
}
