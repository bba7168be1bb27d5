//===- CompiledLayersTest.cpp - Layers of compiled cells ------------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The cells of specs/cells, compiled, as recurrent layers against the
// reference in double; and weights of torch.nn.GRU and torch.nn.LSTM.
//
//===----------------------------------------------------------------------===//

#include "minrnn/bidirectional.h"
#include "minrnn/error.h"
#include "minrnn/jit.h"
#include "minrnn/learned_initial.h"
#include "minrnn/safetensors.h"
#include "tests/runtime/CompiledCell.h"
#include "tests/runtime/RecurrentLayers.h"
#include "tests/runtime/TemporaryFolder.h"

#include "gtest/gtest.h"

using namespace minrnn;
using namespace minrnn::test;

namespace {

class CompiledLayer : public testing::TestWithParam<const char *> {
protected:
  /// More than one tile of channels, and a tile that is not whole. The cells of
  /// the tests alone are narrower and their weights smaller, so that
  /// rounding in f32 does not grow from step to step.
  ReferenceLayer layer(std::size_t time = 6, std::uint64_t seed = 1) const {
    const std::string name = GetParam();
    const bool isOfTests = name == "knot" || name == "tangle";
    ReferenceLayer layer =
        randomLayer(cell, 2, time, 3, isOfTests ? 18 : 35, seed);
    for (Numbers *weights : {&layer.weight, &layer.recurrentWeight})
      for (double &weight : *weights)
        weight = static_cast<float>(isOfTests ? weight / 4 : weight);
    return layer;
  }
  void expectAgrees(const ReferenceLayer &layer) const {
    expectLayerAgrees(cell, layer, equations);
  }
  const CellKernels cell = compiledCell(GetParam());
  const reference::ParsedCell equations = equationsOf(GetParam());
};

/// The same, with states that backward computes again.
class RecomputingLayer : public testing::TestWithParam<const char *> {};

INSTANTIATE_TEST_SUITE_P(Cells, RecomputingLayer,
                         testing::Values("mingru", "qrnn", "rglru"),
                         [](const auto &info) {
                           return std::string(info.param);
                         });

TEST_P(RecomputingLayer, AgreesWithTheEquations) {
  const CellKernels cell = compiledCell(GetParam(), 0, Recompute::All);
  ASSERT_TRUE(cell.manifest().recomputesStates());
  EXPECT_EQ(cell.manifest().entry("forward").timeTiles(0), 0);
  EXPECT_EQ(cell.manifest().entry("forward").timeTiles(1), 1);
  // One tile, a whole one, and one that is not whole after it.
  for (const std::size_t time : {0, 1, 64, 70})
    for (const bool reverse : {false, true}) {
      ReferenceLayer layer = randomLayer(cell, 2, time, 2, 3);
      layer.reverse = reverse;
      layer.reset.resize(2 * time);
      for (std::size_t i = 5; i < layer.reset.size(); i += 23)
        layer.reset[i] = 1;
      expectLayerAgrees(cell, layer, equationsOf(GetParam()));
    }
}

TEST(RecomputingCells, KeepNothingElse) {
  const LayerSizes sizes{.batch = 2, .time = 130, .inputs = 3, .channels = 4};
  const Layer recomputing(compiledCell("qrnn", 0, Recompute::All), sizes);
  EXPECT_EQ(recomputing.address(Procedure::Forward, "states"), 0);
  EXPECT_NE(recomputing.address(Procedure::Forward, "checkpoints"), 0);
  EXPECT_EQ(recomputing.tensor("checkpoints").shape,
            (std::vector<std::int64_t>{2, 3, 1, 4}));
  const Layer keeping(compiledCell("qrnn"), sizes);
  EXPECT_NE(keeping.address(Procedure::Forward, "states"), 0);
  EXPECT_EQ(keeping.address(Procedure::Forward, "checkpoints"), 0);
  EXPECT_LT(recomputing.bytes().saved, keeping.bytes().saved);
  EXPECT_THROW(compiledCell("gru", 0, Recompute::All), Error);
}

INSTANTIATE_TEST_SUITE_P(Cells, CompiledLayer,
                         testing::Values("gru", "indrnn", "knot", "lstm", "mgu",
                                         "mingru", "qrnn", "rglru", "sru",
                                         "tangle"),
                         [](const auto &info) {
                           return std::string(info.param);
                         });

TEST_P(CompiledLayer, AgreesWithTheEquations) { expectAgrees(layer()); }

TEST_P(CompiledLayer, GoesBackInTime) {
  ReferenceLayer reversed = layer();
  reversed.reverse = true;
  expectAgrees(reversed);
}

TEST_P(CompiledLayer, StartsAnewAtResets) {
  ReferenceLayer interrupted = layer();
  interrupted.reset = {1, 0, 7, 0, 0, 0, 0, 1, 1, 0, 0, 255};
  expectAgrees(interrupted);
  interrupted.reverse = true;
  expectAgrees(interrupted);
}

TEST_P(CompiledLayer, TakesWhatIsAbsentAsZero) {
  ReferenceLayer bare = layer();
  bare.bias.clear();
  bare.recurrentBias.clear();
  bare.initial.clear();
  expectAgrees(bare);
}

TEST_P(CompiledLayer, TakesOneStepAndNone) {
  expectAgrees(layer(1));
  expectAgrees(layer(0));
}

TEST_P(CompiledLayer, TakesAnyEmptySize) {
  for (const auto &[batch, inputs, channels] :
       {std::array<std::size_t, 3>{0, 3, 5}, {2, 0, 5}, {2, 3, 0}})
    if (!cell.manifest().readsInput() || inputs == channels)
      expectAgrees(randomLayer(cell, batch, 4, inputs, channels));
}

TEST_P(CompiledLayer, StepsContinueTheSequence) {
  const ReferenceLayer whole = layer();
  const ReferenceRun expected = evaluate(equations, whole);
  LayerRun run(cell, whole);
  const auto states =
      static_cast<std::size_t>(cell.manifest().size(Axis::States));
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
      append(after, expected.states, row * whole.time + t, states * h);
    }
    Floats input(x);
    Floats stepOutput(whole.batch * h);
    std::vector<NamedTensor> tensors = run.weights();
    tensors.emplace_back("input", input.get());
    tensors.emplace_back("initial", state.data());
    tensors.emplace_back("output", stepOutput.get());
    tensors.emplace_back("last", state.data());
    run.layer.step(tensors);
    expectClose(stepOutput.data, output, 1e-5, 5e-6, "output of a step");
    expectClose(state, after, 1e-5, 5e-6, "states after a step");
  }
}

