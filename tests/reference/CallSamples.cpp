//===- CallSamples.cpp - Inputs for any cell ------------------------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tests/reference/CallSamples.h"

#include "tests/reference/Samples.h"

#include <algorithm>
#include <cmath>
#include <iterator>

using namespace minrnn::reference;

/// `count` numbers drawn by `draw`, rounded to single precision.
template <typename Draw>
static std::vector<double> drawMany(int64_t count, Draw draw) {
  std::vector<double> values(count);
  for (double &value : values)
    value = static_cast<float>(draw());
  return values;
}

Call minrnn::reference::sampleCall(const ParsedCell &cell, const Shape &shape,
                                   const CallOptions &options, uint64_t seed) {
  static constexpr double hostile[] = {0, 80, -80, 1e-30, -1e-30};
  // exp overflows above 88.7; below -87.3 its results are subnormal, below -104
  // they are zero.
  static constexpr double extreme[] = {0.0, -0.0, 1e-40, -1e-40, 1e-30, -1e-30,
                                       30,  -30,  87.2,  -87.2,  88.6,  -88.6,
                                       104, -104, 1e4,   -1e4,   -200};
  Random random(seed);
  auto gates = static_cast<int64_t>(cell.gates.size());
  auto recurrent = static_cast<int64_t>(cell.recurrent.size());
  auto parameters = static_cast<int64_t>(cell.parameters.size());
  auto states = static_cast<int64_t>(cell.states.size());
  auto normal = [&](double deviation, double largest) {
    return std::clamp(deviation * random.normal(), -largest, largest);
  };

  Call call;
  call.shape = shape;
  call.reverse = options.reverse;
  call.preactivations = drawMany(shape.outputs() * gates, [&] {
    if (options.extreme && random.next() % 4 == 0)
      return extreme[random.next() % std::size(extreme)];
    if (options.hostile && random.next() % 4 == 0)
      return hostile[random.next() % std::size(hostile)];
    return normal(1.5, 80);
  });
  if (cell.readsInput)
    call.input =
        drawMany(shape.outputs(), [&] { return normal(1, largestInput); });
  // Small enough that a state does not feed on itself.
  double deviation =
      0.5 /
      std::sqrt(static_cast<double>(std::max<int64_t>(shape.channels, 1)));
  call.recurrentWeight = drawMany(recurrent * shape.channels * shape.channels,
                                  [&] { return normal(deviation, 1); });
  if (options.bias)
    call.bias =
        drawMany(gates * shape.channels, [&] { return normal(0.5, 5); });
  if (options.recurrentBias)
    call.recurrentBias =
        drawMany(recurrent * shape.channels, [&] { return normal(0.3, 5); });
  call.parameters = drawMany(parameters * shape.channels, [&] {
    return largestParameter * (2 * random.uniform() - 1);
  });
  if (options.reset) {
    call.reset.resize(shape.batch * shape.time);
    // Any byte that is not 0 resets.
    for (uint8_t &byte : call.reset)
      byte = random.next() % 8 == 0 ? 1 + random.next() % 255 : 0;
  }
  if (options.initial)
    call.initial = drawMany(shape.states() * states, [&] {
      double value = normal(1, largestState);
      return options.nonNegativeInitial ? std::abs(value) : value;
    });
  return call;
}
