//===- LanguageModelInfo.cpp - A language model in a checkpoint -----------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "minrnn/error.h"
#include "minrnn/safetensors.h"
#include "minrnn/train/language_model.h"
#include "runtime/core/HalfStorage.h"
#include "runtime/train/CheckpointMetadata.h"
#include "specs/contract/Names.h"

#include <string>
#include <vector>

using namespace minrnn;

namespace {

/// The switches of the block by their names in a checkpoint; files of before
/// there were such lack them.
template <typename Options, typename Visit>
void forEachSwitch(Options &options, const Visit &visit) {
  visit("convolution", options.convolution);
  visit("feed_forward", options.feedForward);
  visit("dropout", options.dropout);
  visit("learned_initial", options.learnedInitial);
  visit("out_bias", options.outBias);
  visit("tied_embedding", options.tiedEmbedding);
  visit("forget_bias", options.forgetBias);
  visit("heads", options.heads);
  visit("max_positions", options.maxPositions);
  visit("inputs", options.inputs);
  visit("outputs", options.outputs);
}

NormKind readNorm(const std::string &name) {
  const auto norm = findNamed<NormKind>(normNames, name);
  if (!norm)
    throw Error("there is no norm '" + name + "'");
  return *norm;
}

LanguageModelOptions modelFromJson(const Json &json) {
  LanguageModelOptions options;
  json.at("vocabulary").get_to(options.vocabulary);
  json.at("layers").get_to(options.layers);
  json.at("width").get_to(options.width);
  json.at("expansion").get_to(options.expansion);
  if (json.contains("norm"))
    options.norm = readNorm(json.at("norm").get<std::string>());
  forEachSwitch(options, [&](const char *name, auto &value) {
    if (json.contains(name))
      json.at(name).get_to(value);
  });
  return options;
}

/// Damaged sizes never ask for more memory than the file has bytes.
void checkSizes(const LanguageModelOptions &model,
                const SafetensorsReader &reader) {
  const auto fail = [] {
    throw Error("the model's sizes do not fit its tensors");
  };
  const auto expect = [&](const std::string &name, std::int64_t rows,
                          std::int64_t columns) {
    // Written so that no product of sizes overflows.
    if (!reader.contains(name) ||
        reader.info(name).shape != std::vector<std::int64_t>{rows, columns})
      fail();
  };
  if (model.layers < 1 || model.width < 1 || model.expansion < 1 ||
      model.convolution < 0 || model.feedForward < 0)
    throw Error("the model's sizes must be positive");
  if (static_cast<std::size_t>(model.layers) > reader.tensors().size())
    fail();
  if (model.isOfNumbers()) {
    expect("input.weight", model.width, model.inputs);
    expect("head.weight", model.outputs, model.width);
  } else {
    expect("embedding.weight", model.vocabulary, model.width);
  }
  const std::string last = "layers." + std::to_string(model.layers - 1) + ".";
  const auto multiple = [&](const std::string &name, std::int64_t factor) {
    if (!reader.contains(name))
      fail();
    const std::vector<std::int64_t> &shape = reader.info(name).shape;
    if (shape.size() != 2 || shape[0] != model.width ||
        shape[1] / model.width != factor || shape[1] % model.width != 0)
      fail();
  };
  multiple(last + "out.weight", model.isAttention() ? 1 : model.expansion);
  if (model.feedForward > 0)
    multiple(last + "ff.out.weight", model.feedForward);
  if (model.convolution > 0)
    expect(last + "conv.weight", model.width, model.convolution);
}

} // namespace

Metadata LanguageModel::metadata() const {
  Json options = {{"vocabulary", modelOptions.vocabulary},
                  {"layers", modelOptions.layers},
                  {"width", modelOptions.width},
                  {"expansion", modelOptions.expansion},
                  {"norm", nameOf(normNames, modelOptions.norm)}};
  forEachSwitch(modelOptions, [&](const char *name, const auto &value) {
    options[name] = value;
  });
  return {
      {"cell_source", cellSource},
      {"cell_name", cellKernels ? cellKernels->manifest().cell : "attention"},
      {"io_type", cellKernels ? cellKernels->manifest().ioType : "f32"},
      {"model", options.dump()}};
}

LanguageModelInfo
minrnn::readLanguageModelInfo(const std::filesystem::path &path) {
  const SafetensorsReader reader(path);
  return readMetadata(path, [&] {
    const Metadata &entries = reader.metadata();
    LanguageModelInfo info;
    info.cellSource = entryOf(entries, "cell_source");
    info.cellName = entryOf(entries, "cell_name");
    // Files of before there was another lack it.
    if (entries.contains("io_type"))
      info.ioType = entryOf(entries, "io_type");
    elementTypeOf(info.ioType);
    info.options = modelFromJson(parseNumbers(entryOf(entries, "model")));
    checkSizes(info.options, reader);
    return info;
  });
}
