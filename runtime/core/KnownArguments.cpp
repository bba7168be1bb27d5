//===- KnownArguments.cpp - The arguments of specs/abi.md -----------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/core/KnownArguments.h"

#include "minrnn/error.h"

#include <algorithm>
#include <array>

using namespace minrnn;

namespace {

using enum ArgumentKind;
using enum Condition;
using enum Presence;

/// In the order of `Axis`.
constexpr std::array<std::string_view, axisCount> axisNames = {
    "batch",      "time",   "channels", "gates", "recurrent",
    "parameters", "states", "chained",  "tiles"};

constexpr auto forwardArguments = std::to_array<KnownArgument>({
    {"preactivations", Io, "read", "batch time gates channels"},
    {"input", Io, "read", "batch time channels", Needed, ReadsInput},
    {"recurrent", Float, "read", "batch time recurrent channels", Needed,
     ProjectsRecurrently},
    {"bias", Float, "read", "gates channels", Optional},
    {"recurrent_bias", Float, "read", "recurrent channels", Optional,
     ProjectsRecurrently},
    {"parameters", Float, "read", "parameters channels", Needed, HasParameters},
    {"reset", Bytes, "read", "batch time", Optional},
    {"initial", Float, "read", "batch states channels", Optional},
    {"output", Io, "write", "batch time channels"},
    {"trajectory", Io, "write", "batch time states channels", Optional,
     SavesTrajectory},
    {"boundaries", Float, "write", "batch tiles states channels", Needed,
     SavesBoundaries},
    {"last", Float, "write", "batch states channels", Optional},
    {"batch", Number, "", ""},
    {"time", Number, "", ""},
    {"channels", Number, "", ""},
    {"reverse", Number, "", ""},
    {"first", Number, "", "", Needed, ProjectsRecurrently},
    {"count", Number, "", "", Needed, ProjectsRecurrently},
});

constexpr auto backwardArguments = std::to_array<KnownArgument>({
    {"preactivations", Io, "read", "batch time gates channels"},
    {"input", Io, "read", "batch time channels", Needed, ReadsInput},
    {"recurrent", Float, "read", "batch time recurrent channels", Needed,
     ProjectsRecurrently},
    {"bias", Float, "read", "gates channels", Optional},
    {"recurrent_bias", Float, "read", "recurrent channels", Optional,
     ProjectsRecurrently},
    {"parameters", Float, "read", "parameters channels", Needed, HasParameters},
    {"reset", Bytes, "read", "batch time", Optional},
    {"initial", Float, "read", "batch states channels", Optional, KeepsStates},
    {"output", Io, "read", "batch time channels", Needed, SavesOutput},
    {"trajectory", Io, "read", "batch time states channels", Needed,
     SavesTrajectory},
    {"boundaries", Float, "read", "batch tiles states channels", Needed,
     SavesBoundaries},
    {"d_output", Io, "read", "batch time channels"},
    {"d_chained", Float, "read", "batch time chained channels", Needed,
     ProjectsChained},
    {"d_last", Float, "read", "batch states channels", Optional},
    {"d_preactivations", Io, "write", "batch time gates channels"},
    {"d_input", Io, "write", "batch time channels", Optional, ReadsInput},
    {"d_recurrent", Float, "write", "batch time recurrent channels", Needed,
     ProjectsRecurrently},
    {"d_bias", Float, "write", "batch gates channels", Optional},
    {"d_recurrent_bias", Float, "write", "batch recurrent channels", Optional,
     ProjectsRecurrently},
    {"d_parameters", Float, "write", "batch parameters channels", Optional,
     HasParameters},
    {"d_initial", Float, "write", "batch states channels", Optional},
    {"batch", Number, "", ""},
    {"time", Number, "", ""},
    {"channels", Number, "", ""},
    {"reverse", Number, "", ""},
    {"first", Number, "", "", Needed, ProjectsRecurrently},
    {"count", Number, "", "", Needed, ProjectsRecurrently},
});

constexpr auto stepArguments = std::to_array<KnownArgument>({
    {"preactivations", Io, "read", "batch gates channels"},
    {"input", Io, "read", "batch channels", Needed, ReadsInput},
    {"recurrent", Float, "read", "batch recurrent channels", Needed,
     ProjectsRecurrently},
    {"bias", Float, "read", "gates channels", Optional},
    {"recurrent_bias", Float, "read", "recurrent channels", Optional,
     ProjectsRecurrently},
    {"parameters", Float, "read", "parameters channels", Needed, HasParameters},
    {"reset", Bytes, "read", "batch", Optional},
    {"previous", Float, "read", "batch states channels", Optional},
    {"output", Io, "write", "batch channels", Needed, NotPlain},
    {"next", Float, "write", "batch states channels"},
    {"batch", Number, "", ""},
    {"channels", Number, "", ""},
});

// These two entries are only of cells with a chained projection, and such a
// cell is sequential: it keeps its states.
constexpr auto forwardChainedArguments = std::to_array<KnownArgument>({
    {"preactivations", Io, "read", "batch time gates channels"},
    {"input", Io, "read", "batch time channels", Needed, ReadsInput},
    {"recurrent", Float, "read", "batch time recurrent channels"},
    {"bias", Float, "read", "gates channels", Optional},
    {"recurrent_bias", Float, "read", "recurrent channels", Optional},
    {"parameters", Float, "read", "parameters channels", Needed, HasParameters},
    {"reset", Bytes, "read", "batch time", Optional},
    {"initial", Float, "read", "batch states channels", Optional},
    {"chained", Float, "write", "batch time chained channels"},
    {"last", Float, "write", "batch states channels", Optional},
    {"batch", Number, "", ""},
    {"time", Number, "", ""},
    {"channels", Number, "", ""},
    {"reverse", Number, "", ""},
    {"first", Number, "", ""},
    {"count", Number, "", ""},
});

constexpr auto backwardChainedArguments = std::to_array<KnownArgument>({
    {"preactivations", Io, "read", "batch time gates channels"},
    {"input", Io, "read", "batch time channels", Needed, ReadsInput},
    {"recurrent", Float, "read", "batch time recurrent channels"},
    {"bias", Float, "read", "gates channels", Optional},
    {"recurrent_bias", Float, "read", "recurrent channels", Optional},
    {"parameters", Float, "read", "parameters channels", Needed, HasParameters},
    {"reset", Bytes, "read", "batch time", Optional},
    {"initial", Float, "read", "batch states channels", Optional},
    {"output", Io, "read", "batch time channels", Needed, SavesOutput},
    {"trajectory", Io, "read", "batch time states channels", Needed,
     SavesTrajectory},
    {"d_output", Io, "read", "batch time channels"},
    {"d_last", Float, "read", "batch states channels", Optional},
    {"d_recurrent", Float, "write", "batch time recurrent channels"},
    {"d_initial", Float, "write", "batch states channels", Optional},
    {"batch", Number, "", ""},
    {"time", Number, "", ""},
    {"channels", Number, "", ""},
    {"reverse", Number, "", ""},
    {"first", Number, "", ""},
    {"count", Number, "", ""},
});

std::string typeOf(const Manifest &manifest, ArgumentKind kind) {
  switch (kind) {
  case Io:
    return manifest.ioType + "*";
  case Float:
    return "f32*";
  case Bytes:
    return "i8*";
  case Number:
    break;
  }
  return "i64";
}

} // namespace

