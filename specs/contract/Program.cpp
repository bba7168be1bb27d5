//===- Program.cpp - The program of a call --------------------------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "minrnn/program.h"
#include "specs/contract/Names.h"

#include <algorithm>
#include <charconv>

using namespace minrnn;

namespace {

constexpr std::array<std::string_view, axisCount> axisNames = {
    "batch", "time",      "tiles",      "summary", "inputs", "channels",
    "gates", "recurrent", "parameters", "states",  "inner"};
constexpr std::array<std::string_view, 4> elementNames = {"io", "f32", "u8",
                                                          "i32"};
constexpr std::array<std::string_view, 6> roleNames = {
    "input", "parameter", "output", "saved", "gradient", "scratch"};
constexpr std::array<std::string_view, 5> stepsNames = {
    "all", "current", "first", "later", "earlier"};
constexpr std::array<std::string_view, 3> accessNames = {"read", "write",
                                                         "read_write"};
constexpr std::array<std::string_view, procedureCount> procedureNames = {
    "forward", "backward", "step", "forward_lookback", "backward_lookback"};

using SizeOf = std::function<std::int64_t(Axis)>;

/// The rows or columns of a matrix: axes whose sizes a call gives, and a number
/// that the cell fixes.
struct Extent {
  std::vector<Axis> axes;
  std::int64_t factor = 1;
  /// All rows but one.
  bool lacksOne = false;

  bool operator==(const Extent &) const = default;

  std::string text() const {
    std::string words = factor == 1 ? "" : std::to_string(factor);
    for (Axis axis : axes)
      words.append(words.empty() ? "" : " x ").append(axisName(axis));
    if (words.empty())
      words = "1";
    return lacksOne ? "(" + words + ") - 1" : words;
  }
};

struct Extents {
  Extent rows;
  Extent columns;
};

/// The matrix that a valid view sees.
Extents extentsOf(const MatrixView &view, const ProgramTensor &tensor,
                  const SizeOf &packedSize) {
  Extents extents;
  const bool isSequence = tensor.axes.front() == Axis::Batch;
  for (std::size_t i = 0; i < tensor.axes.size(); ++i) {
    const Axis axis = tensor.axes[i];
    const bool isRow = isSequence ? axis == Axis::Batch || axis == Axis::Time
                                  : i + 1 < tensor.axes.size();
    Extent &extent = isRow ? extents.rows : extents.columns;
    if (isPacked(axis))
      extent.factor *= view.range ? view.range->count : packedSize(axis);
    else if (axis != Axis::Time ||
             (view.steps != Steps::Current && view.steps != Steps::First))
      extent.axes.push_back(axis);
  }
  extents.rows.lacksOne =
      view.steps == Steps::Later || view.steps == Steps::Earlier;
  return extents;
}

std::string text(const MatrixView &view) {
  std::string words = view.tensor;
  if (view.range)
    words += "[" + std::to_string(view.range->begin) + ":" +
             std::to_string(view.range->begin + view.range->count) + "]";
  if (view.steps != Steps::All)
    words.append("{").append(stepsName(view.steps)).append("}");
  return words;
}

void print(const std::vector<ProgramOperation> &operations,
           const std::string &indent, std::string &out) {
  struct Printer {
    const std::string &indent;
    std::string &out;

    void operator()(const ProductOperation &op) const {
      out += indent + text(op.result) + (op.accumulate ? " += " : " = ") +
             text(op.a) + (op.transposeA ? "^T" : "") + " " + text(op.b) +
             (op.transposeB ? "^T" : "") + "\n";
    }
    void operator()(const SumOperation &op) const {
      out += indent + op.result + " = sum over batch of " + op.operand + "\n";
    }
    void operator()(const FillOperation &op) const {
      out += indent + text(op.result) + " = 0\n";
    }
    void operator()(const CopyOperation &op) const {
      out += indent + op.result + " = " + op.operand + "\n";
    }
    void operator()(const LaunchOperation &op) const {
      out += indent + "launch " + op.entry + "(";
      const char *separator = "";
      for (const auto &[argument, tensor] : op.arguments) {
        out += separator + argument;
        if (argument != tensor)
          out += " = " + tensor;
        separator = ", ";
      }
      out += ")\n";
    }
    void operator()(const TimeLoop &loop) const {
      out += indent + "for time" + (loop.isAdjoint ? ", adjoint" : "") + ":\n";
      print(loop.body, indent + "  ", out);
    }
  };
  for (const ProgramOperation &operation : operations)
    std::visit(Printer{indent, out}, operation.what);
}

} // namespace

std::string minrnn::axisName(Axis axis) {
  if (const std::int64_t size = namelessSize(axis))
    return std::to_string(size);
  return std::string(nameOf(axisNames, axis));
}
std::optional<Axis> minrnn::findAxis(std::string_view name) {
  std::int32_t size = 0;
  const auto [end, fault] =
      std::from_chars(name.data(), name.data() + name.size(), size);
  if (fault == std::errc() && end == name.data() + name.size() && size > 0)
    return namelessAxis(size);
  return findNamed<Axis>(axisNames, name);
}
std::string_view minrnn::elementName(Element element) {
  return nameOf(elementNames, element);
}
std::optional<Element> minrnn::findElement(std::string_view name) {
  return findNamed<Element>(elementNames, name);
}
std::string minrnn::elementType(Element element, std::string_view ioType) {
  if (element == Element::U8)
    return "i8";
  return std::string(element == Element::IO ? ioType : elementName(element));
}
std::string_view minrnn::accessName(Access access) {
  return nameOf(accessNames, access);
}
std::optional<Access> minrnn::findAccess(std::string_view name) {
  return findNamed<Access>(accessNames, name);
}
std::string_view minrnn::roleName(Role role) { return nameOf(roleNames, role); }
std::optional<Role> minrnn::findRole(std::string_view name) {
  return findNamed<Role>(roleNames, name);
}
std::string_view minrnn::stepsName(Steps steps) {
  return nameOf(stepsNames, steps);
}
std::optional<Steps> minrnn::findSteps(std::string_view name) {
  return findNamed<Steps>(stepsNames, name);
}
std::string_view minrnn::procedureName(Procedure procedure) {
  return nameOf(procedureNames, procedure);
}
std::optional<Procedure> minrnn::findProcedure(std::string_view name) {
  return findNamed<Procedure>(procedureNames, name);
}