TEST_P(CompiledLayer, StepsStartAnewAtResets) {
  ReferenceLayer one = layer(1);
  one.reset = {0, 1};
  const ReferenceRun expected = evaluate(equations, one);
  LayerRun run(cell, one);
  std::vector<float> state = run.initial.data;
  std::vector<NamedTensor> tensors = run.weights();
  tensors.emplace_back("input", run.input.get());
  tensors.emplace_back("reset", one.reset.data());
  tensors.emplace_back("initial", state.data());
  tensors.emplace_back("output", run.output.get());
  tensors.emplace_back("last", state.data());
  run.layer.step(tensors);
  expectClose(run.output.data, expected.output, 1e-5, 5e-6, "output");
  expectClose(state, expected.last, 1e-5, 5e-6, "states");
}

TEST_P(CompiledLayer, LearnsItsInitialState) {
  ReferenceLayer base = layer();
  const std::size_t columns = base.initial.size() / base.batch;
  Numbers learned(base.initial.begin(),
                  base.initial.begin() + static_cast<std::ptrdiff_t>(columns));
  const Numbers dOutput = randomNumbers(
      static_cast<std::int64_t>(base.batch * base.time * base.channels), 9);
  const auto loss = [&] {
    base.initial = learned;
    base.initial.insert(base.initial.end(), learned.begin(), learned.end());
    return weightedSum(evaluate(equations, base).output, dOutput);
  };
  loss();
  LayerRun run(cell, base);
  const LayerContext context(cell.device());
  const auto batch = static_cast<std::int64_t>(base.batch);
  const auto channels = static_cast<std::int64_t>(base.channels);
  Floats initial(base.initial.size());
  learnedInitialForward(context, cell, batch, channels,
                        toFloats(learned).data(), initial.get());
  EXPECT_EQ(initial.data, toFloats(base.initial));
  run.forward();
  run.backward(toFloats(dOutput).data(), nullptr);
  Floats dLearned(columns);
  learnedInitialBackward(context, cell, batch, channels, run.dInitial.get(),
                         dLearned.get());
  expectClose(dLearned.data, centralDifferences(learned, loss), 1e-4, 5e-6,
              "gradient of the learned initial state");
}

TEST_P(CompiledLayer, RunsInBothDirections) {
  ReferenceLayer ahead = layer();
  ReferenceLayer back = layer(6, 50);
  ahead.initial.clear();
  back.initial.clear();
  back.x = ahead.x;
  back.reverse = true;
  const std::size_t h = ahead.channels;
  const std::size_t positions = ahead.batch * ahead.time;
  const auto reference = [&] {
    const Numbers a = evaluate(equations, ahead).output;
    const Numbers b = evaluate(equations, back).output;
    Numbers both;
    for (std::size_t i = 0; i < positions; ++i) {
      both.insert(both.end(), a.data() + i * h, a.data() + (i + 1) * h);
      both.insert(both.end(), b.data() + i * h, b.data() + (i + 1) * h);
    }
    return both;
  };
  LayerRun first(cell, ahead);
  LayerRun second(cell, back);
  BidirectionalLayer layers(LayerContext(cell.device()), cell,
                            first.layer.sizes());
  Floats output(positions * 2 * h);
  layers.forward(first.input.get(), first.weights(), second.weights(),
                 output.get());
  expectClose(output.data, reference(), 1e-5, 5e-6, "output");

  const Numbers dOutput =
      randomNumbers(static_cast<std::int64_t>(positions * 2 * h), 9);
  layers.backward(first.input.get(), toFloats(dOutput).data(),
                  first.weightsAndGradients(), second.weightsAndGradients(),
                  first.dInput.get());
  const auto loss = [&] { return weightedSum(reference(), dOutput); };
  expectClose(first.dBias.data, centralDifferences(ahead.bias, loss), 1e-4,
              5e-6, "dBias, forward direction");
  expectClose(second.dBias.data, centralDifferences(back.bias, loss), 1e-4,
              5e-6, "dBias, backward direction");
  const auto lossOfInput = [&] {
    back.x = ahead.x;
    return loss();
  };
  expectClose(first.dInput.data, centralDifferences(ahead.x, lossOfInput), 1e-4,
              5e-6, "dInput");
}

