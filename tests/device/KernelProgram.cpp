//===- KernelProgram.cpp - Any cell's kernels, on any device --------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tests/device/KernelProgram.h"

#include "runtime/program/Executor.h"
#include "runtime/program/Liveness.h"
#include "tests/device/GuardedBuffer.h"
#include "tests/reference/HalfStorage.h"

#include <algorithm>
#include <bit>
#include <stdexcept>

using namespace minrnn;
using namespace minrnn::test;
using Operations = std::vector<BoundOperation>;

/// Whether an operation is left out: a sum over rows, a product with the input
/// or its weight, or what makes d_recurrent ready for that of the weight.
static bool isLeftOut(const BoundOperation &operation,
                      const TensorSizes &sizes) {
  const auto isOfInput = [&](const BoundView &view) {
    const std::string &name = sizes.tensor(view.tensor).name;
    return name == "input" || name == "weight";
  };
  if (const auto *fill = std::get_if<BoundFill>(&operation.what))
    return sizes.tensor(fill->result.tensor).name == "d_recurrent";
  if (const auto *product = std::get_if<BoundProduct>(&operation.what))
    return isOfInput(product->a) || isOfInput(product->b);
  return std::holds_alternative<BoundSum>(operation.what);
}

/// The tensors of one call on the device.
class KernelProgram::Run {
public:
  Run(const CellKernels &cell, Procedure procedure, const EntryCall &call,
      Add add)
      : cell(cell), call(call), add(add),
        sizes(cell.manifest(),
              {call.shape.batch, call.shape.time, call.shape.channels,
               call.shape.channels},
              procedure),
        buffers(sizes.count()), written(sizes.count()), updated(sizes.count()) {
    const Operations all = bindProcedure(procedure, sizes, call.reverse);
    LiveProgram live = findLive(procedure, sizes, all, given(procedure, all),
                                procedure == Procedure::Forward &&
                                    !call.unwanted.contains("states") &&
                                    !call.unwanted.contains("checkpoints"));
    std::erase_if(live.operations, [&](const BoundOperation &operation) {
      return isLeftOut(operation, sizes);
    });
    operations = std::move(live.operations);
    reserve(operations, live.present);
    for (std::size_t i = 0; i < buffers.size(); ++i)
      if (buffers[i])
        upload(i);
  }

  NamedArrays run() {
    std::vector<std::uint64_t> addresses(sizes.count());
    for (std::size_t i = 0; i < buffers.size(); ++i)
      if (buffers[i])
        addresses[i] = buffers[i]->address();
    execute(operations,
            {cell, sizes, call.reverse, Precision::Ieee, addresses});
    NamedArrays outputs;
    for (std::size_t i = 0; i < buffers.size(); ++i) {
      const std::string &name = sizes.tensor(i).name;
      if (buffers[i] && !buffers[i]->isIntact())
        throw std::runtime_error("cell '" + cell.manifest().cell +
                                 "' wrote beside its array '" + name + "'");
      if (!buffers[i] || !written[i] || updated[i])
        continue;
      if (sizes.tensor(i).has(Axis::Tiles) && name.ends_with("_tiles"))
        outputs[name.substr(0, name.size() - 5) + "rows"] = sumOverTiles(i);
      else
        outputs[name] = download(i);
    }
    return outputs;
  }

private:
  /// What the call has, and what the operations that are left out would need:
  /// then all others run.
  std::vector<bool> given(Procedure procedure, const Operations &all) const {
    std::vector<bool> tensors(sizes.count());
    for (std::size_t i = 0; i < tensors.size(); ++i) {
      const ProgramTensor &tensor = sizes.tensor(i);
      if (call.inputs.contains(tensor.name))
        tensors[i] = true;
      else if (tensor.role == Role::Output)
        tensors[i] = !call.unwanted.contains(tensor.name);
      else if (tensor.role == Role::Gradient)
        tensors[i] = procedure == Procedure::Backward && isWanted(tensor);
      else
        tensors[i] = tensor.name == "input" || tensor.name == "weight" ||
                     (tensor.name == "reset" && !call.reset.empty());
    }
    for (const BoundOperation &operation : all)
      if (const auto *sum = std::get_if<BoundSum>(&operation.what))
        tensors[sum->result] =
            !call.unwanted.contains(sizes.tensor(sum->operand).name);
    return tensors;
  }

