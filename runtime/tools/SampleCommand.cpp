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
#include "runtime/core/ReadFile.h"
#include "runtime/tools/CommandOptions.h"
#include "runtime/tools/Commands.h"
#include "runtime/tools/NumberOptions.h"
#include "runtime/tools/OpenModel.h"

#include <iostream>
#include <memory>
#include <unistd.h>

using namespace minrnn;

namespace {

struct SampleOptions {
  std::filesystem::path checkpoint;
  std::string prompt = "\n";
  std::filesystem::path promptFile;
  std::int64_t length = 500;
  SamplingOptions sampling = {.temperature = 0.8};
  std::string stop;
  bool streams = false;
  std::uint64_t seed = 1;
  DeviceChoice device;
};

std::vector<std::int32_t> encode(const Vocabulary &vocabulary,
                                 const std::string &text,
                                 const std::string &option) {
  try {
    return vocabulary.encode(text);
  } catch (const Error &error) {
    throw Error(option + ": " + error.what());
  }
}

/// What the text begins with, as tokens; what was given is printed.
std::vector<std::int32_t> beginText(const SampleOptions &options,
                                    const Vocabulary &vocabulary,
                                    bool isGiven) {
  if (!options.promptFile.empty()) {
    const std::string prompt = readInput(options.promptFile);
    if (prompt.empty())
      throw Error(inputName(options.promptFile) +
                  " is empty; the model needs at least one character");
    const auto tokens =
        encode(vocabulary, prompt, inputName(options.promptFile));
    std::cout << prompt;
    return tokens;
  }
  if (!isGiven)
    return vocabulary.contains(options.prompt)
               ? vocabulary.encode(options.prompt)
               : std::vector<std::int32_t>{0};
  const auto tokens = encode(vocabulary, options.prompt, "--prompt");
  std::cout << options.prompt;
  return tokens;
}

void sample(const SampleOptions &options, bool promptGiven) {
  const CharacterModelInfo info = readCharacterModelInfo(options.checkpoint);
  noteConversions(SafetensorsReader(options.checkpoint));
  // A text that the model cannot write would never end it.
  encode(info.vocabulary, options.stop, "--stop");
  LanguageModel model =
      openModel(info.model, options.checkpoint.string(),
                {.device = options.device.open()}, [&](const Device &) {
                  return options.device.precision.value_or(Precision::Ieee);
                });
  readCheckpoint(options.checkpoint, model, nullptr);

  const std::vector<std::int32_t> prompt =
      beginText(options, info.vocabulary, promptGiven);
  std::string end;
  sampleTokens(model, prompt, options.length, options.sampling, options.seed,
               [&](std::int32_t token) {
                 const std::string &symbol = info.vocabulary.symbol(token);
                 std::cout << symbol;
                 if (options.streams)
                   std::cout << std::flush;
                 if (options.stop.empty())
                   return true;
                 // No longer than what is looked for.
                 end += symbol;
                 if (end.size() > options.stop.size())
                   end.erase(0, end.size() - options.stop.size());
                 return end != options.stop;
               });
  std::cout << '\n';
}

constexpr const char *footer = R"(Examples:
  minrnn sample --checkpoint model.safetensors --prompt "The " --length 1000
  minrnn sample --checkpoint model.safetensors --prompt-file begin.txt --stop "."
  minrnn sample --checkpoint model.safetensors --temperature 1 --top-p 0.9 --seed 7)";

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
  files
      ->addInput("--prompt-file", options->promptFile,
                 "a file that the text begins with, to its last byte; - for "
                 "standard input")
      ->excludes(prompt);
  addNumber<std::int64_t>(*command, "--length", options->length,
                          "characters to make, at most", 0,
                          std::int64_t{1} << 40);
  addNumber<double>(*command, "--temperature", options->sampling.temperature,
                    "0 for the likeliest text, 1 for the model's own variety",
                    0, 1000);
  addNumber<std::int64_t>(*command, "--top-k", options->sampling.topK,
                          "draw from so many of the likeliest characters; 0: "
                          "from all",
                          0, std::int64_t{1} << 40);
  addNumber<double>(*command, "--top-p", options->sampling.topP,
                    "of these, draw from as few of the likeliest as have this "
                    "share of the probability, above 0; 1: from all",
                    0, 1);
  command
      ->add_option("--stop", options->stop,
                   "end the text behind the first of these that the model "
                   "makes")
      ->type_name("TEXT");
  command->add_flag("--stream", options->streams,
                    "print each character at once where standard output is no "
                    "terminal, too");
  addNumber(*command, "--seed", options->seed, "another seed, another text");
  addDeviceOptions(*command, options->device);
  addProductsOption(*command, options->device, "ieee");
  command->footer(footer);
  command->callback([options, prompt, files] {
    checkFiles(*files, files->named());
    options->streams |= ::isatty(STDOUT_FILENO) == 1;
    sample(*options, prompt->count() > 0);
  });
}
