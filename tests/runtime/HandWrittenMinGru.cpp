//===- HandWrittenMinGru.cpp - minGRU without the compiler ----------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tests/runtime/HandWrittenMinGru.h"

#include "tests/runtime/Dual.h"

#include <algorithm>
#include <bit>

using namespace minrnn;
using namespace minrnn::test;

namespace {

constexpr std::int64_t tile = 16;

//===----------------------------------------------------------------------===//
// Manifest
//===----------------------------------------------------------------------===//

using enum Axis;
using Axes = std::vector<Axis>;

Axes ofGates() { return {Batch, Time, Gates, Channels}; }
Axes ofStates() { return {Batch, States, Channels}; }
Axes ofSequence() { return {Batch, Time, Channels}; }

KernelEntry entryOf(const char *name, std::vector<KernelArgument> tensors,
                    const std::vector<const char *> &numbers) {
  KernelEntry entry{
      name, "mingru_" + std::string(name), {}, tile, 0, std::move(tensors)};
  if (entry.name == "step")
    for (KernelArgument &argument : entry.arguments)
      std::erase(argument.axes, Time);
  for (const char *number : numbers)
    entry.arguments.push_back({number, {}});
  return entry;
}

std::vector<KernelEntry> entriesOf() {
  constexpr Element io = Element::IO;
  constexpr Element f32 = Element::F32;
  const std::vector<KernelArgument> inputs = {
      {"preactivations", ofGates(), io},
      {"bias", {Gates, Channels}, f32, Access::Read, true},
      {"reset", {Batch, Time}, Element::U8, Access::Read, true},
      {"initial", ofStates(), f32, Access::Read, true}};
  std::vector<KernelArgument> forward = inputs;
  forward.push_back({"output", ofSequence(), io, Access::Write});
  forward.push_back({"last", ofStates(), f32, Access::Write, true});
  std::vector<KernelArgument> backward = inputs;
  for (const KernelArgument &argument : std::vector<KernelArgument>{
           {"output", ofSequence(), io},
           {"d_output", ofSequence(), io},
           {"d_last", ofStates(), f32, Access::Read, true},
           {"d_preactivations", ofGates(), io, Access::Write},
           {"d_bias_rows", {Batch, Gates, Channels}, f32, Access::Write, true},
           {"d_initial", ofStates(), f32, Access::Write, true}})
    backward.push_back(argument);
  const std::vector<const char *> sizes = {"batch", "time", "channels",
                                           "reverse"};
  return {entryOf("forward", forward, sizes),
          entryOf("backward", backward, sizes),
          entryOf("step", forward, {"batch", "channels"})};
}

LaunchOperation launchOf(const KernelEntry &entry) {
  LaunchOperation launch{entry.name, {}};
  for (const KernelArgument &argument : entry.arguments)
    if (argument.isTensor())
      launch.arguments.push_back({argument.name, argument.name});
  return launch;
}

Program programOf(const std::vector<KernelEntry> &entries) {
  using enum Role;
  constexpr Element io = Element::IO;
  constexpr Element f32 = Element::F32;
  const Axes ofInput = {Batch, Time, Inputs};
  const Axes ofWeight = {Gates, Channels, Inputs};
  Program program;
  program.tensors = {{"preactivations", ofGates(), io, Saved},
                     {"input", ofInput, io, Input},
                     {"weight", ofWeight, io, Parameter},
                     {"bias", {Gates, Channels}, f32, Parameter, "", true},
                     {"reset", {Batch, Time}, Element::U8, Input, "", true},
                     {"initial", ofStates(), f32, Input, "", true},
                     {"output", ofSequence(), io, Output},
                     {"last", ofStates(), f32, Output, "", true},
                     {"d_output", ofSequence(), io, Gradient, "output"},
                     {"d_last", ofStates(), f32, Gradient, "last", true},
                     {"d_preactivations", ofGates(), io, Scratch},
                     {"d_input", ofInput, io, Gradient, "input", true},
                     {"d_weight", ofWeight, f32, Gradient, "weight", true},
                     {"d_bias_rows", {Batch, Gates, Channels}, f32, Scratch},
                     {"d_bias", {Gates, Channels}, f32, Gradient, "bias", true},
                     {"d_initial", ofStates(), f32, Gradient, "initial", true}};
  const ProductOperation project{.result = {"preactivations"},
                                 .a = {"input"},
                                 .b = {"weight"},
                                 .transposeB = true};
  program.forward = {{project}, {launchOf(entries[0])}};
  program.backward = {{launchOf(entries[1])},
                      {SumOperation{"d_bias", "d_bias_rows"}},
                      {ProductOperation{.result = {"d_weight"},
                                        .a = {"d_preactivations"},
                                        .b = {"input"},
                                        .transposeA = true}},
                      {ProductOperation{.result = {"d_input"},
                                        .a = {"d_preactivations"},
                                        .b = {"weight"}}}};
  program.step = {{project}, {launchOf(entries[2])}};
  return program;
}

const Manifest &manifest() {
  static const Manifest own = [] {
    Manifest made;
    made.compiler = "written by hand";
    made.cell = "mingru";
    made.kind = "parallel";
    made.target = "host";
    made.ioType = "f32";
    made.scan = "linear";
    made.gates = {"z", "h"};
    made.states = {"h"};
    made.output = "h";
    made.entries = entriesOf();
    made.program = programOf(made.entries);
    return made;
  }();
  return own;
}

//===----------------------------------------------------------------------===//
// Entries
//===----------------------------------------------------------------------===//

/// The arguments of one call, by their names; null where there is none.
class Call {
public:
  Call(const char *entry, const std::uint64_t *arguments)
      : entry(manifest().entry(entry)), arguments(arguments) {}

