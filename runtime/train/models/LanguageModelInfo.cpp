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

using namespace minrnn;

namespace {

LanguageModelOptions modelFromJson(const Json &json) {
  LanguageModelOptions options;
  json.at("vocabulary").get_to(options.vocabulary);
  json.at("layers").get_to(options.layers);
  json.at("width").get_to(options.width);
  json.at("expansion").get_to(options.expansion);
  return options;
}

void checkSizes(const LanguageModelOptions &model,
                const SafetensorsReader &reader) {
  if (model.layers < 1 || model.width < 1 || model.expansion < 1)
    throw Error("the model's sizes must be positive");
  const std::string lastLayer =
      "layers." + std::to_string(model.layers - 1) + ".out.weight";
  // (Of a tensor that is missing the reader says so, with the path.)
  if (!reader.contains(lastLayer) || !reader.contains("embedding.weight"))
    throw Error("the model's sizes do not fit its tensors");
  const std::vector<std::int64_t> &out = reader.info(lastLayer).shape;
  if (reader.info("embedding.weight").shape !=
          std::vector<std::int64_t>{model.vocabulary, model.width} ||
      out.size() != 2 || out[0] != model.width ||
      out[1] / model.width != model.expansion || out[1] % model.width != 0 ||
      static_cast<std::size_t>(model.layers) > reader.tensors().size())
    throw Error("the model's sizes do not fit its tensors");
}

} // namespace

Metadata LanguageModel::metadata() const {
  const Json options = {{"vocabulary", modelOptions.vocabulary},
                        {"layers", modelOptions.layers},
                        {"width", modelOptions.width},
                        {"expansion", modelOptions.expansion}};
  return {{"cell_source", cellSource},
          {"cell_name", cellKernels.manifest().cell},
          {"io_type", cellKernels.manifest().ioType},
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
