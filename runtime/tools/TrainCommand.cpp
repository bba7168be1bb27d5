//===- TrainCommand.cpp - A character model from a text -------------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "minrnn/error.h"
#include "minrnn/jit.h"
#include "minrnn/train/character_model.h"
#include "minrnn/train/trainer.h"
#include "runtime/core/ReadFile.h"
#include "runtime/tools/BuiltInCells.h"
#include "runtime/tools/CheckpointFiles.h"
#include "runtime/tools/CommandOptions.h"
#include "runtime/tools/Commands.h"
#include "runtime/tools/NumberOptions.h"
#include "runtime/tools/ProgressLine.h"
#include "runtime/tools/StopSignals.h"
#include "runtime/tools/TrainingLog.h"
#include "specs/contract/Names.h"

#include <iostream>
#include <limits>
#include <memory>
#include <optional>

using namespace minrnn;

namespace {

struct TrainCommandOptions {
  std::filesystem::path data;
  std::string cell = "mingru";
  std::string cellName;
  std::filesystem::path checkpoint = "model.safetensors";
  std::filesystem::path resume;
  std::filesystem::path log;
  bool keepBest = false;
  bool overwrite = false;
  LanguageModelOptions model;
  TrainingOptions training;
  std::string recompute = "gates";
  std::string schedule = "auto";
  std::string math = "precise";
  std::optional<int> numWarps = std::nullopt;
  std::string ioType = "f32";
  DeviceChoice device;
};

/// Where training begins: a model's description, its kernels and its text.
struct Start {
  CheckpointInfo info;
  LanguageModelInfo model;
  CellKernels cell;
  TextCorpus corpus;
};

/// Of all layers. (Those that are beyond counting are refused later.)
LayerSizes layerSizes(const LanguageModelOptions &model,
                      const TrainingOptions &training) {
  constexpr std::int64_t large = std::int64_t{1} << 31;
  const bool isLarge = model.width >= large || model.expansion >= large;
  return {training.batch, training.context, model.width,
          isLarge ? std::numeric_limits<std::int64_t>::max()
                  : model.channels()};
}

CellKernels compile(const std::string &source, const std::string &sourceName,
                    const std::string &cellName, const std::string &ioType,
                    const TrainCommandOptions &options,
                    const LanguageModelOptions &model,
                    const TrainingOptions &training) {
  return compileCell(source, sourceName,
                     {.cell = cellName,
                      .ioType = ioType,
                      .recompute = *findRecompute(options.recompute),
                      .schedule = *findSchedule(options.schedule),
                      .math = *findMath(options.math),
                      .numWarps = options.numWarps,
                      .sizes = layerSizes(model, training),
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
      compile(source.text, source.name, options.cellName, options.ioType,
              options, options.model, options.training);
  TextCorpus corpus = readCorpus(options.data);
  LanguageModelInfo model{.cellSource = source.text,
                          .cellName = cell.manifest().cell,
                          .options = options.model};
  model.options.vocabulary = corpus.vocabulary.size();
  return {{.training = options.training},
          std::move(model),
          std::move(cell),
          std::move(corpus)};
}

/// What the command line gives replaces what the checkpoint says.
Start startFromCheckpoint(const TrainCommandOptions &options,
                          const CLI::App &command) {
  auto [info, model, vocabulary] = readCharacterModelInfo(options.resume);
  noteConversions(SafetensorsReader(options.resume));
  const TrainingOptions before = info.training;
  TrainingOptions &training = info.training;
  const auto replace = [&](const char *option, auto TrainingOptions::*member) {
    if (command.count(option) > 0)
      training.*member = options.training.*member;
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
  replace("--eval-characters", &TrainingOptions::evaluatePositions);
  CellKernels cell =
      compile(model.cellSource, options.resume.string(), model.cellName,
              command.count("--io-type") > 0 ? options.ioType : model.ioType,
              options, model.options, training);
  // Losses of other windows do not compare.
  if (training.context != before.context ||
      training.evaluatePositions != before.evaluatePositions)
    info.bestValidation.reset();
  const std::string text = readInput(options.data);
  try {
    TextCorpus corpus = TextCorpus::fromText(text, &vocabulary);
    return {std::move(info), std::move(model), std::move(cell),
            std::move(corpus)};
  } catch (const Error &error) {
    throw Error(inputName(options.data) + ": " + error.what() + " in " +
                options.resume.string() +
                ", which knows no other characters than that text had; remove "
                "or replace it, or train afresh, without --resume");
  }
}

/// How many characters a validation evaluates, and those that there are.
std::pair<std::int64_t, std::int64_t>
validationCharacters(const Trainer &trainer, const TextCorpus &text) {
  const auto all = static_cast<std::int64_t>(text.validation.size());
  const std::int64_t evaluated =
      TextTask(text).validationCharacters(trainer.options().evaluation());
  // Nothing comes before the first one, from which it could be told.
  return {evaluated == all - 1 ? all : evaluated, all};
}

/// Unless told otherwise, a GPU with tensor cores for f32 uses them.
Precision precisionOn(const Device &device, const DeviceChoice &choice) {
  const bool isFast =
      device.name() == "cuda" && device.hasProducts(Precision::Tf32);
  return choice.precision.value_or(isFast ? Precision::Tf32 : Precision::Ieee);
}

void printStart(const LanguageModel &model, std::size_t parameters,
                const TextCorpus &corpus, const Trainer &trainer) {
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
            << corpus.validation.size() << " for validation, vocabulary of "
            << corpus.vocabulary.size() << '\n';
  const auto [evaluated, all] = validationCharacters(trainer, corpus);
  if (evaluated != all)
    std::cout << "judged on " << evaluated << " of its " << all
              << " characters, the same ones each time; --eval-characters all "
                 "for all of them\n";
  const Device &device = *model.cell().device();
  if (device.name() != "host")
    std::cout << "on " << device.name() << ": " << device.description() << '\n';
  if (manifest.ioType != "f32")
    std::cout << "activations in " << manifest.ioType
              << ", parameters and optimiser in f32\n";
  if (manifest.math == Math::Fast)
    std::cout << "gates by approximate instructions; --math precise for exact "
                 "ones\n";
  if (const Precision precision = model.context().precision();
      precision != Precision::Ieee)
    std::cout << "products in " << nameOf(precisionNames, precision)
              << "; --products ieee for f32 throughout\n";
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

TrainingLog openLog(const TrainCommandOptions &options,
                    const Trainer &trainer) {
  if (options.log.empty())
    return {};
  return options.resume.empty()
             ? TrainingLog::begin(options.log)
             : TrainingLog::goOn(options.log, trainer.stepsDone());
}

void printResumed(const TrainCommandOptions &options, const Trainer &trainer,
                  const TrainingLog &log) {
  std::cout << "resumed after step " << trainer.stepsDone() << '\n';
  if (log.laterRows() > 0)
    std::cout << options.log.string() << " has " << log.laterRows()
              << (log.laterRows() == 1 ? " row" : " rows")
              << " of later steps, which the earlier run did not save; the "
                 "rows of this run follow them\n";
  std::cout << std::flush;
}

/// How to go on from what a run has saved.
std::string resumeCommand(const TrainCommandOptions &options,
                          const CheckpointFiles &files) {
  return "go on with --resume " + files.last().string() +
         (options.log.empty() ? "" : " --log " + options.log.string()) +
         (options.keepBest ? " --keep-best" : "");
}

/// Trains until all steps are done. A signal ends the run once the step is
/// done, and so does a log that cannot be written: what was learned is saved.
void run(const TrainCommandOptions &options, const TrainingState &state,
         CheckpointFiles &files, TrainingLog &log) {
  const StopSignals signals;
  std::optional<Error> logFailure;
  ProgressLine line;
  try {
    state.trainer.run(
        [&](const TrainingProgress &progress) {
          try {
            log.add(progress);
          } catch (const Error &error) {
            logFailure = error;
          }
          line.show(progress);
        },
        [&](const TrainingProgress &progress) {
          // First the file: whoever reads the lines may be gone.
          files.validated(state, progress);
          line.keep(progress);
        },
        [&] { return StopSignals::received() != 0 || logFailure; });
  } catch (const DivergenceError &error) {
    throw Error(error.what() + ("; " + describeKept(files.last())));
  }
  const std::int64_t done = state.trainer.stepsDone();
  const bool isDone = done == state.trainer.options().steps;
  if (isDone && !logFailure && state.info.validation &&
      state.info.validation->step == done)
    return;
  files.save(state);
  const std::string saved =
      " after step " + std::to_string(done) +
      (isDone && !logFailure ? ", before its validation" : "") + "; wrote " +
      files.last().string() +
      (isDone ? "" : "; " + resumeCommand(options, files));
  if (logFailure)
    throw Error(logFailure->what() + saved);
  throw Interrupted(StopSignals::received(), "interrupted" + saved);
}

void train(const TrainCommandOptions &options, const CLI::App &command) {
  const bool resumes = !options.resume.empty();
  CheckpointFiles files(
      {.checkpoint = resumes && command.count("--checkpoint") == 0
                         ? options.resume
                         : options.checkpoint,
       .resume = options.resume,
       .keepBest = options.keepBest,
       .overwrite = options.overwrite});
  if (!resumes)
    refuseToReplace(options.log, options.overwrite, "name another --log");

  Start start =
      resumes ? startFromCheckpoint(options, command) : startAfresh(options);
  LanguageModel model(start.model.options, start.cell, start.model.cellSource,
                      precisionOn(*start.cell.device(), options.device));
  const TextTask task(start.corpus);
  AdamW adamW({.weightDecay = start.info.training.weightDecay}, model.layout(),
              model.context());
  Trainer trainer(model, task, adamW, start.info.training);
  start.info.metadata = model.metadata();
  start.info.metadata.merge(task.metadata());
  const TrainingState state{start.info, model, trainer};
  if (resumes)
    files.resume(state);
  else
    model.initialise(start.info.training.seed);

  const bool isDone = trainer.stepsDone() >= trainer.options().steps;
  TrainingLog log;
  if (!isDone)
    log = openLog(options, trainer);
  printStart(model, model.parameters().size(), start.corpus, trainer);
  if (resumes)
    printResumed(options, trainer, log);
  if (isDone) {
    std::cout << "all " << trainer.options().steps
              << " steps are done; ask for more with --steps\n";
    return;
  }
  run(options, state, files, log);
  const auto [evaluated, all] = validationCharacters(trainer, start.corpus);
  std::cout << "validation loss " << start.info.validation->loss
            << " nats per character on " << evaluated;
  if (evaluated != all)
    std::cout << " of " << all;
  std::cout << " characters not trained on\n" << files.describe(start.info);
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
              "the last 10 % for validation.");
  const auto options = std::make_shared<TrainCommandOptions>();
  const auto files = std::make_shared<FileOptions>(*command);
  constexpr auto noDash = FileOptions::Dash::Refused;
  files
      ->addInput("--data", options->data,
                 "the text, any file; - for standard input")
      ->required();
  files
      ->addOutput("--checkpoint", options->checkpoint,
                  "where the model is written at each validation and at the "
                  "end; SIGINT (Ctrl-C) and SIGTERM end the run after the "
                  "step, and write it",
                  noDash)
      ->capture_default_str();
  files->addOutput("--log", options->log,
                   "where each step's loss is written, comma-separated; with "
                   "--resume, rows are added",
                   noDash);
  command->add_flag("--keep-best", options->keepBest,
                    "keep the best model by validation beside the last, as "
                    "model.best.safetensors for model.safetensors");
  command->add_flag("--overwrite", options->overwrite,
                    "replace a checkpoint, and the log of an earlier run, that "
                    "this run does not go on from");
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

  constexpr std::int64_t most = std::int64_t{1} << 40;
  const auto addCount = [&](const std::string &name, std::int64_t &value,
                            const std::string &description) {
    return addNumber<std::int64_t>(*command, name, value, description, 1, most);
  };
  LanguageModelOptions &model = options->model;
  addNumber<std::int64_t>(*command, "--layers", model.layers,
                          "recurrent layers", 1, 10000)
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
  addNumber<std::int64_t>(*command, "--eval-characters",
                          training.evaluatePositions,
                          "characters that a validation judges at most, spread "
                          "over the last 10 %; 0 or 'all' for all of them",
                          0, most)
      ->transform([](const std::string &text) {
        return text == "all" ? std::string("0") : text;
      });
  addNumber(*command, "--learning-rate", training.learningRate,
            "the highest learning rate, after the warm-up");
  addNumber<std::int64_t>(*command, "--warmup", training.warmupSteps,
                          "steps in which the learning rate rises", 0, most);
  addNumber(*command, "--weight-decay", training.weightDecay,
            "AdamW's decoupled weight decay");
  addNumber(*command, "--clip", training.clip,
            "the largest norm of the gradients; 0 for no clipping");
  addNumber(*command, "--seed", training.seed,
            "decides initial weights and windows");
  addRecomputeOption(*command, options->recompute);
  addMathOption(*command, options->math);
  addScheduleOptions(*command, options->schedule, options->numWarps);
  addIoTypeOption(*command, options->ioType,
                  "what activations are stored as: f32, or bf16, whose "
                  "parameters and optimiser are f32 still; f16, in which small "
                  "gradients vanish, is refused");
  addDeviceOptions(*command, options->device);
  addProductsOption(*command, options->device,
                    "tf32 on a GPU that has it, ieee elsewhere");
  command->callback([options, command, files] {
    if (!options->resume.empty() && command->count("--checkpoint") == 0)
      options->checkpoint = options->resume;
    NamedFiles named = files->named();
    named.allowSame("--checkpoint", "--resume");
    if (options->keepBest)
      named.addOutput("--keep-best", bestBeside(options->checkpoint));
    checkFiles(*files, named);
    train(*options, *command);
  });
}
