//===- StateProducts.cpp - The matrix products of the states --------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/nn/StateProducts.h"

#include "runtime/core/DeviceAddress.h"
#include "runtime/core/ElementCount.h"

using namespace minrnn;

StateProducts::StateProducts(const CellKernels &cell,
                             const RecurrentShape &shape, const float *weight)
    : device(cell.device()), shape(shape), weight(weight),
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
    device->multiply({.m = shape.batch,
                      .n = count * h,
                      .k = h,
                      .a = {states + state * h, stateWidth},
                      .b = {weight + begin * h * h, h, Transpose::Yes},
                      .c = recurrent + t * gateWidth + begin * h,
                      .cStride = shape.time * gateWidth});
}

void StateProducts::backward(const float *dRecurrent, std::int64_t t,
                             float *dStates) const {
  const std::int64_t h = shape.channels;
  for (const auto &[state, begin, count] : groups)
    device->multiply(
        {.m = shape.batch,
         .n = h,
         .k = count * h,
         .a = {dRecurrent + t * gateWidth + begin * h, shape.time * gateWidth},
         .b = {weight + begin * h * h, h},
         .c = dStates + state * h,
         .cStride = stateWidth,
         .store = Store::Add});
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
    device->multiply(
        {.m = count * h,
         .n = h,
         .k = rows,
         .a = {dRecurrent + walkedFirst * gateWidth + begin * h,
               shape.time * gateWidth, Transpose::Yes},
         .b = {rows == 0 ? nullptr : initial + state * h, stateWidth},
         .c = dWeight + begin * h * h,
         .cStride = h});
  if (steps == 0)
    return;
  // With these zero, the steps of all batch rows are one long sequence in which
  // each step's neighbour is the one it started from.
  for (std::int64_t row = 0; row < shape.batch; ++row)
    device->fill(
        addressOf(dRecurrent + (row * shape.time + walkedFirst) * gateWidth), 0,
        static_cast<std::size_t>(gateWidth) * sizeof(float));
  const float *gates = dRecurrent + (reverse ? 0 : gateWidth);
  const float *before = trajectory + (reverse ? stateWidth : 0);
  for (const auto &[state, begin, count] : groups)
    device->multiply({.m = count * h,
                      .n = h,
                      .k = steps - 1,
                      .a = {gates + begin * h, gateWidth, Transpose::Yes},
                      .b = {before + state * h, stateWidth},
                      .c = dWeight + begin * h * h,
                      .cStride = h,
                      .store = Store::Add});
}
