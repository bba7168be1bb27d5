//===- Trainer.cpp - Training a language model on text --------------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "minrnn/training.h"

#include "minrnn/error.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <string>

using namespace minrnn;

namespace {

using Clock = std::chrono::steady_clock;

double secondsSince(Clock::time_point begin) {
  return std::chrono::duration<double>(Clock::now() - begin).count();
}

std::vector<bool> decaysOf(const LanguageModel &model) {
  std::vector<bool> decays;
  for (const ModelParameter &parameter : model.layout())
    decays.insert(decays.end(), static_cast<std::size_t>(parameter.count),
                  parameter.decays);
  return decays;
}

void check(const TrainingOptions &options) {
  const auto atLeast = [](std::int64_t value, std::int64_t least,
                          const char *name) {
    if (value < least)
      throw Error(std::string("training: the ") + name + " must be at least " +
                  std::to_string(least) + ", found " + std::to_string(value));
  };
  atLeast(options.batch, 1, "batch");
  atLeast(options.context, 1, "context");
  atLeast(options.steps, 0, "number of steps");
  atLeast(options.warmupSteps, 0, "number of warm-up steps");
  atLeast(options.evaluateEvery, 1, "number of steps between validations");
  const auto within = [](double value, double low, double high,
                         const char *name) {
    // Written so that NaN fails as well.
    if (!(value >= low && value <= high))
      throw Error(std::string("training: the ") + name + " must be from " +
                  std::to_string(low) + " to " + std::to_string(high) +
                  ", found " + std::to_string(value));
  };
  within(options.learningRate, 0, 100, "learning rate");
  within(options.finalFraction, 0, 1, "final fraction of the learning rate");
  within(options.weightDecay, 0, 100, "weight decay");
  within(options.clip, 1e-12, 1e12, "gradient norm");
}

} // namespace

double minrnn::evaluate(LanguageModel &model,
                        std::span<const std::int32_t> text, std::int64_t batch,
                        std::int64_t context) {
  if (batch < 1 || context < 1)
    throw Error("validation needs a positive batch and context");
  const std::int64_t targets = static_cast<std::int64_t>(text.size()) - 1;
  if (targets < 1)
    throw Error("the text to judge by has " + std::to_string(text.size()) +
                " characters; at least 2 are needed");
  double sum = 0;
  std::int64_t done = 0;
  while (done < targets) {
    // Whole windows as long as there are any, then what is left as one.
    const std::int64_t whole = (targets - done) / context;
    const std::int64_t rows = std::clamp<std::int64_t>(whole, 1, batch);
    const std::int64_t time = whole > 0 ? context : targets - done;
    const auto count = static_cast<std::size_t>(rows * time);
    const auto begin = static_cast<std::size_t>(done);
    sum += model.loss(rows, time, text.subspan(begin, count),
                      text.subspan(begin + 1, count)) *
           static_cast<double>(count);
    done += rows * time;
  }
  return sum / static_cast<double>(targets);
}

Trainer::Trainer(LanguageModel &model, const TextCorpus &corpus,
                 const TrainingOptions &options)
    : model(model), corpus(corpus), trainingOptions(options),
      schedule{options.learningRate,
               options.learningRate * options.finalFraction,
               options.warmupSteps, options.steps},
      optimizer({.weightDecay = options.weightDecay}, decaysOf(model),
                model.sharedBlocks()) {
  check(options);
  // Fails here, not after a while, when the text is too short.
  randomWindows(corpus.training, 1, options.context, options.seed, 0);
  if (corpus.validation.size() < 2)
    throw Error("the text is too short: its last 10 %, kept to judge by, holds "
                "fewer than 2 characters");
}

double Trainer::step() {
  const std::int64_t index = stepsDone();
  const TokenBatch windows = randomWindows(
      corpus.training, trainingOptions.batch, trainingOptions.context,
      trainingOptions.seed, static_cast<std::uint64_t>(index));
  model.stage(windows.batch, windows.time, windows.tokens, windows.targets);
  optimizer.stage(schedule.rate(index));
  queueStep();
  const double loss = model.queuedLoss();
  const double norm = optimizer.queuedNorm();
  if (!std::isfinite(loss) || !std::isfinite(norm))
    throw Error("training diverged: at step " + std::to_string(index + 1) +
                " the loss is " + std::to_string(loss) +
                " and the gradient's norm " + std::to_string(norm) +
                "; use a lower learning rate");
  return loss;
}

void Trainer::queueStep() {
  const auto work = [&] {
    model.queueLossAndGradients();
    optimizer.queueStep(trainingOptions.clip, model.parameters(),
                        model.gradients());
  };
  // The first step, and any after which a buffer has moved, runs as it is: it
  // reserves memory and loads modules. From the next on, one recorded graph.
  if (graphGeneration != model.bufferGeneration()) {
    graph.reset();
    work();
    graphGeneration = model.bufferGeneration();
    mayRecord = true;
    return;
  }
  if (!graph && mayRecord) {
    graph = model.blocks().device().capture(work);
    mayRecord = graph != nullptr;
  }
  if (graph)
    graph->launch();
  else
    work();
}

void Trainer::run(
    const std::function<void(const TrainingProgress &)> &report,
    const std::function<void(const TrainingProgress &)> &evaluated) {
  constexpr double smoothing = 0.05;
  TrainingProgress progress;
  progress.steps = trainingOptions.steps;
  const std::int64_t firstStep = stepsDone();
  double trainingSeconds = 0;
  double validationSeconds = 0;
  std::int64_t validations = 0;
  while (stepsDone() < trainingOptions.steps) {
    const Clock::time_point begin = Clock::now();
    const double loss = step();
    trainingSeconds += secondsSince(begin);
    progress.step = stepsDone();
    const std::int64_t run = progress.step - firstStep;
    progress.stepLoss = loss;
    progress.loss =
        run == 1 ? loss : progress.loss + smoothing * (loss - progress.loss);
    progress.tokensPerSecond = static_cast<double>(run * trainingOptions.batch *
                                                   trainingOptions.context) /
                               std::max(trainingSeconds, 1e-9);
    const bool isLast = progress.step == trainingOptions.steps;
    const bool validates =
        isLast || progress.step % trainingOptions.evaluateEvery == 0;
    if (validates) {
      const Clock::time_point validationBegin = Clock::now();
      progress.validationLoss =
          evaluate(model, corpus.validation, trainingOptions.batch,
                   trainingOptions.context);
      validationSeconds += secondsSince(validationBegin);
      ++validations;
    } else {
      progress.validationLoss.reset();
    }
    const auto stepsLeft =
        static_cast<double>(trainingOptions.steps - progress.step);
    const double validationsLeft = std::ceil(
        stepsLeft / static_cast<double>(trainingOptions.evaluateEvery));
    progress.secondsLeft =
        stepsLeft * trainingSeconds / static_cast<double>(run) +
        (validations == 0 ? 0
                          : validationsLeft * validationSeconds /
                                static_cast<double>(validations));
    report(progress);
    if (validates)
      evaluated(progress);
  }
}