  /// Of the gradients that no sum makes, those of a state and of what is read;
  /// and that of the weight, for which kernels write d_preactivations.
  bool isWanted(const ProgramTensor &gradient) const {
    return !call.unwanted.contains(gradient.name) &&
           (gradient.of == "initial" || gradient.of == "weight" ||
            (gradient.of == "input" && cell.manifest().readsInput()));
  }

  /// An array for each tensor that the operations touch.
  void reserve(const Operations &list, const std::vector<bool> &present) {
    for (const BoundOperation &operation : list) {
      if (const auto *loop = std::get_if<BoundLoop>(&operation.what)) {
        reserve(loop->body, present);
        continue;
      }
      visitTensors(operation, [&](std::size_t i, bool isWritten,
                                  const KernelArgument *argument) {
        if (!present[i])
          return;
        written[i] = written[i] || isWritten;
        updated[i] =
            updated[i] || (argument && argument->access == Access::ReadWrite);
        if (!buffers[i])
          buffers[i] = bufferOf(i);
      });
    }
  }

  std::shared_ptr<GuardedBuffer> bufferOf(std::size_t i) {
    const ProgramTensor &tensor = sizes.tensor(i);
    if (auto shared = call.inPlace.find(tensor.name);
        shared != call.inPlace.end()) {
      std::shared_ptr<GuardedBuffer> &buffer =
          buffers[sizes.place(shared->second)];
      if (!buffer)
        buffer = bufferOf(sizes.place(shared->second));
      return buffer;
    }
    const auto shift = static_cast<std::size_t>(
        call.aligned ? 0 : reserved++ % 3 * sizes.bytesOfElement(tensor));
    return std::make_shared<GuardedBuffer>(cell.device(), sizes.bytes(tensor),
                                           shift);
  }

  bool isHalf(std::size_t i) const {
    return sizes.bytesOfElement(sizes.tensor(i)) == 2;
  }

  void upload(std::size_t i) {
    const ProgramTensor &tensor = sizes.tensor(i);
    if (tensor.name == "reset") {
      buffers[i]->upload(std::as_bytes(std::span(call.reset)));
      return;
    }
    const auto found = call.inputs.find(tensor.name);
    if (found == call.inputs.end()) {
      if (isRead(i))
        throw std::runtime_error("'" + tensor.name + "' is missing");
      return;
    }
    const std::vector<float> &values = found->second;
    if (std::ssize(values) != sizes.elements(tensor))
      throw std::runtime_error("'" + tensor.name + "' has " +
                               std::to_string(values.size()) + " elements of " +
                               std::to_string(sizes.elements(tensor)));
    if (!isHalf(i)) {
      buffers[i]->upload(std::as_bytes(std::span(values)));
      return;
    }
    std::vector<uint16_t> halves;
    halves.reserve(values.size());
    for (const float value : values)
      halves.push_back(reference::halfBits(cell.manifest().ioType, value));
    buffers[i]->upload(std::as_bytes(std::span(halves)));
  }

  /// Whether nothing here writes a tensor that is there.
  bool isRead(std::size_t i) const {
    return !written[i] && sizes.bytes(sizes.tensor(i)) > 0;
  }

  /// Throws where an element still is as it was before anything wrote it.
  template <typename Bits> std::vector<Bits> downloadBits(std::size_t i) const {
    std::vector<Bits> bits(buffers[i]->size() / sizeof(Bits));
    buffers[i]->download(std::as_writable_bytes(std::span(bits)));
    const auto unwritten = std::ranges::find(bits, Bits(~Bits{0}));
    if (unwritten != bits.end())
      throw std::runtime_error(
          "cell '" + cell.manifest().cell + "' left " + sizes.tensor(i).name +
          "[" + std::to_string(unwritten - bits.begin()) + "] unwritten");
    return bits;
  }
  std::vector<float> download(std::size_t i) const {
    std::vector<float> values(buffers[i]->size() / (isHalf(i) ? 2 : 4));
    if (isHalf(i))
      std::ranges::transform(
          downloadBits<uint16_t>(i), values.begin(), [&](uint16_t bits) {
            return reference::fromHalfBits(cell.manifest().ioType, bits);
          });
    else
      std::ranges::transform(
          downloadBits<uint32_t>(i), values.begin(),
          [](uint32_t bits) { return std::bit_cast<float>(bits); });
    return values;
  }

