//===- CellProgram.cpp - The compiler's PTX, run on the emulator ----------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tests/emulator/CellProgram.h"

#include <nlohmann/json.hpp>

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
  return readText(std::string(MINRNN_EMULATOR_CELLS "/") +
                  std::string(name(cell)) + "-" + scan + ".ptx");
}

/// The JSON between the manifest's marks, the comment signs taken off.
static nlohmann::json manifestOf(const std::string &ptx) {
  std::istringstream lines(ptx);
  std::string line, text;
  bool inside = false;
  while (std::getline(lines, line)) {
    if (line == "// minrnn-manifest-end")
      return nlohmann::json::parse(text);
    if (inside)
      text += line.substr(3) + "\n";
    inside |= line == "// minrnn-manifest-begin";
  }
  throw std::runtime_error("the PTX holds no manifest");
}

CellProgram::CellProgram(Cell cell, const std::string &scan,
                         const std::string &ptx)
    : program(parse(ptx)) {
  nlohmann::json manifest = manifestOf(ptx);
  if (manifest.at("cell") != std::string(name(cell)) ||
      manifest.at("scan") != scan || manifest.at("version") != 1)
    throw std::runtime_error("unexpected manifest: " + manifest.dump());
  for (const nlohmann::json &entry : manifest.at("entries")) {
    const nlohmann::json &block = entry.at("block");
    entries[entry.at("name")] = {
        entry.at("symbol"),
        {block.at(0), block.at(1), block.at(2)},
        entry.at("tile").at("channels")};
  }
}

/// One call: argument words in order, and the outputs to fetch afterwards.
class CellProgram::Call {
public:
  Call(const CellProgram &program, const Shape &shape)
      : module(memory, program.program), shape(shape) {}

  /// Null when the array is absent; an empty one has an address.
  void input(const char *name, const std::vector<float> &values, bool present) {
    uint64_t address = 0;
    if (present) {
      address = memory.allocate(values.size() * sizeof(float), name, 4);
      memory.copyToDevice(address, values.data(),
                          values.size() * sizeof(float));
    }
    words.push_back(address);
  }
  void output(const char *name, int64_t count, bool present) {
    uint64_t address = 0;
    if (present) {
      address = memory.allocate(count * sizeof(float), name, 4);
      outputs[name] = {address, count};
    }
    words.push_back(address);
  }
  /// The array of an earlier input is written as well.
  void outputInto(const char *name, uint64_t address, int64_t count) {
    outputs[name] = {address, count};
    words.push_back(address);
  }
  void size(int64_t value) { words.push_back(value); }
  uint64_t lastWord() const { return words.back(); }

  CellRun run(const Entry &entry, const LaunchOptions &options) {
    int64_t tiles =
        (shape.channels + entry.tileChannels - 1) / entry.tileChannels;
    CellRun result;
    result.statistics =
        launch(module, entry.symbol, {uint32_t(shape.batch * tiles)},
               entry.block, 0, words, options);
    for (const auto &[name, place] : outputs) {
      std::vector<float> values(place.second);
      memory.copyToHost(values.data(), place.first,
                        values.size() * sizeof(float));
      result.outputs[name] = std::move(values);
    }
    return result;
  }

private:
  Memory memory;
  Module module;
  Shape shape;
  std::vector<uint64_t> words;
  std::map<std::string, std::pair<uint64_t, int64_t>> outputs;
};

CellProgram::Entry CellProgram::entryNamed(const std::string &name) const {
  auto found = entries.find(name);
  if (found == entries.end())
    throw std::runtime_error("the manifest has no entry " + name);
  return found->second;
}

static int64_t gateCount(const SequenceData &data) {
  return int64_t(gates(data.cell).size());
}

CellRun CellProgram::forward(const SequenceData &data,
                             const Presence &presence,
                             const LaunchOptions &options) const {
  Call call(*this, data.shape);
  call.input("preactivations", data.preactivations, true);
  call.input("bias", data.bias, presence.bias);
  call.input("initial", data.initial, presence.initial);
  call.output("output", data.shape.outputs(), true);
  call.output("last", data.shape.states(), presence.optionalOutputs);
  call.size(data.shape.batch);
  call.size(data.shape.time);
  call.size(data.shape.channels);
  return call.run(entryNamed("forward"), options);
}

CellRun CellProgram::backward(const SequenceData &data,
                              const std::vector<float> &output,
                              const Presence &presence,
                              const LaunchOptions &options) const {
  Call call(*this, data.shape);
  int64_t gates = gateCount(data);
  call.input("preactivations", data.preactivations, true);
  call.input("bias", data.bias, presence.bias);
  call.input("initial", data.initial, presence.initial);
  call.input("output", output, true);
  call.input("d_output", data.dOutput, true);
  call.input("d_last", data.dLast, presence.dLast);
  call.output("d_preactivations", data.shape.outputs() * gates, true);
  call.output("d_bias", data.shape.states() * gates, presence.optionalOutputs);
  call.output("d_initial", data.shape.states(), presence.optionalOutputs);
  call.size(data.shape.batch);
  call.size(data.shape.time);
  call.size(data.shape.channels);
  return call.run(entryNamed("backward"), options);
}

CellRun CellProgram::step(const SequenceData &data,
                          const std::vector<float> &previous, bool inPlace,
                          const LaunchOptions &options) const {
  Call call(*this, data.shape);
  call.input("preactivations", data.preactivations, true);
  call.input("bias", data.bias, !data.bias.empty());
  call.input("previous", previous, !previous.empty());
  if (inPlace)
    call.outputInto("next", call.lastWord(), data.shape.states());
  else
    call.output("next", data.shape.states(), true);
  call.size(data.shape.batch);
  call.size(data.shape.channels);
  return call.run(entryNamed("step"), options);
}
