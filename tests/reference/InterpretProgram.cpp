//===- InterpretProgram.cpp - The program of a call, in double ------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tests/reference/InterpretProgram.h"

#include <algorithm>
#include <limits>
#include <stdexcept>

using namespace minrnn;
using namespace minrnn::reference;

namespace {

/// The places of a matrix's numbers in its tensor, row by row.
struct Matrix {
  std::vector<int64_t> places;
  int64_t rows = 0;
  int64_t columns = 0;

  int64_t at(int64_t row, int64_t column, bool isTransposed) const {
    return isTransposed ? places[column * columns + row]
                        : places[row * columns + column];
  }
};

class Interpreter {
public:
  Interpreter(const minrnn::Program &program, const ProgramCall &call,
              NamedTensors &tensors, EntryLauncher &launcher)
      : program(program), call(call), tensors(tensors), launcher(launcher) {}

  /// Adds the tensors that `operations` write, and checks the sizes of all.
  void allocate(const std::vector<ProgramOperation> &operations);
  void allocate(const std::string &name, bool isWritten);
  void run(const std::vector<ProgramOperation> &operations) {
    for (const ProgramOperation &operation : operations)
      std::visit(*this, operation.what);
  }

  void operator()(const ProductOperation &product);
  void operator()(const SumOperation &sum);
  void operator()(const FillOperation &fill);
  void operator()(const CopyOperation &copy);
  void operator()(const LaunchOperation &launch);
  void operator()(const TimeLoop &loop);

private:
  int64_t count(const ProgramTensor &tensor) const {
    int64_t product = 1;
    for (Axis axis : tensor.axes)
      product *= call.size(axis);
    return product;
  }
  std::vector<double> *find(const std::string &name) {
    auto found = tensors.find(name);
    return found == tensors.end() ? nullptr : &found->second;
  }
  Matrix matrix(const MatrixView &view) const;
  /// The rows of a view whose tensor has `rows` steps of all sequences.
  std::vector<int64_t> rowsOf(Steps steps, int64_t rows) const;

  const minrnn::Program &program;
  const ProgramCall &call;
  NamedTensors &tensors;
  EntryLauncher &launcher;
  /// Of the loop that is run: its position, and the step there.
  int64_t position = -1;
  int64_t step = -1;
};

} // namespace

void Interpreter::allocate(const std::string &name, bool isWritten) {
  int64_t size = count(*program.find(name));
  std::vector<double> *tensor = find(name);
  if (tensor && static_cast<int64_t>(tensor->size()) != size)
    throw std::runtime_error("'" + name + "' holds " +
                             std::to_string(tensor->size()) +
                             " numbers, expected " + std::to_string(size));
  if (!tensor && isWritten)
    tensors[name].assign(size, std::numeric_limits<double>::quiet_NaN());
}

void Interpreter::allocate(const std::vector<ProgramOperation> &operations) {
  for (const auto &[what] : operations) {
    if (const auto *product = std::get_if<ProductOperation>(&what)) {
      allocate(product->a.tensor, false);
      allocate(product->b.tensor, false);
      allocate(product->result.tensor, true);
    } else if (const auto *sum = std::get_if<SumOperation>(&what)) {
      allocate(sum->operand, false);
      allocate(sum->result, true);
    } else if (const auto *fill = std::get_if<FillOperation>(&what)) {
      allocate(fill->result.tensor, true);
    } else if (const auto *copy = std::get_if<CopyOperation>(&what)) {
      allocate(copy->operand, false);
      allocate(copy->result, true);
    } else if (const auto *launch = std::get_if<LaunchOperation>(&what)) {
      for (const auto &[argument, tensor] : launch->arguments)
        allocate(tensor, launcher.writes(launch->entry, argument));
    } else {
      allocate(std::get<TimeLoop>(what).body);
    }
  }
}

std::vector<int64_t> Interpreter::rowsOf(Steps steps, int64_t rows) const {
  int64_t time = call.size(Axis::Time);
  int64_t start = call.reverse ? time - 1 : 0;
  std::vector<int64_t> taken;
  for (int64_t row = 0; row < rows; ++row) {
    bool isFirst = row == (call.reverse ? rows - 1 : 0);
    bool isLast = row == (call.reverse ? 0 : rows - 1);
    if (steps == Steps::All || (steps == Steps::Later && !isFirst) ||
        (steps == Steps::Earlier && !isLast) ||
        (steps == Steps::Current && row % time == step) ||
        (steps == Steps::First && row % time == start))
      taken.push_back(row);
  }
  return taken;
}

