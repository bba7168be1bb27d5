//===- CellRunTest.cpp - What minrnn run computes, without the compiler ---===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Cells that project their states, or what they compute within the
// step, against the reference in double.
//
//===----------------------------------------------------------------------===//

#include "runtime/tools/CellRun.h"

#include "minrnn/error.h"
#include "tests/runtime/CompiledCell.h"
#include "tests/runtime/RecurrentLayers.h"

#include "gtest/gtest.h"

using namespace minrnn;
using namespace minrnn::test;

namespace {

CellInputs inputsOf(const Manifest &manifest, const ReferenceLayer &layer) {
  CellInputs inputs;
  inputs.sizes = {static_cast<std::int64_t>(layer.batch),
                  static_cast<std::int64_t>(layer.time),
                  static_cast<std::int64_t>(layer.inputs),
                  static_cast<std::int64_t>(layer.channels)};
  const auto give = [&](const char *name, const Numbers &numbers) {
    if (!numbers.empty())
      inputs.tensors[name] = toFloats(numbers);
  };
  inputs.tensors["input"] = toFloats(layer.x);
  give("weight", layer.weight);
  give("bias", layer.bias);
  give("recurrent_weight", layer.recurrentWeight);
  give("recurrent_bias", layer.recurrentBias);
  give("parameters", layer.parameters);
  give("initial", layer.initial);
  if (!layer.reset.empty())
    inputs.tensors["reset"].assign(layer.reset.begin(), layer.reset.end());
  for (const CellTensor &tensor : cellTensors(manifest, inputs.sizes))
    if (inputs.tensors.contains(tensor.tensor->name))
      inputs.given.insert(tensor.name);
  return inputs;
}

std::vector<float> resultOf(const CellOutputs &outputs,
                            const std::string &name) {
  for (const CellOutput &tensor : outputs)
    if (tensor.name == name)
      return tensor.data;
  ADD_FAILURE() << "no result " << name;
  return {};
}

class CellRunOf : public testing::TestWithParam<const char *> {
protected:
  static CellKernels cell() { return compiledCell(GetParam()); }
  static ReferenceLayer layer(std::size_t time = 4) {
    return randomLayer(cell(), 2, time, 3, 5);
  }

  static void expectAgrees(const ReferenceLayer &layer) {
    expectAgrees(layer, false);
    expectAgrees(layer, true);
  }

  static void expectAgrees(const ReferenceLayer &layer, bool bySteps) {
    SCOPED_TRACE(bySteps ? "by steps" : "at once");
    const CellKernels cell = CellRunOf::cell();
    const Manifest &manifest = cell.manifest();
    const reference::ParsedCell equations = equationsOf(GetParam());
    const ReferenceRun expected = evaluate(equations, layer);
    CellInputs inputs = inputsOf(manifest, layer);
    NonFiniteReport report;
    inputs.wantsGradients = true;
    const Numbers dOutput =
        randomNumbers(static_cast<std::int64_t>(expected.output.size()), 101);
    const Numbers dLast =
        randomNumbers(static_cast<std::int64_t>(expected.last.size()), 102);
    inputs.tensors["d_output"] = toFloats(dOutput);
    inputs.tensors["d_last"] = toFloats(dLast);
    const CellOutputs found = runCell(
        cell, inputs, {.reverse = layer.reverse, .bySteps = bySteps}, report);
    expectClose(resultOf(found, manifest.output), expected.output, 1e-5, 1e-6,
                "output");

    const ReferenceLayer gradients =
        differentiate(equations, layer, dOutput, dLast);
    const auto compare = [&](const Numbers &expectedGradient,
                             const std::vector<std::string> &names) {
      std::vector<float> gradient;
      for (const std::string &name : names)
        for (const float number : resultOf(found, name))
          gradient.push_back(number);
      expectClose(gradient, expectedGradient, 1e-4, 2e-6, names.front());
    };
    const auto gradientsOf = [&](const char *tensor) {
      std::vector<std::string> names;
      for (const CellTensor &part : cellTensors(manifest, inputs.sizes))
        if (part.tensor->name == tensor)
          names.push_back("d_" + part.name);
      return names;
    };
    compare(gradients.x, {"d_x"});
    compare(gradients.weight, gradientsOf("weight"));
    compare(gradients.recurrentWeight, gradientsOf("recurrent_weight"));
    if (!layer.bias.empty())
      compare(gradients.bias, gradientsOf("bias"));
    if (!layer.recurrentBias.empty())
      compare(gradients.recurrentBias, gradientsOf("recurrent_bias"));
    if (!layer.initial.empty() && manifest.states.size() == 1)
      compare(gradients.initial, {"d_" + manifest.states.front() + "0"});
  }
};

INSTANTIATE_TEST_SUITE_P(Cells, CellRunOf,
                         testing::Values("lstm", "mgu", "knot", "qrnn"),
                         [](const auto &info) {
                           return std::string(info.param);
                         });

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
  inputs.tensors["initial"].assign(3, 1e30F);
  std::vector<float> &weight = inputs.tensors["recurrent_weight"];
  weight.assign(9, 0);
  weight.insert(weight.end(), 9, 1e30F);
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
