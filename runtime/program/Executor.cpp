//===- Executor.cpp - Runs a procedure on a device ------------------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/program/Executor.h"

#include "minrnn/error.h"
#include "runtime/program/HostTimeLoop.h"

#include <bit>

using namespace minrnn;

namespace {

/// The steps of one pass over a list of operations: all of them at once, or
/// one, at a position of a loop.
struct StepsOfPass {
  std::int64_t first = 0;
  std::int64_t count = 0;
  /// The place in time of the one step.
  std::int64_t time = 0;
};

class Executor {
public:
  explicit Executor(const ProcedureCall &call)
      : call(call), device(*call.cell.device()) {}

  void run(const std::vector<BoundOperation> &operations,
           const StepsOfPass &steps) {
    for (const BoundOperation &operation : operations)
      std::visit([&](const auto &op) { run(op, steps); }, operation.what);
  }

private:
  std::uint64_t addressOf(const BoundView &view,
                          const StepsOfPass &steps) const {
    return call.addresses[view.tensor] +
           static_cast<std::uint64_t>(view.offset +
                                      steps.time * view.bytesOfStep);
  }
  void *pointerTo(const BoundView &view, const StepsOfPass &steps) const {
    return std::bit_cast<void *>(
        static_cast<std::uintptr_t>(addressOf(view, steps)));
  }

  void run(const BoundProduct &op, const StepsOfPass &steps) {
    const auto operand = [&](const BoundView &view, bool transposes) {
      return MatrixOperand<void>{pointerTo(view, steps), view.stride,
                                 transposes ? Transpose::Yes : Transpose::No};
    };
    device.multiply({.m = op.result.rows,
                     .n = op.result.columns,
                     .k = op.transposeA ? op.a.rows : op.a.columns,
                     .a = operand(op.a, op.transposeA),
                     .b = operand(op.b, op.transposeB),
                     .c = pointerTo(op.result, steps),
                     .cStride = op.result.stride,
                     .accumulate = op.accumulate,
                     .aType = op.aType,
                     .bType = op.bType,
                     .resultType = op.resultType,
                     .precision = call.precision});
  }

  void run(const BoundSum &op, const StepsOfPass & /*steps*/) {
    call.cell.module().sumRows(op.rows, op.columns, call.addresses[op.operand],
                               call.addresses[op.result]);
  }

  void run(const BoundFill &op, const StepsOfPass &steps) {
    const BoundView &view = op.result;
    const std::uint64_t address = addressOf(view, steps);
    const auto bytes = [&](std::int64_t elements) {
      return static_cast<std::size_t>(elements * op.bytesOfElement);
    };
    if (view.columns == view.stride) {
      device.fill(address, 0, bytes(view.rows * view.columns));
      return;
    }
    for (std::int64_t row = 0; row < view.rows; ++row)
      device.fill(address + bytes(row * view.stride), 0, bytes(view.columns));
  }

  void run(const BoundCopy &op, const StepsOfPass & /*steps*/) {
    if (call.addresses[op.result] != call.addresses[op.operand])
      device.copyOnDevice(call.addresses[op.result], call.addresses[op.operand],
                          op.bytes);
  }

  void run(const BoundLaunch &op, const StepsOfPass &steps) {
    call.cell.module().launch(*op.entry,
                              argumentBlock(op, call, steps.first, steps.count),
                              op.tileCount);
  }

  void run(const BoundLoop &loop, const StepsOfPass & /*steps*/) {
    if (runTimeLoopInSlices(loop, call))
      return;
    const std::int64_t time = call.sizes.of(Axis::Time);
    const bool fromTheEnd = loop.isAdjoint != call.reverse;
    for (std::int64_t position = 0; position < time; ++position)
      run(loop.body,
          {position, 1, fromTheEnd ? time - 1 - position : position});
  }

  const ProcedureCall &call;
  Device &device;
};

} // namespace

std::vector<std::uint64_t> minrnn::argumentBlock(const BoundLaunch &op,
                                                 const ProcedureCall &call,
                                                 std::int64_t first,
                                                 std::int64_t count) {
  const auto number = [&](const std::string &name) {
    if (name == "batch")
      return call.sizes.of(Axis::Batch);
    if (name == "time")
      return call.sizes.of(Axis::Time);
    if (name == "channels")
      return call.sizes.of(Axis::Channels);
    if (name == "reverse")
      return std::int64_t{call.reverse};
    if (name == "first")
      return first;
    if (name == "count")
      return count;
    throw Error("cell '" + call.sizes.manifest().cell + "', entry '" +
                op.entry->name + "': this runtime does not know the number '" +
                name + "'");
  };
  std::vector<std::uint64_t> block;
  block.reserve(op.tensors.size());
  for (std::size_t i = 0; i < op.tensors.size(); ++i) {
    const KernelArgument &argument = op.entry->arguments[i];
    if (!argument.isTensor())
      block.push_back(static_cast<std::uint64_t>(number(argument.name)));
    else
      block.push_back(op.tensors[i] ? call.addresses[*op.tensors[i]] : 0);
  }
  return block;
}

void minrnn::execute(const std::vector<BoundOperation> &operations,
                     const ProcedureCall &call) {
  Executor(call).run(operations, {0, call.sizes.of(Axis::Time), 0});
}
