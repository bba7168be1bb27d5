//===- BoundProgram.cpp - A procedure for sizes ---------------------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/program/BoundProgram.h"

#include "minrnn/error.h"

#include <algorithm>

using namespace minrnn;

namespace {

/// Binds the operations of one procedure.
class Binder {
public:
  Binder(Procedure procedure, const TensorSizes &sizes, bool reverse)
      : procedure(procedure), sizes(sizes), reverse(reverse) {}

  std::vector<BoundOperation>
  bind(const std::vector<ProgramOperation> &operations) const {
    std::vector<BoundOperation> bound;
    bound.reserve(operations.size());
    for (const ProgramOperation &operation : operations)
      bound.push_back({std::visit(
          [&](const auto &op) -> decltype(BoundOperation::what) {
            return bind(op);
          },
          operation.what)});
    return bound;
  }

private:
  const ProgramTensor &tensorOf(std::string_view name) const {
    return sizes.tensor(sizes.place(name));
  }

  /// Rows of a sequence are those of all steps, of one, or of all but one.
  void bindSteps(const ProgramTensor &tensor, Steps steps,
                 BoundView &view) const {
    const std::int64_t batch = sizes.of(Axis::Batch);
    const std::int64_t time = tensor.has(Axis::Time) ? sizes.of(Axis::Time) : 1;
    const std::int64_t width = view.stride;
    const std::int64_t bytesOfRow = width * sizes.bytesOfElement(tensor);
    view.rows = batch * time;
    switch (steps) {
    case Steps::All:
      break;
    case Steps::Current:
      view.rows = batch;
      view.stride = time * width;
      view.bytesOfStep = bytesOfRow;
      break;
    case Steps::First:
      view.rows = time == 0 ? 0 : batch;
      view.stride = time * width;
      view.offset += reverse && time > 0 ? (time - 1) * bytesOfRow : 0;
      break;
    case Steps::Later:
    case Steps::Earlier:
      view.rows = std::max<std::int64_t>(view.rows - 1, 0);
      view.offset += (steps == Steps::Later) == reverse ? 0 : bytesOfRow;
      break;
    }
  }

  BoundView bind(const MatrixView &matrix) const {
    BoundView view;
    view.tensor = sizes.place(matrix.tensor);
    const ProgramTensor &tensor = sizes.tensor(view.tensor);
    const bool isSequence = tensor.axes.front() == Axis::Batch;
    // Elements of what is behind the packed axis, and of a row without and with
    // the range.
    std::int64_t behind = 1;
    std::int64_t begin = 0;
    std::int64_t width = 1;
    std::int64_t taken = 1;
    std::int64_t rows = 1;
    for (auto i = tensor.axes.size(); i-- > 0;) {
      const Axis axis = tensor.axes[i];
      const std::int64_t size = sizes.of(axis);
      const bool isRow = isSequence ? axis == Axis::Batch || axis == Axis::Time
                                    : i + 1 < tensor.axes.size();
      const std::int64_t places =
          isPacked(axis) && matrix.range ? matrix.range->count : size;
      if (isPacked(axis) && matrix.range)
        begin = matrix.range->begin * behind;
      behind *= size;
      if (isRow) {
        rows *= places;
      } else {
        width *= size;
        taken *= places;
      }
    }
    view.columns = taken;
    view.stride = width;
    view.rows = rows;
    view.offset = begin * sizes.bytesOfElement(tensor);
    if (isSequence)
      bindSteps(tensor, matrix.steps, view);
    return view;
  }

  BoundProduct bind(const ProductOperation &op) const {
    const auto type = [&](const MatrixView &view) {
      return sizes.numbers(tensorOf(view.tensor));
    };
    const ElementType result = type(op.result);
    if (result != ElementType::F32 &&
        (type(op.a) != result || type(op.b) != result))
      throw Error(placeOf(sizes.manifest(), procedure) + "the product of '" +
                  op.a.tensor + "' and '" + op.b.tensor + "' to '" +
                  op.result.tensor +
                  "' is of element types that cannot be multiplied");
    return {bind(op.result), bind(op.a),    bind(op.b),
            op.transposeA,   op.transposeB, op.accumulate,
            type(op.a),      type(op.b),    result};
  }

