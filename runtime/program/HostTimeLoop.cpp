//===- HostTimeLoop.cpp - A loop over time on the processor ---------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/program/HostTimeLoop.h"

#include "minrnn/error.h"
#include "runtime/device/PackedMatrix.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <memory>

using namespace minrnn;

namespace {

/// Multiplications (of all rows and steps) below which waking a further thread
/// costs more than it saves.
constexpr double multiplicationsOfThread = 1 << 20;
/// Multiplications of one step above which all threads share each product where
/// rows are fewer than `manyRows`: such a step outlasts a barrier by far, and
/// slices of so few rows would leave threads without work.
constexpr double longStep = 1 << 22;
constexpr std::int64_t manyRows = 64;
/// The most rows of a slice: enough that the weights are read once for as many
/// sums as a core has room for.
constexpr std::int64_t rowsOfSlice = 8;

/// A matrix with the rows of the batch, at a step.
struct RowsView {
  RowsView(const BoundView &view, const ProcedureCall &call,
           std::int64_t bytesOfElement)
      : begin(call.addresses[view.tensor] +
              static_cast<std::uint64_t>(view.offset)),
        bytesOfStep(view.bytesOfStep), bytesOfRow(view.stride * bytesOfElement),
        stride(view.stride) {}

  template <typename Element>
  Element *at(std::int64_t row, std::int64_t time) const {
    return std::bit_cast<Element *>(static_cast<std::uintptr_t>(
        begin +
        static_cast<std::uint64_t>(row * bytesOfRow + time * bytesOfStep)));
  }

  std::uint64_t begin;
  std::int64_t bytesOfStep;
  std::int64_t bytesOfRow;
  /// In elements.
  std::int64_t stride;
};

/// Rows [begin, end) of the batch at one step: its position in the loop, and
/// its place in time.
struct SliceOfStep {
  std::int64_t begin;
  std::int64_t end;
  std::int64_t position;
  std::int64_t time;
};

struct SliceProduct {
  std::shared_ptr<const PackedMatrix> matrix;
  RowsView a;
  RowsView result;
  bool accumulate;

  void run(const SliceOfStep &slice) {
    matrix->multiply(slice.end - slice.begin,
                     a.at<const float>(slice.begin, slice.time), a.stride,
                     result.at<float>(slice.begin, slice.time), result.stride,
                     accumulate);
  }
};

struct SliceFill {
  RowsView result;
  std::size_t bytes;

  void run(const SliceOfStep &slice) {
    for (std::int64_t row = slice.begin; row < slice.end; ++row)
      std::memset(result.at<std::byte>(row, slice.time), 0, bytes);
  }
};

struct SliceLaunch {
  HostEntry function;
  /// The entry's arguments, the position of a step among them, and the range of
  /// tiles behind them.
  std::vector<std::uint64_t> block;
  std::size_t first;
  std::int64_t tilesOfRow;

  void run(const SliceOfStep &slice) {
    block[first] = static_cast<std::uint64_t>(slice.position);
    block[block.size() - 2] =
        static_cast<std::uint64_t>(slice.begin * tilesOfRow);
    block[block.size() - 1] =
        static_cast<std::uint64_t>(slice.end * tilesOfRow);
    function(block.data());
  }
};

using SliceOperation = std::variant<SliceProduct, SliceFill, SliceLaunch>;

/// What a loop's operations are for a slice.
class Slicer {
public:
  Slicer(const ProcedureCall &call, const HostModule &module)
      : call(call), module(module) {}

  /// Whether a slice of the batch can run the operation without the others.
  bool canSlice(const BoundOperation &operation) const {
    bool writesRows = true;
    visitTensors(operation, [&](std::size_t tensor, bool isWritten,
                                const KernelArgument * /*argument*/) {
      writesRows &= !isWritten || isOfRows(tensor);
    });
    return writesRows &&
           std::visit([&](const auto &op) { return can(op); }, operation.what);
  }

  SliceOperation slice(const BoundOperation &operation) const {
    return std::visit(
        [&](const auto &op) -> SliceOperation { return make(op); },
        operation.what);
  }

private:
  bool isOfRows(std::size_t tensor) const {
    return call.sizes.tensor(tensor).axes.front() == Axis::Batch;
  }

