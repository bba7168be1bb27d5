//===- CellCases.cpp - Calls of cells, judged -----------------------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tests/device/CellCases.h"

#include "tests/reference/HalfStorage.h"
#include "tests/reference/Samples.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

using namespace minrnn;
using namespace minrnn::test;
using namespace minrnn::reference;

std::string minrnn::test::describe(const Setting &setting) {
  const auto &[shape, options, dLast] = setting;
  std::string text = "B " + std::to_string(shape.batch) + ", T " +
                     std::to_string(shape.time) + ", H " +
                     std::to_string(shape.channels);
  for (auto [present, what] : {std::pair{options.reset, ", reset"},
                               {options.reverse, ", reverse"},
                               {options.hostile, ", hostile"},
                               {options.bias, ", bias"},
                               {options.recurrentBias, ", recurrent bias"},
                               {options.initial, ", initial"},
                               {dLast, ", d_last"}})
    if (present)
      text += what;
  return text;
}

std::vector<Setting> minrnn::test::settings(const KernelProgram &kernels) {
  std::vector<Setting> all;
  unsigned turn = 0;
  auto add = [&](const Shape &shape, bool reset, bool reverse) {
    Setting setting;
    setting.shape = shape;
    setting.options.reset = reset;
    setting.options.reverse = reverse;
    setting.options.initial = turn % 3 != 1;
    setting.options.bias = turn % 4 != 2;
    setting.options.recurrentBias = turn % 4 != 3;
    setting.options.hostile = turn % 5 == 4;
    setting.options.nonNegativeInitial = kernels.manifest().scan == "log";
    setting.dLast = turn % 3 != 2;
    all.push_back(setting);
    ++turn;
  };
  for (int64_t time : {0, 1, 2, 31, 33, 64, 65, 130})
    for (bool reset : {false, true})
      for (bool reverse : {false, true})
        // The products between the steps are slow, and know no tile of time.
        if (!kernels.isRecurrent() || time <= 33)
          add({1 + turn % 3, time, turn % 2 ? 3 : 37}, reset, reverse);
  for (const Shape &empty : {Shape{0, 5, 3}, Shape{2, 5, 0}, Shape{0, 0, 0}})
    add(empty, true, false);
  return all;
}

Case minrnn::test::makeCase(const reference::Program &program,
                            const KernelProgram &kernels,
                            const Setting &setting, uint64_t seed) {
  Case sample;
  sample.judged = sampleCall(program, setting.shape, setting.options, seed);
  sample.judged.logarithmic = kernels.manifest().scan == "log";
  auto states = static_cast<int64_t>(program.states.size());
  sample.dOutput = widen(sampleNormal(setting.shape.outputs(), seed + 1));
  if (setting.dLast)
    sample.dLast =
        widen(sampleNormal(setting.shape.states() * states, seed + 2));
  return sample;
}

void minrnn::test::roundInputs(Case &sample, const std::string &ioType) {
  for (std::vector<double> *values :
       {&sample.judged.preactivations, &sample.judged.input, &sample.dOutput})
    for (double &value : *values)
      value = roundedTo(ioType, static_cast<float>(value));
}

EntryCall minrnn::test::callOf(const reference::Program &program,
                               const Case &sample) {
  auto narrow = [](const std::vector<double> &values) {
    return std::vector<float>(values.begin(), values.end());
  };
  const Call &judged = sample.judged;
  EntryCall call;
  call.shape = judged.shape;
  call.reverse = judged.reverse;
  call.reset = judged.reset;
  call.recurrentWeights = narrow(judged.recurrentWeight);
  call.inputs["preactivations"] = narrow(judged.preactivations);
  if (program.readsInput)
    call.inputs["input"] = narrow(judged.input);
  if (!program.parameters.empty())
    call.inputs["parameters"] = narrow(judged.parameters);
  call.inputs["d_output"] = narrow(sample.dOutput);
  auto optional = [&](const char *name, const std::vector<double> &values) {
    if (!values.empty())
      call.inputs[name] = narrow(values);
  };
  optional("bias", judged.bias);
  optional("recurrent_bias", judged.recurrentBias);
  optional("initial", judged.initial);
  optional("d_last", sample.dLast);
  return call;
}

void minrnn::test::addSaved(EntryCall &call, const NamedArrays &forward) {
  for (const char *name :
       {"output", "states", "checkpoints", "recurrent", "inner"})
    if (auto found = forward.find(name); found != forward.end())
      call.inputs[name] = found->second;
}

Both minrnn::test::runBoth(const KernelProgram &kernels, EntryCall call) {
  Both both;
  both.forward = kernels.forward(call);
  addSaved(call, both.forward);
  both.backward = kernels.backward(call);
  return both;
}

void Bounds::expectWithin(const NamedArrays &arrays, const std::string &name,
                          const Judged &expected, bool carriesLogarithms) {
  auto found = arrays.find(name);
  ASSERT_NE(found, arrays.end()) << name << " was not written";
  const std::vector<float> &numbers = found->second;
  ASSERT_EQ(numbers.size(), expected.value.size()) << name;
  for (size_t i = 0; i < expected.value.size(); ++i) {
    double error = std::fabs(numbers[i] - expected.value[i]);
    double allowed = safety * expected.error[i];
    if (carriesLogarithms)
      allowed += 4 * unitRoundoff * std::fabs(expected.value[i]);
    // Written so that a NaN does not pass.
    ASSERT_TRUE(error <= allowed)
        << name << "[" << i << "] is " << numbers[i] << ", expected "
        << expected.value[i] << "; off by " << error << ", allowed " << allowed;
    largestShare = std::max(largestShare, error / allowed);
    double size = std::fabs(expected.value[i]);
    if (size > 1e-3 && size > 0.1 * expected.magnitude[i])
      largestRelative = std::max(largestRelative, error / size);
  }
}

void Bounds::expectAgrees(const reference::Program &program,
                          const KernelProgram &kernels, const Case &sample,
                          const Both &found) {
  const CallResults results = evaluate(program, sample.judged);
  const CallGradients gradients =
      differentiate(program, sample.judged, sample.dOutput, sample.dLast);
  // (Of `checkpoints` the judge knows nothing; `backward` shows whether they
  // are right.)
  const std::map<std::string, const Judged *> judged = {
      {"output", &results.output},
      {"states", &results.states},
      {"last", &results.last},
      {"d_preactivations", &gradients.preactivations},
      {"d_input", &gradients.input},
      {"d_recurrent", &gradients.recurrent},
      {"d_bias_rows", &gradients.bias},
      {"d_recurrent_bias_rows", &gradients.recurrentBias},
      {"d_parameters_rows", &gradients.parameters},
      {"d_initial", &gradients.initial}};
  for (const auto &[entry, arrays] :
       {std::pair{"forward", &found.forward}, {"backward", &found.backward}})
    for (const KernelArgument &argument :
         kernels.manifest().entry(entry).arguments)
      if (argument.isWritten && argument.name != "checkpoints") {
        ASSERT_TRUE(judged.contains(argument.name)) << argument.name;
        expectWithin(*arrays, argument.name, *judged.at(argument.name),
                     argument.name == "last" && sample.judged.logarithmic);
      }
  if (kernels.manifest().size(Axis::Inner) > 0) {
    expectWithin(found.forward, "inner", results.inner, false);
    expectWithin(found.backward, "d_inner", gradients.inner, false);
  }
}
