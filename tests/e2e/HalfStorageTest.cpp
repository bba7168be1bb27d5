//===- HalfStorageTest.cpp - Half precision on the host -------------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Half precision is storage alone. Cells compiled for f16 and bf16 must compute
// what the f32 cell computes of the numbers as they are stored, rounded when
// stored, to the bit; full tiles and masked ones, forward and backward, and not
// a number beside.
//
//===----------------------------------------------------------------------===//

#include "tests/reference/HalfStorage.h"
#include "minrnn/jit.h"
#include "tests/TestFiles.h"
#include "tests/reference/Samples.h"

#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <vector>

using namespace minrnn;
using namespace minrnn::reference;

namespace {

constexpr uint16_t guard = 0xABCD;
constexpr size_t guardCount = 64;

/// An array of halves with guards behind it, poisoned.
std::vector<uint16_t> room(size_t count) {
  return std::vector<uint16_t>(count + guardCount, guard);
}

std::vector<uint16_t> stored(const std::string &ioType,
                             const std::vector<float> &values) {
  std::vector<uint16_t> halves;
  halves.reserve(values.size());
  for (float value : values)
    halves.push_back(halfBits(ioType, value));
  return halves;
}

void expectStored(const std::string &what, const std::string &ioType,
                  const std::vector<uint16_t> &found,
                  const std::vector<float> &exact) {
  for (size_t i = 0; i < exact.size(); ++i) {
    float number = fromHalfBits(ioType, found[i]);
    float wanted = roundedTo(ioType, exact[i]);
    if (std::isnan(number) && std::isnan(wanted))
      continue;
    ASSERT_EQ(number, wanted) << what << "[" << i << "] of " << exact[i];
  }
  for (size_t i = exact.size(); i < found.size(); ++i)
    ASSERT_EQ(found[i], guard) << what << ": written past its end";
}

class HalfStorage
    : public testing::TestWithParam<std::tuple<std::string, std::string>> {};

std::string
caseName(const testing::TestParamInfo<HalfStorage::ParamType> &info) {
  return std::get<0>(info.param) + "_" + std::get<1>(info.param);
}

} // namespace

TEST_P(HalfStorage, IsTheF32CellRoundedWhenStored) {
  auto [name, ioType] = GetParam();
  std::string file =
      minrnn::test::testFile(MINRNN_CELLS_FOLDER) + "/" + name + ".mlir";
  JitOptions options;
  options.scan = ScanDomain::Linear;
  CellKernels full = compileCellFile(file, options);
  options.ioType = ioType;
  CellKernels half = compileCellFile(file, options);
  ASSERT_EQ(half.manifest().ioType, ioType);
  bool isPlain = full.manifest().plain;
  bool readsInput = full.manifest().readsInput();
  for (SequenceShape shape : {SequenceShape{2, 9, 37}, SequenceShape{1, 70, 64},
                              SequenceShape{3, 2, 1}, SequenceShape{1, 0, 5}}) {
    auto steps = static_cast<size_t>(shape.batch * shape.time * shape.channels);
    auto gates = static_cast<size_t>(full.gates());
    // Rounded, so that both cells start from the same numbers; some of them
    // subnormal in f16, some beyond it.
    auto sample = [&](size_t count, uint64_t seed) {
      std::vector<float> values =
          sampleNormal(static_cast<int64_t>(count), seed);
      for (size_t i = 0; i < count; ++i)
        values[i] = roundedTo(ioType, values[i] * (i % 7 == 3    ? 1e-6F
                                                   : i % 11 == 5 ? 50
                                                                 : 1));
      return values;
    };
    std::vector<float> preactivations = sample(steps * gates, 1);
    std::vector<float> input = sample(steps, 2);
    std::vector<float> dOutput = sample(steps, 3);
    std::vector<float> parameters(full.manifest().parameters.size() *
                                      static_cast<size_t>(shape.channels),
                                  0.5F);
    std::vector<uint16_t> halfGates = stored(ioType, preactivations);
    std::vector<uint16_t> halfInput = stored(ioType, input);
    std::vector<uint16_t> halfGradient = stored(ioType, dOutput);

    std::vector<float> output(steps), trajectory(steps);
    std::vector<uint16_t> halfOutput = room(steps), halfStates = room(steps);
    full.forward(shape, {.preactivations = preactivations.data(),
                         .input = readsInput ? input.data() : nullptr,
                         .parameters = parameters.data(),
                         .output = output.data(),
                         .trajectory = isPlain ? nullptr : trajectory.data()});
    half.forward(shape, {.preactivations = halfGates.data(),
                         .input = readsInput ? halfInput.data() : nullptr,
                         .parameters = parameters.data(),
                         .output = halfOutput.data(),
                         .trajectory = isPlain ? nullptr : halfStates.data()});
    expectStored("output", ioType, halfOutput, output);
    if (!isPlain)
      expectStored("trajectory", ioType, halfStates, trajectory);

    // Backward of both from the states as they were stored.
    const std::vector<uint16_t> &saved = isPlain ? halfOutput : halfStates;
    std::vector<float> states(steps);
    for (size_t i = 0; i < steps; ++i)
      states[i] = fromHalfBits(ioType, saved[i]);
    std::vector<float> dGates(steps * gates), dInput(steps);
    std::vector<uint16_t> halfDGates = room(steps * gates);
    std::vector<uint16_t> halfDInput = room(steps);
    full.backward(shape, {.preactivations = preactivations.data(),
                          .input = readsInput ? input.data() : nullptr,
                          .parameters = parameters.data(),
                          .output = isPlain ? states.data() : nullptr,
                          .trajectory = isPlain ? nullptr : states.data(),
                          .dOutput = dOutput.data(),
                          .dPreactivations = dGates.data(),
                          .dInput = readsInput ? dInput.data() : nullptr});
    half.backward(shape, {.preactivations = halfGates.data(),
                          .input = readsInput ? halfInput.data() : nullptr,
                          .parameters = parameters.data(),
                          .output = isPlain ? saved.data() : nullptr,
                          .trajectory = isPlain ? nullptr : saved.data(),
                          .dOutput = halfGradient.data(),
                          .dPreactivations = halfDGates.data(),
                          .dInput = readsInput ? halfDInput.data() : nullptr});
    expectStored("d_preactivations", ioType, halfDGates, dGates);
    if (readsInput)
      expectStored("d_input", ioType, halfDInput, dInput);
  }
}

// Cells of one state that need no product between their steps.
INSTANTIATE_TEST_SUITE_P(Host, HalfStorage,
                         testing::Combine(testing::Values("mingru", "minlstm",
                                                          "qrnn", "rglru",
                                                          "sru", "indrnn"),
                                          testing::Values("f16", "bf16")),
                         caseName);
