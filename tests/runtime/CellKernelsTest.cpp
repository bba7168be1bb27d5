//===- CellKernelsTest.cpp - Launching a cell on the host -----------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "minrnn/cell_kernels.h"

#include "minrnn/error.h"
#include "tests/runtime/Comparison.h"
#include "tests/runtime/HandWrittenMinGru.h"
#include "tests/runtime/ReferenceBlocks.h"

#include "gtest/gtest.h"
#include <algorithm>
#include <bit>
#include <functional>
#include <mutex>

using namespace minrnn;
using namespace minrnn::test;

namespace {

/// Which tiles a launch gave to which call.
struct Launches {
  std::mutex lock;
  std::vector<std::pair<std::uint64_t, std::uint64_t>> ranges;
};

/// An entry of two arguments; the first is the address of a Launches.
void recordRange(const std::uint64_t *words) {
  auto *launches =
      std::bit_cast<Launches *>(static_cast<std::uintptr_t>(words[0]));
  const std::lock_guard guard(launches->lock);
  EXPECT_EQ(words[1], 42U);
  launches->ranges.emplace_back(words[2], words[3]);
}

TEST(HostModule, SplitsEveryRangeWithoutGapOrOverlap) {
  for (const int threads : {1, 2, 3, 7})
    for (const std::int64_t tiles : {1, 2, 5, 64, 1001}) {
      const HostModule module(std::make_shared<HostDevice>(threads),
                              {{"record", recordRange}});
      KernelEntry entry;
      entry.name = entry.symbol = "record";
      Launches launches;
      const std::vector<std::uint64_t> block = {
          std::bit_cast<std::uintptr_t>(&launches), 42};
      module.launch(entry, block, tiles);
      std::sort(launches.ranges.begin(), launches.ranges.end());
      std::uint64_t covered = 0;
      for (const auto &[begin, end] : launches.ranges) {
        EXPECT_EQ(begin, covered);
        EXPECT_LT(begin, end);
        covered = end;
      }
      EXPECT_EQ(covered, static_cast<std::uint64_t>(tiles));
    }
}

TEST(HostModule, LaunchesNothingForNoTiles) {
  const HostModule module(std::make_shared<HostDevice>(2),
                          {{"record", recordRange}});
  KernelEntry entry;
  entry.symbol = "record";
  module.launch(entry, {}, 0);
  entry.symbol = "absent";
  EXPECT_THROW(module.launch(entry, {}, 1), Error);
}

TEST(HostDevice, CopiesAndRefusesNonsense) {
  HostDevice device;
  EXPECT_GE(device.threads(), 1);
  const std::uint64_t memory = device.allocate(3 * sizeof(int));
  const std::vector<int> source = {1, 2, 3};
  std::vector<int> back(3);
  device.copyToDevice(memory, source.data(), 3 * sizeof(int));
  device.copyToHost(back.data(), memory, 3 * sizeof(int));
  device.release(memory);
  EXPECT_EQ(back, source);
  EXPECT_THROW(device.allocate(std::size_t{1} << 60), Error);
  EXPECT_THROW(HostDevice(-1), Error);
}

TEST(CellKernels, AgreesWithTheEquationsInDouble) {
  const CellKernels cell = handWrittenMinGru();
  for (const std::int64_t time : {0, 1, 31, 70})
    for (const std::int64_t channels : {0, 1, 16, 37})
      for (const bool given : {false, true}) {
        const std::int64_t batch = 3;
        const auto b = static_cast<std::size_t>(batch);
        const auto t = static_cast<std::size_t>(time);
        const auto c = static_cast<std::size_t>(channels);
        const Numbers preactivations =
            randomNumbers(batch * time * 2 * channels, 1, 3);
        const Numbers bias = given ? randomNumbers(2 * channels, 2) : Numbers();
        const Numbers initial =
            given ? randomNumbers(batch * channels, 3) : Numbers();
        const std::vector<float> floats = toFloats(preactivations);
        const std::vector<float> biasFloats = toFloats(bias);
        const std::vector<float> initialFloats = toFloats(initial);
        std::vector<float> output(b * t * c);
        std::vector<float> last(b * c, -1);
        cell.forward({batch, time, channels},
                     {.preactivations = floats.data(),
                      .bias = given ? biasFloats.data() : nullptr,
                      .initial = given ? initialFloats.data() : nullptr,
                      .output = output.data(),
                      .last = last.data()});
        const Numbers expected = minGru(b, t, c, preactivations, bias, initial);
        expectClose(output, expected, 1e-6, 1e-7, "output");
        for (std::size_t row = 0; row < b; ++row)
          for (std::size_t j = 0; j < c; ++j) {
            const float wanted = t > 0   ? output[(row * t + t - 1) * c + j]
                                 : given ? initialFloats[row * c + j]
                                         : 0.0F;
            EXPECT_EQ(last[row * c + j], wanted);
          }
      }
}

TEST(CellKernels, StepsContinueTheSequence) {
  const CellKernels cell = handWrittenMinGru();
  constexpr std::int64_t batch = 2;
  constexpr std::int64_t time = 9;
  constexpr std::int64_t channels = 21;
  const std::vector<float> gates =
      toFloats(randomNumbers(batch * time * 2 * channels, 4));
  std::vector<float> output(batch * time * channels);
  cell.forward({batch, time, channels},
               {.preactivations = gates.data(), .output = output.data()});
  std::vector<float> state(batch * channels, 0.0F);
  for (std::int64_t t = 0; t < time; ++t) {
    std::vector<float> now;
    for (std::int64_t row = 0; row < batch; ++row) {
      const auto begin = gates.begin() + (row * time + t) * 2 * channels;
      now.insert(now.end(), begin, begin + 2 * channels);
    }
    cell.step({.batch = batch, .channels = channels},
              {.preactivations = now.data(),
               .previous = t == 0 ? nullptr : state.data(),
               .next = state.data()});
    for (std::int64_t row = 0; row < batch; ++row)
      for (std::int64_t j = 0; j < channels; ++j)
        EXPECT_NEAR(state[row * channels + j],
                    output[(row * time + t) * channels + j], 1e-6);
  }
}

TEST(CellKernels, ResultsDoNotDependOnTheThreads) {
  constexpr SequenceShape shape{3, 50, 100};
  const std::vector<float> gates = toFloats(randomNumbers(3 * 50 * 200, 5));
  std::vector<std::vector<float>> outputs;
  for (const int threads : {1, 2, 5}) {
    outputs.emplace_back(3 * 50 * 100);
    handWrittenMinGru(threads).forward(
        shape,
        {.preactivations = gates.data(), .output = outputs.back().data()});
  }
  EXPECT_EQ(outputs[0], outputs[1]);
  EXPECT_EQ(outputs[0], outputs[2]);
}

TEST(CellKernels, NamesTheNullArgument) {
  const CellKernels cell = handWrittenMinGru();
  std::vector<float> some(64);
  const auto errorOf = [](const std::function<void()> &call) {
    try {
      call();
    } catch (const Error &error) {
      return std::string(error.what());
    }
    return std::string();
  };
  EXPECT_EQ(errorOf([&] { cell.forward({1, 2, 3}, {.output = some.data()}); }),
            "cell 'mingru', entry 'forward', argument 'preactivations': is "
            "null, but must hold 12 elements");
  EXPECT_NE(errorOf([&] {
              cell.forward({1, 2, 3}, {.preactivations = some.data()});
            }).find("argument 'output': is null"),
            std::string::npos);
  EXPECT_NE(errorOf([&] {
              cell.backward({1, 2, 3}, {.preactivations = some.data(),
                                        .output = some.data(),
                                        .dOutput = some.data()});
            }).find("argument 'd_preactivations': is null"),
            std::string::npos);
  EXPECT_NE(errorOf([&] {
              cell.step({.batch = 1, .channels = 3},
                        {.preactivations = some.data()});
            }).find("argument 'next': is null"),
            std::string::npos);
  // Arrays without elements may be null.
  EXPECT_EQ(errorOf([&] { cell.forward({1, 0, 3}, {}); }), "");
  EXPECT_EQ(errorOf([&] { cell.forward({0, 2, 3}, {}); }), "");
  EXPECT_EQ(errorOf([&] { cell.backward({2, 2, 0}, {}); }), "");
}

TEST(CellKernels, RefusesImpossibleSizes) {
  const CellKernels cell = handWrittenMinGru();
  constexpr std::int64_t huge = std::int64_t{1} << 40;
  EXPECT_THROW(cell.forward({-1, 2, 3}, {}), Error);
  EXPECT_THROW(cell.forward({1, -2, 3}, {}), Error);
  EXPECT_THROW(cell.forward({huge, huge, huge}, {}), Error);
}

TEST(CellKernels, RefusesCellsItCannotRun) {
  const std::string json = handWrittenMinGruManifest();
  const auto make = [&](const std::function<void(Manifest &)> &change) {
    Manifest manifest = parseManifest(json, "test");
    change(manifest);
    return CellKernels(manifest, handWrittenMinGruModule());
  };
  EXPECT_NO_THROW(make([](Manifest &) {}));
  EXPECT_THROW(make([](Manifest &m) { m.kind = "sequential"; }), Error);
  EXPECT_THROW(make([](Manifest &m) { m.ioType = "bf16"; }), Error);
  EXPECT_THROW(make([](Manifest &m) { m.states = {"h", "c"}; }), Error);
  EXPECT_THROW(make([](Manifest &m) { m.entries.pop_back(); }), Error);
  EXPECT_THROW(
      make([](Manifest &m) { m.entries[0].arguments[1].name = "tilt"; }),
      Error);
  EXPECT_THROW(
      make([](Manifest &m) { m.entries[0].arguments[5].type = "f32*"; }),
      Error);
  EXPECT_THROW(
      make([](Manifest &m) { m.entries[0].arguments[1].shape = {"depth"}; }),
      Error);
  EXPECT_THROW(CellKernels(parseManifest(json, "test"), nullptr), Error);
}

} // namespace
