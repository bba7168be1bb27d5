//===- program.h - The program of a call ---------------------*- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What a caller of a compiled cell runs: for `forward`, `backward` and `step`
// of a layer, a list of operations on named tensors. The compiler writes it (as
// the op `minrnn.program`, and as JSON in the manifest); the runtime executes
// it on any device, and knows no tensor by name.
//
// The rules of execution, for sizes B (batch), T (time steps), D (inputs) and
// H (channels):
//
// - A tensor is dense, with its last axis contiguous. In `step`, T is 1.
// - A tensor is absent where the caller could give it and did not. A launch is
//   given null for it, a copy from it fills with zero, a product of it is zero
//   (and adds nothing).
// - An operation runs where a tensor that it writes is wanted: one that the
//   caller gave, one that `forward` saves for `backward`, or one of the layer's
//   own that an operation that runs reads. What is not wanted is not allocated,
//   but for an argument of a launch that may not be null.
// - `for_time` runs its operations for each step, in the order of the call:
//   from step 0 on, or from step T - 1 back where the call says `reverse`; an
//   adjoint loop goes the other way. A launch in it is told `first`, the
//   position of the step in the order of this loop, and `count` 1; outside,
//   `first` is 0 and `count` is T.
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_PROGRAM_H
#define MINRNN_PROGRAM_H

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace minrnn {

/// The axes of tensors. `Tiles` are the tiles of time of the procedure's entry,
/// and `Summary` the numbers that one of them comes to, in each channel;
/// `Gates` to `Inner` are packed: their sizes are fixed by the cell.
enum class Axis : std::int64_t {
  Batch,
  Time,
  Tiles,
  Summary,
  Inputs,
  Channels,
  Gates,
  Recurrent,
  Parameters,
  States,
  Inner,
};
inline constexpr std::size_t axisCount = 11;

/// An axis of `size` places, at least 1, whatever the cell: packed as well, and
/// its size is all the name that it has.
constexpr Axis namelessAxis(std::int64_t size) {
  return static_cast<Axis>(axisCount + static_cast<std::size_t>(size));
}
/// The size of such an axis; 0 for one with a name.
constexpr std::int64_t namelessSize(Axis axis) {
  const auto size =
      static_cast<std::int64_t>(axis) - static_cast<std::int64_t>(axisCount);
  return size > 0 ? size : 0;
}

/// The axis' name in manifests, and the axis of a name.
std::string axisName(Axis axis);
std::optional<Axis> findAxis(std::string_view name);

/// Whether the axis' size is the same for every call.
constexpr bool isPacked(Axis axis) { return axis >= Axis::Gates; }

/// What a tensor holds: numbers of the cell's io type (f32, f16 or bf16),
/// numbers of f32, bytes, or integers of 32 bits.
enum class Element { IO, F32, U8, I32 };
std::string_view elementName(Element element);
/// The type in memory: `f32`, `f16`, `bf16`, `i8` or `i32`.
std::string elementType(Element element, std::string_view ioType);
std::optional<Element> findElement(std::string_view name);

/// Whose a tensor is. The caller gives inputs, parameters, outputs and
/// gradients; the layer owns what `forward` saves for `backward`, and scratch.
enum class Role { Input, Parameter, Output, Saved, Gradient, Scratch };
std::string_view roleName(Role role);
std::optional<Role> findRole(std::string_view name);

struct ProgramTensor {
  std::string name;
  std::vector<Axis> axes;
  Element element = Element::F32;
  Role role = Role::Input;
  /// Of a gradient: the tensor it is the gradient with respect to.
  std::string of = {};
  /// Whether the caller may leave it out.
  bool isOptional = false;

  bool has(Axis axis) const;
};

/// Which steps of a tensor with an axis `time` an operation works on. `First`
/// is the step that `forward` starts with. `Later` and `Earlier` are the rows
/// of all sequences, one behind the other, without the first of them in the
/// order of `forward`, and without the last: so that row i of `Earlier` is the
/// step before row i of `Later`, but where a sequence begins.
enum class Steps { All, Current, First, Later, Earlier };
std::string_view stepsName(Steps steps);
std::optional<Steps> findSteps(std::string_view name);

/// Places [begin, begin + count) of the packed axis.
struct PackedRange {
  std::int64_t begin = 0;
  std::int64_t count = 0;

  bool operator==(const PackedRange &) const = default;
};

/// A tensor as a matrix. Where its first axis is `batch`, rows are batch x time
/// (as `steps` says), and columns all further axes; else columns are its last
/// axis, and rows all others.
struct MatrixView {
  std::string tensor;
  /// All places of the packed axis where it is not set.
  std::optional<PackedRange> range = std::nullopt;
  Steps steps = Steps::All;

  bool operator==(const MatrixView &) const = default;
};

struct ProgramOperation;

/// result = a b, or result += a b, each transposed where it says so.
struct ProductOperation {
  MatrixView result;
  MatrixView a;
  MatrixView b;
  bool transposeA = false;
  bool transposeB = false;
  bool accumulate = false;
};

/// result = the sum of `operand` over its first axes: the batch, and tiles of
/// time where it has them.
struct SumOperation {
  std::string result;
  std::string operand;
};

/// result = 0.
struct FillOperation {
  MatrixView result;
};

/// result = operand, of the same axes.
struct CopyOperation {
  std::string result;
  std::string operand;
};

/// One entry, on tensors that stand for its arguments.
struct LaunchArgument {
  std::string argument;
  std::string tensor;
};
struct LaunchOperation {
  std::string entry;
  /// In no particular order; an argument that is not named is null.
  std::vector<LaunchArgument> arguments;
};

/// The body once for each step of time.
struct TimeLoop {
  bool isAdjoint = false;
  std::vector<ProgramOperation> body;
};

struct ProgramOperation {
  std::variant<ProductOperation, SumOperation, FillOperation, CopyOperation,
               LaunchOperation, TimeLoop>
      what;
};

/// The procedures of a layer; the last two do what the first two do, under the
/// schedule `lookback`, where the program holds both schedules.
enum class Procedure {
  Forward,
  Backward,
  Step,
  ForwardLookback,
  BackwardLookback,
};
inline constexpr std::array allProcedures = {
    Procedure::Forward, Procedure::Backward, Procedure::Step,
    Procedure::ForwardLookback, Procedure::BackwardLookback};
inline constexpr std::size_t procedureCount = allProcedures.size();
std::string_view procedureName(Procedure procedure);
std::optional<Procedure> findProcedure(std::string_view name);
/// Whether every program has it, be it empty.
constexpr bool isOfEveryProgram(Procedure procedure) {
  return procedure < Procedure::ForwardLookback;
}

struct Program {
  std::vector<ProgramTensor> tensors;
  std::vector<ProgramOperation> forward;
  std::vector<ProgramOperation> backward;
  std::vector<ProgramOperation> step;
  std::vector<ProgramOperation> forwardLookback = {};
  std::vector<ProgramOperation> backwardLookback = {};

  const std::vector<ProgramOperation> &operations(Procedure procedure) const;
  std::vector<ProgramOperation> &operations(Procedure procedure);
  /// Null where there is none.
  const ProgramTensor *find(std::string_view name) const;
};

/// How an operation or a kernel uses a tensor.
enum class Access { Read, Write, ReadWrite };
std::string_view accessName(Access access);
std::optional<Access> findAccess(std::string_view name);

/// What is wrong with a view or a product, in words that continue "the
/// operation"; empty: nothing. `find` gives a tensor by name, all three of
/// which are there, and `packedSize` the size of a packed axis.
std::string checkView(const MatrixView &view, const ProgramTensor &tensor,
                      const std::function<std::int64_t(Axis)> &packedSize);
std::string
checkProduct(const ProductOperation &product,
             const std::function<const ProgramTensor *(std::string_view)> &find,
             const std::function<std::int64_t(Axis)> &packedSize);

/// Whether `result` has the axes of `operand` without the batch.
bool isSumOf(const ProgramTensor &result, const ProgramTensor &operand);

/// Whether both have the same axes and elements.
bool isCopyOf(const ProgramTensor &result, const ProgramTensor &operand);

/// Whether a tensor of the axes `tensor` may be given for an argument of an
/// entry. The kernel's `channels` may be the layer's `inputs` (of a cell that
/// reads its channel), and `step` has no axis `time`.
bool canStandFor(const std::vector<Axis> &tensor,
                 const std::vector<Axis> &argument);

/// The program as text, one operation a line, for people:
///
/// Of these procedures, in this order.
///
///   forward:
///     preactivations = input weight^T
///     launch forward(preactivations, bias, reset, initial, output, last)
std::string printProgram(const Program &program,
                         std::span<const Procedure> procedures = allProcedures);

} // namespace minrnn

#endif // MINRNN_PROGRAM_H
