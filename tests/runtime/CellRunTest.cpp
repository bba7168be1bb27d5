//===- CellRunTest.cpp - What minrnn run computes, without the compiler ---===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Cells that project their states, or what they compute within the
// step, against the equations in double and central differences of them.
//
//===----------------------------------------------------------------------===//

#include "runtime/tools/CellRun.h"

#include "minrnn/error.h"
#include "tests/runtime/CompiledCell.h"
#include "tests/runtime/RecurrentLayers.h"

#include "gtest/gtest.h"
#include <ostream>

using namespace minrnn;
using namespace minrnn::test;

namespace {

struct RunCase {
  const char *name;
  ReferenceRun (*reference)(const ReferenceLayer &layer);
};

/// How a failing test names its parameter.
std::ostream &operator<<(std::ostream &stream, const RunCase &runCase) {
  return stream << runCase.name;
}

/// The `which`-th of `count` equal parts of a packed array.
std::vector<float> part(const Numbers &packed, std::size_t which,
                        std::size_t count) {
  const std::size_t size = packed.size() / count;
  return toFloats(std::span(packed).subspan(which * size, size));
}

GateWeights gateOf(std::string name, const Numbers &weights,
                   const Numbers &biases, std::size_t which,
                   std::size_t count) {
  return {std::move(name), part(weights, which, count),
          biases.empty() ? std::vector<float>() : part(biases, which, count),
          !biases.empty()};
}

CellInputs inputsOf(const Manifest &manifest, const ReferenceLayer &layer) {
  CellInputs inputs;
  inputs.batch = static_cast<std::int64_t>(layer.batch);
  inputs.time = static_cast<std::int64_t>(layer.time);
  inputs.inputs = static_cast<std::int64_t>(layer.inputs);
  inputs.channels = static_cast<std::int64_t>(layer.channels);
  inputs.x = toFloats(layer.x);
  const std::size_t gates = manifest.gates.size();
  for (std::size_t g = 0; g < gates; ++g)
    inputs.gates.push_back(
        gateOf(manifest.gates[g], layer.weight, layer.bias, g, gates));
  const std::size_t recurrent = manifest.recurrent.size();
  for (std::size_t r = 0; r < recurrent; ++r)
    inputs.recurrent.push_back(gateOf(manifest.recurrent[r].name,
                                      layer.recurrentWeight,
                                      layer.recurrentBias, r, recurrent));
  inputs.parameters = toFloats(layer.parameters);
  inputs.reset = layer.reset;
  inputs.hasReset = !layer.reset.empty();
  inputs.initial = toFloats(layer.initial);
  inputs.hasInitial.assign(manifest.states.size(), !layer.initial.empty());
  inputs.initial.resize(layer.batch * manifest.states.size() * layer.channels);
  return inputs;
}

std::vector<float> resultOf(const CellOutputs &outputs,
                            const std::string &name) {
  for (const TensorToWrite &tensor : outputs.tensors())
    if (tensor.name == name)
      return {tensor.data.begin(), tensor.data.end()};
  ADD_FAILURE() << "no result " << name;
  return {};
}

class CellRunOf : public testing::TestWithParam<RunCase> {
protected:
  static CellKernels cell() { return compiledCell(GetParam().name); }
  static ReferenceLayer layer(std::size_t time = 4) {
    return randomLayer(cell(), 2, time, 3, 5);
  }

  static void expectAgrees(const ReferenceLayer &layer) {
    expectAgrees(layer, false);
    expectAgrees(layer, true);
  }

