//===- Bidirectional.cpp - A layer in both directions ---------------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "minrnn/recurrent.h"

#include "minrnn/error.h"
#include "runtime/core/ElementCount.h"

#include <algorithm>

using namespace minrnn;

namespace {

/// The positions, batch times time, of a sequence of twice H channels.
std::int64_t positionsOf(const RecurrentShape &shape) {
  elementCount({shape.batch, shape.time, shape.channels, 2},
               "bidirectional, output");
  return shape.batch * shape.time;
}

} // namespace

void minrnn::bidirectionalForward(const CellKernels &cell,
                                  const RecurrentShape &shape,
                                  const RecurrentForwardArguments &onward,
                                  const RecurrentForwardArguments &back,
                                  float *output) {
  const std::int64_t positions = positionsOf(shape);
  RecurrentForwardArguments arguments = onward;
  arguments.reverse = false;
  recurrentForward(cell, shape, arguments);
  arguments = back;
  arguments.reverse = true;
  recurrentForward(cell, shape, arguments);
  const std::int64_t channels = shape.channels;
  for (std::int64_t row = 0; row < positions; ++row) {
    float *both = output + row * 2 * channels;
    std::copy_n(onward.output + row * channels, channels, both);
    std::copy_n(back.output + row * channels, channels, both + channels);
  }
}

void minrnn::bidirectionalBackward(const CellKernels &cell,
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
    for (std::int64_t row = 0; row < positions; ++row)
      std::copy_n(dOutput + row * 2 * channels + begin, channels,
                  dOutputOfHalf + row * channels);
    arguments.dOutput = dOutputOfHalf;
    arguments.reverse = reverse;
    recurrentBackward(cell, shape, arguments);
  };
  run(onward, false);
  run(back, true);
  if (onward.dInput == nullptr)
    return;
  for (std::int64_t i = 0; i < inputs; ++i)
    onward.dInput[i] += back.dInput[i];
}
