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

#include "minrnn/bidirectional.h"
#include "minrnn/device_array.h"
#include "minrnn/jit.h"
#include "minrnn/learned_initial.h"
#include "minrnn/random.h"
#include "tests/device/CompiledCells.h"
#include "tests/device/OnDevice.h"

#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

using namespace minrnn;
using namespace minrnn::test;

namespace {

using Floats = std::vector<float>;

constexpr LayerSizes sizes{.batch = 2, .time = 5, .inputs = 3, .channels = 35};

/// What a layer gave, by name.
using Results = std::map<std::string, Floats>;

/// Tensors of one layer on one device, of their sizes in it, by name.
class Tensors {
public:
  Tensors(const CellKernels &cell, std::uint64_t seed,
          const LayerSizes &ofLayer = sizes)
      : device(cell.device()), sized(cell, ofLayer) {
    for (const LayerTensor &tensor : sized.tensors(Role::Parameter))
      arrays[tensor.name] = drawn(countOf(tensor), seed++);
  }

  static std::int64_t countOf(const LayerTensor &tensor) {
    return static_cast<std::int64_t>(tensor.bytes / sizeof(float));
  }
  DeviceArray<float> room(std::int64_t count) const {
    return {device, static_cast<std::size_t>(count)};
  }
  DeviceArray<float> drawn(std::int64_t count, std::uint64_t seed) const {
    Random random(seed);
    Floats values(static_cast<std::size_t>(count));
    for (float &value : values)
      value = static_cast<float>(random.normal() / 4);
    return {device, std::span<const float>(values)};
  }
  /// Numbers of a tensor's size.
  DeviceArray<float> drawn(const char *tensor, std::uint64_t seed) const {
    return drawn(countOf(sized.tensor(tensor)), seed);
  }

  void want(const char *tensor) {
    arrays[tensor] = room(countOf(sized.tensor(tensor)));
  }
  void wantGradients() {
    for (const LayerTensor &tensor : sized.tensors(Role::Gradient))
      if (arrays.count(tensor.of) != 0)
        want(tensor.name.c_str());
  }
  std::vector<NamedTensor> named(bool withGradients) const {
    std::vector<NamedTensor> list;
    for (const auto &[name, array] : arrays)
      if (withGradients || !name.starts_with("d_"))
        list.emplace_back(name, array);
    return list;
  }
  void addTo(Results &results, const std::string &prefix) const {
    for (const auto &[name, array] : arrays)
      results[prefix + name] = array.download();
  }

