//===- StateProducts.cpp - The matrix products of the states --------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/nn/StateProducts.h"

#include "runtime/core/ElementCount.h"
#include "runtime/device/HostProduct.h"

#include <algorithm>

using namespace minrnn;

StateProducts::StateProducts(const CellKernels &cell,
                             const RecurrentShape &shape, const float *weight)
    : shape(shape), weight(weight),
      gateWidth(elementCount({cell.recurrent(), shape.channels},
                             "recurrent, gates that project a state")),
      stateWidth(
          elementCount({cell.states(), shape.channels}, "recurrent, states")) {
  elementCount({shape.batch, shape.time, gateWidth},
               "recurrent, projections of the states");
  elementCount({gateWidth, shape.channels}, "recurrent weights");
  const Manifest &manifest = cell.manifest();
  for (const RecurrentProjection &projection : manifest.recurrent) {
    const std::int64_t state = manifest.stateIndex(projection.state);
    if (groups.empty() || groups.back().state != state)
      groups.push_back(
          {state,
           groups.empty() ? 0 : groups.back().begin + groups.back().count, 0});
    ++groups.back().count;
  }
}

void StateProducts::forward(const float *states, float *recurrent,
                            std::int64_t t) const {
  const std::int64_t h = shape.channels;
  for (const auto &[state, begin, count] : groups)
    gemm<float>(shape.batch, count * h, h, {states + state * h, stateWidth},
                {weight + begin * h * h, h, Transpose::Yes},
                recurrent + t * gateWidth + begin * h, shape.time * gateWidth,
                Store::Overwrite);
}

void StateProducts::backward(const float *dRecurrent, std::int64_t t,
                             float *dStates) const {
  const std::int64_t h = shape.channels;
  for (const auto &[state, begin, count] : groups)
    gemm<float>(
        shape.batch, h, count * h,
        {dRecurrent + t * gateWidth + begin * h, shape.time * gateWidth},
        {weight + begin * h * h, h}, dStates + state * h, stateWidth,
        Store::Add);
}

void StateProducts::gradients(float *dRecurrent, const float *initial,
                              const float *trajectory, bool reverse,
                              float *dWeight) const {
  const std::int64_t h = shape.channels;
  const std::int64_t steps = shape.batch * shape.time;
  const std::int64_t walkedFirst = reverse && steps > 0 ? shape.time - 1 : 0;
  // A product over no rows is zero.
  const std::int64_t rows = initial == nullptr || steps == 0 ? 0 : shape.batch;
  for (const auto &[state, begin, count] : groups)
    gemm<float>(count * h, h, rows,
                {dRecurrent + walkedFirst * gateWidth + begin * h,
                 shape.time * gateWidth, Transpose::Yes},
                {rows == 0 ? nullptr : initial + state * h, stateWidth},
                dWeight + begin * h * h, h, Store::Overwrite);
  if (steps == 0)
    return;
  // With these zero, the steps of all batch rows are one long sequence in which
  // each step's neighbour is the one it started from.
  for (std::int64_t row = 0; row < shape.batch; ++row)
    std::fill_n(dRecurrent + (row * shape.time + walkedFirst) * gateWidth,
                gateWidth, 0.0F);
  const float *gates = dRecurrent + (reverse ? 0 : gateWidth);
  const float *before = trajectory + (reverse ? stateWidth : 0);
  for (const auto &[state, begin, count] : groups)
    gemm<float>(count * h, h, steps - 1,
                {gates + begin * h, gateWidth, Transpose::Yes},
                {before + state * h, stateWidth}, dWeight + begin * h * h, h,
                Store::Add);
}
