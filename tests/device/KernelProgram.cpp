//===- KernelProgram.cpp - Any cell's kernels, called on any device -------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tests/device/KernelProgram.h"

#include "tests/LaunchKernel.h"
#include "tests/device/GuardedBuffer.h"
#include "tests/reference/HalfStorage.h"

#include <algorithm>
#include <bit>
#include <optional>
#include <stdexcept>
#include <type_traits>

using namespace minrnn;
using namespace minrnn::test;
using minrnn::reference::fromHalfBits;
using minrnn::reference::halfBits;
using minrnn::reference::Shape;

/// Of half-precision cells, io elements are halves.
static int64_t bytesOf(Element element, const std::string &ioType) {
  return element == Element::U8                       ? 1
         : element == Element::F32 || ioType == "f32" ? 4
                                                      : 2;
}

KernelProgram::KernelProgram(Manifest manifest,
                             std::shared_ptr<const KernelModule> module)
    : own(std::move(manifest)), module(std::move(module)) {
  for (const RecurrentProjection &projection : own.recurrent)
    projected.push_back({projection.inner.has_value(),
                         projection.inner ? *projection.inner
                                          : own.stateIndex(projection.state),
                         projection.stage});
}

int64_t KernelProgram::sizeOf(Axis axis, const Shape &shape) const {
  switch (axis) {
  case Axis::Batch:
    return shape.batch;
  case Axis::Time:
    return shape.time;
  case Axis::Channels:
  case Axis::Inputs:
    return shape.channels;
  case Axis::Tiles:
    return own.timeTiles(shape.time);
  default:
    return own.size(axis);
  }
}

/// The arrays of one call on the device.
class KernelProgram::Call {
public:
  Call(const KernelProgram &program, const EntryCall &call)
      : program(program), call(call) {}

  /// Reserves room for an array, with nothing in it.
  void reserve(const std::string &name, Element type, int64_t elements) {
    const int64_t bytes = bytesOf(type, program.own.ioType);
    const size_t shift =
        call.aligned ? 0 : places.size() % 3 * static_cast<size_t>(bytes);
    places.insert_or_assign(name, Place{std::make_unique<GuardedBuffer>(
                                            program.module->device(),
                                            size_t(elements * bytes), shift),
                                        type, elements});
  }
  void upload(const std::string &name, const std::vector<float> &values,
              int64_t begin = 0) {
    const Place &place = places.at(name);
    const size_t offset =
        size_t(begin * bytesOf(place.type, program.own.ioType));
    if (bytesOf(place.type, program.own.ioType) == 4) {
      place.buffer->upload(std::as_bytes(std::span(values)), offset);
      return;
    }
    std::vector<uint16_t> halves;
    halves.reserve(values.size());
    for (float value : values)
      halves.push_back(halfBits(program.own.ioType, value));
    place.buffer->upload(std::as_bytes(std::span(halves)), offset);
  }
  std::vector<float> download(const std::string &name, int64_t begin = 0,
                              int64_t elements = -1) const {
    const Place &place = places.at(name);
    const int64_t count = elements < 0 ? place.count : elements;
    if (bytesOf(place.type, program.own.ioType) == 4) {
      std::vector<float> values(static_cast<size_t>(count));
      copy(place, begin, values, name);
      return values;
    }
    std::vector<uint16_t> halves(static_cast<size_t>(count));
    copy(place, begin, halves, name);
    std::vector<float> values(halves.size());
    std::transform(
        halves.begin(), halves.end(), values.begin(),
        [&](uint16_t bits) { return fromHalfBits(program.own.ioType, bits); });
    return values;
  }

  /// Makes `elements` of an f32 array what they are before anything writes
  /// them.
  void poison(const std::string &name, int64_t begin, int64_t elements) {
    upload(name,
           std::vector<float>(size_t(elements),
                              std::bit_cast<float>(~uint32_t{0})),
           begin);
  }

  /// Puts every array of the entry on the device, but those that are there.
  void prepare(std::string_view name) {
    const KernelEntry &entry = program.own.entry(name);
    for (const KernelArgument &argument : entry.arguments) {
      if (!argument.isTensor() || places.count(argument.name))
        continue;
      int64_t elements = 1;
      for (const Axis axis : argument.axes)
        elements *= program.sizeOf(axis, call.shape);
      if (argument.isWritten) {
        if (call.unwanted.count(argument.name) ||
            call.inPlace.count(argument.name))
          continue;
        reserve(argument.name, argument.element, elements);
      } else if (argument.name == "reset") {
        if (call.reset.empty() && elements != 0)
          continue;
        reserve(argument.name, argument.element, elements);
        places.at("reset").buffer->upload(std::as_bytes(std::span(call.reset)));
      } else if (auto found = call.inputs.find(argument.name);
                 found != call.inputs.end()) {
        if (int64_t(found->second.size()) != elements)
          throw std::runtime_error("'" + argument.name + "' has " +
                                   std::to_string(found->second.size()) +
                                   " elements of " + std::to_string(elements));
        reserve(argument.name, argument.element, elements);
        upload(argument.name, found->second);
      } else if (!argument.isOptional) {
        throw std::runtime_error("'" + argument.name + "' is missing");
      }
    }
  }

