//===- SampleCommand.cpp - Text from a trained model ----------------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "minrnn/error.h"
#include "minrnn/jit.h"
#include "minrnn/train/character_model.h"
#include "minrnn/train/sampling.h"
#include "runtime/tools/CommandOptions.h"
#include "runtime/tools/Commands.h"
#include "runtime/tools/NumberOptions.h"
#include "runtime/tools/OpenModel.h"

#include <iostream>
#include <memory>

using namespace minrnn;

namespace {

struct SampleOptions {
  std::filesystem::path checkpoint;
  std::string prompt = "\n";
  std::int64_t length = 500;
  double temperature = 0.8;
  std::uint64_t seed = 1;
  DeviceChoice device;
};

std::vector<std::int32_t> encodePrompt(const Vocabulary &vocabulary,
                                       const std::string &prompt) {
  try {
    return vocabulary.encode(prompt);
  } catch (const Error &error) {
    throw Error(std::string("--prompt: ") + error.what());
  }
}

void sample(const SampleOptions &options, bool promptGiven) {
  const CharacterModelInfo info = readCharacterModelInfo(options.checkpoint);
  noteConversions(SafetensorsReader(options.checkpoint));
  LanguageModel model =
      openModel(info.model, options.checkpoint.string(),
                // A prompt is short.
                {.schedule = Schedule::Carry, .device = options.device.open()},
                [&](const Device &) {
                  return options.device.precision.value_or(Precision::Ieee);
                });
  readCheckpoint(options.checkpoint, model, nullptr);

  std::vector<std::int32_t> prompt;
  if (promptGiven || info.vocabulary.contains(options.prompt))
    prompt = encodePrompt(info.vocabulary, options.prompt);
  else
    prompt = {0};
  if (promptGiven)
    std::cout << options.prompt;
  sampleTokens(model, prompt, options.length, options.temperature, options.seed,
               [&](std::int32_t token) {
                 std::cout << info.vocabulary.symbol(token) << std::flush;
               });
  std::cout << '\n';
}

} // namespace

void minrnn::addSampleCommand(CLI::App &minrnn) {
  CLI::App *command =
      minrnn.add_subcommand("sample", "Print text that a trained model makes.");
  const auto options = std::make_shared<SampleOptions>();
  const auto files = std::make_shared<FileOptions>(*command);
  files
      ->addInput("--checkpoint", options->checkpoint, "what minrnn train wrote",
                 FileOptions::Dash::Refused)
      ->required();
  CLI::Option *prompt =
      command
          ->add_option("--prompt", options->prompt,
                       "how the text begins (default: a new line, or the "
                       "vocabulary's first character where it has none)")
          ->type_name("TEXT");
  addNumber<std::int64_t>(*command, "--length", options->length,
                          "characters to make", 0, std::int64_t{1} << 40);
  addNumber<double>(*command, "--temperature", options->temperature,
                    "0 for the likeliest text, 1 for the model's own variety",
                    0, 1000);
  addNumber(*command, "--seed", options->seed, "another seed, another text");
  addDeviceOptions(*command, options->device);
  addProductsOption(*command, options->device, "ieee");
  command->callback([options, prompt, files] {
    checkFiles(*files, files->named());
    sample(*options, prompt->count() > 0);
  });
}