bool ProgramTensor::has(Axis axis) const {
  return std::find(axes.begin(), axes.end(), axis) != axes.end();
}

const std::vector<ProgramOperation> &
Program::operations(Procedure procedure) const {
  switch (procedure) {
  case Procedure::Backward:
    return backward;
  case Procedure::Step:
    return step;
  case Procedure::ForwardLookback:
    return forwardLookback;
  case Procedure::BackwardLookback:
    return backwardLookback;
  case Procedure::Forward:
    break;
  }
  return forward;
}

std::vector<ProgramOperation> &Program::operations(Procedure procedure) {
  return const_cast<std::vector<ProgramOperation> &>(
      static_cast<const Program *>(this)->operations(procedure));
}

const ProgramTensor *Program::find(std::string_view name) const {
  const auto found =
      std::find_if(tensors.begin(), tensors.end(),
                   [&](const ProgramTensor &t) { return t.name == name; });
  return found == tensors.end() ? nullptr : &*found;
}

std::string minrnn::checkView(const MatrixView &view,
                              const ProgramTensor &tensor,
                              const SizeOf &packedSize) {
  const auto packed =
      std::find_if(tensor.axes.begin(), tensor.axes.end(), isPacked);
  if (view.range) {
    if (packed == tensor.axes.end())
      return "takes a range of '" + tensor.name + "', which has no packed axis";
    if (std::find_if(packed + 1, tensor.axes.end(), isPacked) !=
        tensor.axes.end())
      return "takes a range of '" + tensor.name +
             "', which has several packed axes";
    const std::int64_t size = packedSize(*packed);
    const auto [begin, count] = *view.range;
    if (begin < 0 || count < 1 || begin > size || count > size - begin)
      return "takes " + std::to_string(count) + " places from " +
             std::to_string(begin) + " on of '" + tensor.name +
             "', which has " + std::to_string(size) + " along '" +
             axisName(*packed) + "'";
  }
  if (view.steps != Steps::All && !tensor.has(Axis::Time))
    return "takes steps of '" + tensor.name + "', which has no axis 'time'";
  return "";
}

std::string minrnn::checkProduct(
    const ProductOperation &product,
    const std::function<const ProgramTensor *(std::string_view)> &find,
    const SizeOf &packedSize) {
  const auto matrix = [&](const MatrixView &view, bool isTransposed) {
    Extents extents = extentsOf(view, *find(view.tensor), packedSize);
    if (isTransposed)
      std::swap(extents.rows, extents.columns);
    return extents;
  };
  const Extents result = matrix(product.result, false);
  const Extents a = matrix(product.a, product.transposeA);
  const Extents b = matrix(product.b, product.transposeB);
  const auto differ = [](const char *what, const Extent &left,
                         const Extent &right) {
    return std::string("multiplies matrices that do not fit: ") + what + " " +
           left.text() + " and " + right.text();
  };
  if (a.columns != b.rows)
    return differ("the columns of the first and the rows of the second are",
                  a.columns, b.rows);
  if (result.rows != a.rows)
    return differ("the rows of the result and of the first are", result.rows,
                  a.rows);
  if (result.columns != b.columns)
    return differ("the columns of the result and of the second are",
                  result.columns, b.columns);
  return "";
}

bool minrnn::isSumOf(const ProgramTensor &result,
                     const ProgramTensor &operand) {
  auto summed = operand.axes.begin();
  for (const Axis axis : {Axis::Batch, Axis::Tiles})
    if (summed != operand.axes.end() && *summed == axis)
      ++summed;
  return operand.axes.front() == Axis::Batch &&
         std::equal(summed, operand.axes.end(), result.axes.begin(),
                    result.axes.end());
}

bool minrnn::isCopyOf(const ProgramTensor &result,
                      const ProgramTensor &operand) {
  return result.axes == operand.axes && result.element == operand.element;
}

bool minrnn::canStandFor(const std::vector<Axis> &tensor,
                         const std::vector<Axis> &argument) {
  std::size_t place = 0;
  for (const Axis axis : tensor) {
    if (place < argument.size() &&
        (argument[place] == axis ||
         (argument[place] == Axis::Channels && axis == Axis::Inputs)))
      ++place;
    else if (axis != Axis::Time)
      return false;
  }
  return place == argument.size();
}

std::string minrnn::printProgram(const Program &program,
                                 std::span<const Procedure> procedures) {
  std::string out;
  for (const Procedure procedure : procedures) {
    if (!isOfEveryProgram(procedure) && program.operations(procedure).empty())
      continue;
    out.append(procedureName(procedure)).append(":\n");
    print(program.operations(procedure), "  ", out);
  }
  return out;
}
