//===- SequenceSamples.cpp - Inputs of a whole call -----------------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tests/reference/SequenceSamples.h"

#include "tests/TestFiles.h"

#include <cmath>
#include <stdexcept>

using namespace minrnn::reference;

std::string_view minrnn::reference::name(Cell cell) {
  switch (cell) {
  case Cell::MinGRU:
    return "mingru";
  case Cell::MinLSTM:
    return "minlstm";
  case Cell::MinLSTMUnnormalized:
    return "minlstm_unnormalized";
  }
  throw std::invalid_argument("unknown cell");
}

const ParsedCell &minrnn::reference::parsed(Cell cell) {
  static const std::vector<ParsedCell> all = [] {
    std::vector<ParsedCell> cells;
    for (Cell each : allCells)
      cells.push_back(
          parseCellFile(minrnn::test::testFile(MINRNN_CELLS_FOLDER) + "/" +
                        std::string(name(each)) + ".mlir"));
    return cells;
  }();
  return all.at(static_cast<size_t>(cell));
}

std::string_view minrnn::reference::name(Regime regime) {
  switch (regime) {
  case Regime::Ordinary:
    return "ordinary";
  case Regime::LongMemory:
    return "long memory";
  case Regime::Wide:
    return "wide";
  case Regime::Mixture:
    return "mixture";
  }
  throw std::invalid_argument("unknown regime");
}

static double samplePreactivation(const std::string &gate, Regime regime,
                                  Random &random) {
  static constexpr double mixture[] = {0, 1e4, -1e4, 80, -80, 1e-30, -1e-30};
  switch (regime) {
  case Regime::Ordinary:
    return random.normal();
  case Regime::LongMemory:
    // The update and input gates nearly shut, the forget gate nearly open.
    if (gate == "h")
      return random.normal();
    return (gate == "f" ? 6 : -6) + 0.5 * random.normal();
  case Regime::Wide:
    return 2e4 * random.uniform() - 1e4;
  case Regime::Mixture:
    return mixture[random.next() % std::size(mixture)];
  }
  throw std::invalid_argument("unknown regime");
}

static std::vector<float> sampleInitial(const Shape &shape, Regime regime,
                                        uint64_t seed) {
  Random random(seed);
  std::vector<float> values(shape.states());
  for (float &value : values) {
    double sample = std::abs(random.normal());
    if (regime == Regime::Wide || regime == Regime::Mixture)
      sample = std::pow(10.0, 34 * random.uniform() - 30);
    if (random.next() % 8 == 0)
      sample = 0;
    value = static_cast<float>(sample);
  }
  return values;
}

SequenceData minrnn::reference::sampleSequence(Cell cell, const Shape &shape,
                                               Regime regime,
                                               const Presence &presence,
                                               uint64_t seed) {
  SequenceData data;
  data.cell = cell;
  data.shape = shape;
  const std::vector<std::string> &gates = parsed(cell).gates;
  Random random(5 * seed);
  for (int64_t step = 0; step < shape.batch * shape.time; ++step)
    for (const std::string &gate : gates)
      for (int64_t channel = 0; channel < shape.channels; ++channel)
        data.preactivations.push_back(
            static_cast<float>(samplePreactivation(gate, regime, random)));
  if (presence.bias)
    data.bias =
        sampleNormal(std::ssize(gates) * shape.channels, 5 * seed + 1, 0.5);
  if (presence.initial)
    data.initial = sampleInitial(shape, regime, 5 * seed + 2);
  data.dOutput = sampleNormal(shape.outputs(), 5 * seed + 3);
  if (presence.dLast)
    data.dLast = sampleNormal(shape.states(), 5 * seed + 4);
  return data;
}

static Call callOf(const SequenceData &data) {
  Call call;
  call.shape = data.shape;
  call.preactivations = widen(data.preactivations);
  call.bias = widen(data.bias);
  call.initial = widen(data.initial);
  return call;
}

CallResults minrnn::reference::evaluate(const SequenceData &data) {
  return evaluate(parsed(data.cell), callOf(data));
}

CallGradients minrnn::reference::differentiate(const SequenceData &data) {
  return differentiate(parsed(data.cell), callOf(data), widen(data.dOutput),
                       widen(data.dLast));
}