  std::map<std::string, DeviceArray<float>> arrays;

private:
  std::shared_ptr<Device> device;
  Layer sized;
};

Results bothDirections(const LayerContext &context, const CellKernels &cell) {
  Tensors ahead(cell, 10);
  Tensors back(cell, 20);
  const std::int64_t steps = sizes.batch * sizes.time;
  const auto input = ahead.drawn("input", 1);
  const auto dOutput = ahead.drawn(steps * 2 * sizes.channels, 2);
  const auto output = ahead.room(steps * 2 * sizes.channels);
  const auto dInput = ahead.room(steps * sizes.inputs);
  BidirectionalLayer layers(context, cell, sizes);
  layers.forward(input.data(), ahead.named(false), back.named(false),
                 output.data());
  ahead.wantGradients();
  back.wantGradients();
  layers.backward(input.data(), dOutput.data(), ahead.named(true),
                  back.named(true), dInput.data());
  Results results = {{"output", output.download()},
                     {"dInput", dInput.download()}};
  ahead.addTo(results, "forward direction ");
  back.addTo(results, "backward direction ");
  return results;
}

Results learnedState(const LayerContext &context, const CellKernels &cell) {
  Tensors tensors(cell, 10);
  const std::int64_t ofRow =
      cell.manifest().size(Axis::States) * sizes.channels;
  tensors.arrays["input"] = tensors.drawn("input", 1);
  // Log space takes no negative one.
  Floats learned = tensors.drawn(ofRow, 3).download();
  for (float &value : learned)
    value = std::fabs(value);
  const DeviceArray<float> learnedThere(cell.device(),
                                        std::span<const float>(learned));
  const auto dLearned = tensors.room(ofRow);
  for (const char *name : {"initial", "output", "last"})
    tensors.want(name);
  learnedInitialForward(context, cell, sizes.batch, sizes.channels,
                        learnedThere.data(), tensors.arrays["initial"].data());
  Layer layer(cell, sizes);
  layer.forward(tensors.named(false));
  tensors.wantGradients();
  tensors.arrays.erase("d_last");
  tensors.arrays["d_output"] = tensors.drawn("d_output", 2);
  layer.backward(tensors.named(true));
  learnedInitialBackward(context, cell, sizes.batch, sizes.channels,
                         tensors.arrays["d_initial"].data(), dLearned.data());
  Results results = {{"dLearned", dLearned.download()}};
  tensors.addTo(results, "");
  return results;
}

/// In a graph where the device records one.
Results recorded(const LayerContext & /*context*/, const CellKernels &cell) {
  Tensors tensors(cell, 10);
  tensors.arrays["input"] = tensors.drawn("input", 1);
  tensors.want("output");
  tensors.wantGradients();
  tensors.arrays["d_output"] = tensors.drawn("d_output", 2);
  Layer layer(cell, sizes);
  const auto run = [&] {
    layer.forward(tensors.named(false));
    layer.backward(tensors.named(true));
  };
  const std::unique_ptr<Graph> graph = cell.device()->capture(run);
  if (graph)
    graph->launch();
  else
    run();
  Results results;
  tensors.addTo(results, "");
  return results;
}

Results singleSteps(const LayerContext & /*context*/, const CellKernels &cell) {
  const Tensors weights(cell, 10);
  const std::int64_t ofState = sizes.batch * sizes.channels;
  auto state = weights.room(cell.manifest().size(Axis::States) * ofState);
  state.clear();
  const auto output = weights.room(ofState);
  Layer layer(cell, sizes, {.training = false});
  Results results;
  for (std::uint64_t t = 0; t < 3; ++t) {
    const auto input = weights.drawn(sizes.batch * sizes.inputs, t);
    std::vector<NamedTensor> tensors = weights.named(false);
    tensors.emplace_back("input", input);
    tensors.emplace_back("initial", state);
    tensors.emplace_back("output", output);
    tensors.emplace_back("last", state);
    layer.step(tensors);
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
      context.emplace(device);
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
        run(LayerContext(host), compileCellFile(file, here));
    const Results found = run(*context, compileCellFile(file, there));
    ASSERT_EQ(found.size(), expected.size());
    for (const auto &[name, numbers] : expected) {
      const Floats &others = found.at(name);
      ASSERT_EQ(others.size(), numbers.size()) << name;
      for (std::size_t i = 0; i < numbers.size(); ++i)
        ASSERT_NEAR(others[i], numbers[i], 1e-5 + 1e-4 * std::fabs(numbers[i]))
            << name << "[" << i << "]";
    }
  }

  std::optional<LayerContext> context;
};

TEST_P(LayersOn, GoBothWays) { expectTheHosts(bothDirections); }
TEST_P(LayersOn, LearnTheirInitialState) { expectTheHosts(learnedState); }
TEST_P(LayersOn, TakeSingleSteps) { expectTheHosts(singleSteps); }

TEST_P(LayersOn, AreRecorded) { expectTheHosts(recorded); }

/// Of kernels under both schedules, a layer runs those that its sizes take, and
/// a graph runs them again: it clears what blocks wait for. Its gradients of
/// long sums are those of carry within rounding.
TEST_P(LayersOn, TakeTheScheduleOfTheirSizes) {
  if (!device || IsSkipped())
    return;
  const std::string file = cellFile(std::get<1>(GetParam()));
  const auto compiled = [&](Schedule schedule) {
    return compileCellFile(file, {.scan = ScanDomain::Linear,
                                  .schedule = schedule,
                                  .device = device,
                                  .useCache = false});
  };
  const CellKernels both = compiled(Schedule::Auto);
  const bool isParallel = both.manifest().kind == "parallel";
  const auto looksBack = [&](const LayerSizes &sizes) {
    return Layer(both, sizes).print().find("forward_lookback:") !=
           std::string::npos;
  };
  LayerSizes few{.batch = 2, .time = 1100, .inputs = 3, .channels = 35};
  EXPECT_EQ(looksBack(few), isParallel);
  LayerSizes many = few;
  many.batch = device->multiprocessors();
  EXPECT_FALSE(looksBack(many));
  EXPECT_FALSE(looksBack(sizes));
  if (!isParallel)
    return;
  Layer layer(both, few);
  EXPECT_EQ(planLayer(both, few).scratch, layer.bytes().scratch);
  expectError("run forward, backward or step",
              [&] { layer.run(Procedure::ForwardLookback, {}); });

  const auto resultsOf = [&](const CellKernels &cell, int launches) {
    Tensors tensors(cell, 10, few);
    tensors.arrays["input"] = tensors.drawn("input", 1);
    tensors.want("output");
    tensors.wantGradients();
    tensors.arrays["d_output"] = tensors.drawn("d_output", 2);
    Layer layer(cell, few);
    const auto graph = cell.device()->capture([&] {
      layer.forward(tensors.named(false));
      layer.backward(tensors.named(true));
    });
    for (int i = 0; i < launches; ++i)
      graph->launch();
    Results results;
    tensors.addTo(results, "");
    return results;
  };
  const Results once = resultsOf(both, 1);
  EXPECT_EQ(resultsOf(both, 3), once);
  EXPECT_EQ(resultsOf(compiled(Schedule::Lookback), 2), once);
  const Results carried = resultsOf(compiled(Schedule::Carry), 1);
  for (const auto &[name, numbers] : carried)
    for (std::size_t i = 0; i < numbers.size(); ++i)
      ASSERT_NEAR(once.at(name)[i], numbers[i],
                  1e-4 + 1e-4 * std::fabs(numbers[i]))
          << name << "[" << i << "]";
}

TEST(LayersOnTheWrongDevice, SayWhichItIs) {
  const CellKernels cell =
      compileCellFile(cellFile("mingru"),
                      {.device = EmulatorDevice::create(), .useCache = false});
  const LayerContext host(std::make_shared<HostDevice>());
  expectError("the cell was compiled for another device than that of the "
              "layers around it",
              [&] { BidirectionalLayer(host, cell, sizes); });
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
