//===- LayersTest.cpp - Recurrent layers on every device ------------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Layers around a compiled cell on each device that runs PTX, against the host,
// which is held to the equations in tests/runtime: both directions at once, a
// learned initial state, and single steps.
//
//===----------------------------------------------------------------------===//

#include "minrnn/device_array.h"
#include "minrnn/jit.h"
#include "minrnn/random.h"
#include "minrnn/recurrent.h"
#include "tests/device/CompiledCells.h"
#include "tests/device/OnDevice.h"

#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <memory>
#include <string>
#include <tuple>
#include <vector>

using namespace minrnn;
using namespace minrnn::test;

namespace {

using Floats = std::vector<float>;

constexpr RecurrentShape shape{2, 5, 3, 35};

/// What a layer gave, by name.
using Results = std::map<std::string, Floats>;

/// The arrays of one layer on one device.
class Layer {
public:
  Layer(const CellKernels &cell, std::uint64_t seed) : cell(cell) {
    const std::int64_t steps = shape.batch * shape.time;
    const std::int64_t h = shape.channels;
    const std::int64_t g = cell.gates();
    const std::int64_t r = cell.recurrent();
    const std::int64_t s = cell.states();
    const std::int64_t c = cell.chained();
    weight = drawn(g * h * shape.inputs, seed);
    bias = drawn(g * h, seed + 1);
    recurrentWeight = drawn(r * h * h, seed + 2);
    recurrentBias = drawn(r * h, seed + 3);
    preactivations = room(steps * g * h);
    recurrent = room(steps * r * h);
    chained = room(steps * c * h);
    output = room(steps * h);
    if (!cell.manifest().plain)
      trajectory = room(steps * s * h);
    last = room(shape.batch * s * h);
    dPreactivations = room(steps * g * h);
    dRecurrent = room(steps * r * h);
    dChained = room(steps * c * h);
    dBiasOfRows = room(shape.batch * g * h);
    dRecurrentBiasOfRows = room(shape.batch * r * h);
    dInput = room(steps * shape.inputs);
    dWeight = room(g * h * shape.inputs);
    dBias = room(g * h);
    dRecurrentWeight = room(r * h * h);
    dRecurrentBias = room(r * h);
    dInitial = room(shape.batch * s * h);
  }

  DeviceArray<float> room(std::int64_t count) const {
    return {cell.device(), static_cast<std::size_t>(count)};
  }
  DeviceArray<float> drawn(std::int64_t count, std::uint64_t seed) const {
    Random random(seed);
    Floats values(static_cast<std::size_t>(count));
    for (float &value : values)
      value = static_cast<float>(random.normal() / 4);
    return {cell.device(), std::span<const float>(values)};
  }

  RecurrentForwardArguments forward(const float *input,
                                    const float *initial = nullptr) {
    return {.input = input,
            .weight = weight.data(),
            .bias = bias.data(),
            .recurrentWeight = recurrentWeight.data(),
            .recurrentBias = recurrentBias.data(),
            .initial = initial,
            .preactivations = preactivations.data(),
            .recurrent = recurrent.data(),
            .chained = chained.data(),
            .output = output.data(),
            .trajectory = trajectory.data(),
            .last = last.data()};
  }

  RecurrentBackwardArguments backward(const float *input,
                                      const float *initial = nullptr,
                                      const float *dOutput = nullptr) {
    return {.input = input,
            .weight = weight.data(),
            .bias = bias.data(),
            .recurrentWeight = recurrentWeight.data(),
            .recurrentBias = recurrentBias.data(),
            .initial = initial,
            .preactivations = preactivations.data(),
            .recurrent = recurrent.data(),
            .chained = chained.data(),
            .output = output.data(),
            .trajectory = trajectory.data(),
            .dOutput = dOutput,
            .dPreactivations = dPreactivations.data(),
            .dRecurrent = dRecurrent.data(),
            .dChained = dChained.data(),
            .dBiasOfRows = dBiasOfRows.data(),
            .dRecurrentBiasOfRows = dRecurrentBiasOfRows.data(),
            .dInput = dInput.data(),
            .dWeight = dWeight.data(),
            .dBias = dBias.data(),
            .dRecurrentWeight = dRecurrentWeight.data(),
            .dRecurrentBias = dRecurrentBias.data(),
            .dInitial = dInitial.data()};
  }

  void addGradients(const std::string &prefix, Results &results) const {
    results[prefix + "dWeight"] = dWeight.download();
    results[prefix + "dBias"] = dBias.download();
    results[prefix + "dRecurrentWeight"] = dRecurrentWeight.download();
    results[prefix + "dRecurrentBias"] = dRecurrentBias.download();
  }

