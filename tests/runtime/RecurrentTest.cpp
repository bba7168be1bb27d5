//===- RecurrentTest.cpp - Recurrent layers against double precision ------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Every layer's forward is held to the published equations in double, and its
// backward to central differences of them. The kernels are written by hand.
//
//===----------------------------------------------------------------------===//

#include "minrnn/recurrent.h"

#include "minrnn/error.h"
#include "tests/runtime/HandWrittenCells.h"
#include "tests/runtime/HandWrittenMinGru.h"
#include "tests/runtime/RecurrentLayers.h"

#include "gtest/gtest.h"
#include <functional>
#include <ostream>

using namespace minrnn;
using namespace minrnn::test;

namespace {

struct LayerCase {
  const char *name;
  CellKernels (*cell)(int threads);
  ReferenceRun (*reference)(const ReferenceLayer &layer);
};

/// How a failing test names its parameter.
std::ostream &operator<<(std::ostream &stream, const LayerCase &layerCase) {
  return stream << layerCase.name;
}

class RecurrentLayer : public testing::TestWithParam<LayerCase> {
protected:
  static CellKernels cell() { return GetParam().cell(0); }
  static ReferenceLayer layer(std::size_t time = 5) {
    // More than one tile of channels.
    return randomLayer(cell(), 2, time, 3, 18);
  }
  static void expectAgrees(const ReferenceLayer &layer) {
    expectLayerAgrees(cell(), layer, GetParam().reference);
  }
};

INSTANTIATE_TEST_SUITE_P(
    Cells, RecurrentLayer,
    testing::Values(LayerCase{"mingru", handWrittenMinGru, minGruLayer},
                    LayerCase{"gru", handWrittenGru, gru},
                    LayerCase{"lstm", handWrittenLstm, lstm},
                    LayerCase{"sru", handWrittenSru, sru},
                    LayerCase{"tangle", handWrittenTangle, tangle},
                    LayerCase{"mgu", handWrittenMgu, mgu},
                    LayerCase{"knot", handWrittenKnot, knot}),
    [](const auto &info) { return std::string(info.param.name); });

TEST_P(RecurrentLayer, AgreesWithTheEquations) { expectAgrees(layer()); }

TEST_P(RecurrentLayer, GoesBackInTime) {
  ReferenceLayer reversed = layer();
  reversed.reverse = true;
  expectAgrees(reversed);
}

TEST_P(RecurrentLayer, StartsAnewAtResets) {
  ReferenceLayer interrupted = layer();
  // At the first step, in the middle, twice in a row, at the last step.
  interrupted.reset = {1, 0, 7, 0, 0, 0, 1, 1, 0, 255};
  expectAgrees(interrupted);
  interrupted.reverse = true;
  expectAgrees(interrupted);
}

TEST_P(RecurrentLayer, TakesWhatIsAbsentAsZero) {
  ReferenceLayer bare = layer();
  bare.bias.clear();
  bare.recurrentBias.clear();
  bare.initial.clear();
  expectAgrees(bare);
  bare.reverse = true;
  expectAgrees(bare);
}

TEST_P(RecurrentLayer, TakesOneStepAndNone) {
  expectAgrees(layer(1));
  // Without a step the last states are the initial ones, the gradient of one is
  // that of the other, and all others are zero.
  expectAgrees(layer(0));
}

TEST_P(RecurrentLayer, TakesAnyEmptySize) {
  for (const auto &[batch, inputs, channels] :
       {std::array<std::size_t, 3>{0, 3, 5}, {2, 0, 5}, {2, 3, 0}})
    if (!cell().readsInput() || inputs == channels)
      expectAgrees(randomLayer(cell(), batch, 4, inputs, channels));
}

TEST_P(RecurrentLayer, StepsContinueTheSequence) {
  const ReferenceLayer whole = layer();
  const ReferenceRun expected = GetParam().reference(whole);
  LayerRun run(cell(), whole);
  const std::size_t states = static_cast<std::size_t>(run.cell.states());
  const std::size_t h = whole.channels;
  std::vector<float> state = run.initial.data;
  for (std::size_t t = 0; t < whole.time; ++t) {
    Numbers x;
    Numbers output;
    Numbers after;
    const auto append = [&](Numbers &to, const Numbers &from,
                            std::size_t position, std::size_t size) {
      to.insert(to.end(), from.data() + position * size,
                from.data() + (position + 1) * size);
    };
    for (std::size_t row = 0; row < whole.batch; ++row) {
      append(x, whole.x, row * whole.time + t, whole.inputs);
      append(output, expected.output, row * whole.time + t, h);
      append(after, expected.trajectory, row * whole.time + t, states * h);
    }
    Floats stepOutput(whole.batch * h);
    recurrentStep(run.cell, run.shape,
                  {.input = toFloats(x).data(),
                   .weight = run.weight.get(),
                   .bias = run.bias.get(),
                   .recurrentWeight = run.recurrentWeight.get(),
                   .recurrentBias = run.recurrentBias.get(),
                   .parameters = run.parameters.get(),
                   .preactivations = run.preactivations.get(),
                   .recurrent = run.recurrent.get(),
                   .chained = run.chained.get(),
                   .state = state.data(),
                   .output = stepOutput.get()});
    expectClose(stepOutput.data, output, 1e-5, 5e-6, "output of a step");
    expectClose(state, after, 1e-5, 5e-6, "states after a step");
  }
}

TEST_P(RecurrentLayer, StepsStartAnewAtResets) {
  ReferenceLayer one = layer(1);
  one.reset = {0, 1};
  const ReferenceRun expected = GetParam().reference(one);
  LayerRun run(cell(), one);
  std::vector<float> state = run.initial.data;
  recurrentStep(run.cell, run.shape,
                {.input = run.x.get(),
                 .weight = run.weight.get(),
                 .bias = run.bias.get(),
                 .recurrentWeight = run.recurrentWeight.get(),
                 .recurrentBias = run.recurrentBias.get(),
                 .parameters = run.parameters.get(),
                 .reset = one.reset.data(),
                 .preactivations = run.preactivations.get(),
                 .recurrent = run.recurrent.get(),
                 .chained = run.chained.get(),
                 .state = state.data(),
                 .output = run.output.get()});
  expectClose(run.output.data, expected.output, 1e-5, 5e-6, "output");
  expectClose(state, expected.last, 1e-5, 5e-6, "states");
}

TEST_P(RecurrentLayer, LearnsItsInitialState) {
  ReferenceLayer base = layer();
  const std::size_t columns = base.initial.size() / base.batch;
  Numbers learned(base.initial.begin(),
                  base.initial.begin() + static_cast<std::ptrdiff_t>(columns));
  const Numbers dOutput = randomNumbers(
      static_cast<std::int64_t>(base.batch * base.time * base.channels), 9);
  const auto loss = [&] {
    base.initial = learned;
    base.initial.insert(base.initial.end(), learned.begin(), learned.end());
    return weightedSum(GetParam().reference(base).output, dOutput);
  };
  loss();
  LayerRun run(cell(), base);
  Floats initial(base.initial.size());
  learnedInitialForward(run.cell, run.shape, toFloats(learned).data(),
                        initial.get());
  EXPECT_EQ(initial.data, toFloats(base.initial));
  run.forward();
  run.backward(toFloats(dOutput).data(), nullptr);
  Floats dLearned(columns);
  learnedInitialBackward(run.cell, run.shape, run.dInitial.get(),
                         dLearned.get());
  expectClose(dLearned.data, centralDifferences(learned, loss), 1e-4, 5e-6,
              "gradient of the learned initial state");
}

TEST_P(RecurrentLayer, RunsInBothDirections) {
  ReferenceLayer onward = layer();
  ReferenceLayer back = randomLayer(cell(), 2, 5, 3, 18, 50);
  back.x = onward.x;
  back.reverse = true;
  const std::size_t h = onward.channels;
  const std::size_t positions = onward.batch * onward.time;
  const auto reference = [&] {
    const Numbers a = GetParam().reference(onward).output;
    const Numbers b = GetParam().reference(back).output;
    Numbers both;
    for (std::size_t i = 0; i < positions; ++i) {
      both.insert(both.end(), a.data() + i * h, a.data() + (i + 1) * h);
      both.insert(both.end(), b.data() + i * h, b.data() + (i + 1) * h);
    }
    return both;
  };
  LayerRun first(cell(), onward);
  LayerRun second(cell(), back);
  // The helper knows which half goes back.
  second.layer.reverse = false;
  Floats output(positions * 2 * h);
  bidirectionalForward(first.cell, first.shape, first.forwardArguments(),
                       second.forwardArguments(), output.get());
  expectClose(output.data, reference(), 1e-5, 5e-6, "output");

  const Numbers dOutput =
      randomNumbers(static_cast<std::int64_t>(positions * 2 * h), 9);
  Floats room(positions * h);
  bidirectionalBackward(first.cell, first.shape,
                        first.backwardArguments(nullptr, nullptr),
                        second.backwardArguments(nullptr, nullptr),
                        toFloats(dOutput).data(), room.get());
  const auto loss = [&] { return weightedSum(reference(), dOutput); };
  expectClose(first.dWeight.data, centralDifferences(onward.weight, loss), 1e-4,
              5e-6, "dWeight, onward");
  expectClose(second.dWeight.data, centralDifferences(back.weight, loss), 1e-4,
              5e-6, "dWeight, back");
  const auto lossOfInput = [&] {
    back.x = onward.x;
    return loss();
  };
  expectClose(first.dInput.data, centralDifferences(onward.x, lossOfInput),
              1e-4, 5e-6, "dInput");

  RecurrentBackwardArguments half = second.backwardArguments(nullptr, nullptr);
  half.dInput = nullptr;
  EXPECT_THROW(bidirectionalBackward(first.cell, first.shape,
                                     first.backwardArguments(nullptr, nullptr),
                                     half, toFloats(dOutput).data(),
                                     room.get()),
               Error);
}

TEST_P(RecurrentLayer, IsTheSameForAnyNumberOfThreads) {
  // Enough channels that a single step is shared out.
  const ReferenceLayer wide = randomLayer(cell(), 64, 3, 16, 300);
  std::vector<std::vector<float>> outputs;
  for (const int threads : {1, 2, 5}) {
    LayerRun run(GetParam().cell(threads), wide);
    run.forward();
    outputs.push_back(run.output.data);
  }
  EXPECT_EQ(outputs[0], outputs[1]);
  EXPECT_EQ(outputs[0], outputs[2]);
}

std::string errorOf(const std::function<void()> &call) {
  try {
    call();
  } catch (const Error &error) {
    return error.what();
  }
  return {};
}

TEST(Recurrent, SaysWhatIsMissing) {
  const ReferenceLayer layer = randomLayer(handWrittenLstm(), 2, 3, 4, 5);
  LayerRun run(handWrittenLstm(), layer);
  const auto forwardError = [&](const auto &change) {
    RecurrentForwardArguments arguments = run.forwardArguments();
    change(arguments);
    return errorOf([&] { recurrentForward(run.cell, run.shape, arguments); });
  };
  EXPECT_EQ(forwardError([](auto &) {}), "");
  EXPECT_EQ(forwardError([](auto &a) { a.last = nullptr; }),
            "recurrent forward: last is null, but the walk through time works "
            "in it");
  EXPECT_EQ(forwardError([](auto &a) { a.recurrentWeight = nullptr; }),
            "recurrent forward: recurrentWeight is null, but the cell projects "
            "its states or what it computes within the step");
  EXPECT_EQ(forwardError([](auto &a) { a.recurrent = nullptr; }),
            "recurrent forward: recurrent is null, but the cell projects its "
            "states or what it computes within the step");
  EXPECT_EQ(forwardError([](auto &a) { a.output = nullptr; }),
            "cell 'lstm', entry 'forward', argument 'output': is null, but "
            "must hold 30 elements");
  // Without a backward no one needs the states of every step.
  EXPECT_EQ(forwardError([](auto &a) { a.trajectory = nullptr; }), "");

  const std::vector<float> dOutput(30, 1);
  const auto backwardError = [&](const auto &change) {
    RecurrentBackwardArguments arguments =
        run.backwardArguments(dOutput.data(), nullptr);
    change(arguments);
    return errorOf([&] { recurrentBackward(run.cell, run.shape, arguments); });
  };
  EXPECT_EQ(backwardError([](auto &) {}), "");
  EXPECT_EQ(backwardError([](auto &a) { a.dInitial = nullptr; }),
            "recurrent backward: dInitial is null, but the walk through time "
            "works in it");
  EXPECT_EQ(backwardError([](auto &a) { a.dRecurrentWeight = nullptr; }),
            "recurrent backward: dRecurrentWeight is null, but the cell "
            "projects its states or what it computes within the step");
  EXPECT_EQ(backwardError([](auto &a) { a.dRecurrentBiasOfRows = nullptr; }),
            "recurrent backward: dRecurrentBias is wanted, but "
            "dRecurrentBiasOfRows is null");
  EXPECT_EQ(backwardError([](auto &a) { a.trajectory = nullptr; }),
            "cell 'lstm', entry 'backward', argument 'trajectory': is null, "
            "but must hold 60 elements");
}

TEST(Recurrent, SaysWhatIsMissingOfWhatIsChained) {
  const ReferenceLayer layer = randomLayer(handWrittenMgu(), 2, 3, 4, 5);
  LayerRun run(handWrittenMgu(), layer);
  RecurrentForwardArguments forward = run.forwardArguments();
  forward.chained = nullptr;
  EXPECT_EQ(errorOf([&] { recurrentForward(run.cell, run.shape, forward); }),
            "recurrent forward: chained is null, but the cell projects what it "
            "computes within the step");
  run.forward();
  const std::vector<float> dOutput(30, 1);
  const auto backwardError = [&](const auto &change) {
    RecurrentBackwardArguments arguments =
        run.backwardArguments(dOutput.data(), nullptr);
    change(arguments);
    return errorOf([&] { recurrentBackward(run.cell, run.shape, arguments); });
  };
  EXPECT_EQ(backwardError([](auto &) {}), "");
  EXPECT_EQ(backwardError([](auto &a) { a.chained = nullptr; }),
            "recurrent backward: chained is null, but the cell projects what "
            "it computes within the step");
  EXPECT_EQ(backwardError([](auto &a) { a.dChained = nullptr; }),
            "recurrent backward: dChained is null, but the cell projects what "
            "it computes within the step");
  EXPECT_EQ(backwardError([](auto &a) { a.dRecurrent = nullptr; }),
            "cell 'mgu', entry 'backward_chained', argument 'd_recurrent': is "
            "null, but must hold 60 elements");
  EXPECT_EQ(errorOf([&] {
              recurrentStep(run.cell, run.shape,
                            {.input = run.x.get(),
                             .weight = run.weight.get(),
                             .recurrentWeight = run.recurrentWeight.get(),
                             .preactivations = run.preactivations.get(),
                             .recurrent = run.recurrent.get(),
                             .state = run.last.get()});
            }),
            "recurrent step: chained is null, but the cell projects what it "
            "computes within the step");
}

TEST(Recurrent, RefusesAnInputOfAnotherWidth) {
  const CellKernels cell = handWrittenSru();
  EXPECT_EQ(errorOf([&] { recurrentForward(cell, {2, 3, 4, 5}, {}); }),
            "cell 'sru' reads its channel of the input, so that the input must "
            "be as wide as the hidden state; found 4 inputs and 5 channels");
}

TEST(Recurrent, RefusesImpossibleSizes) {
  constexpr std::int64_t huge = std::int64_t{1} << 40;
  const CellKernels cell = handWrittenGru();
  EXPECT_THROW(recurrentForward(cell, {-1, 2, 3, 4}, {}), Error);
  EXPECT_THROW(recurrentForward(cell, {huge, huge, 3, 4}, {}), Error);
  EXPECT_THROW(recurrentForward(cell, {1, 2, 3, huge}, {}), Error);
}

} // namespace
