//===- MeasuredLayer.cpp - A layer with numbers, to be timed --------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/tools/bench/MeasuredLayer.h"

#include "minrnn/error.h"
#include "minrnn/options.h"
#include "runtime/program/Executor.h"
#include "runtime/program/Liveness.h"
#include "specs/contract/Names.h"

#include <numeric>
#include <set>
#include <utility>

using namespace minrnn;
using namespace minrnn::bench;

namespace {

/// The elements of a tensor from its third axis on.
std::int64_t elementsOfStep(const LayerTensor &tensor) {
  return std::accumulate(tensor.shape.begin() + 2, tensor.shape.end(),
                         std::int64_t{1}, std::multiplies<>());
}

/// Whether the layer is given, or gives, this tensor of the caller's.
bool isUsed(const LayerTensor &tensor) {
  switch (tensor.role) {
  case Role::Saved:
  case Role::Scratch:
    return false;
  case Role::Gradient:
    return tensor.of != "last" && tensor.of != "initial";
  default:
    return tensor.name != "reset" && tensor.name != "initial" &&
           tensor.name != "last";
  }
}

/// The bytes that operations move, each tensor that one of them reads and each
/// that it writes once.
class BytesMoved {
public:
  explicit BytesMoved(const TensorSizes &sizes) : sizes(sizes) {}

  std::uint64_t of(const std::vector<BoundOperation> &operations) const {
    std::uint64_t sum = 0;
    for (const BoundOperation &operation : operations)
      sum += std::visit([&](const auto &op) { return of(op, operation); },
                        operation.what);
    return sum;
  }

private:
  std::uint64_t of(const BoundView &view, std::int64_t bytesOfElement) const {
    return static_cast<std::uint64_t>(view.rows * view.columns *
                                      bytesOfElement);
  }
  std::uint64_t of(const BoundProduct &op, const BoundOperation &) const {
    return of(op.a, elementBytes(op.aType)) + of(op.b, elementBytes(op.bType)) +
           of(op.result, elementBytes(op.resultType)) * (op.accumulate ? 2 : 1);
  }
  std::uint64_t of(const BoundFill &op, const BoundOperation &) const {
    return of(op.result, op.bytesOfElement);
  }
  std::uint64_t of(const BoundCopy &op, const BoundOperation &) const {
    return 2 * op.bytes;
  }
  std::uint64_t of(const BoundSum &, const BoundOperation &operation) const {
    return ofTensors({operation});
  }
  std::uint64_t of(const BoundLaunch &, const BoundOperation &operation) const {
    return ofTensors({operation});
  }
  /// What its steps pass on to each other stays near the processor.
  std::uint64_t of(const BoundLoop &op, const BoundOperation &) const {
    return ofTensors(op.body);
  }

  std::uint64_t ofTensors(const std::vector<BoundOperation> &operations) const {
    std::set<std::pair<std::size_t, bool>> moved;
    for (const BoundOperation &operation : operations)
      visitTensors(operation, [&](std::size_t tensor, bool isWritten,
                                  const KernelArgument *) {
        moved.emplace(tensor, isWritten);
      });
    std::uint64_t sum = 0;
    for (const auto &[tensor, isWritten] : moved)
      sum += sizes.bytes(sizes.tensor(tensor));
    return sum;
  }

  const TensorSizes &sizes;
};

} // namespace

MeasuredLayer::MeasuredLayer(const CellKernels &cell, const LayerSizes &sizes,
                             const SampleNumbers &numbers)
    : cell(cell), layer(cell, sizes),
      arrays(cell.device(), layer, numbers, isUsed),
      forward(bind(Procedure::Forward)), backward(bind(Procedure::Backward)) {}

