//===- TrainCommand.cpp - A character model from a text -------------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "minrnn/checkpoint.h"
#include "minrnn/error.h"
#include "minrnn/jit.h"
#include "minrnn/training.h"
#include "runtime/core/AtomicFile.h"
#include "runtime/core/ReadFile.h"
#include "runtime/tools/BuiltInCells.h"
#include "runtime/tools/Commands.h"
#include "runtime/tools/ProgressLine.h"
#include "runtime/tools/TrainingLog.h"

#include <iostream>
#include <memory>

using namespace minrnn;

namespace {

struct TrainCommandOptions {
  std::filesystem::path data;
  std::string cell = "mingru";
  std::string cellName;
  std::filesystem::path checkpoint = "model.safetensors";
  std::filesystem::path resume;
  std::filesystem::path log;
  LanguageModelOptions model;
  TrainingOptions training;
  std::string recompute = "gates";
  DeviceChoice device;
};

/// Where training begins: a model's description, its kernels and its text.
struct Start {
  CheckpointInfo info;
  CellKernels cell;
  TextCorpus corpus;
};

CellKernels compile(const std::string &source, const std::string &sourceName,
                    const std::string &cellName,
                    const TrainCommandOptions &options) {
  return compileCell(source, sourceName,
                     {.cell = cellName,
                      .recompute = recomputeOf(options.recompute),
                      .device = options.device.open()});
}

TextCorpus readCorpus(const std::filesystem::path &data) {
  if (data != "-")
    return TextCorpus::fromFile(data);
  const std::string text = readInput(data);
  if (text.empty())
    throw Error("standard input is empty; expected a text to learn");
  return TextCorpus::fromText(text);
}

Start startAfresh(const TrainCommandOptions &options) {
  const CellSource source = findCellSource(options.cell);
  CellKernels cell =
      compile(source.text, source.name, options.cellName, options);
  TextCorpus corpus = readCorpus(options.data);
  CheckpointInfo info{.cellSource = source.text,
                      .cellName = cell.manifest().cell,
                      .model = options.model,
                      .training = options.training,
                      .vocabulary = corpus.vocabulary};
  info.model.vocabulary = corpus.vocabulary.size();
  return {std::move(info), std::move(cell), std::move(corpus)};
}

/// What the command line gives replaces what the checkpoint says.
Start startFromCheckpoint(const TrainCommandOptions &options,
                          const CLI::App &command) {
  CheckpointInfo info = readCheckpointInfo(options.resume);
  CellKernels cell =
      compile(info.cellSource, options.resume.string(), info.cellName, options);
  const auto replace = [&](const char *option, auto TrainingOptions::*member) {
    if (command.count(option) > 0)
      info.training.*member = options.training.*member;
  };
  replace("--batch", &TrainingOptions::batch);
  replace("--context", &TrainingOptions::context);
  replace("--steps", &TrainingOptions::steps);
  replace("--learning-rate", &TrainingOptions::learningRate);
  replace("--weight-decay", &TrainingOptions::weightDecay);
  replace("--warmup", &TrainingOptions::warmupSteps);
  replace("--clip", &TrainingOptions::clip);
  replace("--seed", &TrainingOptions::seed);
  replace("--eval-every", &TrainingOptions::evaluateEvery);
  const std::string text = readInput(options.data);
  TextCorpus corpus = TextCorpus::fromText(text, &info.vocabulary);
  return {std::move(info), std::move(cell), std::move(corpus)};
}

void printStart(const LanguageModel &model, std::size_t parameters,
                const TextCorpus &corpus) {
  const LanguageModelOptions &options = model.options();
  const Manifest &manifest = model.cell().manifest();
  std::cout << "cell " << manifest.cell << " ("
            << (manifest.kind == "sequential" ? manifest.kind
                                              : manifest.scan + " scan")
            << "), " << options.layers
            << (options.layers == 1 ? " layer" : " layers") << " of width "
            << options.width << " with " << options.channels() << " channels, "
            << parameters << " parameters\n"
            << corpus.training.size() << " characters to train on, "
            << corpus.validation.size() << " to judge by, vocabulary of "
            << corpus.vocabulary.size() << '\n';
  const Device &device = *model.cell().device();
  if (device.name() != "host")
    std::cout << "on " << device.name() << ": " << device.description() << '\n';
  std::cout << std::flush;
}

/// What a device with a memory of its own needed of it.
void printMemory(const Device &device) {
  if (device.name() == "host")
    return;
  constexpr std::uint64_t kibibyte = 1 << 10;
  const std::uint64_t kibibytes =
      (device.memoryUse().peak + kibibyte - 1) / kibibyte;
  std::cout << "at most "
            << (kibibytes < 10 * kibibyte
                    ? std::to_string(kibibytes) + " KiB"
                    : std::to_string(kibibytes / kibibyte) + " MiB")
            << " of the device's memory\n";
}

void train(const TrainCommandOptions &options, const CLI::App &command) {
  const bool resumes = !options.resume.empty();
  const std::filesystem::path checkpoint =
      resumes && command.count("--checkpoint") == 0 ? options.resume
                                                    : options.checkpoint;
  // Minutes of training must not end in a folder that cannot be written to.
  {
    const AtomicFile probe(checkpoint);
  }
  TrainingLog log(options.log);

  Start start =
      resumes ? startFromCheckpoint(options, command) : startAfresh(options);
  LanguageModel model(start.info.model, start.cell);
  Trainer trainer(model, start.corpus, start.info.training);
  if (resumes)
    readCheckpoint(options.resume, model, &trainer.adamW());
  else
    model.initialise(start.info.training.seed);

  printStart(model, model.parameters().size(), start.corpus);
  if (resumes)
    std::cout << "resumed after step " << trainer.stepsDone() << '\n'
              << std::flush;
  if (trainer.stepsDone() >= trainer.options().steps) {
    std::cout << "all " << trainer.options().steps
              << " steps are done; ask for more with --steps\n";
    return;
  }
  ProgressLine line;
  trainer.run(
      [&](const TrainingProgress &progress) {
        log.add(progress);
        line.show(progress);
      },
      [&](const TrainingProgress &progress) {
        line.keep(progress);
        start.info.validationLoss = progress.validationLoss.value_or(0);
        writeCheckpoint(checkpoint, start.info, model, trainer.adamW());
      });
  std::cout << "validation loss " << start.info.validationLoss
            << " nats per character on " << start.corpus.validation.size()
            << " characters not trained on\nwrote " << checkpoint.string()
            << '\n';
  printMemory(*model.cell().device());
  if (!trainer.graphRefusal().empty())
    std::cout << "steps were launched part by part, since they could not be "
                 "recorded as one graph: "
              << trainer.graphRefusal() << '\n';
  std::cout << std::flush;
}

} // namespace