  bool can(const BoundProduct &op) const {
    const std::int64_t batch = call.sizes.of(Axis::Batch);
    return call.precision == Precision::Ieee && op.aType == ElementType::F32 &&
           op.bType == ElementType::F32 && op.resultType == ElementType::F32 &&
           op.result.rows == batch && isOfRows(op.a.tensor) &&
           op.a.rows == batch && !op.transposeA && !isOfRows(op.b.tensor);
  }
  bool can(const BoundFill &op) const {
    return op.result.rows == call.sizes.of(Axis::Batch);
  }
  bool can(const BoundLaunch &op) const {
    return op.entry->find("first") != nullptr;
  }
  /// (No program has these in a loop.)
  template <typename Other> bool can(const Other &) const { return false; }

  SliceOperation make(const BoundProduct &op) const {
    const MatrixOperand<float> matrix{
        RowsView(op.b, call, sizeof(float)).at<const float>(0, 0), op.b.stride,
        op.transposeB ? Transpose::Yes : Transpose::No};
    return SliceProduct{
        std::make_shared<PackedMatrix>(op.a.columns, op.result.columns, matrix),
        RowsView(op.a, call, sizeof(float)),
        RowsView(op.result, call, sizeof(float)), op.accumulate};
  }
  SliceOperation make(const BoundFill &op) const {
    return SliceFill{
        RowsView(op.result, call, op.bytesOfElement),
        static_cast<std::size_t>(op.result.columns * op.bytesOfElement)};
  }
  SliceOperation make(const BoundLaunch &op) const {
    SliceLaunch launch{module.function(*op.entry),
                       argumentBlock(op, call, /*first=*/0, /*count=*/1),
                       static_cast<std::size_t>(op.entry->find("first") -
                                                op.entry->arguments.data()),
                       op.tileCount / call.sizes.of(Axis::Batch)};
    launch.block.resize(launch.block.size() + 2);
    return launch;
  }
  template <typename Other> SliceOperation make(const Other &) const {
    throw Error("internal error: an operation that cannot be sliced");
  }

  const ProcedureCall &call;
  const HostModule &module;
};

} // namespace

bool minrnn::runTimeLoopInSlices(const BoundLoop &loop,
                                 const ProcedureCall &call) {
  const auto *module = dynamic_cast<const HostModule *>(&call.cell.module());
  if (module == nullptr)
    return false;
  const Slicer slicer(call, *module);
  // The multiplications of a row at a step.
  double multiplications = 0;
  for (const BoundOperation &operation : loop.body) {
    if (!slicer.canSlice(operation))
      return false;
    if (const auto *product = std::get_if<BoundProduct>(&operation.what))
      multiplications += static_cast<double>(product->a.columns) *
                         static_cast<double>(product->result.columns);
  }
  const std::int64_t batch = call.sizes.of(Axis::Batch);
  const std::int64_t time = call.sizes.of(Axis::Time);
  const double ofStep = multiplications * static_cast<double>(batch);
  if (batch < manyRows && ofStep >= longStep)
    return false;
  if (batch == 0 || time == 0)
    return true;

  std::vector<SliceOperation> operations;
  operations.reserve(loop.body.size());
  for (const BoundOperation &operation : loop.body)
    operations.push_back(slicer.slice(operation));
  const auto threads = static_cast<std::int64_t>(std::min(
      {static_cast<double>(module->threads()), static_cast<double>(batch),
       1 + ofStep * static_cast<double>(time) / multiplicationsOfThread}));
  const std::int64_t slices =
      std::min(batch, threads * ((batch - 1) / (threads * rowsOfSlice) + 1));
  const bool fromTheEnd = loop.isAdjoint != call.reverse;
#pragma omp parallel for schedule(dynamic) num_threads(threads)                \
    firstprivate(operations) if (threads > 1)
  for (std::int64_t slice = 0; slice < slices; ++slice)
    for (std::int64_t position = 0; position < time; ++position) {
      const SliceOfStep step{batch * slice / slices,
                             batch * (slice + 1) / slices, position,
                             fromTheEnd ? time - 1 - position : position};
      for (SliceOperation &operation : operations)
        std::visit([&](auto &op) { op.run(step); }, operation);
    }
  return true;
}
