//===- Layer.cpp - A layer of a compiled cell -----------------------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "minrnn/layer.h"

#include "minrnn/error.h"
#include "runtime/program/Executor.h"
#include "runtime/program/LayerPlan.h"

using namespace minrnn;

struct Layer::State {
  State(const CellKernels &cell, const LayerSizes &sizes,
        const LayerOptions &options, const LayerMemory &memory)
      : cell(cell), sizes(sizes), options(options),
        plan(this->cell.manifest(), sizes, options,
             this->cell.device()->multiprocessors()),
        memory(memory) {
    requireProducts(*this->cell.device(), options.precision);
  }

  std::uint64_t addressOf(const OwnPlace &place) const {
    return (place.isSaved ? memory.saved : memory.scratch) + place.offset;
  }

  /// Reserves what the caller does not.
  void reserve() {
    saved = {cell.device(), plan.bytes().saved};
    scratch = {cell.device(), plan.bytes().scratch};
    memory = {std::bit_cast<std::uintptr_t>(saved.data()),
              std::bit_cast<std::uintptr_t>(scratch.data())};
  }

  std::string element(const ProgramTensor &tensor) const {
    return tensor.element == Element::IO
               ? cell.manifest().ioType
               : std::string(elementName(tensor.element));
  }

  // The plan refers to the manifest, which the cell shares.
  CellKernels cell;
  LayerSizes sizes;
  LayerOptions options;
  LayerPlan plan;
  LayerMemory memory;
  DeviceArray<std::byte> saved;
  DeviceArray<std::byte> scratch;
};

LayerBytes minrnn::planLayer(const CellKernels &cell, const LayerSizes &sizes,
                             const LayerOptions &options) {
  return LayerPlan(cell.manifest(), sizes, options,
                   cell.device()->multiprocessors())
      .bytes();
}

Layer::Layer(const CellKernels &cell, const LayerSizes &sizes,
             const LayerOptions &options)
    : Layer(cell, sizes, options, LayerMemory{}) {
  state->reserve();
}

Layer::Layer(const CellKernels &cell, const LayerSizes &sizes,
             const LayerOptions &options, const LayerMemory &memory)
    : state(std::make_unique<State>(cell, sizes, options, memory)) {}

Layer::~Layer() = default;
Layer::Layer(Layer &&other) noexcept = default;
Layer &Layer::operator=(Layer &&other) noexcept = default;

const LayerSizes &Layer::sizes() const { return state->sizes; }

LayerBytes Layer::bytes() const { return state->plan.bytes(); }

std::vector<LayerTensor> Layer::tensors() const {
  std::vector<LayerTensor> list;
  const TensorSizes &sizes = state->plan.forward().sizes;
  for (const ProgramTensor &tensor : state->cell.manifest().program.tensors)
    list.push_back({tensor.name, tensor.role, state->element(tensor),
                    tensor.axes, sizes.shape(tensor), sizes.bytes(tensor),
                    tensor.isOptional, tensor.of});
  return list;
}

std::vector<LayerTensor> Layer::tensors(Role role) const {
  std::vector<LayerTensor> list = tensors();
  std::erase_if(list, [&](const LayerTensor &t) { return t.role != role; });
  return list;
}

LayerTensor Layer::tensor(std::string_view name) const {
  for (LayerTensor &tensor : tensors())
    if (tensor.name == name)
      return std::move(tensor);
  throw Error("cell '" + state->cell.manifest().cell + "' has no tensor '" +
              std::string(name) + "'");
}

std::uint64_t Layer::address(Procedure procedure, std::string_view name) const {
  const std::optional<OwnPlace> place = state->plan.place(procedure, name);
  return place ? state->addressOf(*place) : 0;
}

Procedure Layer::scheduled(Procedure procedure) const {
  return state->plan.scheduled(procedure);
}

std::string Layer::print() const { return state->plan.print(); }

[[noreturn]] static void failUnknown(const ProcedurePlan &plan,
                                     const std::string &where,
                                     std::string_view name) {
  std::string names;
  for (std::size_t i = 0; i < plan.known.size(); ++i)
    if (plan.known[i])
      names += (names.empty() ? "" : ", ") + plan.sizes.tensor(i).name;
  throw Error(where + "it takes no tensor '" + std::string(name) +
              "'; it knows " + names);
}

void Layer::run(Procedure procedure, std::span<const NamedTensor> tensors) {
  ProcedurePlan &plan = state->plan.procedure(procedure);
  const TensorSizes &sizes = plan.sizes;
  const std::string where = placeOf(state->cell.manifest(), procedure);
  std::vector<bool> given(sizes.count());
  std::vector<std::uint64_t> addresses(sizes.count());
  for (const NamedTensor &tensor : tensors) {
    if (tensor.address == 0)
      continue;
    const std::size_t place = sizes.place(tensor.name);
    if (place == sizes.count() || !plan.known[place])
      failUnknown(plan, where, tensor.name);
    const std::uint64_t bytes = sizes.bytes(sizes.tensor(place));
    if (tensor.bytes && *tensor.bytes != bytes)
      throw Error(where + "the tensor '" + std::string(tensor.name) + "' is " +
                  std::to_string(bytes) + " bytes, found " +
                  std::to_string(*tensor.bytes));
    given[place] = true;
    addresses[place] = tensor.address;
  }
  const LiveProgram &live = state->plan.live(procedure, given);
  for (std::size_t i = 0; i < sizes.count(); ++i)
    if (plan.places[i] && live.present[i])
      addresses[i] = state->addressOf(*plan.places[i]);
  execute(live.operations, {state->cell, sizes, state->options.reverse,
                            state->options.precision, addresses});
}
