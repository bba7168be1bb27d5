//===- ManifestReader.cpp - The manifest out of JSON ----------------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "minrnn/manifest.h"

#include "minrnn/error.h"
#include "specs/contract/Json.h"
#include "specs/contract/ManifestFormat.h"

#include <algorithm>
#include <array>

using namespace minrnn;

namespace {

/// `ioType` is the manifest's.
KernelArgument readArgument(const Json &json, const std::string &place,
                            const std::string &ioType) {
  const ObjectReader reader(json, place);
  KernelArgument argument;
  argument.name = reader.text("name");
  const std::string type = reader.text("type");
  if (type == numberType)
    return argument;
  constexpr std::array elements = {Element::F32, Element::U8, Element::I32,
                                   Element::IO};
  const auto *const element =
      std::find_if(elements.begin(), elements.end(), [&](Element known) {
        return type == argumentType(known, ioType);
      });
  if (element == elements.end())
    reader.fail("the type of argument '" + argument.name +
                "' must be 'f32*', '" + argumentType(Element::IO, ioType) +
                "' (the io type), 'i8*', 'i32*' or 'i64', found '" + type +
                "'");
  argument.element = *element;
  const std::string access = reader.text("access");
  checkOneOf(reader, ("the access of argument '" + argument.name + "'").c_str(),
             access, {"read", "write", "read_write"});
  argument.access = *findAccess(access);
  argument.isOptional = reader.booleanOr("optional", false);
  for (const std::string &name : reader.texts("shape")) {
    const std::optional<Axis> axis = findAxis(name);
    if (!axis)
      reader.fail("argument '" + argument.name + "' has an axis '" + name +
                  "', which this release does not know");
    argument.axes.push_back(*axis);
  }
  if (argument.axes.empty())
    reader.fail("argument '" + argument.name + "' has no axis");
  return argument;
}

KernelEntry readEntry(const Json &json, const std::string &where,
                      std::size_t index, const Manifest &manifest) {
  std::string place = where + ": entry " + std::to_string(index);
  const ObjectReader unnamed(json, place);
  KernelEntry entry;
  entry.name = unnamed.text("name");
  place = where + ": entry '" + entry.name + "'";
  const ObjectReader reader(json, place);
  entry.symbol = reader.text("symbol");
  if (entry.symbol.empty())
    reader.fail("'symbol' must not be empty");

  const ObjectReader tile(reader.value("tile"), place + ", tile");
  entry.tileChannels = tile.integer("channels");
  if (entry.tileChannels < 1)
    tile.fail("'channels' must be at least 1, found " +
              std::to_string(entry.tileChannels));
  if (tile.has("time")) {
    entry.tileTime = tile.integer("time");
    if (entry.tileTime < 1)
      tile.fail("'time' must be at least 1, found " +
                std::to_string(entry.tileTime));
  }
  if (tile.has("summary")) {
    entry.tileSummary = tile.integer("summary");
    if (entry.tileSummary < 1 || entry.tileTime == 0)
      tile.fail("'summary' must be at least 1, of tiles that have a 'time'");
  }
  const std::string grid = reader.text("grid");
  const std::string rule(entry.tileSummary == 0 ? gridRule : tiledGridRule);
  if (grid != rule)
    reader.fail("'grid' must be '" + rule +
                "', the one rule this runtime knows for such tiles; found '" +
                grid + "'");

  if (manifest.target != "host") {
    const Json &block = reader.array("block");
    if (block.size() != 3)
      reader.fail("'block' must hold 3 numbers, found " +
                  std::to_string(block.size()));
    for (std::size_t axis = 0; axis < 3; ++axis) {
      entry.block[axis] = reader.toInteger("block", block[axis]);
      if (entry.block[axis] < 1 || entry.block[axis] > 1024)
        reader.fail("a block axis must be from 1 to 1024, found " +
                    std::to_string(entry.block[axis]));
    }
  }

  std::vector<std::string> names;
  for (const Json &argument : reader.array("arguments")) {
    entry.arguments.push_back(readArgument(
        argument, place + ", argument " + std::to_string(names.size()),
        manifest.ioType));
    names.push_back(entry.arguments.back().name);
  }
  checkDistinct(reader, "arguments", names);
  return entry;
}

/// Where a gate projects a state, it is one that the cell has.
void checkState(const ObjectReader &reader, const Manifest &manifest,
                const RecurrentProjection &gate) {
  if (std::find(manifest.states.begin(), manifest.states.end(), gate.state) ==
      manifest.states.end())
    reader.fail("the gate '" + gate.name + "' projects the state '" +
                gate.state + "', which the cell does not have");
}

/// What one gate projects: a state, or the value at a place along `inner`.
RecurrentProjection readProjection(const ObjectReader &reader,
                                   const Manifest &manifest) {
  RecurrentProjection gate{reader.text("name"), ""};
  if (reader.has("state") == reader.has("inner"))
    reader.fail("the gate '" + gate.name +
                "' must have either 'state' or 'inner'; it has " +
                (reader.has("state") ? "both" : "neither"));
  if (reader.has("state")) {
    gate.state = reader.text("state");
    checkState(reader, manifest, gate);
    return gate;
  }
  gate.inner = reader.integer("inner");
  // The axis has the values in the order of their first use.
  const std::int64_t before = manifest.size(Axis::Inner);
  if (*gate.inner < 0 || *gate.inner > before)
    reader.fail("the gate '" + gate.name + "' projects the value at place " +
                std::to_string(*gate.inner) +
                " of 'inner', expected one from 0 to " +
                std::to_string(before) + ", in the order of first use");
  gate.stage = reader.integer("stage");
  if (gate.stage < 0)
    reader.fail("'stage' of the gate '" + gate.name +
                "' must not be negative, found " + std::to_string(gate.stage));
  return gate;
}

/// The gates that project a state or a value computed within the step.
void readRecurrent(const ObjectReader &reader, const std::string &place,
                   Manifest &manifest) {
  // A gate's name is that of its weight, whatever it projects.
  std::vector<std::string> names = manifest.gates;
  for (const Json &json : reader.array("recurrent")) {
    const ObjectReader element(json,
                               place + ", recurrent " +
                                   std::to_string(manifest.recurrent.size()));
    manifest.recurrent.push_back(readProjection(element, manifest));
    names.push_back(manifest.recurrent.back().name);
  }
  checkDistinct(reader, "gates and recurrent", names);
  if (!manifest.recurrent.empty() && manifest.kind != "sequential")
    reader.fail("a cell that projects a state or a value computed within the "
                "step must be 'sequential', found '" +
                manifest.kind + "'");
}

/// What the layer above sees.
void readOutput(const ObjectReader &reader, Manifest &manifest) {
  manifest.output = reader.text("output");
  checkOneOf(reader, "'output'", manifest.output,
             {manifest.states.front().c_str(), "y"});
}

} // namespace

