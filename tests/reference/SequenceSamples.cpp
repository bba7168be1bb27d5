//===- SequenceSamples.cpp - Inputs of a whole call -----------------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tests/reference/SequenceSamples.h"

using namespace minrnn::reference;

SequenceData minrnn::reference::sampleSequence(Cell cell, const Shape &shape,
                                               Regime regime,
                                               const Presence &presence,
                                               uint64_t seed) {
  SequenceData data;
  data.cell = cell;
  data.shape = shape;
  data.preactivations = samplePreactivations(cell, shape, regime, 5 * seed);
  if (presence.bias)
    data.bias = sampleBias(cell, shape, 5 * seed + 1);
  if (presence.initial)
    data.initial = sampleInitial(shape, regime, 5 * seed + 2);
  data.dOutput = sampleNormal(shape.outputs(), 5 * seed + 3);
  if (presence.dLast)
    data.dLast = sampleNormal(shape.states(), 5 * seed + 4);
  return data;
}

Inputs minrnn::reference::judgedInputs(const SequenceData &data) {
  Inputs inputs;
  inputs.preactivations = widen(data.preactivations);
  size_t period = data.bias.size();
  for (size_t i = 0; period != 0 && i < data.preactivations.size(); ++i)
    inputs.preactivations[i] = data.preactivations[i] + data.bias[i % period];
  inputs.initial = widen(data.initial);
  return inputs;
}
