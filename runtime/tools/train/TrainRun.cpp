//===- TrainRun.cpp - A training run of the command line ------------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/tools/train/TrainRun.h"

#include "minrnn/error.h"
#include "minrnn/jit.h"
#include "minrnn/train/checkpoint.h"
#include "minrnn/train/language_model.h"
#include "runtime/tools/BuiltInCells.h"
#include "runtime/tools/CheckpointFiles.h"
#include "runtime/tools/Commands.h"
#include "runtime/tools/EventFile.h"
#include "runtime/tools/Losses.h"
#include "runtime/tools/OpenModel.h"
#include "runtime/tools/ProgressLine.h"
#include "runtime/tools/ShellWord.h"
#include "runtime/tools/StopSignals.h"
#include "runtime/tools/TrainingLog.h"
#include "specs/contract/Names.h"

#include <iostream>
#include <limits>
#include <optional>

using namespace minrnn;

namespace {

/// Where training begins.
struct Start {
  CheckpointInfo info;
  LanguageModel model;
  TrainTask task;
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

LanguageModel build(const LanguageModelInfo &model,
                    const std::string &sourceName, const TrainOptions &options,
                    const TrainingOptions &training) {
  return openModel(
      model, sourceName,
      {.ioType = options.ioType.empty() ? model.ioType : options.ioType,
       .recompute = *findRecompute(options.recompute),
       .schedule = *findSchedule(options.schedule),
       .math = *findMath(options.math),
       .numWarps = options.numWarps,
       .sizes = layerSizes(model.options, training),
       .device = options.device.open()},
      [&](const Device &device) {
        return trainingPrecision(device, options.device);
      });
}

Start startAfresh(const TrainOptions &options, const OpenTask &open) {
  LanguageModelInfo model{.cellName = options.cellName,
                          .options = options.model};
  std::string sourceName = "attention";
  if (!model.options.isAttention()) {
    const CellSource source = findCellSource(options.cell);
    model.cellSource = source.text;
    sourceName = source.name;
  }
  CheckpointInfo info{.training = options.training};
  TrainTask task = open(options, info.training);
  model.options.vocabulary = task.vocabulary;
  model.options.inputs = task.inputs;
  model.options.outputs = task.outputs;
  LanguageModel built = build(model, sourceName, options, info.training);
  return {std::move(info), std::move(built), std::move(task)};
}

/// What the command line gives replaces what the checkpoint says.
Start startFromCheckpoint(const TrainOptions &options, const OpenTask &open) {
  CheckpointInfo info = readCheckpointInfo(options.resume);
  LanguageModelInfo model = readLanguageModelInfo(options.resume);
  noteConversions(SafetensorsReader(options.resume));
  const TrainingOptions before = info.training;
  for (const auto &change : options.goOnWith)
    change(info.training);
  TrainTask task = open(options, info.training);
  if (task.vocabulary != model.options.vocabulary)
    throw Error(options.resume.string() + ": the model has a vocabulary of " +
                std::to_string(model.options.vocabulary) +
                ", its task one of " + std::to_string(task.vocabulary));
  LanguageModel built =
      build(model, options.resume.string(), options, info.training);
  // Losses of other sequences do not compare.
  if (info.training.context != before.context ||
      info.training.evaluatePositions != before.evaluatePositions)
    info.bestValidation.reset();
  return {std::move(info), std::move(built), std::move(task)};
}

void printStart(const LanguageModel &model, std::size_t parameters,
                const TrainTask &task) {
  const LanguageModelOptions &options = model.options();
  const auto layers = std::to_string(options.layers) +
                      (options.layers == 1 ? " layer" : " layers") +
                      " of width " + std::to_string(options.width);
  if (options.isAttention()) {
    std::cout << "attention of " << options.heads << " heads, " << layers;
  } else {
    const Manifest &manifest = model.cell().manifest();
    std::cout << "cell " << manifest.cell << " ("
              << (manifest.kind == "sequential" ? manifest.kind
                                                : manifest.scan + " scan")
              << "), " << layers << " with " << options.channels()
              << " channels";
  }
  std::cout << ", " << parameters << " parameters\n" << task.description;
  const Device &device = model.context().device();
  if (device.name() != "host")
    std::cout << "on " << device.name() << ": " << device.description() << '\n';
  if (!options.isAttention() && model.cell().manifest().ioType != "f32")
    std::cout << "activations in " << model.cell().manifest().ioType
              << ", parameters and optimiser in f32\n";
  if (!options.isAttention() && model.cell().manifest().math == Math::Fast)
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

TrainingLog openLog(const TrainOptions &options, const Task &task,
                    const Trainer &trainer) {
  if (options.log.empty())
    return {};
  const std::vector<std::string> metrics = task.metricNames();
  return !options.resumes()
             ? TrainingLog::begin(options.log, metrics)
             : TrainingLog::goOn(options.log, metrics, trainer.stepsDone());
}

void printResumed(const TrainOptions &options, const Trainer &trainer,
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
std::string resumeCommand(const TrainOptions &options,
                          const CheckpointFiles &files) {
  const auto given = [](const char *name, std::int64_t number) {
    return number == 0
               ? std::string()
               : " --" + std::string(name) + " " + std::to_string(number);
  };
  return "go on with --resume " + files.last().string() +
         (options.log.empty() ? "" : " --log " + options.log.string()) +
         (options.keepBest ? " --keep-best" : "") +
         given("save-every", options.saveEvery) + given("keep", options.keep);
}

/// Whether the step is one of --save-every. (One with a validation is saved
/// after it.)
bool savesAfter(const TrainOptions &options, const TrainingOptions &training,
                std::int64_t step) {
  return options.saveEvery > 0 && step % options.saveEvery == 0 &&
         step % training.evaluateEvery != 0 && step != training.steps;
}

/// Trains until all steps are done or a validation ends the run, and returns
/// the last validation. A signal ends the run once the step is done, and so
/// does a log that cannot be written: what was learned is saved.
Evaluation run(const TrainOptions &options, const TrainTask &task,
               const TrainingState &state, CheckpointFiles &files,
               TrainingLog &log, EventFile &events) {
  const StopSignals signals;
  std::optional<Error> logFailure;
  Evaluation last;
  ProgressLine line(task.unit);
  try {
    state.trainer.run(
        [&](const TrainingProgress &progress) {
          try {
            log.add(progress);
            events.add(progress);
          } catch (const Error &error) {
            logFailure = error;
          }
          if (savesAfter(options, state.trainer.options(), progress.step))
            files.save(state);
          line.show(progress);
        },
        [&](const TrainingProgress &progress) {
          last = {*progress.validationLoss, progress.metrics};
          // First the file: whoever reads the lines may be gone.
          files.validated(state, progress);
          line.keep(progress);
        },
        [&] { return StopSignals::received() != 0 || logFailure; });
  } catch (const DivergenceError &error) {
    throw Error(error.what() + ("; " + describeKept(files.last())));
  }
  const std::int64_t done = state.trainer.stepsDone();
  const bool isDone = done == state.trainer.options().steps ||
                      !state.trainer.endedEarly().empty();
  if (isDone && !logFailure && state.info.validation &&
      state.info.validation->step == done)
    return last;
  files.save(state);
  const std::string saved =
      " after step " + std::to_string(done) +
      (isDone && !logFailure ? ", before its validation" : "") + "; wrote " +
      files.last().string() +
      (isDone && !state.trainer.owesValidation()
           ? ""
           : "; " + resumeCommand(options, files));
  if (logFailure)
    throw Error(logFailure->what() + saved);
  throw Interrupted(StopSignals::received(), "interrupted" + saved);
}

/// What can be done with what was written.
void printNext(const TrainOptions &options, const TrainTask &task,
               const CheckpointFiles &files) {
  const std::string model = shellWord(files.chosen().string());
  std::cout << "now:\n";
  if (task.unit == characterUnit)
    std::cout << "  minrnn sample --checkpoint " << model << '\n';
  std::cout << "  minrnn eval " << model
            << (task.evalArguments.empty() ? "" : " ") << task.evalArguments
            << "\n  minrnn inspect " << model << '\n';
  if (options.log.empty())
    return;
  std::filesystem::path chart = options.log;
  chart.replace_extension(".svg");
  std::cout << "  minrnn plot " << shellWord(options.log.string()) << " -o "
            << shellWord(chart.string())
            << (task.loss.empty() ? "" : " --unit " + shellWord(task.loss))
            << '\n';
}

/// What a run that is done has come to.
void printEnd(const TrainOptions &options, Start &start,
              const Evaluation &validation, const Trainer &trainer,
              const CheckpointFiles &files) {
  const TrainTask &task = start.task;
  if (!trainer.endedEarly().empty())
    std::cout << "ended after step " << trainer.stepsDone() << ": "
              << trainer.endedEarly() << '\n';
  std::cout << "validation "
            << describeEvaluation(validation, task.unit, task.loss) << ' '
            << task.evaluated << " not trained on\n";
  printLonger(task, start.model, trainer.options().batch);
  if (trainer.stepsSkipped() > 0)
    std::cout << trainer.stepsSkipped()
              << " steps were skipped, their gradients an outlier\n";
  std::cout << files.describe(start.info);
  if (!options.log.empty())
    std::cout << "logged each step in " << options.log.string() << '\n';
  printMemory(start.model.context().device());
  if (!trainer.graphRefusal().empty())
    std::cout << "steps were launched part by part, since they could not be "
                 "recorded as one graph: "
              << trainer.graphRefusal() << '\n';
  printNext(options, task, files);
  std::cout << std::flush;
}

} // namespace

void minrnn::train(const TrainOptions &given, const OpenTask &open) {
  TrainOptions options = given;
  CheckpointFiles files({.checkpoint = options.checkpoint,
                         .resume = options.resume,
                         .keepBest = options.keepBest,
                         .keep = options.keep,
                         .overwrite = options.overwrite});
  options.resume = files.source();
  if (!options.resumes())
    refuseToReplace(options.log, options.overwrite, "name another --log");

  Start start = options.resumes() ? startFromCheckpoint(options, open)
                                  : startAfresh(options, open);
  LanguageModel &model = start.model;
  AdamW adamW({.weightDecay = start.info.training.weightDecay}, model.layout(),
              model.context());
  Trainer trainer(model, *start.task.task, adamW, start.info.training);
  start.info.metadata = model.metadata();
  start.info.metadata.merge(start.task.task->metadata());
  const TrainingState state{start.info, model, trainer};
  if (options.resumes())
    files.resume(state);
  else
    model.initialise(start.info.training.seed);

  const bool isDone = trainer.stepsDone() >= trainer.options().steps &&
                      !trainer.owesValidation();
  TrainingLog log;
  EventFile events;
  if (!isDone) {
    log = openLog(options, *start.task.task, trainer);
    if (!options.tensorboard.empty())
      events = EventFile(options.tensorboard);
  }
  printStart(model, model.parameters().size(), start.task);
  if (options.resumes())
    printResumed(options, trainer, log);
  if (isDone) {
    std::cout << "all " << trainer.options().steps
              << " steps are done; ask for more with --steps\n";
    printLonger(start.task, model, trainer.options().batch);
    return;
  }
  const Evaluation validation =
      run(options, start.task, state, files, log, events);
  printEnd(options, start, validation, trainer, files);
}
