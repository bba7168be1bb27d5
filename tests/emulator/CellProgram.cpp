//===- CellProgram.cpp - The compiler's PTX, run on the emulator ----------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tests/emulator/CellProgram.h"
#include "tests/TestFiles.h"

#include <fstream>
#include <sstream>
#include <stdexcept>

using namespace minrnn::emulator;
using namespace minrnn::reference;

SequenceData minrnn::emulator::sampleSequence(Cell cell, const Shape &shape,
                                              Regime regime,
                                              const Presence &presence,
                                              uint64_t seed) {
  SequenceData data;
  data.cell = cell;
  data.shape = shape;
  data.preactivations = samplePreactivations(cell, shape, regime, 5 * seed);
  if (presence.bias)
    data.bias = sampleBias(cell, shape, 5 * seed + 1);
  if (presence.initial)
    data.initial = sampleInitial(shape, regime, 5 * seed + 2);
  data.dOutput = sampleNormal(shape.outputs(), 5 * seed + 3);
  if (presence.dLast)
    data.dLast = sampleNormal(shape.states(), 5 * seed + 4);
  return data;
}

Inputs minrnn::emulator::judgedInputs(const SequenceData &data) {
  Inputs inputs;
  inputs.preactivations = widen(data.preactivations);
  size_t period = data.bias.size();
  for (size_t i = 0; period != 0 && i < data.preactivations.size(); ++i)
    inputs.preactivations[i] = data.preactivations[i] + data.bias[i % period];
  inputs.initial = widen(data.initial);
  return inputs;
}

static std::string readText(const std::string &path) {
  std::ifstream file(path);
  std::stringstream text;
  text << file.rdbuf();
  if (!file)
    throw std::runtime_error("cannot read " + path);
  return text.str();
}

std::string CellProgram::textOf(Cell cell, const std::string &scan) {
  return readText(minrnn::test::testFile(MINRNN_EMULATOR_CELLS) + "/" +
                  std::string(name(cell)) + "-" + scan + ".ptx");
}

CellProgram::CellProgram(Cell cell, const std::string &scan,
                         const std::string &ptx)
    : program(ptx) {
  if (program.cell() != name(cell) || program.scan() != scan)
    throw std::runtime_error("the PTX is of " + program.cell() + ", scan " +
                             program.scan());
}

/// The inputs that all entries share.
static EntryCall callOf(const SequenceData &data, const Presence &presence) {
  EntryCall call;
  call.shape = data.shape;
  call.inputs["preactivations"] = data.preactivations;
  if (presence.bias)
    call.inputs["bias"] = data.bias;
  if (presence.initial)
    call.inputs["initial"] = data.initial;
  if (!presence.optionalOutputs)
    call.unwanted = {"last", "d_bias", "d_initial"};
  return call;
}

CellRun CellProgram::forward(const SequenceData &data, const Presence &presence,
                             const LaunchOptions &options) const {
  return program.run("forward", callOf(data, presence), options);
}

CellRun CellProgram::backward(const SequenceData &data,
                              const std::vector<float> &output,
                              const Presence &presence,
                              const LaunchOptions &options) const {
  EntryCall call = callOf(data, presence);
  call.inputs["output"] = output;
  call.inputs["d_output"] = data.dOutput;
  if (presence.dLast)
    call.inputs["d_last"] = data.dLast;
  return program.run("backward", call, options);
}

CellRun CellProgram::step(const SequenceData &data,
                          const std::vector<float> &previous, bool inPlace,
                          const LaunchOptions &options) const {
  EntryCall call = callOf(data, {!data.bias.empty(), false});
  if (!previous.empty())
    call.inputs["previous"] = previous;
  if (inPlace)
    call.inPlace = {{"next", "previous"}};
  return program.run("step", call, options);
}
