//===- Manifest.cpp - What a compiled cell says of itself -----------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "minrnn/manifest.h"

#include "minrnn/error.h"
#include "specs/contract/ElementCount.h"
#include "specs/contract/ManifestFormat.h"
#include "specs/contract/Names.h"

#include <algorithm>

using namespace minrnn;

const KernelArgument *KernelEntry::find(std::string_view argument) const {
  const auto found =
      std::find_if(arguments.begin(), arguments.end(),
                   [&](const KernelArgument &a) { return a.name == argument; });
  return found == arguments.end() ? nullptr : &*found;
}

std::int64_t KernelEntry::timeTiles(std::int64_t time) const {
  if (tileTime == 0)
    return 0;
  return time / tileTime + (time % tileTime != 0 ? 1 : 0);
}

std::int64_t KernelEntry::tileCount(std::int64_t batch, std::int64_t time,
                                    std::int64_t channels) const {
  if (channels < 0)
    throw Error("entry '" + name + "': the number of channels is negative");
  const std::int64_t tiles =
      channels / tileChannels + (channels % tileChannels != 0 ? 1 : 0);
  // (Without a step, the last states are to be written all the same.)
  const std::int64_t blocks =
      tileSummary == 0 ? 1 : std::max<std::int64_t>(timeTiles(time), 1);
  return elementCount({batch, tiles, blocks}, "entry '" + name + "'");
}

const KernelEntry *Manifest::findEntry(std::string_view name) const {
  const auto found =
      std::find_if(entries.begin(), entries.end(),
                   [&](const KernelEntry &e) { return e.name == name; });
  return found == entries.end() ? nullptr : &*found;
}

const KernelEntry &Manifest::entry(std::string_view name) const {
  if (const KernelEntry *found = findEntry(name))
    return *found;
  throw Error("the manifest of cell '" + cell + "' has no entry '" +
              std::string(name) + "'");
}

std::int64_t Manifest::size(Axis packed) const {
  const auto count = [](const auto &names) {
    return static_cast<std::int64_t>(names.size());
  };
  switch (packed) {
  case Axis::Gates:
    return count(gates);
  case Axis::Recurrent:
    return count(recurrent);
  case Axis::Parameters:
    return count(parameters);
  case Axis::States:
    return count(states);
  case Axis::Inner: {
    std::int64_t values = 0;
    for (const RecurrentProjection &gate : recurrent)
      if (gate.inner)
        values = std::max(values, *gate.inner + 1);
    return values;
  }
  default:
    if (const std::int64_t size = namelessSize(packed))
      return size;
    throw Error("the axis '" + axisName(packed) +
                "' has no size that the cell fixes");
  }
}

bool Manifest::recomputesStates() const {
  return program.find("checkpoints") != nullptr;
}

bool Manifest::readsInput() const {
  const KernelEntry *forward = findEntry("forward");
  return forward != nullptr && forward->find("input") != nullptr;
}

std::int64_t Manifest::stateIndex(std::string_view state) const {
  const auto found = std::find(states.begin(), states.end(), state);
  if (found == states.end())
    throw Error("cell '" + cell + "' has no state '" + std::string(state) +
                "'");
  return found - states.begin();
}

using OrderedJson = nlohmann::ordered_json;

static OrderedJson write(const RecurrentProjection &gate) {
  OrderedJson json = {{"name", gate.name}};
  if (!gate.inner) {
    json["state"] = gate.state;
    return json;
  }
  json["inner"] = *gate.inner;
  json["stage"] = gate.stage;
  return json;
}

static OrderedJson write(const KernelArgument &argument,
                         const std::string &ioType) {
  OrderedJson json = {{"name", argument.name}};
  if (!argument.isTensor()) {
    json["type"] = numberType;
    return json;
  }
  json["type"] = argumentType(argument.element, ioType);
  json["access"] = accessName(argument.access);
  if (argument.isOptional)
    json["optional"] = true;
  for (const Axis axis : argument.axes)
    json["shape"].push_back(axisName(axis));
  return json;
}

static OrderedJson write(const KernelEntry &entry, const Manifest &manifest) {
  OrderedJson json = {{"name", entry.name}, {"symbol", entry.symbol}};
  if (manifest.target != "host")
    json["block"] = entry.block;
  json["tile"] = {{"channels", entry.tileChannels}};
  if (entry.tileTime != 0)
    json["tile"]["time"] = entry.tileTime;
  if (entry.tileSummary != 0)
    json["tile"]["summary"] = entry.tileSummary;
  json["grid"] = entry.tileSummary == 0 ? gridRule : tiledGridRule;
  json["arguments"] = OrderedJson::array();
  for (const KernelArgument &argument : entry.arguments)
    json["arguments"].push_back(write(argument, manifest.ioType));
  return json;
}

std::string minrnn::writeManifest(const Manifest &manifest) {
  OrderedJson json = {
      {"format", "minrnn-kernel"},     {"version", manifestVersion},
      {"compiler", manifest.compiler}, {"cell", manifest.cell},
      {"kind", manifest.kind},         {"target", manifest.target},
      {"io_type", manifest.ioType},    {"scan", manifest.scan}};
  if (manifest.math != Math::Precise)
    json["math"] = nameOf(mathNames, manifest.math);
  json["gates"] = manifest.gates;
  json["recurrent"] = OrderedJson::array();
  for (const RecurrentProjection &gate : manifest.recurrent)
    json["recurrent"].push_back(write(gate));
  json["parameters"] = manifest.parameters;
  json["states"] = manifest.states;
  json["output"] = manifest.output;
  json["entries"] = OrderedJson::array();
  for (const KernelEntry &entry : manifest.entries)
    json["entries"].push_back(write(entry, manifest));
  json["program"] = writeProgram(manifest.program);
  return json.dump(2) + "\n";
}

std::string minrnn::writeManifestComment(std::string_view json) {
  std::string text = std::string(beginMark) + "\n";
  while (!json.empty()) {
    const std::size_t end = std::min(json.find('\n'), json.size());
    text.append(comment).append(json.substr(0, end)).append("\n");
    json.remove_prefix(std::min(end + 1, json.size()));
  }
  return text.append(endMark).append("\n");
}
