//===- Recurrent.cpp - Packed projection and compiled cell ----------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "minrnn/blocks.h"

#include "minrnn/error.h"
#include "runtime/core/ElementCount.h"
#include "runtime/nn/ColumnSums.h"
#include "runtime/nn/Gemm.h"

#include <string>

using namespace minrnn;

namespace {

/// The packed projection of all gates: rows of D inputs to rows of G * H.
LinearShape projection(const CellKernels &cell, const RecurrentShape &shape) {
  if (cell.device().name() != "host")
    throw Error("the recurrent block works on host memory; the cell was "
                "compiled for device '" +
                std::string(cell.device().name()) + "'");
  return {elementCount({shape.batch, shape.time}, "recurrent, batch x time"),
          shape.inputs,
          elementCount({cell.gates(), shape.channels}, "recurrent, gates")};
}

} // namespace

void minrnn::recurrentForward(const CellKernels &cell,
                              const RecurrentShape &shape,
                              const RecurrentForwardArguments &arguments) {
  linearForward(projection(cell, shape), arguments.input, arguments.weight,
                nullptr, arguments.preactivations);
  cell.forward(shape.sequence(), {.preactivations = arguments.preactivations,
                                  .bias = arguments.bias,
                                  .initial = arguments.initial,
                                  .output = arguments.output,
                                  .last = arguments.last});
}

void minrnn::recurrentBackward(const CellKernels &cell,
                               const RecurrentShape &shape,
                               const RecurrentBackwardArguments &arguments) {
  const LinearShape linear = projection(cell, shape);
  if (arguments.dBias != nullptr && arguments.dBiasOfRows == nullptr &&
      shape.batch > 0 && linear.outputs > 0)
    throw Error("recurrent backward: dBias is wanted, but dBiasOfRows is null");
  cell.backward(
      shape.sequence(),
      {.preactivations = arguments.preactivations,
       .bias = arguments.bias,
       .initial = arguments.initial,
       .output = arguments.output,
       .dOutput = arguments.dOutput,
       .dLast = arguments.dLast,
       .dPreactivations = arguments.dPreactivations,
       .dBias = arguments.dBias == nullptr ? nullptr : arguments.dBiasOfRows,
       .dInitial = arguments.dInitial});
  if (arguments.dBias != nullptr)
    sumColumns(shape.batch, linear.outputs, arguments.dBias,
               [&](std::int64_t row, std::int64_t column) {
                 return arguments.dBiasOfRows[row * linear.outputs + column];
               });
  linearBackward(linear, arguments.input, arguments.weight,
                 arguments.dPreactivations, arguments.dInput, arguments.dWeight,
                 nullptr);
}

void minrnn::recurrentStep(const CellKernels &cell, const RecurrentShape &shape,
                           const float *input, const float *weight,
                           const float *bias, float *preactivations,
                           float *state) {
  const RecurrentShape oneStep{shape.batch, 1, shape.inputs, shape.channels};
  linearForward(projection(cell, oneStep), input, weight, nullptr,
                preactivations);
  cell.step(oneStep.sequence(), {.preactivations = preactivations,
                                 .bias = bias,
                                 .previous = state,
                                 .next = state});
}
