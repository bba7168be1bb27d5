//===- Liveness.cpp - What of a procedure is wanted -----------------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/program/Liveness.h"

#include "minrnn/error.h"

#include <algorithm>

using namespace minrnn;

namespace {

/// Finds which tensors somebody reads, without looking at the order of the
/// operations.
class Liveness {
public:
  Liveness(Procedure procedure, const TensorSizes &sizes,
           const std::vector<bool> &given, bool keepsSaved)
      : procedure(procedure), sizes(sizes), wanted(sizes.count()),
        present(sizes.count()) {
    for (std::size_t i = 0; i < sizes.count(); ++i) {
      const ProgramTensor &tensor = sizes.tensor(i);
      if (isOfCaller(tensor))
        // One without elements needs no memory.
        wanted[i] = given[i] || sizes.bytes(tensor) == 0;
      else
        wanted[i] = keepsSaved && tensor.role == Role::Saved;
    }
  }

  LiveProgram find(const std::vector<BoundOperation> &all) {
    while (markReads(all))
      ;
    present = wanted;
    markNeeded(all);
    checkOutputs(all);
    return {take(all), present};
  }

private:
  /// Calls `take` on each operation; of a loop, on those of its body.
  template <typename Take>
  static void forEach(const std::vector<BoundOperation> &operations,
                      const Take &take) {
    for (const BoundOperation &operation : operations)
      if (const auto *loop = std::get_if<BoundLoop>(&operation.what))
        forEach(loop->body, take);
      else
        take(operation);
  }

  bool isLive(const BoundOperation &operation) const {
    if (const auto *loop = std::get_if<BoundLoop>(&operation.what))
      return std::ranges::any_of(
          loop->body, [&](const auto &inner) { return isLive(inner); });
    bool live = false;
    visitTensors(operation, [&](std::size_t tensor, bool isWritten,
                                const KernelArgument * /*argument*/) {
      live |= isWritten && wanted[tensor];
    });
    return live;
  }

  /// Marks the layer's own tensors that live operations read; whether there was
  /// a new one.
  bool markReads(const std::vector<BoundOperation> &operations) {
    bool isNew = false;
    forEach(operations, [&](const BoundOperation &operation) {
      if (!isLive(operation))
        return;
      visitTensors(operation, [&](std::size_t tensor, bool isWritten,
                                  const KernelArgument * /*argument*/) {
        if (isWritten || wanted[tensor] || isOfCaller(sizes.tensor(tensor)))
          return;
        wanted[tensor] = true;
        isNew = true;
      });
    });
    return isNew;
  }

  [[noreturn]] void failMissing(const ProgramTensor &tensor) const {
    std::string shape;
    for (const std::int64_t size : sizes.shape(tensor))
      shape += (shape.empty() ? "" : ", ") + std::to_string(size);
    throw Error(placeOf(sizes.manifest(), procedure) + "the tensor '" +
                tensor.name + "' [" + shape + "] is needed, and was not given");
  }

  /// Marks what kernels write although nobody reads it; throws where a live
  /// operation lacks a tensor.
  void markNeeded(const std::vector<BoundOperation> &operations) {
    forEach(operations, [&](const BoundOperation &operation) {
      if (!isLive(operation))
        return;
      visitTensors(operation, [&](std::size_t place, bool isWritten,
                                  const KernelArgument *argument) {
        const ProgramTensor &tensor = sizes.tensor(place);
        if (present[place])
          return;
        const bool mayBeNull =
            argument == nullptr ? tensor.isOptional : argument->isOptional;
        if (!isOfCaller(tensor))
          present[place] = argument != nullptr && !mayBeNull;
        else if (!mayBeNull && (argument != nullptr || !isWritten))
          failMissing(tensor);
      });
    });
  }

  /// Throws where an output that every call writes is not there.
  void checkOutputs(const std::vector<BoundOperation> &operations) const {
    forEach(operations, [&](const BoundOperation &operation) {
      visitTensors(operation, [&](std::size_t place, bool isWritten,
                                  const KernelArgument * /*argument*/) {
        const ProgramTensor &tensor = sizes.tensor(place);
        if (isWritten && tensor.role == Role::Output && !tensor.isOptional &&
            !present[place])
          failMissing(tensor);
      });
    });
  }

  BoundFill fillOf(const BoundView &view) const {
    return {view, sizes.bytesOfElement(sizes.tensor(view.tensor))};
  }

  std::vector<BoundOperation>
  take(const std::vector<BoundOperation> &operations) const {
    std::vector<BoundOperation> live;
    for (const BoundOperation &operation : operations) {
      if (!isLive(operation))
        continue;
      live.push_back(operation);
      auto &what = live.back().what;
      if (auto *loop = std::get_if<BoundLoop>(&what))
        loop->body = take(loop->body);
      if (const auto *product = std::get_if<BoundProduct>(&what);
          product != nullptr &&
          (!present[product->a.tensor] || !present[product->b.tensor])) {
        if (product->accumulate)
          live.pop_back();
        else
          what = BoundFill(fillOf(product->result));
      } else if (const auto *copy = std::get_if<BoundCopy>(&what);
                 copy != nullptr && !present[copy->operand]) {
        const auto bytes = static_cast<std::int64_t>(copy->bytes);
        what = BoundFill{{copy->result, 0, 0, bytes == 0 ? 0 : 1, bytes, bytes},
                         1};
      } else if (auto *launch = std::get_if<BoundLaunch>(&what)) {
        for (std::optional<std::size_t> &tensor : launch->tensors)
          if (tensor && !present[*tensor])
            tensor.reset();
      }
    }
    return live;
  }

  Procedure procedure;
  const TensorSizes &sizes;
  std::vector<bool> wanted;
  std::vector<bool> present;
};

} // namespace

LiveProgram minrnn::findLive(Procedure procedure, const TensorSizes &sizes,
                             const std::vector<BoundOperation> &all,
                             const std::vector<bool> &given, bool keepsSaved) {
  return Liveness(procedure, sizes, given, keepsSaved).find(all);
}