MeasuredLayer::Bound MeasuredLayer::bind(Procedure procedure) const {
  const Procedure scheduled = layer.scheduled(procedure);
  Bound bound{TensorSizes(cell.manifest(), layer.sizes(), scheduled), {}, {}};
  const TensorSizes &sizes = bound.sizes;
  std::vector<bool> given(sizes.count());
  bound.addresses.resize(sizes.count());
  for (std::size_t i = 0; i < sizes.count(); ++i) {
    const ProgramTensor &tensor = sizes.tensor(i);
    given[i] = arrays.has(tensor.name) && (procedure == Procedure::Backward ||
                                           tensor.role != Role::Gradient);
    bound.addresses[i] = given[i] ? arrays.address(tensor.name)
                                  : layer.address(procedure, tensor.name);
  }
  auto &[whole, kernels] = bound.operations;
  whole = findLive(procedure, sizes, bindProcedure(scheduled, sizes, false),
                   given, procedure == Procedure::Forward)
              .operations;
  for (const BoundOperation &operation : whole)
    if (!std::holds_alternative<BoundProduct>(operation.what) &&
        !std::holds_alternative<BoundSum>(operation.what))
      kernels.push_back(operation);
  return bound;
}

void MeasuredLayer::run(Procedure procedure, Extent extent) {
  const Bound &part = bound(procedure);
  execute(part.operations[static_cast<std::size_t>(extent)],
          {.cell = cell, .sizes = part.sizes, .addresses = part.addresses});
}

std::string MeasuredLayer::schedule() const {
  const Manifest &manifest = cell.manifest();
  if (manifest.target == "host" || manifest.kind == "sequential")
    return "";
  const KernelEntry *entry =
      manifest.findEntry(procedureName(layer.scheduled(Procedure::Forward)));
  return std::string(nameOf(scheduleNames, entry->tileSummary == 0
                                               ? Schedule::Carry
                                               : Schedule::Lookback));
}

bool MeasuredLayer::isOneLaunch(Procedure procedure, Extent extent) const {
  const auto &operations =
      bound(procedure).operations[static_cast<std::size_t>(extent)];
  return operations.size() == 1 &&
         std::holds_alternative<BoundLaunch>(operations.front().what);
}

std::uint64_t MeasuredLayer::bytes(Procedure procedure, Extent extent) const {
  const Bound &part = bound(procedure);
  return BytesMoved(part.sizes)
      .of(part.operations[static_cast<std::size_t>(extent)]);
}

void MeasuredLayer::spoilResults() {
  for (const LayerTensor &tensor : layer.tensors())
    if (arrays.has(tensor.name) && isResult(tensor) && tensor.bytes > 0)
      cell.device()->fill(arrays.address(tensor.name), 0xff, tensor.bytes);
}

std::uint64_t MeasuredLayer::address(std::string_view tensor) const {
  const std::uint64_t address = arrays.has(tensor)
                                    ? arrays.address(tensor)
                                    : layer.address(Procedure::Forward, tensor);
  if (address == 0)
    throw Error("cell '" + cell.manifest().cell + "' keeps no '" +
                std::string(tensor) + "'");
  return address;
}

std::vector<float> MeasuredLayer::numbers(std::string_view tensor) const {
  const LayerTensor shape = layer.tensor(tensor);
  return readElements(*cell.device(), address(tensor),
                      static_cast<std::int64_t>(shape.bytes) /
                          bytesOfElement(shape.element),
                      shape.element);
}

std::vector<float> MeasuredLayer::numbers(std::string_view tensor,
                                          const Window &window) const {
  const LayerTensor shape = layer.tensor(tensor);
  const std::int64_t width = elementsOfStep(shape);
  std::vector<float> numbers;
  for (const std::int64_t row : window.rows) {
    const std::int64_t first = (row * sizes().time + window.first) * width;
    const std::vector<float> part = readElements(
        *cell.device(),
        address(tensor) +
            static_cast<std::uint64_t>(first * bytesOfElement(shape.element)),
        window.count * width, shape.element);
    numbers.insert(numbers.end(), part.begin(), part.end());
  }
  return numbers;
}
