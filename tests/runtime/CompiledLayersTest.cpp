//===- CompiledLayersTest.cpp - Layers of compiled cells ------------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The cells of specs/cells, compiled, as recurrent layers against their
// published equations in double; and weights of torch.nn.GRU and torch.nn.LSTM.
//
//===----------------------------------------------------------------------===//

#include "minrnn/error.h"
#include "minrnn/jit.h"
#include "minrnn/safetensors.h"
#include "tests/TestFiles.h"
#include "tests/runtime/RecurrentLayers.h"
#include "tests/runtime/TemporaryFolder.h"

#include "gtest/gtest.h"
#include <ostream>

using namespace minrnn;
using namespace minrnn::test;

namespace {

CellKernels compile(const std::string &name,
                    Recompute recompute = Recompute::Gates) {
  return compileCellFile(
      testFile(MINRNN_CELL_FOLDER) + "/" + name + ".mlir",
      {.recompute = recompute, .cacheFolder = testCache(MINRNN_TEST_CACHE)});
}

struct LayerCase {
  const char *name;
  ReferenceRun (*reference)(const ReferenceLayer &layer);
};

/// How a failing test names its parameter.
std::ostream &operator<<(std::ostream &stream, const LayerCase &layerCase) {
  return stream << layerCase.name;
}

class CompiledLayer : public testing::TestWithParam<LayerCase> {
protected:
  /// More than one tile of channels, and a tile that is not whole.
  ReferenceLayer layer(std::size_t time = 6) const {
    return randomLayer(cell, 2, time, 3, 35);
  }
  void expectAgrees(const ReferenceLayer &layer) const {
    expectLayerAgrees(cell, layer, GetParam().reference);
  }
  const CellKernels cell = compile(GetParam().name);
};

/// The same, with states that backward computes again.
class RecomputingLayer : public testing::TestWithParam<LayerCase> {};

INSTANTIATE_TEST_SUITE_P(Cells, RecomputingLayer,
                         testing::Values(LayerCase{"mingru", minGruLayer},
                                         LayerCase{"qrnn", qrnn},
                                         LayerCase{"rglru", rglru}),
                         [](const auto &info) {
                           return std::string(info.param.name);
                         });

TEST_P(RecomputingLayer, AgreesWithTheEquations) {
  const CellKernels cell = compile(GetParam().name, Recompute::All);
  ASSERT_TRUE(cell.recomputesStates());
  EXPECT_EQ(cell.timeTiles(0), 0);
  EXPECT_EQ(cell.timeTiles(1), 1);
  // One tile, a whole one, and one that is not whole after it.
  for (const std::size_t time : {0, 1, 64, 70})
    for (const bool reverse : {false, true}) {
      ReferenceLayer layer = randomLayer(cell, 2, time, 2, 3);
      layer.reverse = reverse;
      layer.reset.resize(2 * time);
      for (std::size_t i = 5; i < layer.reset.size(); i += 23)
        layer.reset[i] = 1;
      expectLayerAgrees(cell, layer, GetParam().reference);
    }
}

template <typename Call>
void expectErrorSays(const Call &call, const std::string &expected) {
  try {
    call();
    ADD_FAILURE() << "nothing was thrown; expected: " << expected;
  } catch (const Error &error) {
    EXPECT_NE(std::string(error.what()).find(expected), std::string::npos)
        << error.what();
  }
}

TEST(RecomputingCells, KeepNothingElse) {
  const CellKernels cell = compile("qrnn", Recompute::All);
  EXPECT_FALSE(compile("qrnn").recomputesStates());
  EXPECT_EQ(compile("qrnn").timeTiles(1000), 0);
  ReferenceLayer layer = randomLayer(cell, 1, 3, 2, 2);
  LayerRun run(cell, layer);
  RecurrentForwardArguments arguments = run.forwardArguments();
  std::vector<float> states(6);
  arguments.trajectory = states.data();
  expectErrorSays([&] { recurrentForward(cell, run.shape, arguments); },
                  "argument 'trajectory': is to be written, but this cell does "
                  "not have it");
  arguments.trajectory = nullptr;
  arguments.boundaries = nullptr;
  expectErrorSays([&] { recurrentForward(cell, run.shape, arguments); },
                  "argument 'boundaries': is null, but must hold 2 elements");
  EXPECT_THROW(compile("gru", Recompute::All), Error);
}

INSTANTIATE_TEST_SUITE_P(
    Cells, CompiledLayer,
    testing::Values(LayerCase{"gru", gru}, LayerCase{"indrnn", indrnn},
                    LayerCase{"lstm", lstm}, LayerCase{"mgu", mgu},
                    LayerCase{"mingru", minGruLayer}, LayerCase{"qrnn", qrnn},
                    LayerCase{"rglru", rglru}, LayerCase{"sru", sru}),
    [](const auto &info) { return std::string(info.param.name); });

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
void expectTakesPyTorchWeights(
    const char *name, std::int64_t gates,
    ReferenceRun (*reference)(const ReferenceLayer &)) {
  const CellKernels cell = compile(name);
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
  const ReferenceRun expected = reference(layer);
  expectClose(run.output.data, expected.output, 1e-5, 1e-6, "output");
  expectClose(run.last.data, expected.last, 1e-5, 1e-6, "last states");

  const Numbers dOutput =
      randomNumbers(static_cast<std::int64_t>(expected.output.size()), 9);
  run.backward(toFloats(dOutput).data(), nullptr);
  const auto loss = [&] {
    return weightedSum(reference(layer).output, dOutput);
  };
  expectClose(run.dBias.data, centralDifferences(layer.bias, loss), 1e-4, 5e-6,
              "gradient of bias_ih_l0");
  expectClose(run.dRecurrentBias.data,
              centralDifferences(layer.recurrentBias, loss), 1e-4, 5e-6,
              "gradient of bias_hh_l0");
  // Rows of the matrices: central differences of all would take too long.
  const auto compareRow = [&](Numbers &variables, const Floats &found,
                              std::size_t begin, std::size_t count,
                              const char *what) {
    Numbers row(variables.begin() + static_cast<std::ptrdiff_t>(begin),
                variables.begin() + static_cast<std::ptrdiff_t>(begin + count));
    const auto lossOfRow = [&] {
      std::copy(row.begin(), row.end(),
                variables.begin() + static_cast<std::ptrdiff_t>(begin));
      return loss();
    };
    const Numbers gradient = centralDifferences(row, lossOfRow);
    lossOfRow();
    expectClose(std::span(found.data).subspan(begin, count), gradient, 1e-4,
                5e-6, what);
  };
  for (std::int64_t gate = 0; gate < gates; ++gate) {
    const std::size_t row = static_cast<std::size_t>(gate) * layer.channels + 5;
    compareRow(layer.weight, run.dWeight, row * layer.inputs, layer.inputs,
               "a row of the gradient of weight_ih_l0");
    compareRow(layer.recurrentWeight, run.dRecurrentWeight,
               row * layer.channels, layer.channels,
               "a row of the gradient of weight_hh_l0");
  }
}

TEST(PyTorchWeights, OfGru) { expectTakesPyTorchWeights("gru", 3, gru); }
TEST(PyTorchWeights, OfLstm) { expectTakesPyTorchWeights("lstm", 4, lstm); }

} // namespace
