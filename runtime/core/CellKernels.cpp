//===- CellKernels.cpp - A compiled cell, ready to run --------------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "minrnn/cell_kernels.h"

#include "minrnn/error.h"
#include "runtime/core/DeviceAddress.h"
#include "specs/contract/ElementCount.h"
#include "runtime/core/KnownArguments.h"

#include <algorithm>
#include <array>
#include <bit>
#include <span>
#include <vector>

using namespace minrnn;

namespace {

/// The sizes of all axes, in the order of `Axis`.
using AxisSizes = std::array<std::int64_t, axisCount>;

/// The most axes that an array of specs/abi.md has.
constexpr std::size_t mostAxes = 4;

std::uint64_t size(std::int64_t value) {
  return static_cast<std::uint64_t>(value);
}

std::string place(const Manifest &manifest, std::string_view entry,
                  std::string_view argument) {
  return "cell '" + manifest.cell + "', entry '" + std::string(entry) +
         "', argument '" + std::string(argument) + "'";
}

/// How many steps from position `first` on a call is to walk.
std::int64_t stepsOf(const Manifest &manifest, std::string_view entry,
                     const SequenceShape &shape, std::int64_t first,
                     std::optional<std::int64_t> count) {
  const std::int64_t left = shape.time - first;
  const std::int64_t steps = count.value_or(left);
  if (shape.time < 0 || (first == 0 && steps == shape.time))
    return steps;
  const std::string where =
      "cell '" + manifest.cell + "', entry '" + std::string(entry) + "': ";
  if (first < 0 || left < 0 || steps < 0 || steps > left)
    throw Error(where + std::to_string(steps) + " steps from position " +
                std::to_string(first) + " on are not among the " +
                std::to_string(shape.time) + " of the sequence");
  if (manifest.recurrent.empty())
    throw Error(where +
                "expected the whole sequence in one call, since the cell "
                "has no recurrent projection; found " +
                std::to_string(steps) + " steps from position " +
                std::to_string(first) + " on, of " +
                std::to_string(shape.time));
  return steps;
}

} // namespace

/// The values of one call, in the order of the entry's known arguments.
struct CellKernels::Call {
  SequenceShape shape;
  std::span<const std::uint64_t> words;
};

/// The arguments of one entry of the manifest, found among the known ones once
/// and for all: calls of single steps are many and short.
struct CellKernels::Plan {
  struct Item {
    /// Its place among the known arguments.
    std::size_t word = 0;
    bool isArray = false;
    bool optional = false;
    std::vector<Axis> axes;
  };

  Plan(const Manifest &manifest, std::string_view name,
       std::span<const KnownArgument> known);

  /// Tiles of time, where an array has such an axis.
  std::int64_t tilesOf(std::int64_t time) const {
    return countsTiles ? entry->timeTiles(time) : 0;
  }

  const KernelEntry *entry;
  bool countsTiles = false;
  std::span<const KnownArgument> known;
  std::vector<Item> items;
  /// Arrays to write that the cell does not have, as places among the known.
  std::vector<std::size_t> absent;
};

CellKernels::Plan::Plan(const Manifest &manifest, std::string_view name,
                        std::span<const KnownArgument> known)
    : entry(&manifest.entry(name)), known(known) {
  const auto indexOf = [&](std::string_view wanted) {
    return static_cast<std::size_t>(
        std::find_if(known.begin(), known.end(),
                     [&](const KnownArgument &a) { return a.name == wanted; }) -
        known.begin());
  };
  std::vector<bool> present(known.size());
  for (const KernelArgument &argument : entry->arguments) {
    const std::size_t index = indexOf(argument.name);
    const std::string where = place(manifest, entry->name, argument.name);
    if (index == known.size())
      throw Error(where + ": this runtime does not know such an argument");
    if (!holds(manifest, known[index].condition))
      throw Error(where + ": the cell does not have it");
    checkArgument(manifest, known[index], argument, where);
    present[index] = true;
    std::vector<Axis> axes;
    axes.reserve(argument.shape.size());
    for (const std::string &axis : argument.shape)
      axes.push_back(axisOf(axis));
    countsTiles |=
        std::find(axes.begin(), axes.end(), Axis::Tiles) != axes.end();
    items.push_back({index, argument.isArray(),
                     known[index].presence == Presence::Optional,
                     std::move(axes)});
  }
  for (std::size_t index = 0; index < known.size(); ++index) {
    if (present[index])
      continue;
    if (holds(manifest, known[index].condition))
      throw Error(place(manifest, entry->name, known[index].name) +
                  ": is missing in the manifest; compile the cell again with "
                  "the minrnnc of this release");
    if (known[index].access == "write")
      absent.push_back(index);
  }
}