  template <typename Number = float> Number *at(const char *name) const {
    return std::bit_cast<Number *>(static_cast<std::uintptr_t>(word(name)));
  }
  std::int64_t number(const char *name) const {
    return static_cast<std::int64_t>(word(name));
  }

  /// Calls `work(row, channel)` for every channel of the call's tiles.
  template <typename Work> void forEachChannel(const Work &work) const {
    const std::int64_t channels = number("channels");
    const std::int64_t tiles = (channels + tile - 1) / tile;
    const std::size_t count = entry.arguments.size();
    for (auto pair = static_cast<std::int64_t>(arguments[count]);
         pair < static_cast<std::int64_t>(arguments[count + 1]); ++pair) {
      const std::int64_t first = pair % tiles * tile;
      for (std::int64_t j = first; j < std::min(first + tile, channels); ++j)
        work(pair / tiles, j);
    }
  }

private:
  std::uint64_t word(std::string_view name) const {
    for (std::size_t i = 0; i < entry.arguments.size(); ++i)
      if (entry.arguments[i].name == name)
        return arguments[i];
    return 0;
  }

  const KernelEntry &entry;
  const std::uint64_t *arguments;
};

template <typename Number>
Number stepOf(const Number &z, const Number &candidate, const Number &h) {
  const Number keep = logistic(0 - z);
  const Number value =
      valueOf(candidate) >= 0 ? candidate + 0.5 : logistic(candidate);
  return keep * h + logistic(z) * value;
}

/// The pre-activation of a gate at a position, with its bias.
double gateOf(const Call &call, std::int64_t position, std::int64_t gate,
              std::int64_t j) {
  const std::int64_t h = call.number("channels");
  const float *bias = call.at("bias");
  return static_cast<double>(
             call.at("preactivations")[(position * 2 + gate) * h + j]) +
         (bias == nullptr ? 0.0 : static_cast<double>(bias[gate * h + j]));
}

void runForward(const Call &call, std::int64_t time, bool reverse) {
  const std::int64_t channels = call.number("channels");
  const std::uint8_t *reset = call.at<const std::uint8_t>("reset");
  const float *initial = call.at<const float>("initial");
  call.forEachChannel([&](std::int64_t row, std::int64_t j) {
    const std::int64_t place = row * channels + j;
    double h = initial == nullptr ? 0 : initial[place];
    for (std::int64_t p = 0; p < time; ++p) {
      const std::int64_t position = row * time + (reverse ? time - 1 - p : p);
      if (reset != nullptr && reset[position] != 0)
        h = 0;
      h = stepOf(gateOf(call, position, 0, j), gateOf(call, position, 1, j), h);
      call.at("output")[position * channels + j] = static_cast<float>(h);
    }
    if (float *last = call.at("last"))
      last[place] = static_cast<float>(h);
  });
}

void forward(const std::uint64_t *arguments) {
  const Call call("forward", arguments);
  runForward(call, call.number("time"), call.number("reverse") != 0);
}

void step(const std::uint64_t *arguments) {
  runForward({"step", arguments}, 1, false);
}

void backward(const std::uint64_t *arguments) {
  const Call call("backward", arguments);
  const std::int64_t time = call.number("time");
  const std::int64_t channels = call.number("channels");
  const bool reverse = call.number("reverse") != 0;
  const std::uint8_t *reset = call.at<const std::uint8_t>("reset");
  const float *initial = call.at<const float>("initial");
  call.forEachChannel([&](std::int64_t row, std::int64_t j) {
    const std::int64_t place = row * channels + j;
    double carry = call.at("d_last") == nullptr ? 0 : call.at("d_last")[place];
    std::array<double, 2> sums = {};
    const auto at = [&](std::int64_t p) {
      return row * time + (reverse ? time - 1 - p : p);
    };
    for (std::int64_t p = time; p-- > 0;) {
      const std::int64_t position = at(p);
      const bool isReset = reset != nullptr && reset[position] != 0;
      double before = 0;
      if (p > 0)
        before = call.at("output")[at(p - 1) * channels + j];
      else if (initial != nullptr)
        before = initial[place];
      using Number = Dual<3>;
      const Number h = stepOf(Number{gateOf(call, position, 0, j), {1, 0, 0}},
                              Number{gateOf(call, position, 1, j), {0, 1, 0}},
                              Number{isReset ? 0 : before, {0, 0, 1}});
      const double d = carry + call.at("d_output")[position * channels + j];
      for (std::size_t gate = 0; gate < 2; ++gate) {
        const double gradient = d * h.slopes[gate];
        sums[gate] += gradient;
        call.at("d_preactivations")
            [(position * 2 + static_cast<std::int64_t>(gate)) * channels + j] =
            static_cast<float>(gradient);
      }
      carry = isReset ? 0 : d * h.slopes[2];
    }
    if (float *rows = call.at("d_bias_rows"))
      for (std::size_t gate = 0; gate < 2; ++gate)
        rows[(row * 2 + static_cast<std::int64_t>(gate)) * channels + j] =
            static_cast<float>(sums[gate]);
    if (float *dInitial = call.at("d_initial"))
      dInitial[place] = static_cast<float>(carry);
  });
}

} // namespace

std::string test::handWrittenMinGruManifest() {
  return writeManifest(manifest());
}

std::shared_ptr<HostModule>
test::handWrittenMinGruModule(std::shared_ptr<HostDevice> device) {
  return std::make_shared<HostModule>(
      std::move(device), std::map<std::string, HostEntry, std::less<>>{
                             {"mingru_forward", forward},
                             {"mingru_backward", backward},
                             {"mingru_step", step}});
}

CellKernels test::handWrittenMinGru(int threads) {
  return {manifest(),
          handWrittenMinGruModule(std::make_shared<HostDevice>(threads))};
}
