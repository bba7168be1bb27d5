//===- KernelProgram.cpp - Any cell's PTX, run on the emulator ------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tests/emulator/KernelProgram.h"
#include "tests/reference/HalfStorage.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <optional>
#include <sstream>
#include <stdexcept>

using namespace minrnn::emulator;
using minrnn::reference::fromHalfBits;
using minrnn::reference::halfBits;
using minrnn::reference::Shape;

static int64_t bytesOf(const std::string &type) {
  return type == "f32*" ? 4 : type == "i8*" ? 1 : 2;
}

//===----------------------------------------------------------------------===//
// The manifest
//===----------------------------------------------------------------------===//

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

KernelProgram::KernelProgram(const std::string &ptx) : program(parse(ptx)) {
  nlohmann::json manifest = manifestOf(ptx);
  if (manifest.at("version") != 2)
    throw std::runtime_error("unexpected manifest: " + manifest.dump());
  cellName = manifest.at("cell");
  scanName = manifest.at("scan");
  ioTypeName = manifest.at("io_type");
  plain = manifest.at("plain");
  for (const char *name : {"gates", "recurrent", "parameters", "states"})
    axes[name] = int64_t(manifest.at(name).size());
  const nlohmann::json &states = manifest.at("states");
  for (const nlohmann::json &projection : manifest.at("recurrent"))
    projectedStates.push_back(
        std::find(states.begin(), states.end(), projection.at("state")) -
        states.begin());
  for (const nlohmann::json &entry : manifest.at("entries")) {
    const nlohmann::json &block = entry.at("block");
    Entry &own = entries[entry.at("name")];
    own.symbol = entry.at("symbol");
    own.block = {block.at(0), block.at(1), block.at(2)};
    own.tileChannels = entry.at("tile").at("channels");
    own.tileTime = entry.at("tile").value("time", int64_t(1));
    for (const nlohmann::json &argument : entry.at("arguments"))
      own.arguments.push_back(
          {argument.at("name"), argument.at("type"),
           argument.value("shape", std::vector<std::string>()),
           argument.value("access", "") == "write",
           argument.value("optional", false)});
  }
}

const KernelProgram::Entry &
KernelProgram::entryNamed(const std::string &name) const {
  auto found = entries.find(name);
  if (found == entries.end())
    throw std::runtime_error("the manifest has no entry " + name);
  return found->second;
}

int64_t KernelProgram::count(const Entry &entry,
                             const std::vector<std::string> &shape,
                             const Shape &sizes) const {
  int64_t elements = 1;
  for (const std::string &name : shape)
    elements *= name == "batch"      ? sizes.batch
                : name == "time"     ? sizes.time
                : name == "channels" ? sizes.channels
                : name == "tiles"
                    ? (sizes.time + entry.tileTime - 1) / entry.tileTime
                    : axes.at(name);
  return elements;
}

//===----------------------------------------------------------------------===//
// Calls
//===----------------------------------------------------------------------===//

/// The arrays of one call on the device.
class KernelProgram::Call {
public:
  Call(const KernelProgram &program, const std::string &entry,
       const EntryCall &call)
      : program(program), entry(program.entryNamed(entry)), call(call),
        module(memory, program.program) {}