  BoundSum bind(const SumOperation &op) const {
    const std::size_t result = sizes.place(op.result);
    if (sizes.numbers(sizes.tensor(result)) != ElementType::F32 ||
        sizes.numbers(tensorOf(op.operand)) != ElementType::F32)
      throw Error(placeOf(sizes.manifest(), procedure) + "the sum of '" +
                  op.operand + "' is not of f32");
    const ProgramTensor &operand = tensorOf(op.operand);
    const std::int64_t tiles =
        operand.has(Axis::Tiles) ? sizes.of(Axis::Tiles) : 1;
    return {result, sizes.place(op.operand), sizes.of(Axis::Batch) * tiles,
            sizes.elements(sizes.tensor(result))};
  }

  BoundFill bind(const FillOperation &op) const {
    return {bind(op.result), sizes.bytesOfElement(tensorOf(op.result.tensor))};
  }

  BoundCopy bind(const CopyOperation &op) const {
    const std::size_t result = sizes.place(op.result);
    return {result, sizes.place(op.operand), sizes.bytes(sizes.tensor(result))};
  }

  BoundLaunch bind(const LaunchOperation &op) const {
    BoundLaunch launch;
    launch.entry = &sizes.manifest().entry(op.entry);
    for (const KernelArgument &argument : launch.entry->arguments) {
      const auto given = std::find_if(
          op.arguments.begin(), op.arguments.end(),
          [&](const LaunchArgument &a) { return a.argument == argument.name; });
      launch.tensors.push_back(given == op.arguments.end()
                                   ? std::nullopt
                                   : std::optional(sizes.place(given->tensor)));
    }
    launch.tileCount = launch.entry->tileCount(
        sizes.of(Axis::Batch), sizes.of(Axis::Time), sizes.of(Axis::Channels));
    return launch;
  }

  BoundLoop bind(const TimeLoop &loop) const {
    return {loop.isAdjoint, bind(loop.body)};
  }

  Procedure procedure;
  const TensorSizes &sizes;
  bool reverse;
};

} // namespace

std::vector<BoundOperation> minrnn::bindProcedure(Procedure procedure,
                                                  const TensorSizes &sizes,
                                                  bool reverse) {
  return Binder(procedure, sizes, reverse)
      .bind(sizes.manifest().program.operations(procedure));
}

void minrnn::visitTensors(
    const BoundOperation &operation,
    const std::function<void(std::size_t, bool, const KernelArgument *)>
        &visit) {
  struct Visitor {
    decltype(visit) &call;

    void operator()(const BoundProduct &op) const {
      call(op.a.tensor, false, nullptr);
      call(op.b.tensor, false, nullptr);
      call(op.result.tensor, true, nullptr);
    }
    void operator()(const BoundSum &op) const {
      call(op.operand, false, nullptr);
      call(op.result, true, nullptr);
    }
    void operator()(const BoundFill &op) const {
      call(op.result.tensor, true, nullptr);
    }
    void operator()(const BoundCopy &op) const {
      call(op.operand, false, nullptr);
      call(op.result, true, nullptr);
    }
    void operator()(const BoundLaunch &op) const {
      for (std::size_t i = 0; i < op.tensors.size(); ++i) {
        const KernelArgument &argument = op.entry->arguments[i];
        if (op.tensors[i] && argument.isRead())
          call(*op.tensors[i], false, &argument);
        if (op.tensors[i] && argument.isWritten())
          call(*op.tensors[i], true, &argument);
      }
    }
    void operator()(const BoundLoop & /*loop*/) const {}
  };
  std::visit(Visitor{visit}, operation.what);
}