TEST_P(CompiledLayer, IsTheSameForAnyNumberOfThreads) {
  // Enough channels that a single step is shared out.
  const ReferenceLayer wide = randomLayer(cell, 64, 3, 16, 300);
  std::vector<std::vector<float>> outputs;
  for (const int threads : {1, 2, 5}) {
    LayerRun run(compiledCell(GetParam(), threads), wide);
    run.forward();
    outputs.push_back(run.output.data);
  }
  EXPECT_EQ(outputs[0], outputs[1]);
  EXPECT_EQ(outputs[0], outputs[2]);
}

TEST(CompiledLayers, RefuseAnInputOfAnotherWidth) {
  try {
    const Layer layer(compiledCell("sru"),
                      {.batch = 1, .time = 1, .inputs = 3, .channels = 4});
    ADD_FAILURE() << "no Error was thrown";
  } catch (const Error &error) {
    EXPECT_STREQ(error.what(),
                 "cell 'sru', forward: the cell reads its channel of the "
                 "input, so that the input must be as wide as the hidden "
                 "state; found 3 inputs and 4 channels");
  }
}

/// A file with the weights of a layer of PyTorch, by its names.
void writePyTorchWeights(const std::filesystem::path &path,
                         const ReferenceLayer &layer, std::int64_t gates) {
  const auto h = static_cast<std::int64_t>(layer.channels);
  const auto d = static_cast<std::int64_t>(layer.inputs);
  const std::vector<float> weightIh = toFloats(layer.weight);
  const std::vector<float> weightHh = toFloats(layer.recurrentWeight);
  const std::vector<float> biasIh = toFloats(layer.bias);
  const std::vector<float> biasHh = toFloats(layer.recurrentBias);
  const std::vector<TensorToWrite> tensors = {
      {"weight_ih_l0", {gates * h, d}, weightIh},
      {"weight_hh_l0", {gates * h, h}, weightHh},
      {"bias_ih_l0", {gates * h}, biasIh},
      {"bias_hh_l0", {gates * h}, biasHh}};
  writeSafetensors(path, tensors);
}

/// PyTorch keeps the gates of a layer one below the other, in the order of
/// gru.mlir and lstm.mlir: its arrays are the packed ones as they are.
void expectTakesPyTorchWeights(const char *name, std::int64_t gates) {
  const CellKernels cell = compiledCell(name);
  const reference::ParsedCell equations = equationsOf(name);
  ReferenceLayer layer = randomLayer(cell, 3, 20, 7, 33);
  layer.initial.clear();
  const TemporaryFolder folder;
  const std::filesystem::path path = folder.path() / "layer.safetensors";
  writePyTorchWeights(path, layer, gates);

  const SafetensorsReader file(path);
  LayerRun run(cell, layer);
  const auto read = [&](const char *tensor) {
    return file.readFloats(tensor, file.info(tensor).shape);
  };
  run.weight.data = read("weight_ih_l0");
  run.recurrentWeight.data = read("weight_hh_l0");
  run.bias.data = read("bias_ih_l0");
  run.recurrentBias.data = read("bias_hh_l0");
  run.forward();
  const ReferenceRun expected = evaluate(equations, layer);
  expectClose(run.output.data, expected.output, 1e-5, 1e-6, "output");
  expectClose(run.last.data, expected.last, 1e-5, 1e-6, "last states");

  const Numbers dOutput =
      randomNumbers(static_cast<std::int64_t>(expected.output.size()), 9);
  run.backward(toFloats(dOutput).data(), nullptr);
  const ReferenceLayer gradients = differentiate(equations, layer, dOutput, {});
  const auto compare = [](const Floats &found, const Numbers &numbers,
                          const char *name) {
    expectClose(found.data, numbers, 1e-4, 5e-6, name);
  };
  compare(run.dBias, gradients.bias, "gradient of bias_ih_l0");
  compare(run.dRecurrentBias, gradients.recurrentBias,
          "gradient of bias_hh_l0");
  compare(run.dWeight, gradients.weight, "gradient of weight_ih_l0");
  compare(run.dRecurrentWeight, gradients.recurrentWeight,
          "gradient of weight_hh_l0");
}

TEST(PyTorchWeights, OfGru) { expectTakesPyTorchWeights("gru", 3); }
TEST(PyTorchWeights, OfLstm) { expectTakesPyTorchWeights("lstm", 4); }

} // namespace
