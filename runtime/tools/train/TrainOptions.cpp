//===- TrainOptions.cpp - The options of every minrnn train ---------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/tools/train/TrainOptions.h"

#include "runtime/tools/BuiltInCells.h"
#include "runtime/tools/CheckpointFiles.h"
#include "runtime/tools/Commands.h"
#include "runtime/tools/train/TrainRun.h"
#include "specs/contract/Names.h"

#include <iostream>

using namespace minrnn;

TrainCommand::TrainCommand(CLI::App &train, const std::string &name,
                           const std::string &description)
    : command(*train.add_subcommand(name, description)),
      options(std::make_shared<TrainOptions>()),
      fileOptions(std::make_shared<FileOptions>(command)),
      config(std::make_shared<TrainConfig>(command, *fileOptions)) {
  for (CLI::Option *option : config->options())
    fixed(option);
}

void TrainCommand::addGeneratedTaskOptions(std::int64_t &validationSequences,
                                           std::int64_t &testLength) {
  fixed(addNumber<std::int64_t>(command, "--eval-sequences",
                                validationSequences,
                                "sequences that a validation evaluates, the "
                                "same each time, none of them trained on",
                                1, mostOfACount));
  addNumber<std::int64_t>(command, "--test-length", testLength,
                          "at the end, evaluate sequences longer than those "
                          "trained on, up to this length, too",
                          1, mostOfACount)
      ->default_str("");
  addTraining<double>("--target-accuracy", &TrainingOptions::targetAccuracy,
                      "end as soon as a validation finds this share of right "
                      "answers; 0: never",
                      0, 1);
}

void TrainCommand::addFileOptions() {
  constexpr auto noDash = FileOptions::Dash::Refused;
  fileOptions
      ->addOutput("--checkpoint", options->checkpoint,
                  "where the model is written at each validation, every "
                  "--save-every steps and at the end; SIGINT (Ctrl-C) and "
                  "SIGTERM end the run after the "
                  "step, and write it",
                  noDash)
      ->capture_default_str();
  fileOptions->addOutput(
      "--log", options->log,
      "where each step's loss is written, comma-separated, or as a JSON object "
      "a line in a file.jsonl; with --resume, rows are added",
      noDash);
  command
      .add_option("--tensorboard", options->tensorboard,
                  "a folder where the losses are written for TensorBoard, in a "
                  "file of this run's own")
      ->type_name("FOLDER");
  command.add_flag("--keep-best", options->keepBest,
                   "keep the best model by validation beside the last, as "
                   "model.best.safetensors for model.safetensors");
  addNumber<std::int64_t>(command, "--save-every", options->saveEvery,
                          "steps after which the model is written, beside "
                          "each validation; 0: at validations alone",
                          0, mostOfACount);
  addNumber<std::int64_t>(command, "--keep", options->keep,
                          "keep the models of so many steps last written, as "
                          "model.step-000120.safetensors for "
                          "model.safetensors",
                          0, mostOfACount);
  command
      .add_flag("--overwrite", options->overwrite,
                "replace a checkpoint, and the log of an earlier run, that "
                "this run does not go on from")
      ->configurable(false);
  CLI::Option *resume =
      fileOptions->addInput("--resume", options->resume,
                            "go on from this checkpoint, or, if it is damaged, "
                            "from the newest whole one that --keep kept beside "
                            "it, and write to it unless --checkpoint is given",
                            noDash);
  resume->configurable(false);
  for (CLI::Option *option : fixedOptions)
    option->excludes(resume);
}

void TrainCommand::addModelOptions() {
  fixed(fileOptions->addInput("--cell", options->cell,
                              "a built-in cell or an MLIR file; - for standard "
                              "input",
                              FileOptions::Dash::StandardStream,
                              [options = options.get()] {
                                return !isBuiltInCell(options->cell) &&
                                       !options->model.isAttention();
                              }))
      ->type_name("NAME|FILE")
      ->capture_default_str();
  fixed(command.add_option("--cell-name", options->cellName,
                           "the cell to train, where the file holds several"))
      ->type_name("NAME");
  LanguageModelOptions &model = options->model;
  fixed(addNumber<std::int64_t>(command, "--layers", model.layers,
                                "recurrent layers", 1, 10000));
  fixed(addNumber<std::int64_t>(command, "--width", model.width,
                                "width of the residual stream", 1,
                                mostOfACount));
  fixed(addNumber<std::int64_t>(
      command, "--expansion", model.expansion,
      "hidden channels of a layer, as a multiple of the width; 1 for a cell "
      "that reads its channel of the input",
      1, mostOfACount));
  fixed(addNumber<std::int64_t>(command, "--heads", model.heads,
                                "a Transformer: causal attention of so many "
                                "heads, with rotary positions, "
                                "in the place of the cell; 0: none",
                                0, mostOfACount));
  fixed(addNumber<std::int64_t>(command, "--max-positions", model.maxPositions,
                                "how many positions attention sees, step by "
                                "step",
                                1, mostOfACount));
  fixed(command.add_option_function<std::string>(
            "--norm",
            [&model](const std::string &name) {
              model.norm = *findNamed<NormKind>(normNames, name);
            },
            "the norm that a layer begins with: RMSNorm or LayerNorm"))
      ->check(CLI::IsMember(
                  std::vector<std::string>(normNames.begin(), normNames.end()))
                  .description(""))
      ->type_name("rms|layer")
      ->default_str("rms");
  fixed(addNumber<std::int64_t>(
      command, "--convolution", model.convolution,
      "taps of a causal convolution before each recurrent layer; 0: none", 0,
      mostOfACount));
  fixed(addNumber<std::int64_t>(
      command, "--feed-forward", model.feedForward,
      "hidden channels of a gated feed-forward behind each recurrent layer, as "
      "a multiple of the width; 0: none",
      0, mostOfACount));
  fixed(addNumber<double>(
      command, "--dropout", model.dropout,
      "probability that an element of the embedding, or of what a layer adds, "
      "is left out in training",
      0, 1));
  fixed(command.add_flag("--learned-initial", model.learnedInitial,
                         "begin a sequence with states that are learned, in "
                         "place of zeros"));
  fixed(command.add_flag("--out-bias", model.outBias,
                         "add a bias where a recurrent layer ends"));
  fixed(command.add_flag("--tied-embedding", model.tiedEmbedding,
                         "let the head have the embedding's weight"));
  fixed(addNumber<double>(
      command, "--forget-bias", model.forgetBias,
      "what the bias of the cell's gate f is at first; a large one remembers"));
}