CellKernels::CellKernels(Manifest manifest,
                         std::shared_ptr<const KernelModule> module)
    : sharedManifest(std::make_shared<const Manifest>(std::move(manifest))),
      module(std::move(module)) {
  const Manifest &own = *sharedManifest;
  if (!this->module)
    throw Error("cell '" + own.cell + "' has no code: the module is null");
  if (own.recomputesStates() &&
      (own.entry("forward").tileTime < 1 ||
       own.entry("backward").tileTime != own.entry("forward").tileTime))
    throw Error("cell '" + own.cell +
                "' recomputes its states, but its manifest does not give the "
                "entries 'forward' and 'backward' the same tile of time");
  forwardPlan =
      std::make_shared<const Plan>(own, "forward", knownForwardArguments());
  backwardPlan =
      std::make_shared<const Plan>(own, "backward", knownBackwardArguments());
  stepPlan = std::make_shared<const Plan>(own, "step", knownStepArguments());
  if (own.chained() == 0)
    return;
  forwardChainedPlan = std::make_shared<const Plan>(
      own, "forward_chained", knownForwardChainedArguments());
  backwardChainedPlan = std::make_shared<const Plan>(
      own, "backward_chained", knownBackwardChainedArguments());
}

void CellKernels::launch(const Plan &plan, const Call &call) const {
  const Manifest &own = *sharedManifest;
  const AxisSizes sizes = {
      call.shape.batch, call.shape.time, call.shape.channels,
      gates(),          recurrent(),     parameters(),
      states(),         chained(),       plan.tilesOf(call.shape.time)};
  const auto where = [&](std::size_t word) {
    return place(own, plan.entry->name, plan.known[word].name) + ": ";
  };
  for (const std::size_t word : plan.absent)
    if (call.words[word] != 0)
      throw Error(where(word) +
                  "is to be written, but this cell does not have it");
  std::vector<std::uint64_t> block;
  block.reserve(plan.items.size());
  for (const Plan::Item &item : plan.items) {
    const std::uint64_t value = call.words[item.word];
    block.push_back(value);
    if (!item.isArray)
      continue;
    std::array<std::int64_t, mostAxes> shape = {};
    for (std::size_t axis = 0; axis < item.axes.size(); ++axis)
      shape[axis] = sizes[static_cast<std::size_t>(item.axes[axis])];
    std::int64_t count = 0;
    try {
      count = elementCount({shape.data(), item.axes.size()}, "its shape");
    } catch (const Error &error) {
      throw Error(where(item.word) + error.what());
    }
    if (value == 0 && count > 0 && !item.optional)
      throw Error(where(item.word) + "is null, but must hold " +
                  std::to_string(count) + " elements");
  }
  module->launch(*plan.entry, block,
                 plan.entry->tileCount(call.shape.batch, call.shape.channels));
}

void CellKernels::forward(const SequenceShape &shape,
                          const ForwardArguments &arguments) const {
  const std::int64_t count = stepsOf(*sharedManifest, "forward", shape,
                                     arguments.first, arguments.count);
  // In the order of knownForwardArguments.
  const auto words = std::to_array<std::uint64_t>(
      {addressOf(arguments.preactivations), addressOf(arguments.input),
       addressOf(arguments.recurrent), addressOf(arguments.bias),
       addressOf(arguments.recurrentBias), addressOf(arguments.parameters),
       addressOf(arguments.reset), addressOf(arguments.initial),
       addressOf(arguments.output), addressOf(arguments.trajectory),
       addressOf(arguments.boundaries), addressOf(arguments.last),
       size(shape.batch), size(shape.time), size(shape.channels),
       size(arguments.reverse ? 1 : 0), size(arguments.first), size(count)});
  launch(*forwardPlan, {shape, words});
}