  /// Launches; `aliases` are arguments that stand for other arrays, or for
  /// none.
  void launch(std::string_view name, int64_t first, int64_t count,
              const std::map<std::string, std::string> &aliases = {}) {
    const KernelEntry &entry = program.own.entry(name);
    KernelCall launched{call.shape.batch, call.shape.time, call.shape.channels,
                        call.reverse,     first,           count};
    for (const KernelArgument &argument : entry.arguments) {
      auto alias = aliases.find(argument.name);
      auto place =
          places.find(alias == aliases.end() ? argument.name : alias->second);
      if (argument.isTensor() && place != places.end())
        launched.tensors[argument.name] = place->second.buffer->address();
    }
    launchKernel(*program.module, entry, launched);
  }

  /// What the entry wrote, `aliases` as they were launched. Throws when it
  /// wrote beside its arrays.
  NamedArrays results(std::string_view entryName,
                      const std::map<std::string, std::string> &aliases = {}) {
    const KernelEntry &entry = program.own.entry(entryName);
    for (const auto &[name, place] : places)
      if (!place.buffer->isIntact())
        throw std::runtime_error("entry '" + entry.name +
                                 "' wrote beside its array '" + name + "'");
    NamedArrays outputs;
    for (const KernelArgument &argument : entry.arguments) {
      auto alias = aliases.find(argument.name);
      const std::string &name =
          alias == aliases.end() ? argument.name : alias->second;
      if (argument.isWritten && places.count(name))
        outputs[argument.name] = download(name);
    }
    return outputs;
  }

private:
  struct Place {
    std::unique_ptr<GuardedBuffer> buffer;
    Element type = Element::F32;
    int64_t count = 0;
  };

  /// Throws where an element still is as it was before anything wrote it.
  template <typename Element>
  void copy(const Place &place, int64_t begin, std::vector<Element> &values,
            const std::string &name) const {
    using Bits = std::conditional_t<sizeof(Element) == 4, uint32_t, uint16_t>;
    place.buffer->download(std::as_writable_bytes(std::span(values)),
                           size_t(begin) * sizeof(Element));
    for (size_t i = 0; i < values.size(); ++i)
      if (std::bit_cast<Bits>(values[i]) == Bits(~Bits{0}))
        throw std::runtime_error(
            "cell '" + program.own.cell + "' left " + name + "[" +
            std::to_string(size_t(begin) + i) + "] unwritten");
  }

  const KernelProgram &program;
  const EntryCall &call;
  std::map<std::string, Place> places;
};

NamedArrays KernelProgram::run(std::string_view entry,
                               const EntryCall &call) const {
  Call current(*this, call);
  current.prepare(entry);
  current.launch(entry, 0, call.shape.time, call.inPlace);
  return current.results(entry, call.inPlace);
}

int64_t KernelProgram::stageCount() const {
  int64_t count = 0;
  for (const reference::CompiledProjection &projection : projected)
    if (projection.isInner)
      count = std::max(count, projection.stage + 1);
  return count;
}

void KernelProgram::multiply(Call &current, const EntryCall &call, int64_t t,
                             bool ofInner, int64_t stage) const {
  auto [batch, time, channels] = call.shape;
  const auto gates = int64_t(projected.size());
  const int64_t count = own.size(ofInner ? Axis::Inner : Axis::States);
  std::vector<float> products(size_t(gates * channels));
  for (int64_t row = 0; row < batch; ++row) {
    const int64_t begin = ofInner ? row * time + t : row;
    const std::vector<float> operands =
        current.download(ofInner ? "inner" : "carried",
                         begin * count * channels, count * channels);
    reference::StepProducts{1, channels, projected, ofInner, stage}
        .multiply<float>(call.recurrentWeights.data(), {operands.data(), 0},
                         {products.data(), 0});
    for (int64_t r = 0; r < gates; ++r)
      if (projected[size_t(r)].isInner == ofInner) {
        auto from = products.begin() + r * channels;
        current.upload("recurrent", {from, from + channels},
                       ((row * time + t) * gates + r) * channels);
      }
  }
}

void KernelProgram::pullBack(const Call &current, const EntryCall &call,
                             int64_t t, int64_t row, bool ofInner,
                             float *operands, int64_t stage) const {
  const int64_t channels = call.shape.channels;
  const int64_t width = int64_t(projected.size()) * channels;
  const std::vector<float> dProducts = current.download(
      "d_recurrent", (row * call.shape.time + t) * width, width);
  reference::StepProducts{1, channels, projected, ofInner, stage}
      .pullBack<float>(call.recurrentWeights.data(), {dProducts.data(), 0},
                       {operands, 0});
}

