//===- CellInputs.h - The tensors that a cell runs on -----------*- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_RUNTIME_TOOLS_CELLINPUTS_H
#define MINRNN_RUNTIME_TOOLS_CELLINPUTS_H

#include "minrnn/safetensors.h"
#include "runtime/core/CellTensors.h"
#include "runtime/tools/NonFinite.h"

#include <map>
#include <set>
#include <string>
#include <vector>

namespace minrnn {

/// Numbers of a layer's tensors, by name, last axis contiguous.
using LayerNumbers = std::map<std::string, std::vector<float>, std::less<>>;

/// What one run is given.
struct CellInputs {
  LayerSizes sizes;
  bool wantsGradients = false;
  /// Zero where only some of a packed axis were given.
  LayerNumbers tensors;
  /// The names in the file of those that were given.
  std::set<std::string, std::less<>> given;
};

/// Reads the inputs of `cell`. Throws Error, naming the tensor, when one is
/// missing, not known, of the wrong shape or dtype, holds a number that is not
/// finite, or is an initial state below zero although the scan is in log space;
/// and when a cell reads its channel of an `x` that has not as many.
CellInputs readCellInputs(const SafetensorsReader &file,
                          const CellKernels &cell, bool wantsGradients,
                          NonFiniteReport &report);

} // namespace minrnn

#endif // MINRNN_RUNTIME_TOOLS_CELLINPUTS_H
