//===- first_task.cpp - A task of one's own, and a model that learns it ---===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "minrnn/error.h"
#include "minrnn/jit.h"
#include "minrnn/train/generated_task.h"
#include "minrnn/train/language_model.h"
#include "minrnn/train/trainer.h"

#include <iostream>

namespace {

/// Among digits there is one mark; which digit stood behind it is asked for at
/// the end.
class MarkedDigit : public minrnn::GeneratedTask {
public:
  explicit MarkedDigit(std::int64_t digits)
      : GeneratedTask(/*vocabulary=*/12, /*positions=*/digits + 2,
                      /*validationSequences=*/500) {}

private:
  static constexpr std::int32_t mark = 10;
  static constexpr std::int32_t ask = 11;

  void draw(minrnn::Random &random,
            const minrnn::SequenceRow &row) const override {
    const std::size_t end = row.inputs.size() - 1;
    for (std::int32_t &token : row.inputs.first(end))
      token = static_cast<std::int32_t>(random.below(10));
    const auto place = static_cast<std::size_t>(
        random.below(static_cast<std::int64_t>(end) - 1));
    row.inputs[place] = mark;
    row.inputs[end] = ask;
    row.targets[end] = row.inputs[place + 1];
    row.mask[end] = 1;
  }
};

} // namespace

int main() try {
  const MarkedDigit task(12);
  minrnn::LanguageModel model(
      {.vocabulary = task.vocabulary(), .layers = 2, .width = 32},
      minrnn::compileCellFile("specs/cells/mingru.mlir"));
  model.initialise(1);
  minrnn::AdamW adamW({}, model.layout(), model.context());
  minrnn::Trainer trainer(model, task, adamW,
                          {.context = task.positions(),
                           .evaluatePositions = 0,
                           .targetAccuracy = 0.99});
  trainer.run([](const minrnn::TrainingProgress &) {},
              [](const minrnn::TrainingProgress &now) {
                std::cout << "step " << now.step << ": accuracy "
                          << now.metrics.at(0).value << '\n';
              });
  std::cout << (trainer.endedEarly().empty() ? "not learned\n" : "learned\n");
} catch (const minrnn::Error &error) {
  std::cerr << error.what() << '\n';
  return 1;
}