  /// Reserves room for an array, with nothing in it.
  void reserve(const std::string &name, const std::string &type,
               int64_t elements) {
    places[name] = {memory.allocate(uint64_t(elements * bytesOf(type)), name,
                                    uint64_t(bytesOf(type))),
                    type, elements};
  }
  void upload(const std::string &name, const std::vector<float> &values,
              int64_t begin = 0) {
    const Place &place = places.at(name);
    int64_t bytes = bytesOf(place.type);
    uint64_t address = place.address + uint64_t(begin * bytes);
    if (bytes == 4) {
      memory.copyToDevice(address, values.data(), values.size() * 4);
      return;
    }
    std::vector<uint16_t> halves;
    halves.reserve(values.size());
    for (float value : values)
      halves.push_back(halfBits(program.ioType(), value));
    memory.copyToDevice(address, halves.data(), halves.size() * 2);
  }
  std::vector<float> download(const std::string &name, int64_t begin = 0,
                              int64_t elements = -1) const {
    const Place &place = places.at(name);
    int64_t bytes = bytesOf(place.type);
    std::vector<float> values(size_t(elements < 0 ? place.count : elements));
    uint64_t address = place.address + uint64_t(begin * bytes);
    if (bytes == 4) {
      memory.copyToHost(values.data(), address, values.size() * 4);
      return values;
    }
    std::vector<uint16_t> halves(values.size());
    memory.copyToHost(halves.data(), address, halves.size() * 2);
    std::transform(
        halves.begin(), halves.end(), values.begin(),
        [&](uint16_t bits) { return fromHalfBits(program.ioType(), bits); });
    return values;
  }

  /// Puts every array of the entry on the device, but those that are there.
  void prepare() {
    for (const Argument &argument : entry.arguments) {
      if (argument.shape.empty() || places.count(argument.name))
        continue;
      int64_t elements = program.count(entry, argument.shape, call.shape);
      if (argument.isWritten) {
        if (call.unwanted.count(argument.name) ||
            call.inPlace.count(argument.name))
          continue;
        reserve(argument.name, argument.type, elements);
      } else if (argument.name == "reset") {
        if (call.reset.empty() && elements != 0)
          continue;
        reserve(argument.name, argument.type, elements);
        memory.copyToDevice(places["reset"].address, call.reset.data(),
                            call.reset.size());
      } else if (auto found = call.inputs.find(argument.name);
                 found != call.inputs.end()) {
        if (int64_t(found->second.size()) != elements)
          throw std::runtime_error("'" + argument.name + "' has " +
                                   std::to_string(found->second.size()) +
                                   " elements of " + std::to_string(elements));
        reserve(argument.name, argument.type, elements);
        upload(argument.name, found->second);
      } else if (!argument.isOptional) {
        throw std::runtime_error("'" + argument.name + "' is missing");
      }
    }
  }

  /// Launches; `aliases` are arguments that stand for other arrays.
  void launch(const LaunchOptions &options, int64_t first, int64_t count,
              const std::map<std::string, std::string> &aliases = {}) {
    std::vector<uint64_t> words;
    const std::map<std::string, int64_t> sizes = {
        {"batch", call.shape.batch},
        {"time", call.shape.time},
        {"channels", call.shape.channels},
        {"reverse", call.reverse},
        {"first", first},
        {"count", count}};
    for (const Argument &argument : entry.arguments) {
      if (argument.shape.empty()) {
        words.push_back(uint64_t(sizes.at(argument.name)));
        continue;
      }
      auto alias = aliases.find(argument.name);
      auto place =
          places.find(alias == aliases.end() ? argument.name : alias->second);
      words.push_back(place == places.end() ? 0 : place->second.address);
    }
    int64_t tiles =
        (call.shape.channels + entry.tileChannels - 1) / entry.tileChannels;
    statistics += minrnn::emulator::launch(module, entry.symbol,
                                           {uint32_t(call.shape.batch * tiles)},
                                           entry.block, 0, words, options);
  }

  /// What the entry wrote, `aliases` as they were launched.
  CellRun results(const std::map<std::string, std::string> &aliases = {}) {
    CellRun run;
    run.statistics = statistics;
    for (const Argument &argument : entry.arguments) {
      auto alias = aliases.find(argument.name);
      const std::string &name =
          alias == aliases.end() ? argument.name : alias->second;
      if (argument.isWritten && places.count(name))
        run.outputs[argument.name] = download(name);
    }
    return run;
  }

private:
  struct Place {
    uint64_t address = 0;
    std::string type;
    int64_t count = 0;
  };