void TrainCommand::addTrainingOptions() {
  using Options = TrainingOptions;
  constexpr std::int64_t most = mostOfACount;
  addTraining<std::int64_t>("--batch", &Options::batch, "sequences at a time",
                            1, most);
  addTraining<std::int64_t>("--accumulate", &Options::accumulate,
                            "batches of a step, whose gradients are summed", 1,
                            most);
  addTraining<std::int64_t>("--steps", &Options::steps, "steps in all", 1,
                            most);
  addTraining<std::int64_t>("--eval-every", &Options::evaluateEvery,
                            "steps from one validation to the next", 1, most);
  addTraining<std::int64_t>("--patience", &Options::patience,
                            "end when as many validations in a row are no "
                            "better than the best; 0: never",
                            0, most);
  addTraining("--learning-rate", &Options::learningRate,
              "the highest learning rate, after the warm-up");
  addTraining<std::int64_t>("--warmup", &Options::warmupSteps,
                            "steps in which the learning rate rises", 0, most);
  command
      .add_option_function<std::string>(
          "--lr-schedule",
          [&training = options->training](const std::string &name) {
            training.decay =
                *findNamed<LearningRateDecay>(learningRateDecayNames, name);
          },
          "how the learning rate falls after the warm-up, to a tenth: along a "
          "cosine, along a line, or not at all")
      ->check(
          CLI::IsMember(std::vector<std::string>(learningRateDecayNames.begin(),
                                                 learningRateDecayNames.end()))
              .description(""))
      ->type_name("cosine|linear|constant")
      ->default_str("cosine");
  goesOnWith("--lr-schedule", &Options::decay);
  addTraining("--weight-decay", &Options::weightDecay,
              "AdamW's decoupled weight decay");
  addTraining("--clip", &Options::clip,
              "the largest norm of the gradients; 0 for no clipping");
  command.add_flag("--skip-outliers", options->training.skipOutliers,
                   "leave out steps whose gradients have a norm six standard "
                   "deviations above the mean of the 128 before");
  goesOnWith("--skip-outliers", &Options::skipOutliers);
  command.add_flag("--overfit", options->training.overfit,
                   "learn the first batch again and again, to see whether the "
                   "model can");
  goesOnWith("--overfit", &Options::overfit);
  addTraining("--seed", &Options::seed,
              "decides initial weights and the batches");
}

void TrainCommand::addComputeOptions() {
  addRecomputeOption(command, options->recompute);
  addMathOption(command, options->math);
  addScheduleOptions(command, options->schedule, options->numWarps);
  addIoTypeOption(command, options->ioType,
                  "what activations are stored as: f32, or bf16, whose "
                  "parameters and optimiser are f32 still; f16, in which small "
                  "gradients vanish, is refused")
      ->default_str("f32");
  addDeviceOptions(command, options->device);
  addProductsOption(command, options->device,
                    "tf32 on a GPU that has it, ieee elsewhere");
}

void TrainCommand::trainsOn(const OpenTask &open) {
  const auto group = [this](const char *title) {
    command.option_defaults()->group(title);
  };
  group("Model, which a run that goes on has from its checkpoint");
  addModelOptions();
  group("Checkpoint and log");
  addFileOptions();
  group("Training");
  addTrainingOptions();
  group("Device and kernels");
  addComputeOptions();
  command.callback([options = options, files = fileOptions, config = config,
                    required = requiredOptions, command = &command, open] {
    config->apply();
    if (config->prints()) {
      std::cout << config->toJson() << '\n';
      return;
    }
    for (const CLI::Option *option : required)
      if (option->count() == 0)
        throw CLI::RequiredError(option->get_name());
    if (options->resumes() && command->count("--checkpoint") == 0)
      options->checkpoint = runOf(options->resume);
    NamedFiles named = files->named();
    named.allowSame("--checkpoint", "--resume");
    if (options->keepBest)
      named.addOutput("--keep-best", bestBeside(options->checkpoint));
    checkFiles(*files, named);
    train(*options, open);
  });
}