Manifest minrnn::parseManifest(std::string_view text, std::string_view where) {
  const std::string place(where);
  const Json json = parseJson(text, place + ": the manifest");
  const ObjectReader reader(json, place + ": manifest");
  if (reader.text("format") != "minrnn-kernel")
    reader.fail("'format' must be 'minrnn-kernel', found '" +
                reader.text("format") + "'");
  const std::int64_t version = reader.integer("version");
  if (version != manifestVersion)
    reader.fail("version " + std::to_string(version) +
                " is not the one this runtime reads, which is " +
                std::to_string(manifestVersion) +
                "; compile the cell again with the minrnnc of this release");

  Manifest manifest;
  manifest.compiler = reader.text("compiler");
  manifest.cell = reader.text("cell");
  manifest.kind = reader.text("kind");
  checkOneOf(reader, "'kind'", manifest.kind, {"parallel", "sequential"});
  manifest.target = reader.text("target");
  manifest.ioType = reader.text("io_type");
  checkOneOf(reader, "'io_type'", manifest.ioType, {"f32", "f16", "bf16"});
  manifest.scan = reader.text("scan");
  checkOneOf(reader, "'scan'", manifest.scan, {"log", "linear", "none"});
  if ((manifest.scan == "none") != (manifest.kind == "sequential"))
    reader.fail("'scan' must be 'none' for a sequential cell and for no other; "
                "found '" +
                manifest.scan + "' for a " + manifest.kind + " one");
  if (reader.has("math")) {
    const std::string math = reader.text("math");
    checkOneOf(reader, "'math'", math, {"precise", "fast"});
    manifest.math = *findMath(math);
  }
  manifest.gates = reader.texts("gates");
  checkDistinct(reader, "gates", manifest.gates);
  manifest.states = reader.texts("states");
  checkDistinct(reader, "states", manifest.states);
  if (manifest.states.empty())
    reader.fail("'states' must name one state at least");
  manifest.parameters = reader.texts("parameters");
  checkDistinct(reader, "parameters", manifest.parameters);
  readRecurrent(reader, place + ": manifest", manifest);
  readOutput(reader, manifest);

  std::vector<std::string> names;
  for (const Json &entry : reader.array("entries")) {
    manifest.entries.push_back(
        readEntry(entry, place + ": manifest", names.size(), manifest));
    names.push_back(manifest.entries.back().name);
  }
  checkDistinct(reader, "entries", names);
  manifest.program = readProgram(reader.value("program"), place + ": program");
  if (const std::string fault = checkProgram(manifest); !fault.empty())
    reader.fail("its program " + fault);
  return manifest;
}

Manifest minrnn::parseManifestOfPtx(std::string_view ptx,
                                    std::string_view where) {
  std::string json;
  bool inside = false;
  std::size_t position = 0;
  while (position < ptx.size()) {
    std::size_t end = ptx.find('\n', position);
    if (end == std::string_view::npos)
      end = ptx.size();
    std::string_view line = ptx.substr(position, end - position);
    position = end + 1;
    while (!line.empty() && (line.back() == '\r' || line.back() == ' '))
      line.remove_suffix(1);
    if (line == beginMark) {
      inside = true;
    } else if (line == endMark && inside) {
      return parseManifest(json, where);
    } else if (inside) {
      // An empty line of the manifest may have lost its trailing space.
      if (line.substr(0, comment.size()) != comment && line != "//")
        throw Error(std::string(where) +
                    ": a line of the manifest does not begin with '// '");
      json += line.substr(std::min(comment.size(), line.size()));
      json += '\n';
    }
  }
  throw Error(std::string(where) +
              (inside ? ": the manifest is cut off: no line '"
                      : ": this PTX carries no manifest: no line '") +
              std::string(inside ? endMark : beginMark) +
              "'; expected PTX that minrnnc wrote");
}
