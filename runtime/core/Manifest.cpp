//===- Manifest.cpp - What a compiled cell says of itself -----------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "minrnn/manifest.h"

#include "minrnn/error.h"
#include "runtime/core/ElementCount.h"
#include "runtime/core/ParseJson.h"

#include <algorithm>
#include <limits>
#include <set>

using namespace minrnn;
using Json = nlohmann::json;

namespace {

constexpr std::int64_t supportedVersion = 2;
constexpr std::string_view supportedGrid =
    "batch * ceil(channels / tile.channels)";

/// Reads values out of a JSON object; its errors say where the object is.
class ObjectReader {
public:
  ObjectReader(const Json &object, std::string place)
      : object(object), place(std::move(place)) {
    if (!object.is_object())
      fail("expected an object, found " + std::string(object.type_name()));
  }

  [[noreturn]] void fail(const std::string &what) const {
    throw Error(place + ": " + what);
  }

  bool has(const char *key) const { return object.contains(key); }

  const Json &value(const char *key) const {
    const auto found = object.find(key);
    if (found == object.end())
      fail("the key '" + std::string(key) + "' is missing");
    return *found;
  }

  std::string text(const char *key) const {
    const Json &found = value(key);
    if (!found.is_string())
      wrongType(key, "a string", found);
    return found.get<std::string>();
  }

  std::int64_t integer(const char *key) const {
    return toInteger(key, value(key));
  }

  std::int64_t toInteger(const char *key, const Json &found) const {
    if (!found.is_number_integer())
      wrongType(key, "an integer", found);
    if (found.is_number_unsigned() &&
        found.get<std::uint64_t>() >
            static_cast<std::uint64_t>(
                std::numeric_limits<std::int64_t>::max()))
      fail("'" + std::string(key) + "' is too large");
    return found.get<std::int64_t>();
  }

  bool boolean(const char *key) const {
    const Json &found = value(key);
    if (!found.is_boolean())
      wrongType(key, "true or false", found);
    return found.get<bool>();
  }

  bool booleanOr(const char *key, bool otherwise) const {
    return has(key) ? boolean(key) : otherwise;
  }

  std::vector<std::string> texts(const char *key) const {
    std::vector<std::string> result;
    for (const Json &element : array(key)) {
      if (!element.is_string())
        wrongType(key, "an array of strings", element);
      result.push_back(element.get<std::string>());
    }
    return result;
  }

  const Json &array(const char *key) const {
    const Json &found = value(key);
    if (!found.is_array())
      wrongType(key, "an array", found);
    return found;
  }

private:
  [[noreturn]] void wrongType(const char *key, const char *expected,
                              const Json &found) const {
    fail("'" + std::string(key) + "' must be " + expected + ", found " +
         found.dump(-1, ' ', false, Json::error_handler_t::replace)
             .substr(0, 60));
  }

  const Json &object;
  std::string place;
};

/// Throws unless `found`, the value of `key`, is one of `allowed`.
void checkOneOf(const ObjectReader &reader, const char *key,
                const std::string &found,
                std::initializer_list<const char *> allowed) {
  std::string list;
  std::size_t left = allowed.size();
  for (const char *name : allowed) {
    if (found == name)
      return;
    --left;
    list += "'" + std::string(name) + "'" +
            (left == 0   ? ""
             : left == 1 ? " or "
                         : ", ");
  }
  reader.fail(std::string(key) + " must be " + list + ", found '" + found +
              "'");
}

/// Names that come twice would make `d_<name>` or a gate ambiguous.
void checkDistinct(const ObjectReader &reader, const char *key,
                   const std::vector<std::string> &names) {
  std::set<std::string> seen;
  for (const std::string &name : names) {
    if (name.empty())
      reader.fail("'" + std::string(key) + "' holds an empty name");
    if (!seen.insert(name).second)
      reader.fail("'" + std::string(key) + "' holds '" + name + "' twice");
  }
}

KernelArgument readArgument(const Json &json, const std::string &place) {
  const ObjectReader reader(json, place);
  KernelArgument argument;
  argument.name = reader.text("name");
  argument.type = reader.text("type");
  if (argument.type == "i64")
    return argument;
  checkOneOf(reader, ("the type of argument '" + argument.name + "'").c_str(),
             argument.type, {"f32*", "f16*", "bf16*", "i8*", "i64"});
  argument.access = reader.text("access");
  checkOneOf(reader, ("the access of argument '" + argument.name + "'").c_str(),
             argument.access, {"read", "write"});
  argument.optional = reader.booleanOr("optional", false);
  argument.shape = reader.texts("shape");
  return argument;
}

KernelEntry readEntry(const Json &json, const std::string &where,
                      std::size_t index, bool onHost) {
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
  const std::string grid = reader.text("grid");
  if (grid != supportedGrid)
    reader.fail("'grid' must be '" + std::string(supportedGrid) +
                "', the one rule this runtime knows; found '" + grid + "'");

  if (!onHost) {
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
        argument, place + ", argument " + std::to_string(names.size())));
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

/// What one gate projects: a state, or the value at a place along `chained`.
RecurrentProjection readProjection(const ObjectReader &reader,
                                   const Manifest &manifest) {
  RecurrentProjection gate{reader.text("name"), "", std::nullopt};
  if (reader.has("state") == reader.has("chained"))
    reader.fail("the gate '" + gate.name +
                "' must have either 'state' or 'chained'; it has " +
                (reader.has("state") ? "both" : "neither"));
  if (reader.has("state")) {
    gate.state = reader.text("state");
    checkState(reader, manifest, gate);
    return gate;
  }
  gate.chained = reader.integer("chained");
  // The axis has the values in the order of their first use.
  const std::int64_t before = manifest.chained();
  if (*gate.chained < 0 || *gate.chained > before)
    reader.fail("the gate '" + gate.name + "' projects the value at place " +
                std::to_string(*gate.chained) +
                " of 'chained', expected one from 0 to " +
                std::to_string(before) + ", in the order of first use");
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
  manifest.plain = reader.boolean("plain");
  const std::string &first = manifest.states.front();
  manifest.output = reader.text("output");
  checkOneOf(reader, "'output'", manifest.output, {first.c_str(), "y"});
  const bool isPlain = manifest.states.size() == 1 && manifest.output == first;
  if (manifest.plain != isPlain)
    reader.fail("'plain' must be " + std::string(isPlain ? "true" : "false") +
                " for a cell of " + std::to_string(manifest.states.size()) +
                " states with the output '" + manifest.output + "'");
}

/// The entries that compute what is projected, where something is.
void checkChainedEntries(const ObjectReader &reader, const Manifest &manifest,
                         const std::vector<std::string> &entries) {
  const bool projects = manifest.chained() > 0;
  for (const char *name : {"forward_chained", "backward_chained"}) {
    const bool isThere =
        std::find(entries.begin(), entries.end(), name) != entries.end();
    if (projects && !isThere)
      reader.fail("the entry '" + std::string(name) +
                  "' is missing, although a gate projects a value computed "
                  "within the step");
    if (!projects && isThere)
      reader.fail("the entry '" + std::string(name) +
                  "' is there, although no gate projects a value computed "
                  "within the step");
  }
}

} // namespace