Axis minrnn::axisOf(std::string_view name) {
  const auto found = std::find(axisNames.begin(), axisNames.end(), name);
  if (found == axisNames.end())
    throw Error("the manifest has an axis '" + std::string(name) +
                "' that this runtime does not know");
  return static_cast<Axis>(found - axisNames.begin());
}

std::span<const KnownArgument> minrnn::knownForwardArguments() {
  return forwardArguments;
}
std::span<const KnownArgument> minrnn::knownBackwardArguments() {
  return backwardArguments;
}
std::span<const KnownArgument> minrnn::knownStepArguments() {
  return stepArguments;
}
std::span<const KnownArgument> minrnn::knownForwardChainedArguments() {
  return forwardChainedArguments;
}
std::span<const KnownArgument> minrnn::knownBackwardChainedArguments() {
  return backwardChainedArguments;
}

bool minrnn::holds(const Manifest &manifest, Condition condition) {
  switch (condition) {
  case Always:
    return true;
  case ReadsInput:
    return manifest.readsInput();
  case ProjectsRecurrently:
    return !manifest.recurrent.empty();
  case ProjectsChained:
    return manifest.chained() > 0;
  case HasParameters:
    return !manifest.parameters.empty();
  case NotPlain:
    return !manifest.plain;
  case KeepsStates:
    return !manifest.recomputesStates();
  case SavesOutput:
    return manifest.plain && !manifest.recomputesStates();
  case SavesTrajectory:
    return !manifest.plain && !manifest.recomputesStates();
  case SavesBoundaries:
    return manifest.recomputesStates();
  }
  return false;
}

void minrnn::checkArgument(const Manifest &manifest, const KnownArgument &known,
                           const KernelArgument &argument,
                           const std::string &where) {
  const auto check = [&](const char *what, std::string_view expected,
                         std::string_view found) {
    if (expected != found)
      throw Error(where + ": expected " + what + " '" + std::string(expected) +
                  "', found '" + std::string(found) + "'");
  };
  check("type", typeOf(manifest, known.kind), argument.type);
  check("access", known.access, argument.access);
  std::string shape;
  for (const std::string &axis : argument.shape)
    shape += (shape.empty() ? "" : " ") + axis;
  check("shape", known.shape, shape);
}