  const KernelProgram &program;
  const Entry &entry;
  const EntryCall &call;
  Memory memory;
  Module module;
  std::map<std::string, Place> places;
  Statistics statistics;
};

CellRun KernelProgram::run(const std::string &entry, const EntryCall &call,
                           const LaunchOptions &options) const {
  Call own(*this, entry, call);
  own.prepare();
  own.launch(options, 0, call.shape.time, call.inPlace);
  return own.results(call.inPlace);
}

CellRun KernelProgram::forwardInSteps(const EntryCall &call,
                                      const LaunchOptions &options) const {
  auto [batch, time, channels] = call.shape;
  int64_t states = axis("states"), projections = axis("recurrent");
  Call own(*this, "forward", call);
  own.reserve("recurrent", "f32*", batch * time * projections * channels);
  own.reserve("states", "f32*", batch * states * channels);
  auto initial = call.inputs.find("initial");
  own.upload("states",
             initial == call.inputs.end()
                 ? std::vector<float>(size_t(batch * states * channels))
                 : initial->second);
  own.prepare();
  const std::map<std::string, std::string> aliases = {{"initial", "states"},
                                                      {"last", "states"}};
  for (int64_t position = 0; position < time; ++position) {
    int64_t t = call.reverse ? time - 1 - position : position;
    std::vector<float> current = own.download("states");
    for (int64_t row = 0; row < batch; ++row)
      for (int64_t r = 0; r < projections; ++r) {
        const float *state =
            current.data() +
            (row * states + projectedStates[size_t(r)]) * channels;
        std::vector<float> products;
        for (int64_t to = 0; to < channels; ++to) {
          const float *weights =
              call.recurrentWeights.data() + (r * channels + to) * channels;
          double sum = 0;
          for (int64_t from = 0; from < channels; ++from)
            sum += double(weights[from]) * state[from];
          products.push_back(float(sum));
        }
        own.upload("recurrent", products,
                   ((row * time + t) * projections + r) * channels);
      }
    own.launch(options, position, 1, aliases);
  }
  CellRun run = own.results(aliases);
  run.outputs["recurrent"] = own.download("recurrent");
  return run;
}

CellRun KernelProgram::backwardInSteps(const EntryCall &call,
                                       const LaunchOptions &options) const {
  auto [batch, time, channels] = call.shape;
  int64_t states = axis("states"), projections = axis("recurrent");
  Call own(*this, "backward", call);
  own.reserve("d_states", "f32*", batch * states * channels);
  auto dLast = call.inputs.find("d_last");
  own.upload("d_states",
             dLast == call.inputs.end()
                 ? std::vector<float>(size_t(batch * states * channels))
                 : dLast->second);
  own.prepare();
  const std::map<std::string, std::string> aliases = {
      {"d_last", "d_states"}, {"d_initial", "d_states"}};
  // With no step at all, the sums are still to be written.
  if (time == 0)
    own.launch(options, 0, 0, aliases);
  for (int64_t position = 0; position < time; ++position) {
    int64_t t = call.reverse ? position : time - 1 - position;
    own.launch(options, position, 1, aliases);
    std::vector<float> gradient = own.download("d_states");
    for (int64_t row = 0; row < batch; ++row)
      for (int64_t r = 0; r < projections; ++r) {
        std::vector<float> dProducts = own.download(
            "d_recurrent", ((row * time + t) * projections + r) * channels,
            channels);
        float *target = gradient.data() +
                        (row * states + projectedStates[size_t(r)]) * channels;
        for (int64_t from = 0; from < channels; ++from) {
          double sum = target[from];
          for (int64_t to = 0; to < channels; ++to)
            sum += double(dProducts[size_t(to)]) *
                   call.recurrentWeights[size_t((r * channels + to) * channels +
                                                from)];
          target[from] = float(sum);
        }
      }
    own.upload("d_states", gradient);
  }
  return own.results(aliases);
}
