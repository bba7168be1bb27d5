//===- LayerTest.cpp - Layers without the compiler ------------------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What a layer needs, refuses and plans, on a cell written by hand: minGRU.
//
//===----------------------------------------------------------------------===//

#include "minrnn/layer.h"

#include "minrnn/error.h"
#include "tests/runtime/HandWrittenMinGru.h"

#include "gtest/gtest.h"
#include <functional>
#include <limits>
#include <vector>

using namespace minrnn;
using namespace minrnn::test;

namespace {

constexpr LayerSizes sizes{.batch = 2, .time = 3, .inputs = 4, .channels = 5};

using Floats = std::vector<float>;

std::string errorOf(const std::function<void()> &action) {
  try {
    action();
  } catch (const Error &error) {
    return error.what();
  }
  ADD_FAILURE() << "no Error was thrown";
  return {};
}

/// The tensors that a call needs.
struct Tensors {
  Floats input = Floats(2 * 3 * 4, 0.5F);
  Floats weight = Floats(2 * 5 * 4, 0.25F);
  Floats output = Floats(2 * 3 * 5);
  Floats dOutput = Floats(2 * 3 * 5, 1);

  std::vector<NamedTensor> ofForward() {
    return {{"input", input.data()},
            {"weight", weight.data()},
            {"output", output.data()}};
  }
  std::vector<NamedTensor> ofBackward() {
    std::vector<NamedTensor> list = ofForward();
    list.emplace_back("d_output", dOutput.data());
    return list;
  }
};

TEST(Layer, ListsItsTensorsByRole) {
  const Layer layer(handWrittenMinGru(), sizes);
  std::vector<std::string> names;
  for (const LayerTensor &tensor : layer.tensors(Role::Parameter))
    names.push_back(tensor.name);
  EXPECT_EQ(names, (std::vector<std::string>{"weight", "bias"}));
  const LayerTensor weight = layer.tensor("d_weight");
  EXPECT_EQ(weight.role, Role::Gradient);
  EXPECT_EQ(weight.of, "weight");
  EXPECT_EQ(weight.element, "f32");
  EXPECT_EQ(weight.shape, (std::vector<std::int64_t>{2, 5, 4}));
  EXPECT_EQ(weight.bytes, 160);
  EXPECT_TRUE(weight.isOptional);
  EXPECT_EQ(errorOf([&] { layer.tensor("weights"); }),
            "cell 'mingru' has no tensor 'weights'");
}

TEST(Layer, SaysItsBytesBeforeItReservesThem) {
  const CellKernels cell = handWrittenMinGru();
  // What is saved is preactivations, 240 bytes; in whole 256.
  const LayerBytes training = planLayer(cell, sizes);
  EXPECT_EQ(training.saved, 256);
  // d_preactivations and d_bias_rows.
  EXPECT_EQ(training.scratch, 512);
  const LayerBytes inference = planLayer(cell, sizes, {.training = false});
  EXPECT_EQ(inference.saved, 0);
  EXPECT_EQ(inference.scratch, 256);
  const std::shared_ptr<Device> device = cell.device();
  const Layer layer(cell, sizes);
  EXPECT_EQ(device->memoryUse().inUse, 256 + 512);
  const Layer inMemory(cell, sizes, {}, {.saved = 4, .scratch = 8});
  EXPECT_EQ(device->memoryUse().inUse, 256 + 512);
  EXPECT_EQ(inMemory.address(Procedure::Forward, "preactivations"), 4);
  EXPECT_EQ(inMemory.address(Procedure::Forward, "output"), 0);
  EXPECT_EQ(inMemory.address(Procedure::Forward, "nothing"), 0);
}

TEST(Layer, RefusesImpossibleSizes) {
  const CellKernels cell = handWrittenMinGru();
  const auto refuse = [&](const LayerSizes &wrong) {
    return errorOf([&] { Layer(cell, wrong); });
  };
  EXPECT_EQ(refuse({.batch = -1, .time = 3, .inputs = 4, .channels = 5}),
            "cell 'mingru', forward: sizes: a size of -1; sizes must not be "
            "negative");
  EXPECT_EQ(refuse({.batch = 2, .time = 3, .inputs = 4, .channels = -5}),
            "cell 'mingru', forward: sizes: a size of -5; sizes must not be "
            "negative");
  constexpr std::int64_t much = std::int64_t{1} << 40;
  EXPECT_EQ(refuse({.batch = much, .time = much, .inputs = 4, .channels = 5}),
            "cell 'mingru', forward: tensor 'preactivations': the sizes are "
            "too large, their product does not fit into memory");
}

TEST(Layer, SaysWhatIsMissing) {
  Layer layer(handWrittenMinGru(), sizes);
  Tensors t;
  std::vector<NamedTensor> tensors = t.ofForward();
  tensors[1].address = 0;
  EXPECT_EQ(errorOf([&] { layer.forward(tensors); }),
            "cell 'mingru', forward: the tensor 'weight' [2, 5, 4] is needed, "
            "and was not given");
  tensors = t.ofForward();
  tensors.pop_back();
  EXPECT_EQ(errorOf([&] { layer.forward(tensors); }),
            "cell 'mingru', forward: the tensor 'output' [2, 3, 5] is needed, "
            "and was not given");
  Floats dWeight(t.weight.size());
  tensors = t.ofForward();
  tensors.emplace_back("d_weight", dWeight.data());
  EXPECT_EQ(errorOf([&] { layer.backward(tensors); }),
            "cell 'mingru', backward: the tensor 'd_output' [2, 3, 5] is "
            "needed, and was not given");
}

TEST(Layer, SaysWhichNamesItKnows) {
  Layer layer(handWrittenMinGru(), sizes);
  Tensors t;
  std::vector<NamedTensor> tensors = t.ofForward();
  tensors.emplace_back("x", t.input.data());
  EXPECT_EQ(errorOf([&] { layer.forward(tensors); }),
            "cell 'mingru', forward: it takes no tensor 'x'; it knows input, "
            "weight, bias, reset, initial, output, last");
  // A gradient, and one of the layer's own.
  tensors.back().name = "d_output";
  errorOf([&] { layer.forward(tensors); });
  tensors.back().name = "preactivations";
  errorOf([&] { layer.forward(tensors); });
  // One that is null is left out.
  tensors.back() = {"recurrent_weight", nullptr};
  layer.forward(tensors);
}

TEST(Layer, ChecksBytesThatTheCallerSays) {
  const CellKernels cell = handWrittenMinGru();
  Layer layer(cell, sizes);
  Tensors t;
  const DeviceArray<float> longer(cell.device(), t.input.size() + 1);
  EXPECT_EQ(errorOf([&] {
              layer.forward({{"input", longer},
                             {"weight", t.weight.data()},
                             {"output", t.output.data()}});
            }),
            "cell 'mingru', forward: the tensor 'input' is 96 bytes, found "
            "100");
}

TEST(Layer, WithoutTrainingHasNoBackward) {
  Layer layer(handWrittenMinGru(), sizes, {.training = false});
  Tensors t;
  layer.forward(t.ofForward());
  EXPECT_EQ(errorOf([&] { layer.backward(t.ofBackward()); }),
            "cell 'mingru', backward: the layer was made without training, and "
            "saves nothing for it");
}

TEST(Layer, ComputesWhatIsWanted) {
  Layer layer(handWrittenMinGru(), sizes);
  Tensors t;
  layer.forward(t.ofForward());
  Floats dWeight(t.weight.size());
  Floats dBias(2 * 5);
  std::vector<NamedTensor> tensors = t.ofBackward();
  tensors.emplace_back("d_weight", dWeight.data());
  tensors.emplace_back("d_bias", dBias.data());
  layer.backward(tensors);
  // The input is 0.5 everywhere.
  for (std::size_t gate = 0; gate < 10; ++gate) {
    EXPECT_NE(dBias[gate], 0);
    EXPECT_NEAR(dWeight[gate * 4], dBias[gate] / 2, 1e-6);
  }
  // Nothing is wanted of this one.
  layer.backward(t.ofBackward());
}

TEST(Layer, AStepLeavesWhatForwardSaved) {
  Layer layer(handWrittenMinGru(), sizes);
  Tensors t;
  Floats first(t.weight.size());
  Floats second(t.weight.size());
  layer.forward(t.ofForward());
  std::vector<NamedTensor> tensors = t.ofBackward();
  tensors.emplace_back("d_weight", first.data());
  layer.backward(tensors);
  Floats state(2 * 5, 0.5F);
  Floats output(2 * 5);
  Floats input(2 * 4, 100);
  layer.step({{"input", input.data()},
              {"weight", t.weight.data()},
              {"initial", state.data()},
              {"output", output.data()},
              {"last", state.data()}});
  EXPECT_EQ(output, state);
  tensors.back() = {"d_weight", second.data()};
  layer.backward(tensors);
  EXPECT_EQ(second, first);
}

TEST(Layer, OfNoElementsNeedsNoTensors) {
  Layer noRows(handWrittenMinGru(), {.inputs = 4, .channels = 5});
  Floats weight(2 * 5 * 4, 1);
  Floats dWeight(weight.size(), 1);
  noRows.forward({{"weight", weight.data()}});
  noRows.backward({{"weight", weight.data()}, {"d_weight", dWeight.data()}});
  EXPECT_EQ(dWeight, Floats(weight.size()));
}

TEST(Layer, PrintsItself) {
  const Layer layer(handWrittenMinGru(), sizes);
  const std::string text = layer.print();
  EXPECT_NE(text.find("parameter weight [gates 2, channels 5, inputs 4] 160 "
                      "bytes\n"),
            std::string::npos)
      << text;
  EXPECT_NE(text.find("saved 256 bytes, scratch 512 bytes\n"),
            std::string::npos);
  EXPECT_NE(text.find("forward:\n  preactivations = input weight^T\n"),
            std::string::npos);
}

TEST(FloatLayer, GivesWhatALayerGives) {
  const CellKernels cell = handWrittenMinGru();
  Tensors tensors;
  Floats dWeight(2 * 5 * 4);
  Layer layer(cell, sizes);
  layer.forward(tensors.ofForward());
  std::vector<NamedTensor> ofBackward = tensors.ofBackward();
  ofBackward.emplace_back("d_weight", dWeight.data());
  layer.backward(ofBackward);

  FloatLayer floats(cell, sizes);
  floats.set("input", tensors.input);
  floats.set("weight", tensors.weight);
  floats.forward();
  EXPECT_EQ(floats.get("output"), tensors.output);
  EXPECT_EQ(floats.get("last"), Floats());
  floats.set("d_output", tensors.dOutput);
  floats.want("d_weight");
  floats.backward();
  EXPECT_EQ(floats.get("d_weight"), dWeight);
  // What is set in the place of another tensor's numbers counts.
  floats.set("reset", Floats{0, 1, 1, 0, 1, 1});
  EXPECT_EQ(floats.get("reset"), (Floats{0, 1, 1, 0, 1, 1}));
  floats.forward();
  const Floats output = floats.get("output");
  EXPECT_NE(output, tensors.output);
  // And what is taken back does not.
  floats.set("reset", {});
  floats.forward();
  EXPECT_EQ(floats.get("output"), tensors.output);
}

TEST(FloatLayer, RefusesWhatTheCellDoesNotHave) {
  FloatLayer layer(handWrittenMinGru(), sizes);
  EXPECT_NE(errorOf([&] {
              layer.set("weights", Floats{1});
            }).find("has no tensor 'weights'"),
            std::string::npos);
  layer.set("input", Floats(2));
  layer.set("weight", Floats(2 * 5 * 4));
  EXPECT_NE(errorOf([&] {
              layer.forward();
            }).find("the tensor 'input' is 96 bytes, found 8"),
            std::string::npos);
}

} // namespace