Matrix Interpreter::matrix(const MatrixView &view) const {
  const ProgramTensor &tensor = *program.find(view.tensor);
  bool hasBatch = tensor.axes.front() == Axis::Batch;
  // Rows, the packed axis (and what lies between it and the rows, which is
  // nothing), and columns; a packed axis is one of the rows, or of the columns.
  int64_t rows = 1;
  int64_t inner = 1; // the numbers of one place of the packed axis
  int64_t packed = 1;
  for (Axis axis : tensor.axes)
    if (isPacked(axis))
      packed *= call.size(axis);
    else if (axis == Axis::Batch || axis == Axis::Time)
      rows *= call.size(axis);
    else
      inner *= call.size(axis);
  PackedRange range = view.range.value_or(PackedRange{0, packed});
  Matrix matrix;
  for (int64_t row : rowsOf(view.steps, rows))
    for (int64_t place = range.begin; place < range.begin + range.count;
         ++place)
      for (int64_t i = 0; i < inner; ++i)
        matrix.places.push_back((row * packed + place) * inner + i);
  auto size = static_cast<int64_t>(matrix.places.size());
  matrix.columns =
      hasBatch ? range.count * inner : call.size(tensor.axes.back());
  matrix.rows = hasBatch ? static_cast<int64_t>(rowsOf(view.steps, rows).size())
                         : size / std::max<int64_t>(matrix.columns, 1);
  return matrix;
}

void Interpreter::operator()(const ProductOperation &product) {
  std::vector<double> *result = find(product.result.tensor);
  if (!result)
    return;
  const std::vector<double> *a = find(product.a.tensor);
  const std::vector<double> *b = find(product.b.tensor);
  Matrix to = matrix(product.result);
  Matrix left = matrix(product.a);
  Matrix right = matrix(product.b);
  int64_t depth = a && b ? (product.transposeA ? left.rows : left.columns) : 0;
  for (int64_t i = 0; i < to.rows; ++i)
    for (int64_t j = 0; j < to.columns; ++j) {
      double &number = (*result)[to.at(i, j, false)];
      double sum = product.accumulate ? number : 0;
      for (int64_t k = 0; k < depth; ++k)
        sum += (*a)[left.at(i, k, product.transposeA)] *
               (*b)[right.at(k, j, product.transposeB)];
      number = sum;
    }
}

void Interpreter::operator()(const SumOperation &sum) {
  std::vector<double> *result = find(sum.result);
  if (!result)
    return;
  std::ranges::fill(*result, 0);
  const std::vector<double> &operand = tensors.at(sum.operand);
  for (size_t i = 0; i < operand.size(); ++i)
    (*result)[i % result->size()] += operand[i];
}

void Interpreter::operator()(const FillOperation &fill) {
  if (std::vector<double> *result = find(fill.result.tensor))
    for (int64_t place : matrix(fill.result).places)
      (*result)[place] = 0;
}

void Interpreter::operator()(const CopyOperation &copy) {
  std::vector<double> *result = find(copy.result);
  if (!result)
    return;
  if (const std::vector<double> *operand = find(copy.operand))
    *result = *operand;
  else
    std::ranges::fill(*result, 0);
}

void Interpreter::operator()(const LaunchOperation &launch) {
  NamedTensors arguments;
  for (const auto &[argument, tensor] : launch.arguments)
    if (const std::vector<double> *given = find(tensor))
      arguments[argument] = *given;
  bool isInLoop = position >= 0;
  launcher.launch(launch.entry, isInLoop ? position : 0,
                  isInLoop ? 1 : call.size(Axis::Time), arguments);
  for (const auto &[argument, tensor] : launch.arguments)
    if (find(tensor) && launcher.writes(launch.entry, argument))
      tensors[tensor] = std::move(arguments.at(argument));
}

void Interpreter::operator()(const TimeLoop &loop) {
  int64_t time = call.size(Axis::Time);
  for (position = 0; position < time; ++position) {
    step = call.reverse != loop.isAdjoint ? time - 1 - position : position;
    run(loop.body);
  }
  position = step = -1;
}

void minrnn::reference::interpret(const minrnn::Program &program,
                                  Procedure procedure, const ProgramCall &call,
                                  NamedTensors &tensors,
                                  EntryLauncher &launcher) {
  Interpreter interpreter(program, call, tensors, launcher);
  interpreter.allocate(program.operations(procedure));
  interpreter.run(program.operations(procedure));
}
