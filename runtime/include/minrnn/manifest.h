//===- manifest.h - What a compiled cell says of itself ---------*- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The manifest of specs/abi.md: the entries of a compiled cell, their
// arguments, and the rule by which they are launched.
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_MANIFEST_H
#define MINRNN_MANIFEST_H

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace minrnn {

/// One argument of an entry: one 64-bit word of its argument block.
struct KernelArgument {
  std::string name;
  /// `f32*`, `f16*`, `bf16*` or `i8*` for an array, `i64` for a number.
  std::string type;
  /// `read` or `write`; empty for a number.
  std::string access;
  /// Whether the array may be null.
  bool optional = false;
  /// The axes of an array: `batch`, `time`, `channels`, `gates`, `recurrent`,
  /// `parameters`, `states`, `chained`, `tiles`.
  std::vector<std::string> shape;

  bool isArray() const { return type != "i64"; }
};

/// One kernel of a compiled cell.
struct KernelEntry {
  /// `forward`, `backward`, `step`, `forward_chained` or `backward_chained`.
  std::string name;
  /// The entry's name in the PTX or the object.
  std::string symbol;
  /// Threads of a block along x, y, z; all zero on the host.
  std::array<std::int64_t, 3> block = {0, 0, 0};
  /// Channels that one (batch row, channel tile) pair covers; at least 1.
  std::int64_t tileChannels = 0;
  /// Steps of a tile of time; 0 where the manifest says nothing of it.
  std::int64_t tileTime = 0;
  std::vector<KernelArgument> arguments;

  /// How many tiles of time `time` steps are. Needs a `tileTime`.
  std::int64_t timeTiles(std::int64_t time) const {
    return time / tileTime + (time % tileTime != 0 ? 1 : 0);
  }

  /// How many (batch row, channel tile) pairs there are: the grid of a GPU,
  /// the range that the host splits over threads.
  /// Throws Error when the product does not fit into 63 bits.
  std::int64_t tileCount(std::int64_t batch, std::int64_t channels) const;
};

/// A gate that projects a state, or a value computed within the step.
struct RecurrentProjection {
  /// The gate's name.
  std::string name;
  /// The state that it projects, one of the manifest's; empty where it projects
  /// none.
  std::string state;
  /// Else the place of the value that it projects along the `chained` axis.
  std::optional<std::int64_t> chained;
};

/// The manifest of one compiled cell.
struct Manifest {
  /// The compiler that made it, for people.
  std::string compiler;
  /// The cell's name.
  std::string cell;
  /// `parallel` or `sequential`.
  std::string kind;
  /// `host` or a GPU such as `sm_75`.
  std::string target;
  /// The element type of the arrays that specs/abi.md marks as io: `f32`, `f16`
  /// or `bf16`.
  std::string ioType;
  /// `log` or `linear`; `none` for a sequential cell.
  std::string scan;
  /// The gates that project the input, the gates that project a state or a
  /// value computed within the step, the learned parameters and the states,
  /// each in the order of its axis.
  std::vector<std::string> gates;
  std::vector<RecurrentProjection> recurrent;
  std::vector<std::string> parameters;
  std::vector<std::string> states;
  /// Whether the cell has one state, and that is its output.
  bool plain = true;
  /// The name of the output's tensor: that of the first state, or `y`.
  std::string output;
  std::vector<KernelEntry> entries;

  /// The entry called `name`; throws Error when there is none.
  const KernelEntry &entry(std::string_view name) const;

  /// Whether `backward` computes the states again from those at the boundaries
  /// of tiles of time, the only ones that `forward` keeps for it.
  bool recomputesStates() const;

  /// The number of tiles of time that `time` steps are; 0 unless the states are
  /// recomputed.
  std::int64_t timeTiles(std::int64_t time) const;

  /// Whether the cell reads its channel of the input (`minrnn.read`), so that
  /// the input is as wide as the hidden state.
  bool readsInput() const;

  /// How many values computed within the step are projected: the size of the
  /// `chained` axis.
  std::int64_t chained() const;

  /// The place of `state` along the `states` axis; throws Error when there is
  /// no such state.
  std::int64_t stateIndex(std::string_view state) const;
};

/// Reads a manifest from its JSON text. Keys that are not known are ignored.
/// Throws Error, beginning with `where`, when `json` is no JSON, is of another
/// format or version, lacks a key, or holds one of the wrong type or range.
Manifest parseManifest(std::string_view json, std::string_view where);

/// Reads the manifest out of the comment that opens a PTX file (between
/// `// minrnn-manifest-begin` and `// minrnn-manifest-end`).
/// Throws Error, beginning with `where`, when there is no such comment, and as
/// `parseManifest` does.
Manifest parseManifestOfPtx(std::string_view ptx, std::string_view where);

} // namespace minrnn

#endif // MINRNN_MANIFEST_H