  const CellKernels &cell;
  DeviceArray<float> weight, bias, recurrentWeight, recurrentBias;
  DeviceArray<float> preactivations, recurrent, chained, output, trajectory;
  DeviceArray<float> last;
  DeviceArray<float> dPreactivations, dRecurrent, dChained, dBiasOfRows;
  DeviceArray<float> dRecurrentBiasOfRows, dInput, dWeight, dBias;
  DeviceArray<float> dRecurrentWeight, dRecurrentBias, dInitial;
};

Results bothDirections(Blocks &blocks, const CellKernels &cell) {
  Layer onward(cell, 10);
  Layer back(cell, 20);
  const std::int64_t steps = shape.batch * shape.time;
  const auto input = onward.drawn(steps * shape.inputs, 1);
  const auto dOutput = onward.drawn(steps * 2 * shape.channels, 2);
  const auto output = onward.room(steps * 2 * shape.channels);
  const auto half = onward.room(steps * shape.channels);
  bidirectionalForward(blocks, cell, shape, onward.forward(input.data()),
                       back.forward(input.data()), output.data());
  bidirectionalBackward(blocks, cell, shape, onward.backward(input.data()),
                        back.backward(input.data()), dOutput.data(),
                        half.data());
  Results results = {{"output", output.download()},
                     {"dInput", onward.dInput.download()}};
  onward.addGradients("onward ", results);
  back.addGradients("back ", results);
  return results;
}

Results learnedState(Blocks &blocks, const CellKernels &cell) {
  Layer layer(cell, 10);
  const std::int64_t steps = shape.batch * shape.time;
  const std::int64_t ofRow = cell.states() * shape.channels;
  const auto input = layer.drawn(steps * shape.inputs, 1);
  const auto dOutput = layer.drawn(steps * shape.channels, 2);
  // Log space takes no negative one.
  Floats learned = layer.drawn(ofRow, 3).download();
  for (float &value : learned)
    value = std::fabs(value);
  const DeviceArray<float> learnedThere(cell.device(),
                                        std::span<const float>(learned));
  const auto initial = layer.room(shape.batch * ofRow);
  const auto dLearned = layer.room(ofRow);
  learnedInitialForward(blocks, cell, shape, learnedThere.data(),
                        initial.data());
  recurrentForward(blocks, cell, shape,
                   layer.forward(input.data(), initial.data()));
  recurrentBackward(
      blocks, cell, shape,
      layer.backward(input.data(), initial.data(), dOutput.data()));
  learnedInitialBackward(blocks, cell, shape, layer.dInitial.data(),
                         dLearned.data());
  Results results = {{"output", layer.output.download()},
                     {"last", layer.last.download()},
                     {"dInput", layer.dInput.download()},
                     {"dLearned", dLearned.download()}};
  layer.addGradients("", results);
  return results;
}

Results singleSteps(Blocks &blocks, const CellKernels &cell) {
  Layer layer(cell, 10);
  auto state = layer.room(shape.batch * cell.states() * shape.channels);
  state.clear();
  const auto output = layer.room(shape.batch * shape.channels);
  Results results;
  for (std::uint64_t t = 0; t < 3; ++t) {
    const auto input = layer.drawn(shape.batch * shape.inputs, t);
    recurrentStep(blocks, cell, shape,
                  {.input = input.data(),
                   .weight = layer.weight.data(),
                   .bias = layer.bias.data(),
                   .recurrentWeight = layer.recurrentWeight.data(),
                   .recurrentBias = layer.recurrentBias.data(),
                   .preactivations = layer.preactivations.data(),
                   .recurrent = layer.recurrent.data(),
                   .chained = layer.chained.data(),
                   .state = state.data(),
                   .output = output.data()});
    results["output " + std::to_string(t)] = output.download();
  }
  results["state"] = state.download();
  return results;
}

class LayersOn
    : public OnDevice,
      public testing::WithParamInterface<std::tuple<std::string, std::string>> {
protected:
  void SetUp() override {
    open(std::get<0>(GetParam()));
    if (!device)
      return;
    try {
      blocks = Blocks::create(device);
    } catch (const Error &error) {
      GTEST_SKIP() << error.what();
    }
  }

  template <typename Run> void expectTheHosts(const Run &run) {
    const std::string file = cellFile(std::get<1>(GetParam()));
    const auto host = std::make_shared<HostDevice>();
    // In one domain: the two are not to differ by more than rounding.
    const JitOptions options{.scan = ScanDomain::Linear, .useCache = false};
    JitOptions here = options;
    here.device = host;
    JitOptions there = options;
    there.device = device;
    const Results expected =
        run(*Blocks::create(host), compileCellFile(file, here));
    const Results found = run(*blocks, compileCellFile(file, there));
    ASSERT_EQ(found.size(), expected.size());
    for (const auto &[name, numbers] : expected) {
      const Floats &others = found.at(name);
      ASSERT_EQ(others.size(), numbers.size()) << name;
      for (std::size_t i = 0; i < numbers.size(); ++i)
        ASSERT_NEAR(others[i], numbers[i], 1e-5 + 1e-4 * std::fabs(numbers[i]))
            << name << "[" << i << "]";
    }
  }

  std::shared_ptr<Blocks> blocks;
};

TEST_P(LayersOn, GoBothWays) { expectTheHosts(bothDirections); }
TEST_P(LayersOn, LearnTheirInitialState) { expectTheHosts(learnedState); }
TEST_P(LayersOn, TakeSingleSteps) { expectTheHosts(singleSteps); }

TEST(LayersOnTheWrongDevice, SayWhichItIs) {
  const CellKernels cell =
      compileCellFile(cellFile("mingru"),
                      {.device = EmulatorDevice::create(), .useCache = false});
  expectError("cell 'mingru' was compiled for device 'emulator'; give the "
              "blocks of that device, too",
              [&] { recurrentForward(cell, shape, {}); });
  const auto host = Blocks::create(std::make_shared<HostDevice>());
  expectError("the recurrent block works on device 'host'; the cell was "
              "compiled for another, 'emulator'",
              [&] { recurrentForward(*host, cell, shape, {}); });
}

INSTANTIATE_TEST_SUITE_P(Devices, LayersOn,
                         testing::Combine(testing::ValuesIn(devicesOfPtx()),
                                          testing::Values("gru", "lstm", "mgu",
                                                          "mingru", "qrnn")),
                         [](const auto &info) {
                           return std::get<0>(info.param) + "_" +
                                  std::get<1>(info.param);
                         });

} // namespace