NamedArrays KernelProgram::forwardInSteps(const EntryCall &call) const {
  auto [batch, time, channels] = call.shape;
  const int64_t states = own.size(Axis::States);
  const int64_t projections = own.size(Axis::Recurrent);
  Call current(*this, call);
  current.reserve("recurrent", Element::F32,
                  batch * time * projections * channels);
  current.reserve("carried", Element::F32, batch * states * channels);
  auto initial = call.inputs.find("initial");
  current.upload("carried",
                 initial == call.inputs.end()
                     ? std::vector<float>(size_t(batch * states * channels))
                     : initial->second);
  current.prepare("forward");
  const std::map<std::string, std::string> aliases = {{"initial", "carried"},
                                                      {"last", "carried"}};
  // With no step at all, the last states are still to be written.
  if (time == 0) {
    current.launch("forward", 0, 0);
    NamedArrays outputs = current.results("forward");
    outputs["recurrent"] = {};
    if (own.size(Axis::Inner) > 0)
      outputs["inner"] = {};
    return outputs;
  }
  if (own.size(Axis::Inner) > 0)
    current.reserve("inner", Element::F32,
                    batch * time * own.size(Axis::Inner) * channels);
  // The values of later stages are written later.
  if (stageCount() > 1)
    current.upload(
        "inner", std::vector<float>(
                     size_t(batch * time * own.size(Axis::Inner) * channels)));
  for (int64_t position = 0; position < time; ++position) {
    const int64_t t = call.reverse ? time - 1 - position : position;
    multiply(current, call, t, /*ofInner=*/false);
    for (int64_t stage = 0; stage < stageCount(); ++stage) {
      current.launch("forward_inner" + std::to_string(stage), position, 1,
                     {{"initial", "carried"}, {"last", ""}});
      multiply(current, call, t, /*ofInner=*/true, stage);
    }
    current.launch("forward", position, 1, aliases);
  }
  NamedArrays outputs = current.results("forward", aliases);
  outputs["recurrent"] = current.download("recurrent");
  if (own.size(Axis::Inner) > 0)
    outputs["inner"] = current.download("inner");
  return outputs;
}

NamedArrays KernelProgram::backwardInSteps(const EntryCall &call) const {
  auto [batch, time, channels] = call.shape;
  const int64_t states = own.size(Axis::States);
  const int64_t chained = own.size(Axis::Inner);
  Call current(*this, call);
  current.reserve("d_carried", Element::F32, batch * states * channels);
  auto dLast = call.inputs.find("d_last");
  current.upload("d_carried",
                 dLast == call.inputs.end()
                     ? std::vector<float>(size_t(batch * states * channels))
                     : dLast->second);
  if (chained > 0)
    current.reserve("d_inner", Element::F32, batch * time * chained * channels);
  current.prepare("backward");
  const std::map<std::string, std::string> aliases = {
      {"d_last", "d_carried"}, {"d_initial", "d_carried"}};
  // With no step at all, the sums are still to be written.
  if (time == 0) {
    current.launch("backward", 0, 0);
    NamedArrays outputs = current.results("backward");
    if (chained > 0)
      outputs["d_inner"] = {};
    return outputs;
  }
  for (int64_t position = 0; position < time; ++position) {
    const int64_t t = call.reverse ? position : time - 1 - position;
    std::vector<float> ofInner(size_t(batch * chained * channels));
    for (int64_t stage = stageCount(); stage-- > 0;) {
      for (int64_t row = 0; row < batch; ++row) {
        auto from = ofInner.begin() + row * chained * channels;
        current.upload("d_inner", {from, from + chained * channels},
                       (row * time + t) * chained * channels);
      }
      current.launch("backward_inner" + std::to_string(stage), position, 1,
                     {{"d_last", "d_carried"}, {"d_initial", ""}});
      for (int64_t row = 0; row < batch; ++row) {
        auto from = ofInner.begin() + row * chained * channels;
        pullBack(current, call, t, row, /*ofInner=*/true,
                 ofInner.data() + row * chained * channels, stage);
        current.upload("d_inner", {from, from + chained * channels},
                       (row * time + t) * chained * channels);
        // The next entry writes all of them again.
        const int64_t width = own.size(Axis::Recurrent) * channels;
        current.poison("d_recurrent", (row * time + t) * width, width);
      }
    }
    current.launch("backward", position, 1, aliases);
    std::vector<float> gradient = current.download("d_carried");
    for (int64_t row = 0; row < batch; ++row)
      pullBack(current, call, t, row, /*ofInner=*/false,
               gradient.data() + row * states * channels);
    current.upload("d_carried", gradient);
  }
  NamedArrays outputs = current.results("backward", aliases);
  if (chained > 0)
    outputs["d_inner"] = current.download("d_inner");
  return outputs;
}