  /// [B, tiles, N, H] summed over the tiles of time, as a cell without such
  /// tiles has it.
  std::vector<float> sumOverTiles(std::size_t i) const {
    const std::vector<float> values = download(i);
    const std::int64_t tiles = sizes.of(Axis::Tiles);
    const auto shape = sizes.shape(sizes.tensor(i));
    const std::int64_t width = shape[2] * shape[3];
    std::vector<float> rows(static_cast<std::size_t>(shape[0] * width));
    for (std::int64_t row = 0; row < shape[0]; ++row)
      for (std::int64_t tile = 0; tile < tiles; ++tile)
        for (std::int64_t at = 0; at < width; ++at)
          rows[row * width + at] =
              add(rows[row * width + at],
                  values[(row * tiles + tile) * width + at]);
    return rows;
  }

  const CellKernels &cell;
  const EntryCall &call;
  Add add;
  TensorSizes sizes;
  Operations operations;
  /// Of each tensor of the program; null where it is not touched.
  std::vector<std::shared_ptr<GuardedBuffer>> buffers;
  std::vector<bool> written;
  /// Whether it is scratch memory that blocks meet in.
  std::vector<bool> updated;
  int64_t reserved = 0;
};

std::vector<reference::CompiledProjection> KernelProgram::projections() const {
  std::vector<reference::CompiledProjection> projected;
  for (const RecurrentProjection &projection : manifest().recurrent)
    projected.push_back({projection.inner.has_value(),
                         projection.inner
                             ? *projection.inner
                             : manifest().stateIndex(projection.state)});
  return projected;
}

NamedArrays KernelProgram::run(Procedure procedure,
                               const EntryCall &call) const {
  return Run(cell, procedure, call, add).run();
}

EntryCall KernelProgram::stepCall(const EntryCall &whole, int64_t t,
                                  const std::vector<float> &before) const {
  EntryCall step = whole;
  step.shape.time = 1;
  step.reverse = false;
  step.inputs.erase("initial");
  const auto rowsOf = [&](const auto &values) {
    const auto steps = whole.shape.batch * whole.shape.time;
    const int64_t width = steps == 0 ? 0 : std::ssize(values) / steps;
    std::remove_cvref_t<decltype(values)> rows;
    for (int64_t row = 0; row < whole.shape.batch; ++row) {
      const auto from = values.begin() + (row * whole.shape.time + t) * width;
      rows.insert(rows.end(), from, from + width);
    }
    return rows;
  };
  for (auto &[name, values] : step.inputs)
    if (const ProgramTensor *tensor = manifest().program.find(name);
        tensor != nullptr && tensor->has(Axis::Time))
      values = rowsOf(values);
  if (!whole.reset.empty())
    step.reset = rowsOf(whole.reset);
  if (before.empty())
    return step;
  step.inputs["initial"] = before;
  if (t % 2 == 1)
    step.inPlace = {{"last", "initial"}};
  return step;
}

NamedArrays KernelProgram::steps(const EntryCall &call) const {
  const auto &[batch, time, channels] = call.shape;
  const int64_t width = manifest().size(Axis::States) * channels;
  NamedArrays all = {
      {"output", std::vector<float>(std::size_t(batch * time * channels))},
      {"states", std::vector<float>(std::size_t(batch * time * width))}};
  std::vector<float> before;
  if (const auto initial = call.inputs.find("initial");
      initial != call.inputs.end())
    before = initial->second;
  for (int64_t position = 0; position < time; ++position) {
    const int64_t t = call.reverse ? time - 1 - position : position;
    NamedArrays found = run(Procedure::Step, stepCall(call, t, before));
    before = std::move(found.at("last"));
    for (int64_t row = 0; row < batch; ++row) {
      std::copy_n(found.at("output").begin() + row * channels, channels,
                  all["output"].begin() + (row * time + t) * channels);
      std::copy_n(before.begin() + row * width, width,
                  all["states"].begin() + (row * time + t) * width);
    }
  }
  before.resize(std::size_t(batch * width));
  all["last"] = std::move(before);
  return all;
}