void CellKernels::backward(const SequenceShape &shape,
                           const BackwardArguments &arguments) const {
  const std::int64_t count = stepsOf(*sharedManifest, "backward", shape,
                                     arguments.first, arguments.count);
  // In the order of knownBackwardArguments.
  const auto words =
      std::to_array<std::uint64_t>({addressOf(arguments.preactivations),
                                    addressOf(arguments.input),
                                    addressOf(arguments.recurrent),
                                    addressOf(arguments.bias),
                                    addressOf(arguments.recurrentBias),
                                    addressOf(arguments.parameters),
                                    addressOf(arguments.reset),
                                    addressOf(arguments.initial),
                                    addressOf(arguments.output),
                                    addressOf(arguments.trajectory),
                                    addressOf(arguments.boundaries),
                                    addressOf(arguments.dOutput),
                                    addressOf(arguments.dChained),
                                    addressOf(arguments.dLast),
                                    addressOf(arguments.dPreactivations),
                                    addressOf(arguments.dInput),
                                    addressOf(arguments.dRecurrent),
                                    addressOf(arguments.dBias),
                                    addressOf(arguments.dRecurrentBias),
                                    addressOf(arguments.dParameters),
                                    addressOf(arguments.dInitial),
                                    size(shape.batch),
                                    size(shape.time),
                                    size(shape.channels),
                                    size(arguments.reverse ? 1 : 0),
                                    size(arguments.first),
                                    size(count)});
  launch(*backwardPlan, {shape, words});
}

void CellKernels::step(const SequenceShape &shape,
                       const StepArguments &arguments) const {
  const SequenceShape oneStep{shape.batch, 1, shape.channels};
  // In the order of knownStepArguments.
  const auto words = std::to_array<std::uint64_t>(
      {addressOf(arguments.preactivations), addressOf(arguments.input),
       addressOf(arguments.recurrent), addressOf(arguments.bias),
       addressOf(arguments.recurrentBias), addressOf(arguments.parameters),
       addressOf(arguments.reset), addressOf(arguments.previous),
       addressOf(arguments.output), addressOf(arguments.next),
       size(shape.batch), size(shape.channels)});
  launch(*stepPlan, {oneStep, words});
}

std::int64_t CellKernels::chainedSteps(const std::shared_ptr<const Plan> &plan,
                                       const char *name,
                                       const SequenceShape &shape,
                                       std::int64_t first) const {
  if (!plan)
    throw Error("cell '" + sharedManifest->cell + "' has no entry '" + name +
                "': no gate projects a value computed within the step");
  return stepsOf(*sharedManifest, name, shape, first, 1);
}

void CellKernels::forwardChained(const SequenceShape &shape,
                                 const ForwardArguments &step,
                                 float *chained) const {
  const std::int64_t count =
      chainedSteps(forwardChainedPlan, "forward_chained", shape, step.first);
  // In the order of knownForwardChainedArguments; the last states are not
  // wanted.
  const auto words = std::to_array<std::uint64_t>(
      {addressOf(step.preactivations), addressOf(step.input),
       addressOf(step.recurrent), addressOf(step.bias),
       addressOf(step.recurrentBias), addressOf(step.parameters),
       addressOf(step.reset), addressOf(step.initial), addressOf(chained),
       std::uint64_t{0}, size(shape.batch), size(shape.time),
       size(shape.channels), size(step.reverse ? 1 : 0), size(step.first),
       size(count)});
  launch(*forwardChainedPlan, {shape, words});
}

void CellKernels::backwardChained(const SequenceShape &shape,
                                  const BackwardArguments &step) const {
  const std::int64_t count =
      chainedSteps(backwardChainedPlan, "backward_chained", shape, step.first);
  // In the order of knownBackwardChainedArguments; the initial states' gradient
  // is not wanted.
  const auto words =
      std::to_array<std::uint64_t>({addressOf(step.preactivations),
                                    addressOf(step.input),
                                    addressOf(step.recurrent),
                                    addressOf(step.bias),
                                    addressOf(step.recurrentBias),
                                    addressOf(step.parameters),
                                    addressOf(step.reset),
                                    addressOf(step.initial),
                                    addressOf(step.output),
                                    addressOf(step.trajectory),
                                    addressOf(step.dOutput),
                                    addressOf(step.dLast),
                                    addressOf(step.dRecurrent),
                                    std::uint64_t{0},
                                    size(shape.batch),
                                    size(shape.time),
                                    size(shape.channels),
                                    size(step.reverse ? 1 : 0),
                                    size(step.first),
                                    size(count)});
  launch(*backwardChainedPlan, {shape, words});
}