  static void expectAgrees(ReferenceLayer layer, bool bySteps) {
    SCOPED_TRACE(bySteps ? "by steps" : "at once");
    const CellKernels cell = CellRunOf::cell();
    const Manifest &manifest = cell.manifest();
    const auto reference = GetParam().reference;
    const ReferenceRun expected = reference(layer);
    CellInputs inputs = inputsOf(manifest, layer);
    NonFiniteReport report;
    inputs.wantsGradients = inputs.hasDLast = true;
    const Numbers dOutput =
        randomNumbers(static_cast<std::int64_t>(expected.output.size()), 101);
    const Numbers dLast =
        randomNumbers(static_cast<std::int64_t>(expected.last.size()), 102);
    inputs.dOutput = toFloats(dOutput);
    inputs.dLast = toFloats(dLast);
    const CellOutputs found = runCell(
        cell, inputs, {.reverse = layer.reverse, .bySteps = bySteps}, report);
    expectClose(resultOf(found, manifest.output), expected.output, 1e-5, 1e-6,
                "output");

    const auto loss = [&] {
      const ReferenceRun run = reference(layer);
      return weightedSum(run.output, dOutput) + weightedSum(run.last, dLast);
    };
    const auto compare = [&](Numbers &variables,
                             const std::vector<std::string> &names) {
      const Numbers expectedGradient = centralDifferences(variables, loss);
      std::vector<float> gradient;
      for (const std::string &name : names)
        for (const float number : resultOf(found, name))
          gradient.push_back(number);
      expectClose(gradient, expectedGradient, 1e-4, 2e-6, names.front());
    };
    const auto gradientsOf = [](const auto &gates, const char *ending) {
      std::vector<std::string> names;
      names.reserve(gates.size());
      for (const GateWeights &gate : gates)
        names.push_back("d_" + gate.name + ending);
      return names;
    };
    compare(layer.x, {"d_x"});
    compare(layer.weight, gradientsOf(inputs.gates, ".weight"));
    compare(layer.recurrentWeight, gradientsOf(inputs.recurrent, ".weight"));
    if (!layer.bias.empty())
      compare(layer.bias, gradientsOf(inputs.gates, ".bias"));
    if (!layer.recurrentBias.empty())
      compare(layer.recurrentBias, gradientsOf(inputs.recurrent, ".bias"));
    if (!layer.initial.empty() && manifest.states.size() == 1)
      compare(layer.initial, {"d_" + manifest.states.front() + "0"});
  }
};

INSTANTIATE_TEST_SUITE_P(
    Cells, CellRunOf,
    testing::Values(RunCase{"lstm", lstm}, RunCase{"mgu", mgu},
                    RunCase{"knot", knot}, RunCase{"qrnn", qrnn}),
    [](const auto &info) { return std::string(info.param.name); });

TEST_P(CellRunOf, AgreesWithTheEquations) {
  expectAgrees(layer());
  expectAgrees(layer(1));
  expectAgrees(layer(0));
}

TEST_P(CellRunOf, GoesBackInTime) {
  ReferenceLayer reversed = layer();
  reversed.reverse = true;
  expectAgrees(reversed);
}

TEST_P(CellRunOf, StartsAnewAtResets) {
  ReferenceLayer interrupted = layer();
  interrupted.reset = {1, 0, 7, 0, 0, 1, 1, 0};
  expectAgrees(interrupted);
  interrupted.reverse = true;
  expectAgrees(interrupted);
}

TEST_P(CellRunOf, TakesWhatIsAbsentAsZero) {
  ReferenceLayer bare = layer();
  bare.bias.clear();
  bare.recurrentBias.clear();
  bare.initial.clear();
  expectAgrees(bare);
}

TEST(CellRun, SaysWhichProjectionIsTooLarge) {
  const CellKernels cell = compiledCell("mgu");
  CellInputs inputs =
      inputsOf(cell.manifest(), randomLayer(cell, 1, 1, 2, 3, 5));
  inputs.initial.assign(3, 1e30F);
  inputs.recurrent[0].weight.assign(9, 0);
  inputs.recurrent[1].weight.assign(9, 1e30F);
  NonFiniteReport report;
  try {
    runCell(cell, inputs, {}, report);
    FAIL() << "nothing was thrown";
  } catch (const Error &error) {
    EXPECT_NE(std::string(error.what())
                  .find("the projection 'hn': element [0, 0, 0] is inf; the "
                        "projections are too large for f32"),
              std::string::npos)
        << error.what();
  }
}

} // namespace
