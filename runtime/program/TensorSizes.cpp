//===- TensorSizes.cpp - How large the tensors of a layer are -------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/program/TensorSizes.h"

#include "minrnn/error.h"
#include "runtime/core/HalfStorage.h"
#include "specs/contract/ElementCount.h"

#include <algorithm>

using namespace minrnn;

std::string minrnn::placeOf(const Manifest &manifest, Procedure procedure) {
  return "cell '" + manifest.cell + "', " +
         std::string(procedureName(procedure)) + ": ";
}

TensorSizes::TensorSizes(const Manifest &manifest, const LayerSizes &sizes,
                         Procedure procedure)
    : own(&manifest), sizes(sizes),
      entry(manifest.findEntry(procedureName(procedure))) {
  if (procedure == Procedure::Step)
    this->sizes.time = 1;
  const std::string where = placeOf(manifest, procedure);
  elementCount({sizes.batch, sizes.time, sizes.inputs, 0}, where + "sizes");
  elementCount({sizes.channels, 0}, where + "sizes");
  if (manifest.readsInput() && sizes.inputs != sizes.channels)
    throw Error(where +
                "the cell reads its channel of the input, so that the input "
                "must be as wide as the hidden state; found " +
                std::to_string(sizes.inputs) + " inputs and " +
                std::to_string(sizes.channels) + " channels");
  for (const ProgramTensor &tensor : manifest.program.tensors)
    elementCount(shape(tensor), where + "tensor '" + tensor.name + "'");
}

std::int64_t TensorSizes::of(Axis axis) const {
  switch (axis) {
  case Axis::Batch:
    return sizes.batch;
  case Axis::Time:
    return sizes.time;
  case Axis::Tiles:
    return entry == nullptr ? 0 : entry->timeTiles(sizes.time);
  case Axis::Summary:
    return entry == nullptr ? 0 : entry->tileSummary;
  case Axis::Inputs:
    return sizes.inputs;
  case Axis::Channels:
    return sizes.channels;
  default:
    return own->size(axis);
  }
}

std::vector<std::int64_t>
TensorSizes::shape(const ProgramTensor &tensor) const {
  std::vector<std::int64_t> shape;
  shape.reserve(tensor.axes.size());
  for (const Axis axis : tensor.axes)
    shape.push_back(of(axis));
  return shape;
}

std::int64_t TensorSizes::elements(const ProgramTensor &tensor) const {
  return elementCount(shape(tensor), "tensor '" + tensor.name + "'");
}

std::uint64_t TensorSizes::bytes(const ProgramTensor &tensor) const {
  return static_cast<std::uint64_t>(elements(tensor) * bytesOfElement(tensor));
}

ElementType TensorSizes::numbers(const ProgramTensor &tensor) const {
  return tensor.element == Element::IO ? elementTypeOf(own->ioType)
                                       : ElementType::F32;
}

std::int64_t TensorSizes::bytesOfElement(const ProgramTensor &tensor) const {
  if (tensor.element == Element::U8)
    return 1;
  return tensor.element == Element::I32 ? 4 : elementBytes(numbers(tensor));
}

std::size_t TensorSizes::place(std::string_view tensor) const {
  const auto &tensors = own->program.tensors;
  return static_cast<std::size_t>(
      std::find_if(tensors.begin(), tensors.end(),
                   [&](const ProgramTensor &t) { return t.name == tensor; }) -
      tensors.begin());
}
