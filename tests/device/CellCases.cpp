//===- CellCases.cpp - Calls of cells beside the reference ----------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tests/device/CellCases.h"

#include "tests/reference/HalfStorage.h"
#include "tests/reference/Samples.h"

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

std::vector<Setting> minrnn::test::settings(const KernelProgram &kernels,
                                            std::span<const int64_t> times) {
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
  for (int64_t time : times)
    for (bool reset : {false, true})
      for (bool reverse : {false, true})
        // The products between the steps are slow, and know no tile of time.
        if (!kernels.isRecurrent() || time <= 33)
          add({1 + turn % 3, time, turn % 2 ? 3 : 37}, reset, reverse);
  for (const Shape &empty : {Shape{0, 5, 3}, Shape{2, 5, 0}, Shape{0, 0, 0}})
    add(empty, true, false);
  return all;
}

Case minrnn::test::makeCase(const reference::ParsedCell &cell,
                            const KernelProgram &kernels,
                            const Setting &setting, uint64_t seed) {
  Case sample;
  sample.call = sampleCall(cell, setting.shape, setting.options, seed);
  sample.call.logarithmic = kernels.manifest().scan == "log";
  auto states = static_cast<int64_t>(cell.states.size());
  sample.dOutput = widen(sampleNormal(setting.shape.outputs(), seed + 1));
  if (setting.dLast)
    sample.dLast =
        widen(sampleNormal(setting.shape.states() * states, seed + 2));
  return sample;
}

void minrnn::test::roundInputs(Case &sample, const std::string &ioType) {
  for (std::vector<double> *values :
       {&sample.call.preactivations, &sample.call.input, &sample.dOutput})
    for (size_t i = 0; i < values->size(); ++i) {
      double &value = (*values)[i];
      // Some of them subnormal in f16.
      if (i % 7 == 3)
        value *= 1e-6;
      value = roundedTo(ioType, static_cast<float>(value));
    }
}

EntryCall minrnn::test::callOf(const reference::ParsedCell &cell,
                               const Case &sample) {
  auto narrow = [](const std::vector<double> &values) {
    return std::vector<float>(values.begin(), values.end());
  };
  const Call &given = sample.call;
  EntryCall call;
  call.shape = given.shape;
  call.reverse = given.reverse;
  call.reset = given.reset;
  call.inputs["preactivations"] = narrow(given.preactivations);
  if (cell.readsInput)
    call.inputs["input"] = narrow(given.input);
  if (!cell.recurrent.empty())
    call.inputs["recurrent_weight"] = narrow(given.recurrentWeight);
  if (!cell.parameters.empty())
    call.inputs["parameters"] = narrow(given.parameters);
  call.inputs["d_output"] = narrow(sample.dOutput);
  auto optional = [&](const char *name, const std::vector<double> &values) {
    if (!values.empty())
      call.inputs[name] = narrow(values);
  };
  optional("bias", given.bias);
  optional("recurrent_bias", given.recurrentBias);
  optional("initial", given.initial);
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

void minrnn::test::compareWithReference(const ParsedCell &cell,
                                        const KernelProgram &kernels,
                                        const Case &sample,
                                        const CallResults &results,
                                        const Both &found,
                                        ErrorMetrics &metrics, bool isHostile) {
  const CallGradients gradients =
      differentiate(cell, sample.call, sample.dOutput, sample.dLast);
  const std::map<std::string, const Estimates *> expected = {
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
  const auto compare = [&](const NamedArrays &arrays, const std::string &name,
                           const Estimates &wanted) {
    const auto array = arrays.find(name);
    if (array == arrays.end())
      throw Fault(name + " was not written");
    // In log space even an initial state has been a logarithm.
    const bool isRoundedLast = name == "last" && sample.call.logarithmic;
    compareWithinBounds(name, array->second, wanted, metrics,
                        {isHostile, isRoundedLast ? 4.0 : 0.0});
  };
  const std::vector<CompiledProjection> compiled = kernels.projections();
  for (const auto &[entry, arrays] :
       {std::pair{"forward", &found.forward}, {"backward", &found.backward}})
    for (const KernelArgument &argument :
         kernels.manifest().entry(entry).arguments) {
      // (`backward` shows whether checkpoints are right. At a reset the product
      // of a state has no gradient, that of a value that is one has.)
      if (argument.access != Access::Write || argument.name == "checkpoints" ||
          (argument.name == "d_recurrent" && hasInnerState(cell, compiled)))
        continue;
      // (A sum over the steps of each tile is one over all here.)
      std::string name = argument.name;
      if (name.ends_with("_tiles"))
        name.replace(name.size() - 5, 5, "rows");
      if (!expected.contains(name))
        throw Fault(name + " is not known");
      compare(*arrays, name, *expected.at(name));
    }
  if (kernels.manifest().size(Axis::Inner) == 0)
    return;
  const int64_t channels = sample.call.shape.channels;
  compare(found.forward, "inner",
          innerValues(cell, compiled, results.inner, channels));
  compare(found.backward, "d_inner",
          innerGradients(cell, compiled, gradients.inner, channels));
}

void minrnn::test::compareStepsWithReference(const Case &sample,
                                             const CallResults &results,
                                             const NamedArrays &found,
                                             ErrorMetrics &metrics,
                                             bool isHostile) {
  const auto compare = [&](const char *name, const Estimates &expected) {
    const bool isRoundedLast = name[0] == 'l' && sample.call.logarithmic;
    compareWithinBounds(name, found.at(name), expected, metrics,
                        {isHostile, isRoundedLast ? 4.0 : 0.0});
  };
  compare("output", results.output);
  compare("states", results.states);
  compare("last", results.last);
}
