//===- KnownArguments.h - The arguments of specs/abi.md ---------*- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The tables of specs/abi.md: every argument that an entry may have, its type
// and shape, and for which cells it is there.
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_RUNTIME_CORE_KNOWNARGUMENTS_H
#define MINRNN_RUNTIME_CORE_KNOWNARGUMENTS_H

#include "minrnn/manifest.h"

#include <span>
#include <string>
#include <string_view>

namespace minrnn {

enum class Axis {
  Batch,
  Time,
  Channels,
  Gates,
  Recurrent,
  Parameters,
  States,
  Chained,
  Tiles,
};
inline constexpr std::size_t axisCount = 9;

/// The axis that a manifest calls `name`; throws Error when there is none.
Axis axisOf(std::string_view name);

/// What an argument's word stands for: an array of the manifest's `io_type`, of
/// f32 or of bytes, or a number.
enum class ArgumentKind { Io, Float, Bytes, Number };

/// Which cells have the argument.
enum class Condition {
  Always,
  ReadsInput,
  /// A gate projects a state or a value computed within the step.
  ProjectsRecurrently,
  /// A gate projects a value computed within the step.
  ProjectsChained,
  HasParameters,
  NotPlain,
  /// What `backward` reads of the states: those that were kept, in the output
  /// or the trajectory, or boundaries to compute them from.
  KeepsStates,
  SavesOutput,
  SavesTrajectory,
  SavesBoundaries,
};

/// Whether an array may be null.
enum class Presence { Needed, Optional };

struct KnownArgument {
  std::string_view name;
  ArgumentKind kind;
  /// `read` or `write`; empty for a number.
  std::string_view access;
  /// The axes' names with a space between two; empty for a number.
  std::string_view shape;
  Presence presence = Presence::Needed;
  Condition condition = Condition::Always;
};

/// All arguments of an entry, each once, in the order of specs/abi.md.
std::span<const KnownArgument> knownForwardArguments();
std::span<const KnownArgument> knownBackwardArguments();
std::span<const KnownArgument> knownStepArguments();
std::span<const KnownArgument> knownForwardChainedArguments();
std::span<const KnownArgument> knownBackwardChainedArguments();

/// Whether the cell meets `condition`.
bool holds(const Manifest &manifest, Condition condition);

/// Throws Error, beginning with `where`, when `argument` is not what `known`
/// says for this cell: another type, access or shape.
void checkArgument(const Manifest &manifest, const KnownArgument &known,
                   const KernelArgument &argument, const std::string &where);

} // namespace minrnn

#endif // MINRNN_RUNTIME_CORE_KNOWNARGUMENTS_H