void minrnn::addTrainCommand(CLI::App &minrnn) {
  CLI::App *parent = minrnn.add_subcommand("train", "Train a model.");
  parent->require_subcommand(1);
  CLI::App *command = parent->add_subcommand(
      "text", "Train a character model on a text: the first 90 % to train on, "
              "the last 10 % to judge by.");
  const auto options = std::make_shared<TrainCommandOptions>();
  const auto files = std::make_shared<FileOptions>(*command);
  constexpr auto noDash = FileOptions::Dash::Refused;
  files
      ->addInput("--data", options->data,
                 "the text, any file; - for standard input")
      ->required();
  files
      ->addOutput("--checkpoint", options->checkpoint,
                  "where the model is written at each validation", noDash)
      ->capture_default_str();
  files->addOutput("--log", options->log,
                   "where each step's loss is written, comma-separated",
                   noDash);
  CLI::Option *resume =
      files->addInput("--resume", options->resume,
                      "go on from this checkpoint, and write to it unless "
                      "--checkpoint is given",
                      noDash);
  files
      ->addInput("--cell", options->cell,
                 "a built-in cell or an MLIR file; - for standard input",
                 FileOptions::Dash::StandardStream,
                 [options] { return !isBuiltInCell(options->cell); })
      ->type_name("NAME|FILE")
      ->excludes(resume)
      ->capture_default_str();
  command
      ->add_option("--cell-name", options->cellName,
                   "the cell to train, where the file holds several")
      ->type_name("NAME")
      ->excludes(resume);

  // Without a description the help stays readable.
  const CLI::Validator counts =
      CLI::Range(std::int64_t{1}, std::int64_t{1} << 40).description("");
  const auto addCount = [&](const std::string &name, std::int64_t &value,
                            const std::string &description) {
    return command->add_option(name, value, description)
        ->check(counts)
        ->type_name("N")
        ->capture_default_str();
  };
  LanguageModelOptions &model = options->model;
  addCount("--layers", model.layers, "recurrent layers")
      ->check(CLI::Range(1, 10000).description(""))
      ->excludes(resume);
  addCount("--width", model.width, "width of the residual stream")
      ->excludes(resume);
  addCount("--expansion", model.expansion,
           "hidden channels of a layer, as a multiple of the width; 1 for a "
           "cell that reads its channel of the input")
      ->excludes(resume);
  TrainingOptions &training = options->training;
  addCount("--context", training.context, "characters of a window");
  addCount("--batch", training.batch, "windows of a step");
  addCount("--steps", training.steps, "steps in all");
  addCount("--eval-every", training.evaluateEvery,
           "steps from one validation to the next");
  command
      ->add_option("--learning-rate", training.learningRate,
                   "the highest learning rate, after the warm-up")
      ->type_name("X")
      ->capture_default_str();
  command
      ->add_option("--warmup", training.warmupSteps,
                   "steps in which the learning rate rises")
      ->type_name("N")
      ->capture_default_str();
  command
      ->add_option("--weight-decay", training.weightDecay,
                   "AdamW's decoupled weight decay")
      ->type_name("X")
      ->capture_default_str();
  command
      ->add_option("--clip", training.clip, "the largest norm of the gradients")
      ->type_name("X")
      ->capture_default_str();
  command
      ->add_option("--seed", training.seed,
                   "decides initial weights and windows")
      ->type_name("N")
      ->capture_default_str();
  addRecomputeOption(*command, options->recompute);
  addDeviceOptions(*command, options->device);
  command->callback([options, command, files] {
    if (!options->resume.empty() && command->count("--checkpoint") == 0)
      options->checkpoint = options->resume;
    NamedFiles named = files->named();
    named.allowSame("--checkpoint", "--resume");
    checkFiles(*files, named);
    train(*options, *command);
  });
}
