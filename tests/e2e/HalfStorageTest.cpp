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
#include "tests/LaunchKernel.h"
#include "tests/TestFiles.h"
#include "tests/reference/Cells.h"
#include "tests/reference/Samples.h"

#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <vector>

using namespace minrnn;
using namespace minrnn::reference;
using minrnn::test::KernelCall;
using minrnn::test::launchKernel;

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
  bool isPlain = full.manifest().outputIsState();
  bool readsInput = full.manifest().readsInput();
  for (Shape shape :
       {Shape{2, 9, 37}, Shape{1, 70, 64}, Shape{3, 2, 1}, Shape{1, 0, 5}}) {
    auto steps = static_cast<size_t>(shape.batch * shape.time * shape.channels);
    auto gates = full.manifest().gates.size();
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
    using Tensors = std::vector<std::pair<const char *, const void *>>;
    auto run = [&](const CellKernels &cell, const char *entry,
                   const Tensors &tensors) {
      KernelCall call{shape.batch, shape.time, shape.channels};
      call.set("parameters", parameters.data());
      for (auto &[tensor, data] : tensors)
        call.set(tensor, data);
      launchKernel(cell.module(), cell.manifest().entry(entry), call);
    };
    run(full, "forward",
        {{"preactivations", preactivations.data()},
         {"input", input.data()},
         {"output", output.data()},
         {"states", trajectory.data()}});
    run(half, "forward",
        {{"preactivations", halfGates.data()},
         {"input", halfInput.data()},
         {"output", halfOutput.data()},
         {"states", halfStates.data()}});
    expectStored("output", ioType, halfOutput, output);
    if (!isPlain)
      expectStored("states", ioType, halfStates, trajectory);

    // Backward of both from the states as they were stored.
    const std::vector<uint16_t> &saved = isPlain ? halfOutput : halfStates;
    std::vector<float> states(steps);
    for (size_t i = 0; i < steps; ++i)
      states[i] = fromHalfBits(ioType, saved[i]);
    std::vector<float> dGates(steps * gates), dInput(steps);
    std::vector<uint16_t> halfDGates = room(steps * gates);
    std::vector<uint16_t> halfDInput = room(steps);
    run(full, "backward",
        {{"preactivations", preactivations.data()},
         {"input", input.data()},
         {"output", states.data()},
         {"states", states.data()},
         {"d_output", dOutput.data()},
         {"d_preactivations", dGates.data()},
         {"d_input", dInput.data()}});
    run(half, "backward",
        {{"preactivations", halfGates.data()},
         {"input", halfInput.data()},
         {"output", saved.data()},
         {"states", saved.data()},
         {"d_output", halfGradient.data()},
         {"d_preactivations", halfDGates.data()},
         {"d_input", halfDInput.data()}});
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
