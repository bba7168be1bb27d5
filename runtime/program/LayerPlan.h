//===- LayerPlan.h - Where a layer keeps its own tensors --------*- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_RUNTIME_PROGRAM_LAYERPLAN_H
#define MINRNN_RUNTIME_PROGRAM_LAYERPLAN_H

#include "runtime/program/Liveness.h"

#include <array>
#include <map>

namespace minrnn {

/// Where one of the layer's own tensors begins.
struct OwnPlace {
  bool isSaved = false;
  std::uint64_t offset = 0;
};

/// One procedure of a layer.
struct ProcedurePlan {
  TensorSizes sizes;
  std::vector<BoundOperation> operations;
  /// Of each tensor of the program; nothing for those of the caller, and for
  /// those that no call needs.
  std::vector<std::optional<OwnPlace>> places;
  /// Which tensors the caller may give.
  std::vector<bool> known;
  /// What was asked for so far: what is live, by which tensors were given.
  std::map<std::vector<bool>, LiveProgram> live = {};
};

/// A layer's programs for its sizes, and the memory that they need: one piece
/// for what is saved, one to work in, which the procedures share.
class LayerPlan {
public:
  /// Throws Error as Layer's constructor does. The manifest must outlive it.
  LayerPlan(const Manifest &manifest, const LayerSizes &sizes,
            const LayerOptions &options, std::int64_t multiprocessors);

  /// Throws Error for `backward` of a layer that saves nothing.
  ProcedurePlan &procedure(Procedure procedure);
  const ProcedurePlan &forward() const { return *plans[0]; }
  /// Where a procedure has a tensor of the layer's own.
  std::optional<OwnPlace> place(Procedure procedure,
                                std::string_view name) const;

  /// What a call runs that is given these tensors. Throws Error when one is
  /// needed besides.
  const LiveProgram &live(Procedure procedure, const std::vector<bool> &given);

  /// The procedure of the program that a call of this one runs.
  Procedure scheduled(Procedure procedure) const;

  LayerBytes bytes() const { return own; }
  /// The tensors with their bytes, then the operations.
  std::string print() const;

private:
  const Manifest &manifest;
  LayerOptions options;
  LayerBytes own;
  bool looksBack;
  std::array<std::optional<ProcedurePlan>, procedureCount> plans;
};

} // namespace minrnn

#endif // MINRNN_RUNTIME_PROGRAM_LAYERPLAN_H
