//===- HandWrittenEntries.cpp - Manifests without a compiler --------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tests/runtime/HandWrittenEntries.h"

using namespace minrnn;
using namespace minrnn::test;
using Json = nlohmann::json;

namespace {

using Axes = std::vector<std::string>;

/// The arguments of one entry, in the order they are added.
class Arguments {
public:
  void array(const char *name, const char *access, Axes shape,
             bool optional = false, const char *type = "f32*") {
    Json json = {{"name", name},
                 {"type", type},
                 {"access", access},
                 {"shape", std::move(shape)}};
    if (optional)
      json["optional"] = true;
    list.push_back(std::move(json));
  }
  void read(const char *name, Axes shape) {
    array(name, "read", std::move(shape));
  }
  void mayRead(const char *name, Axes shape) {
    array(name, "read", std::move(shape), true);
  }
  void write(const char *name, Axes shape) {
    array(name, "write", std::move(shape));
  }
  void mayWrite(const char *name, Axes shape) {
    array(name, "write", std::move(shape), true);
  }
  void numbers(std::initializer_list<const char *> names) {
    for (const char *name : names)
      list.push_back({{"name", name}, {"type", "i64"}});
  }
  Json take() { return std::move(list); }

private:
  Json list = Json::array();
};

/// `place` is what stands before the axes of one step: batch, and time for a
/// whole sequence.
void addInputs(Arguments &arguments, const CellDescription &cell,
               const Axes &place, const char *initial) {
  const auto of = [&](Axes axes) {
    axes.insert(axes.begin(), place.begin(), place.end());
    return axes;
  };
  arguments.read("preactivations", of({"gates", "channels"}));
  if (cell.readsInput)
    arguments.read("input", of({"channels"}));
  if (!cell.recurrent.empty())
    arguments.read("recurrent", of({"recurrent", "channels"}));
  arguments.mayRead("bias", {"gates", "channels"});
  if (!cell.recurrent.empty())
    arguments.mayRead("recurrent_bias", {"recurrent", "channels"});
  if (!cell.parameters.empty())
    arguments.read("parameters", {"parameters", "channels"});
  arguments.array("reset", "read", place, true, "i8*");
  arguments.mayRead(initial, {"batch", "states", "channels"});
}

void addSizes(Arguments &arguments, const CellDescription &cell) {
  arguments.numbers({"batch", "time", "channels", "reverse"});
  if (!cell.recurrent.empty())
    arguments.numbers({"first", "count"});
}

Json forwardArguments(const CellDescription &cell) {
  Arguments arguments;
  addInputs(arguments, cell, {"batch", "time"}, "initial");
  arguments.write("output", {"batch", "time", "channels"});
  if (!cell.isPlain())
    arguments.mayWrite("trajectory", {"batch", "time", "states", "channels"});
  arguments.mayWrite("last", {"batch", "states", "channels"});
  addSizes(arguments, cell);
  return arguments.take();
}

Json backwardArguments(const CellDescription &cell) {
  Arguments arguments;
  addInputs(arguments, cell, {"batch", "time"}, "initial");
  if (cell.isPlain())
    arguments.read("output", {"batch", "time", "channels"});
  else
    arguments.read("trajectory", {"batch", "time", "states", "channels"});
  arguments.read("d_output", {"batch", "time", "channels"});
  if (cell.chained > 0)
    arguments.read("d_chained", {"batch", "time", "chained", "channels"});
  arguments.mayRead("d_last", {"batch", "states", "channels"});
  arguments.write("d_preactivations", {"batch", "time", "gates", "channels"});
  if (cell.readsInput)
    arguments.mayWrite("d_input", {"batch", "time", "channels"});
  if (!cell.recurrent.empty())
    arguments.write("d_recurrent", {"batch", "time", "recurrent", "channels"});
  arguments.mayWrite("d_bias", {"batch", "gates", "channels"});
  if (!cell.recurrent.empty())
    arguments.mayWrite("d_recurrent_bias", {"batch", "recurrent", "channels"});
  if (!cell.parameters.empty())
    arguments.mayWrite("d_parameters", {"batch", "parameters", "channels"});
  arguments.mayWrite("d_initial", {"batch", "states", "channels"});
  addSizes(arguments, cell);
  return arguments.take();
}

Json stepArguments(const CellDescription &cell) {
  Arguments arguments;
  addInputs(arguments, cell, {"batch"}, "previous");
  if (!cell.isPlain())
    arguments.write("output", {"batch", "channels"});
  arguments.write("next", {"batch", "states", "channels"});
  arguments.numbers({"batch", "channels"});
  return arguments.take();
}

Json forwardChainedArguments(const CellDescription &cell) {
  Arguments arguments;
  addInputs(arguments, cell, {"batch", "time"}, "initial");
  arguments.write("chained", {"batch", "time", "chained", "channels"});
  arguments.mayWrite("last", {"batch", "states", "channels"});
  addSizes(arguments, cell);
  return arguments.take();
}

Json backwardChainedArguments(const CellDescription &cell) {
  Arguments arguments;
  addInputs(arguments, cell, {"batch", "time"}, "initial");
  if (cell.isPlain())
    arguments.read("output", {"batch", "time", "channels"});
  else
    arguments.read("trajectory", {"batch", "time", "states", "channels"});
  arguments.read("d_output", {"batch", "time", "channels"});
  arguments.mayRead("d_last", {"batch", "states", "channels"});
  arguments.write("d_recurrent", {"batch", "time", "recurrent", "channels"});
  arguments.mayWrite("d_initial", {"batch", "states", "channels"});
  addSizes(arguments, cell);
  return arguments.take();
}

Json entry(const CellDescription &cell, const char *name, Json arguments) {
  return {{"name", name},
          {"symbol", cell.name + "_" + name},
          {"tile", {{"channels", handWrittenTile}}},
          {"grid", "batch * ceil(channels / tile.channels)"},
          {"arguments", std::move(arguments)}};
}

} // namespace

std::string test::writeManifest(const CellDescription &cell) {
  Json recurrent = Json::array();
  for (const auto &[name, state, chained] : cell.recurrent)
    if (state != nullptr)
      recurrent.push_back({{"name", name}, {"state", state}});
    else
      recurrent.push_back({{"name", name}, {"chained", chained}});
  Json manifest = {{"format", "minrnn-kernel"},
                   {"version", 2},
                   {"compiler", "written by hand"},
                   {"cell", cell.name},
                   {"kind", cell.kind},
                   {"target", "host"},
                   {"io_type", "f32"},
                   {"scan", cell.kind == "parallel" ? "linear" : "none"},
                   {"gates", cell.gates},
                   {"recurrent", std::move(recurrent)},
                   {"parameters", cell.parameters},
                   {"states", cell.states},
                   {"plain", cell.isPlain()},
                   {"output", cell.output}};
  manifest["entries"] =
      Json::array({entry(cell, "forward", forwardArguments(cell)),
                   entry(cell, "backward", backwardArguments(cell)),
                   entry(cell, "step", stepArguments(cell))});
  if (cell.chained > 0) {
    manifest["entries"].push_back(
        entry(cell, "forward_chained", forwardChainedArguments(cell)));
    manifest["entries"].push_back(
        entry(cell, "backward_chained", backwardChainedArguments(cell)));
  }
  return manifest.dump(2);
}
