//===- Bidirectional.cpp - A layer in both directions ---------------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "minrnn/recurrent.h"

#include "minrnn/error.h"
#include "minrnn/layers.h"
#include "runtime/core/ElementCount.h"
#include "runtime/nn/HostContext.h"

using namespace minrnn;

namespace {

/// The positions, batch times time, of a sequence of twice H channels.
std::int64_t positionsOf(const RecurrentShape &shape) {
  elementCount({shape.batch, shape.time, shape.channels, 2},
               "bidirectional, output");
  return shape.batch * shape.time;
}

} // namespace

void minrnn::bidirectionalForward(const LayerContext &context,
                                  const CellKernels &cell,
                                  const RecurrentShape &shape,
                                  const RecurrentForwardArguments &onward,
                                  const RecurrentForwardArguments &back,
                                  float *output) {
  const std::int64_t positions = positionsOf(shape);
  RecurrentForwardArguments arguments = onward;
  arguments.reverse = false;
  recurrentForward(context, cell, shape, arguments);
  arguments = back;
  arguments.reverse = true;
  recurrentForward(context, cell, shape, arguments);
  const std::int64_t channels = shape.channels;
  copyRows(context, positions, channels, onward.output, channels, output,
           2 * channels);
  copyRows(context, positions, channels, back.output, channels,
           output + channels, 2 * channels);
}

void minrnn::bidirectionalBackward(const LayerContext &context,
                                   const CellKernels &cell,
                                   const RecurrentShape &shape,
                                   const RecurrentBackwardArguments &onward,
                                   const RecurrentBackwardArguments &back,
                                   const float *dOutput, float *dOutputOfHalf) {
  const std::int64_t positions = positionsOf(shape);
  const std::int64_t channels = shape.channels;
  const std::int64_t inputs =
      elementCount({positions, shape.inputs}, "bidirectional, input");
  if ((onward.dInput == nullptr) != (back.dInput == nullptr) && inputs > 0)
    throw Error("bidirectional backward: dInput is null in one half and not in "
                "the other; give room in both, or in none");
  const auto run = [&](RecurrentBackwardArguments arguments, bool reverse) {
    const std::int64_t begin = reverse ? channels : 0;
    copyRows(context, positions, channels, dOutput + begin, 2 * channels,
             dOutputOfHalf, channels);
    arguments.dOutput = dOutputOfHalf;
    arguments.reverse = reverse;
    recurrentBackward(context, cell, shape, arguments);
  };
  run(onward, false);
  run(back, true);
  if (onward.dInput == nullptr)
    return;
  add(context, inputs, back.dInput, onward.dInput);
}

void minrnn::bidirectionalForward(const CellKernels &cell,
                                  const RecurrentShape &shape,
                                  const RecurrentForwardArguments &onward,
                                  const RecurrentForwardArguments &back,
                                  float *output) {
  bidirectionalForward(hostContext(cell), cell, shape, onward, back, output);
}

void minrnn::bidirectionalBackward(const CellKernels &cell,
                                   const RecurrentShape &shape,
                                   const RecurrentBackwardArguments &onward,
                                   const RecurrentBackwardArguments &back,
                                   const float *dOutput, float *dOutputOfHalf) {
  bidirectionalBackward(hostContext(cell), cell, shape, onward, back, dOutput,
                        dOutputOfHalf);
}
