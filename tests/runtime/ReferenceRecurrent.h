//===- ReferenceRecurrent.h - Recurrent layers by the reference -*- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A layer of a cell as tests/reference evaluates it, in double, with the
// products around it, and its gradients. (tests/reference/CellFormulasTest.cpp
// holds the cells themselves to their papers.)
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_TESTS_RUNTIME_REFERENCERECURRENT_H
#define MINRNN_TESTS_RUNTIME_REFERENCERECURRENT_H

#include "tests/reference/Equations.h"
#include "tests/runtime/CompiledCell.h"
#include "tests/runtime/ReferenceLayers.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace minrnn::test {

/// A layer and its input. Empty arrays are absent: no bias, zero states.
struct ReferenceLayer {
  std::size_t batch = 0;
  std::size_t time = 0;
  std::size_t inputs = 0;
  std::size_t channels = 0;
  Numbers x;                       // [B, T, D]
  Numbers weight;                  // [G, H, D]
  Numbers bias;                    // [G, H]
  Numbers recurrentWeight;         // [R, H, H]
  Numbers recurrentBias;           // [R, H]
  Numbers parameters;              // [P, H]
  Numbers initial;                 // [B, S, H]
  std::vector<std::uint8_t> reset; // [B, T]
  bool reverse = false;
};

struct ReferenceRun {
  Numbers output; // [B, T, H]
  Numbers states; // [B, T, S, H]
  Numbers last;   // [B, S, H]
};

/// The equations of a cell of specs/cells or else of tests/runtime/cells.
inline reference::ParsedCell equationsOf(const std::string &name) {
  return reference::parseCellFile(cellFileOf(name));
}

inline reference::Call callOf(const reference::ParsedCell &cell,
                              const ReferenceLayer &layer) {
  reference::Call call;
  call.shape = {static_cast<std::int64_t>(layer.batch),
                static_cast<std::int64_t>(layer.time),
                static_cast<std::int64_t>(layer.channels)};
  call.reverse = layer.reverse;
  call.preactivations =
      linear(layer.batch * layer.time, layer.inputs,
             cell.gates.size() * layer.channels, layer.x, layer.weight);
  if (cell.readsInput)
    call.input = layer.x;
  call.recurrentWeight = layer.recurrentWeight;
  call.bias = layer.bias;
  call.recurrentBias = layer.recurrentBias;
  call.parameters = layer.parameters;
  call.reset = layer.reset;
  call.initial = layer.initial;
  call.roundsPreactivations = false;
  return call;
}

inline ReferenceRun evaluate(const reference::ParsedCell &cell,
                             const ReferenceLayer &layer) {
  const reference::CallResults results =
      reference::evaluate(cell, callOf(cell, layer));
  return {results.output.value, results.states.value, results.last.value};
}

/// The gradients of sum(dOutput * output) + sum(dLast * last) by the arrays of
/// a layer; `dLast` may be empty for zero.
inline ReferenceLayer differentiate(const reference::ParsedCell &cell,
                                    const ReferenceLayer &layer,
                                    const Numbers &dOutput,
                                    const Numbers &dLast) {
  const reference::CallGradients gradients =
      reference::differentiate(cell, callOf(cell, layer), dOutput, dLast);
  const auto overBatch = [](const reference::Estimates &rows,
                            std::size_t columns) {
    Numbers sum(columns);
    for (std::size_t i = 0; i < rows.value.size(); ++i)
      sum[i % columns] += rows.value[i];
    return sum;
  };
  const std::size_t h = layer.channels;
  const std::size_t d = layer.inputs;
  const std::size_t columns = cell.gates.size() * h;
  ReferenceLayer result;
  result.x = gradients.input.value;
  result.x.resize(layer.x.size());
  result.weight.resize(layer.weight.size());
  const Numbers &own = gradients.preactivations.value;
  for (std::size_t i = 0; i < own.size(); ++i)
    for (std::size_t j = 0; j < d; ++j) {
      const std::size_t from = i / columns * d + j;
      const std::size_t weight = i % columns * d + j;
      result.x[from] += own[i] * layer.weight[weight];
      result.weight[weight] += own[i] * layer.x[from];
    }
  result.bias = overBatch(gradients.bias, columns);
  result.recurrentWeight = gradients.recurrentWeight.value;
  result.recurrentBias =
      overBatch(gradients.recurrentBias, cell.recurrent.size() * h);
  result.parameters =
      overBatch(gradients.parameters, cell.parameters.size() * h);
  result.initial = gradients.initial.value;
  return result;
}

} // namespace minrnn::test

#endif // MINRNN_TESTS_RUNTIME_REFERENCERECURRENT_H
