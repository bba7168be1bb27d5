//===- manifest.h - What a compiled cell says of itself ---------*- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The manifest of specs/abi.md: the entries of a compiled cell, their
// arguments, the rule by which they are launched, and the programs that a layer
// of this cell runs.
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_MANIFEST_H
#define MINRNN_MANIFEST_H

#include "minrnn/options.h"
#include "minrnn/program.h"

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace minrnn {

/// One argument of an entry: one 64-bit number, the address of a tensor or a
/// size.
struct KernelArgument {
  /// The tensor's name; else one of `batch`, `time`, `channels`, `reverse`,
  /// `first` and `count`.
  std::string name;
  /// Empty for a number. Of a tensor, as the kernel uses it; it is one of the
  /// contract (specs/contract/Tensors.h).
  std::vector<Axis> axes;
  Element element = Element::F32;
  Access access = Access::Read;
  /// Whether the address may be null.
  bool isOptional = false;

  bool isRead() const { return access != Access::Write; }
  bool isWritten() const { return access != Access::Read; }
  bool isTensor() const { return !axes.empty(); }
};

/// One kernel of a compiled cell.
struct KernelEntry {
  /// `forward`, `backward`, `step`, or `forward_inner` and `backward_inner`
  /// with the number of a stage behind them.
  std::string name;
  /// The entry's name in the PTX or the object.
  std::string symbol;
  /// Threads of a block along x, y, z; all zero on the host.
  std::array<std::int64_t, 3> block = {0, 0, 0};
  /// Channels that one (batch row, channel tile) pair covers; at least 1.
  std::int64_t tileChannels = 0;
  /// Steps of a tile of time; 0 where time is not tiled.
  std::int64_t tileTime = 0;
  std::vector<KernelArgument> arguments;
  /// Of an entry whose tiles of time are blocks of their own, the numbers that
  /// a tile hands to the next in each channel; 0 of all others.
  std::int64_t tileSummary = 0;

  /// Null where there is none.
  const KernelArgument *find(std::string_view argument) const;

  /// The number of tiles of time that `time` steps are; 0 where time is not
  /// tiled.
  std::int64_t timeTiles(std::int64_t time) const;

  /// How many (batch row, channel tile) pairs there are, each once for each of
  /// its blocks along time: the grid of a GPU, the range that the host splits
  /// over threads.
  /// Throws Error when the product does not fit into 63 bits.
  std::int64_t tileCount(std::int64_t batch, std::int64_t time,
                         std::int64_t channels) const;
};

/// A gate that projects a state, or a value computed within the step.
struct RecurrentProjection {
  /// The gate's name.
  std::string name;
  /// The state that it projects, one of the manifest's; empty where it projects
  /// none.
  std::string state;
  /// Else the place of the value that it projects along the `inner` axis.
  std::optional<std::int64_t> inner = std::nullopt;
  /// Of such a value: how many products of other such values it waits for, one
  /// behind the other. The entries `forward_inner` and `backward_inner` with
  /// this number compute what is projected at this stage, and its gradients.
  std::int64_t stage = 0;
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
  /// What elements of `Element::IO` are: `f32`, `f16` or `bf16`.
  std::string ioType;
  /// `log` or `linear`; `none` for a sequential cell.
  std::string scan;
  /// How the functions of gates are computed. (Written where not precisely.)
  Math math = Math::Precise;
  /// The gates that project the input, the gates that project a state or a
  /// value computed within the step, the learned parameters and the states,
  /// each in the order of its axis.
  std::vector<std::string> gates;
  std::vector<RecurrentProjection> recurrent;
  std::vector<std::string> parameters;
  std::vector<std::string> states;
  /// The name of the output's tensor: that of the first state, or `y`.
  std::string output;
  std::vector<KernelEntry> entries;
  Program program;

  /// The entry called `name`; throws Error when there is none.
  const KernelEntry &entry(std::string_view name) const;
  /// The same; null when there is none.
  const KernelEntry *findEntry(std::string_view name) const;

  /// The size of a packed axis, with a name or without.
  std::int64_t size(Axis packed) const;

  /// Whether the cell has one state, and that is its output.
  bool outputIsState() const {
    return states.size() == 1 && output == states.front();
  }

  /// Whether `backward` computes the states again from those at the boundaries
  /// of tiles of time, the only ones that `forward` keeps for it.
  bool recomputesStates() const;

  /// Whether the cell reads its channel of the input (`minrnn.read`), so that
  /// the input is as wide as the hidden state.
  bool readsInput() const;

  /// The place of `state` along the `states` axis; throws Error when there is
  /// no such state.
  std::int64_t stateIndex(std::string_view state) const;
};

/// The manifest as JSON, with a newline at its end.
std::string writeManifest(const Manifest &manifest);

/// The manifest as the comment that opens a PTX file.
std::string writeManifestComment(std::string_view json);

/// Reads a manifest from its JSON text. Keys that are not known are ignored.
/// Throws Error, beginning with `where`, when `json` is no JSON, is of another
/// format or version, lacks a key, holds one of the wrong type or range, or
/// holds a program that does not fit its tensors and entries.
Manifest parseManifest(std::string_view json, std::string_view where);

/// Reads the manifest out of the comment that opens a PTX file (between
/// `// minrnn-manifest-begin` and `// minrnn-manifest-end`).
/// Throws Error, beginning with `where`, when there is no such comment, and as
/// `parseManifest` does.
Manifest parseManifestOfPtx(std::string_view ptx, std::string_view where);

/// What is wrong with the manifest's program: a tensor that is not there, a
/// product whose matrices do not fit, an entry's argument that is missing or
/// has other axes. Empty: nothing.
std::string checkProgram(const Manifest &manifest);

} // namespace minrnn

#endif // MINRNN_MANIFEST_H