std::int64_t KernelEntry::tileCount(std::int64_t batch,
                                    std::int64_t channels) const {
  if (channels < 0)
    throw Error("entry '" + name + "': the number of channels is negative");
  const std::int64_t tiles =
      channels / tileChannels + (channels % tileChannels != 0 ? 1 : 0);
  return elementCount({batch, tiles}, "entry '" + name + "'");
}

const KernelEntry &Manifest::entry(std::string_view name) const {
  const auto found =
      std::find_if(entries.begin(), entries.end(),
                   [&](const KernelEntry &e) { return e.name == name; });
  if (found == entries.end())
    throw Error("the manifest of cell '" + cell + "' has no entry '" +
                std::string(name) + "'");
  return *found;
}

bool Manifest::recomputesStates() const {
  const std::vector<KernelArgument> &arguments = entry("forward").arguments;
  return std::any_of(
      arguments.begin(), arguments.end(),
      [](const KernelArgument &a) { return a.name == "boundaries"; });
}

std::int64_t Manifest::timeTiles(std::int64_t time) const {
  return recomputesStates() ? entry("forward").timeTiles(time) : 0;
}

bool Manifest::readsInput() const {
  const std::vector<KernelArgument> &arguments = entry("forward").arguments;
  return std::any_of(arguments.begin(), arguments.end(),
                     [](const KernelArgument &a) { return a.name == "input"; });
}

std::int64_t Manifest::chained() const {
  std::int64_t count = 0;
  for (const RecurrentProjection &gate : recurrent)
    if (gate.chained)
      count = std::max(count, *gate.chained + 1);
  return count;
}

std::int64_t Manifest::stateIndex(std::string_view state) const {
  const auto found = std::find(states.begin(), states.end(), state);
  if (found == states.end())
    throw Error("cell '" + cell + "' has no state '" + std::string(state) +
                "'");
  return found - states.begin();
}

Manifest minrnn::parseManifest(std::string_view text, std::string_view where) {
  const std::string place(where);
  const Json json = parseJson(text, place + ": the manifest");
  const ObjectReader reader(json, place + ": manifest");
  if (reader.text("format") != "minrnn-kernel")
    reader.fail("'format' must be 'minrnn-kernel', found '" +
                reader.text("format") + "'");
  const std::int64_t version = reader.integer("version");
  if (version != supportedVersion)
    reader.fail("version " + std::to_string(version) +
                " is not the one this runtime reads, which is " +
                std::to_string(supportedVersion) +
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
    manifest.entries.push_back(readEntry(
        entry, place + ": manifest", names.size(), manifest.target == "host"));
    names.push_back(manifest.entries.back().name);
  }
  checkDistinct(reader, "entries", names);
  checkChainedEntries(reader, manifest, names);
  return manifest;
}

Manifest minrnn::parseManifestOfPtx(std::string_view ptx,
                                    std::string_view where) {
  constexpr std::string_view comment = "// ";
  constexpr std::string_view beginMark = "// minrnn-manifest-begin";
  constexpr std::string_view endMark = "// minrnn-manifest-end";
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
