//===- CellKernels.cpp - A compiled cell, ready to run --------------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "minrnn/cell_kernels.h"

#include "minrnn/error.h"
#include "runtime/core/ElementCount.h"

#include <algorithm>
#include <bit>
#include <span>
#include <vector>

using namespace minrnn;

namespace {

/// One argument by its name in the manifest: an address or a size.
struct NamedWord {
  std::string_view name;
  std::uint64_t word;
};

std::uint64_t address(const float *pointer) {
  return std::bit_cast<std::uintptr_t>(pointer);
}

std::uint64_t size(std::int64_t value) {
  return static_cast<std::uint64_t>(value);
}

const NamedWord *find(std::span<const NamedWord> words, std::string_view name) {
  const auto found =
      std::find_if(words.begin(), words.end(),
                   [&](const NamedWord &word) { return word.name == name; });
  return found == words.end() ? nullptr : &*found;
}

std::int64_t axisSize(const std::string &axis, const SequenceShape &shape,
                      std::int64_t gates) {
  if (axis == "batch")
    return shape.batch;
  if (axis == "time")
    return shape.time;
  if (axis == "channels")
    return shape.channels;
  if (axis == "gates")
    return gates;
  throw Error("the manifest has an axis '" + axis +
              "' that this runtime does not know");
}

std::string place(const Manifest &manifest, const KernelEntry &entry,
                  const KernelArgument &argument) {
  return "cell '" + manifest.cell + "', entry '" + entry.name +
         "', argument '" + argument.name + "'";
}

/// Puts `words` in the order of the manifest, checking each against its shape.
void launch(const Manifest &manifest, const KernelModule &module,
            std::string_view entryName, const SequenceShape &shape,
            std::span<const NamedWord> words) {
  const KernelEntry &entry = manifest.entry(entryName);
  std::vector<std::uint64_t> block;
  block.reserve(entry.arguments.size());
  for (const KernelArgument &argument : entry.arguments) {
    const std::uint64_t word = find(words, argument.name)->word;
    if (argument.isArray()) {
      std::vector<std::int64_t> sizes;
      sizes.reserve(argument.shape.size());
      for (const std::string &axis : argument.shape)
        sizes.push_back(axisSize(
            axis, shape, static_cast<std::int64_t>(manifest.gates.size())));
      const std::string where = place(manifest, entry, argument);
      const std::int64_t count = elementCount(sizes, where);
      if (word == 0 && count > 0 && !argument.optional)
        throw Error(where + ": is null, but must hold " +
                    std::to_string(count) + " elements");
    }
    block.push_back(word);
  }
  module.launch(entry, block, entry.tileCount(shape.batch, shape.channels));
}

std::vector<NamedWord> forwardWords(const SequenceShape &shape,
                                    const ForwardArguments &arguments) {
  return {{"preactivations", address(arguments.preactivations)},
          {"bias", address(arguments.bias)},
          {"initial", address(arguments.initial)},
          {"output", address(arguments.output)},
          {"last", address(arguments.last)},
          {"batch", size(shape.batch)},
          {"time", size(shape.time)},
          {"channels", size(shape.channels)}};
}

std::vector<NamedWord> backwardWords(const SequenceShape &shape,
                                     const BackwardArguments &arguments) {
  return {{"preactivations", address(arguments.preactivations)},
          {"bias", address(arguments.bias)},
          {"initial", address(arguments.initial)},
          {"output", address(arguments.output)},
          {"d_output", address(arguments.dOutput)},
          {"d_last", address(arguments.dLast)},
          {"d_preactivations", address(arguments.dPreactivations)},
          {"d_bias", address(arguments.dBias)},
          {"d_initial", address(arguments.dInitial)},
          {"batch", size(shape.batch)},
          {"time", size(shape.time)},
          {"channels", size(shape.channels)}};
}

std::vector<NamedWord> stepWords(const SequenceShape &shape,
                                 const StepArguments &arguments) {
  return {{"preactivations", address(arguments.preactivations)},
          {"bias", address(arguments.bias)},
          {"previous", address(arguments.previous)},
          {"next", address(arguments.next)},
          {"batch", size(shape.batch)},
          {"channels", size(shape.channels)}};
}

/// Every argument of the entry must be one that `known` gives, so that no
/// launch ever passes a word that means something else.
void checkEntry(const Manifest &manifest, std::string_view name,
                std::span<const NamedWord> known) {
  const KernelEntry &entry = manifest.entry(name);
  for (const KernelArgument &argument : entry.arguments) {
    if (find(known, argument.name) == nullptr)
      throw Error(place(manifest, entry, argument) +
                  ": this runtime does not know such an argument");
    const bool isSize = argument.name == "batch" || argument.name == "time" ||
                        argument.name == "channels";
    if (argument.isArray() == isSize)
      throw Error(place(manifest, entry, argument) + ": expected " +
                  (isSize ? "a size (i64)" : "an array (f32*)") + ", found " +
                  argument.type);
    for (const std::string &axis : argument.shape)
      axisSize(axis, {}, 0);
  }
}

} // namespace

CellKernels::CellKernels(Manifest manifest,
                         std::shared_ptr<const KernelModule> module)
    : sharedManifest(std::make_shared<const Manifest>(std::move(manifest))),
      module(std::move(module)) {
  const Manifest &own = *sharedManifest;
  if (!this->module)
    throw Error("cell '" + own.cell + "' has no code: the module is null");
  if (own.kind != "parallel")
    throw Error("cell '" + own.cell + "' is " + own.kind +
                "; this runtime runs parallel cells");
  if (own.ioType != "f32")
    throw Error("cell '" + own.cell + "' reads and writes " + own.ioType +
                "; this runtime knows f32");
  if (own.states.size() != 1)
    throw Error("cell '" + own.cell + "' has " +
                std::to_string(own.states.size()) +
                " states; this runtime runs cells with one");
  checkEntry(own, "forward", forwardWords({}, {}));
  checkEntry(own, "backward", backwardWords({}, {}));
  checkEntry(own, "step", stepWords({}, {}));
}

void CellKernels::forward(const SequenceShape &shape,
                          const ForwardArguments &arguments) const {
  launch(*sharedManifest, *module, "forward", shape,
         forwardWords(shape, arguments));
}

void CellKernels::backward(const SequenceShape &shape,
                           const BackwardArguments &arguments) const {
  launch(*sharedManifest, *module, "backward", shape,
         backwardWords(shape, arguments));
}

void CellKernels::step(const SequenceShape &shape,
                       const StepArguments &arguments) const {
  const SequenceShape oneStep{shape.batch, 1, shape.channels};
  launch(*sharedManifest, *module, "step", oneStep,
         stepWords(oneStep, arguments));
}
