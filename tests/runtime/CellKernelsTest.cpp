//===- CellKernelsTest.cpp - Launching a cell on the host -----------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "minrnn/cell_kernels.h"

#include "minrnn/error.h"
#include "minrnn/recurrent.h"
#include "tests/runtime/Comparison.h"
#include "tests/runtime/HandWrittenCells.h"
#include "tests/runtime/HandWrittenMinGru.h"
#include "tests/runtime/ReferenceLayers.h"

#include "gtest/gtest.h"
#include <algorithm>
#include <bit>
#include <cmath>
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
      // Enough work in a tile for a thread of its own.
      entry.tileChannels = 1 << 16;
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

TEST(HostModule, KeepsWhatIsShortOnOneThread) {
  const HostModule module(std::make_shared<HostDevice>(4),
                          {{"record", recordRange}});
  KernelEntry entry;
  entry.name = entry.symbol = "record";
  entry.tileChannels = 16;
  entry.arguments.resize(2);
  entry.arguments[1].name = "count";
  // 42 steps of 16 channels in a tile.
  for (const auto &[tiles, parts] :
       {std::pair<std::int64_t, std::size_t>{4, 1}, {100, 16}}) {
    Launches launches;
    const std::vector<std::uint64_t> block = {
        std::bit_cast<std::uintptr_t>(&launches), 42};
    module.launch(entry, block, tiles);
    EXPECT_EQ(launches.ranges.size(), parts) << tiles << " tiles";
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
  constexpr SequenceShape shape{3, 500, 100};
  const std::vector<float> gates = toFloats(randomNumbers(3 * 500 * 200, 5));
  std::vector<std::vector<float>> outputs;
  for (const int threads : {1, 2, 5}) {
    outputs.emplace_back(3 * 500 * 100);
    handWrittenMinGru(threads).forward(
        shape,
        {.preactivations = gates.data(), .output = outputs.back().data()});
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

TEST(CellKernels, NamesTheNullArgument) {
  const CellKernels cell = handWrittenMinGru();
  std::vector<float> some(64);
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

/// What making kernels of a changed manifest throws; empty when nothing.
std::string errorOfManifest(const std::function<void(Manifest &)> &change) {
  Manifest manifest = handWrittenLstm().manifest();
  change(manifest);
  return errorOf([&] { CellKernels(manifest, handWrittenMinGruModule()); });
}

TEST(CellKernels, RefusesAManifestThatIsNotTheContract) {
  EXPECT_EQ(errorOfManifest([](Manifest &) {}), "");
  EXPECT_EQ(errorOfManifest([](Manifest &m) { m.entries.pop_back(); }),
            "the manifest of cell 'lstm' has no entry 'step'");
  EXPECT_EQ(errorOfManifest(
                [](Manifest &m) { m.entries[0].arguments[1].name = "tilt"; }),
            "cell 'lstm', entry 'forward', argument 'tilt': this runtime does "
            "not know such an argument");
  EXPECT_EQ(
      errorOfManifest([](Manifest &m) { m.entries[1].arguments.pop_back(); }),
      "cell 'lstm', entry 'backward', argument 'count': is missing in "
      "the manifest; compile the cell again with the minrnnc of this "
      "release");
  EXPECT_EQ(errorOfManifest(
                [](Manifest &m) { m.entries[0].arguments[0].type = "bf16*"; }),
            "cell 'lstm', entry 'forward', argument 'preactivations': expected "
            "type 'f32*', found 'bf16*'");
  EXPECT_EQ(errorOfManifest([](Manifest &m) {
              m.entries[0].arguments[0].access = "write";
            }),
            "cell 'lstm', entry 'forward', argument 'preactivations': expected "
            "access 'read', found 'write'");
  EXPECT_EQ(errorOfManifest([](Manifest &m) {
              m.entries[0].arguments[2].shape = {"gates", "depth"};
            }),
            "cell 'lstm', entry 'forward', argument 'bias': expected shape "
            "'gates channels', found 'gates depth'");
  // What no state is projected for must not be there.
  EXPECT_NE(errorOfManifest([](Manifest &m) {
              m.recurrent.clear();
            }).find("argument 'recurrent': the cell does not have it"),
            std::string::npos);
  EXPECT_THROW(CellKernels(handWrittenLstm().manifest(), nullptr), Error);
}

TEST(CellKernels, TakesTheTypesOfTheManifest) {
  for (const char *type : {"f16", "bf16"}) {
    Manifest manifest = handWrittenLstm().manifest();
    manifest.ioType = type;
    for (KernelEntry &entry : manifest.entries)
      for (KernelArgument &argument : entry.arguments)
        for (const char *io : {"preactivations", "output", "trajectory",
                               "d_output", "d_preactivations"})
          if (argument.name == io)
            argument.type = std::string(type) + "*";
    const CellKernels cell(manifest, handWrittenMinGruModule());
    EXPECT_EQ(cell.manifest().ioType, type);
    EXPECT_EQ(
        errorOf([&] { recurrentForward(cell, {1, 1, 1, 1}, {}); }),
        "the recurrent block works on f32; cell 'lstm' reads and writes " +
            std::string(type));
  }
}

TEST(CellKernels, CountsWhatACellHas) {
  const CellKernels lstm = handWrittenLstm();
  EXPECT_EQ(lstm.gates(), 4);
  EXPECT_EQ(lstm.recurrent(), 4);
  EXPECT_EQ(lstm.parameters(), 0);
  EXPECT_EQ(lstm.states(), 2);
  EXPECT_EQ(lstm.chained(), 0);
  EXPECT_FALSE(lstm.readsInput());
  const CellKernels sru = handWrittenSru();
  EXPECT_EQ(sru.recurrent(), 0);
  EXPECT_EQ(sru.parameters(), 2);
  EXPECT_EQ(sru.states(), 1);
  EXPECT_TRUE(sru.readsInput());
  const CellKernels knot = handWrittenKnot();
  EXPECT_EQ(knot.recurrent(), 6);
  EXPECT_EQ(knot.chained(), 2);
}

TEST(CellKernels, RefusesStepsThatAreNotOfTheSequence) {
  std::vector<float> some(64);
  const auto errorOfSteps = [&](const CellKernels &cell, std::int64_t first,
                                std::optional<std::int64_t> count) {
    return errorOf([&] {
      cell.forward({1, 5, 2}, {.preactivations = some.data(),
                               .recurrent = some.data(),
                               .output = some.data(),
                               .first = first,
                               .count = count});
    });
  };
  const CellKernels gru = handWrittenGru();
  EXPECT_EQ(errorOfSteps(gru, 0, std::nullopt), "");
  EXPECT_EQ(errorOfSteps(gru, 2, 3), "");
  EXPECT_EQ(errorOfSteps(gru, 5, std::nullopt), "");
  EXPECT_EQ(errorOfSteps(gru, 3, 3),
            "cell 'gru', entry 'forward': 3 steps from position 3 on are not "
            "among the 5 of the sequence");
  EXPECT_NE(errorOfSteps(gru, -1, 2), "");
  EXPECT_NE(errorOfSteps(gru, 6, std::nullopt), "");
  EXPECT_NE(errorOfSteps(gru, 2, -1), "");
  const CellKernels minGru = handWrittenMinGru();
  EXPECT_EQ(errorOfSteps(minGru, 0, 5), "");
  EXPECT_EQ(errorOfSteps(minGru, 2, 1),
            "cell 'mingru', entry 'forward': expected the whole sequence in "
            "one call, since the cell has no recurrent projection; found 1 "
            "steps from "
            "position 2 on, of 5");
}

TEST(CellKernels, ComputesWhatIsProjectedWithinTheStep) {
  const CellKernels mgu = handWrittenMgu();
  // Step 1 of two rows of one channel: f = sigmoid(0 + 0.5 + 0.25 + 0.25).
  const std::vector<float> preactivations = {9, 9, 0, 9, 9, 9, 0, 9};
  const std::vector<float> recurrent = {9, 9, 0.5F, NAN, 9, 9, 0.5F, NAN};
  const std::vector<float> bias = {0.25F, 9};
  const std::vector<std::uint8_t> reset = {0, 0, 0, 1};
  const std::vector<float> initial = {3, 3};
  std::vector<float> chained(4, -1);
  const ForwardArguments arguments{.preactivations = preactivations.data(),
                                   .recurrent = recurrent.data(),
                                   .bias = bias.data(),
                                   .recurrentBias = bias.data(),
                                   .reset = reset.data(),
                                   .initial = initial.data(),
                                   .first = 1};
  mgu.forwardChained({2, 2, 1}, arguments, chained.data());
  EXPECT_EQ(chained[0], -1);
  EXPECT_NEAR(chained[1], 3 / (1 + std::exp(-1.0)), 1e-6);
  EXPECT_EQ(chained[2], -1);
  EXPECT_EQ(chained[3], 0);
  // Back from the end, the first step is the last.
  ForwardArguments back = arguments;
  std::vector<float> other(4, -1);
  back.reverse = true;
  back.first = 0;
  mgu.forwardChained({2, 2, 1}, back, other.data());
  EXPECT_EQ(other, chained);
}

TEST(CellKernels, SaysWhatIsWrongWithAStepThatIsProjected) {
  const CellKernels mgu = handWrittenMgu();
  std::vector<float> some(64);
  const auto errorOfForward = [&](const CellKernels &cell, std::int64_t first,
                                  float *chained) {
    return errorOf([&] {
      cell.forwardChained({1, 5, 2},
                          {.preactivations = some.data(),
                           .recurrent = some.data(),
                           .first = first},
                          chained);
    });
  };
  EXPECT_EQ(errorOfForward(mgu, 0, some.data()), "");
  EXPECT_EQ(errorOfForward(mgu, 0, nullptr),
            "cell 'mgu', entry 'forward_chained', argument 'chained': is null, "
            "but must hold 10 elements");
  EXPECT_EQ(errorOfForward(mgu, 5, some.data()),
            "cell 'mgu', entry 'forward_chained': 1 steps from position 5 on "
            "are not among the 5 of the sequence");
  EXPECT_EQ(errorOfForward(handWrittenLstm(), 0, some.data()),
            "cell 'lstm' has no entry 'forward_chained': no gate projects a "
            "value computed within the step");
  EXPECT_EQ(
      errorOf([&] { handWrittenMinGru().backwardChained({1, 1, 1}, {}); }),
      "cell 'mingru' has no entry 'backward_chained': no gate projects a "
      "value computed within the step");
  EXPECT_EQ(errorOf([&] {
              mgu.backwardChained({1, 5, 2}, {.preactivations = some.data(),
                                              .recurrent = some.data(),
                                              .output = some.data(),
                                              .dOutput = some.data()});
            }),
            "cell 'mgu', entry 'backward_chained', argument 'd_recurrent': is "
            "null, but must hold 20 elements");
  EXPECT_EQ(errorOf([&] {
              mgu.backward({1, 5, 2}, {.preactivations = some.data(),
                                       .recurrent = some.data(),
                                       .output = some.data(),
                                       .dOutput = some.data(),
                                       .dPreactivations = some.data(),
                                       .dRecurrent = some.data()});
            }),
            "cell 'mgu', entry 'backward', argument 'd_chained': is null, but "
            "must hold 10 elements");
  Manifest manifest = mgu.manifest();
  manifest.entries.pop_back();
  EXPECT_EQ(errorOf([&] { CellKernels(manifest, handWrittenMinGruModule()); }),
            "the manifest of cell 'mgu' has no entry 'backward_chained'");
}

TEST(CellKernels, RefusesToWriteWhatTheCellDoesNotHave) {
  std::vector<float> some(64);
  EXPECT_EQ(errorOf([&] {
              handWrittenMinGru().forward({1, 2, 3},
                                          {.preactivations = some.data(),
                                           .output = some.data(),
                                           .trajectory = some.data()});
            }),
            "cell 'mingru', entry 'forward', argument 'trajectory': is to be "
            "written, but this cell does not have it");
}

} // namespace
