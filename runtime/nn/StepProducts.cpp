//===- StepProducts.cpp - The matrix products of a step -------------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/nn/StepProducts.h"

#include "runtime/core/DeviceAddress.h"
#include "specs/contract/ElementCount.h"

using namespace minrnn;

StepProducts::StepProducts(const CellKernels &cell, const RecurrentShape &shape,
                           const float *weight)
    : device(cell.device()), shape(shape), weight(weight),
      gateWidth(elementCount({cell.recurrent(), shape.channels},
                             "recurrent, gates that project a state or a value "
                             "computed within the step")),
      stateWidth(
          elementCount({cell.states(), shape.channels}, "recurrent, states")),
      chainedWidth(elementCount({cell.chained(), shape.channels},
                                "recurrent, values computed within the step")) {
  elementCount({shape.batch, shape.time, gateWidth}, "recurrent, projections");
  elementCount({shape.batch, shape.time, chainedWidth},
               "recurrent, values computed within the step");
  elementCount({gateWidth, shape.channels}, "recurrent weights");
  const Manifest &manifest = cell.manifest();
  std::int64_t gate = 0;
  for (const RecurrentProjection &projection : manifest.recurrent) {
    if (projection.chained)
      addGate(chainedGroups, *projection.chained, gate);
    else
      addGate(stateGroups, manifest.stateIndex(projection.state), gate);
    ++gate;
  }
}

void StepProducts::addGate(std::vector<Group> &groups, std::int64_t source,
                           std::int64_t gate) {
  if (groups.empty() || groups.back().source != source ||
      groups.back().begin + groups.back().count != gate)
    groups.push_back({source, gate, 0});
  ++groups.back().count;
}

void StepProducts::project(const std::vector<Group> &groups,
                           const MatrixOperand<float> &from,
                           float *gates) const {
  const std::int64_t h = shape.channels;
  for (const auto &[source, begin, count] : groups)
    device->multiply({.m = shape.batch,
                      .n = count * h,
                      .k = h,
                      .a = {from.data + source * h, from.stride},
                      .b = {weight + begin * h * h, h, Transpose::Yes},
                      .c = gates + begin * h,
                      .cStride = shape.time * gateWidth});
}

void StepProducts::forward(const float *states, float *recurrent,
                           std::int64_t t) const {
  project(stateGroups, {states, stateWidth}, recurrent + t * gateWidth);
}

void StepProducts::forwardChained(const float *chained, float *recurrent,
                                  std::int64_t t) const {
  project(chainedGroups,
          {chained + t * chainedWidth, shape.time * chainedWidth},
          recurrent + t * gateWidth);
}

void StepProducts::pullBack(const Group &group, const float *dGates,
                            const MatrixTarget &to, bool accumulate) const {
  const std::int64_t h = shape.channels;
  device->multiply({.m = shape.batch,
                    .n = h,
                    .k = group.count * h,
                    .a = {dGates + group.begin * h, shape.time * gateWidth},
                    .b = {weight + group.begin * h * h, h},
                    .c = to.data + group.source * h,
                    .cStride = to.stride,
                    .accumulate = accumulate});
}

void StepProducts::backward(const float *dRecurrent, std::int64_t t,
                            float *dStates) const {
  for (const Group &group : stateGroups)
    pullBack(group, dRecurrent + t * gateWidth, {dStates, stateWidth}, true);
}

void StepProducts::backwardChained(const float *dRecurrent, std::int64_t t,
                                   float *dChained) const {
  // The values come in the order of their first use: a place that has not been
  // written is the next one.
  std::int64_t written = 0;
  for (const Group &group : chainedGroups) {
    const bool isNew = group.source == written;
    pullBack(group, dRecurrent + t * gateWidth,
             {dChained + t * chainedWidth, shape.time * chainedWidth}, !isNew);
    written += isNew ? 1 : 0;
  }
}

void StepProducts::gradients(float *dRecurrent, const ProjectedSteps &steps,
                             float *dWeight) const {
  const std::int64_t h = shape.channels;
  const std::int64_t rows = shape.batch * shape.time;
  // Before zeros take the place of some of dRecurrent.
  for (const auto &[value, begin, count] : chainedGroups)
    device->multiply(
        {.m = count * h,
         .n = h,
         .k = rows,
         .a = {dRecurrent + begin * h, gateWidth, Transpose::Yes},
         .b = {rows == 0 ? nullptr : steps.chained + value * h, chainedWidth},
         .c = dWeight + begin * h * h,
         .cStride = h});
  stateGradients(dRecurrent, steps, dWeight);
}

void StepProducts::stateGradients(float *dRecurrent,
                                  const ProjectedSteps &steps,
                                  float *dWeight) const {
  const std::int64_t h = shape.channels;
  const std::int64_t count = shape.batch * shape.time;
  const std::int64_t walkedFirst =
      steps.reverse && count > 0 ? shape.time - 1 : 0;
  // A product over no rows is zero.
  const std::int64_t rows =
      steps.initial == nullptr || count == 0 ? 0 : shape.batch;
  for (const auto &[state, begin, gates] : stateGroups)
    device->multiply(
        {.m = gates * h,
         .n = h,
         .k = rows,
         .a = {dRecurrent + walkedFirst * gateWidth + begin * h,
               shape.time * gateWidth, Transpose::Yes},
         .b = {rows == 0 ? nullptr : steps.initial + state * h, stateWidth},
         .c = dWeight + begin * h * h,
         .cStride = h});
  if (count == 0)
    return;
  // With these zero, the steps of all batch rows are one long sequence in which
  // each step's neighbour is the one it started from.
  for (std::int64_t row = 0; row < shape.batch; ++row)
    device->fill(
        addressOf(dRecurrent + (row * shape.time + walkedFirst) * gateWidth), 0,
        static_cast<std::size_t>(gateWidth) * sizeof(float));
  const float *later = dRecurrent + (steps.reverse ? 0 : gateWidth);
  const float *before = steps.trajectory + (steps.reverse ? stateWidth : 0);
  for (const auto &[state, begin, gates] : stateGroups)
    device->multiply({.m = gates * h,
                      .n = h,
                      .k = count - 1,
                      .a = {later + begin * h, gateWidth, Transpose::Yes},
                      .b = {before + state * h, stateWidth},
                      .c = dWeight + begin * h * h,
                      .cStride = h,
                      .accumulate = true});
}
