//===- Cells.cpp - The reference: the cells' equations in double ----------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Every cell here is h' = a h + c g(v), with the coefficients a and c made
// from the gates. A step first computes those three numbers and their
// derivatives; forward and backward are then the same loop for all cells.
//
//===----------------------------------------------------------------------===//

#include "tests/reference/Cells.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <stdexcept>

using namespace minrnn::reference;

namespace {

constexpr std::string_view minGRUGates[] = {"z", "h"};
constexpr std::string_view minLSTMGates[] = {"f", "i", "h"};

/// 1 / (1 + exp(-x)), with full relative accuracy on both tails: the smaller
/// of the two exponentials is the one that is formed.
double sigmoid(double x) {
  if (x >= 0)
    return 1 / (1 + std::exp(-x));
  double e = std::exp(x);
  return e / (1 + e);
}

/// log(1 + exp(x)) without overflow, exact where exp(x) is tiny.
double softplus(double x) {
  return std::max(x, 0.0) + std::log1p(std::exp(-std::abs(x)));
}

/// g(x) = x + 0.5 for x >= 0, sigmoid(x) otherwise.
double positive(double x) { return x >= 0 ? x + 0.5 : sigmoid(x); }

double positiveDerivative(double x) {
  return x >= 0 ? 1 : sigmoid(x) * sigmoid(-x);
}

/// One step of one channel: h' = keep * h + take * value, and the derivatives
/// of the two coefficients by the gates' pre-activations (zero for the value's
/// own gate, which is always the last one).
struct Step {
  double keep = 0;
  double take = 0;
  double value = 0;
  double valueDerivative = 0;
  double keepDerivative[3] = {0, 0, 0};
  double takeDerivative[3] = {0, 0, 0};
};

/// The pre-activations of one (row, step, channel), the bias added.
struct Preactivations {
  double gate[3];
};

Step minGRU(const Preactivations &k) {
  // z = sigmoid(k), h' = (1 - z) h + z g(v), and 1 - sigmoid(k) =
  // sigmoid(-k), which does not cancel.
  Step step;
  step.take = sigmoid(k.gate[0]);
  step.keep = sigmoid(-k.gate[0]);
  step.takeDerivative[0] = step.take * step.keep;
  step.keepDerivative[0] = -step.take * step.keep;
  step.value = positive(k.gate[1]);
  step.valueDerivative = positiveDerivative(k.gate[1]);
  return step;
}

Step minLSTM(const Preactivations &k) {
  // f' = f / (f + i) and i' = i / (f + i) depend on the ratio f / i alone. Its
  // logarithm is -d with d = softplus(-kf) - softplus(-ki); so f' =
  // sigmoid(-d) and i' = sigmoid(d), also where f and i both underflow.
  Step step;
  double d = softplus(-k.gate[0]) - softplus(-k.gate[1]);
  step.keep = sigmoid(-d);
  step.take = sigmoid(d);
  double slope = step.keep * step.take; // of i' by d; minus that of f'
  double dByForget = -sigmoid(-k.gate[0]);
  double dByInput = sigmoid(-k.gate[1]);
  step.keepDerivative[0] = -slope * dByForget;
  step.keepDerivative[1] = -slope * dByInput;
  step.takeDerivative[0] = slope * dByForget;
  step.takeDerivative[1] = slope * dByInput;
  step.value = positive(k.gate[2]);
  step.valueDerivative = positiveDerivative(k.gate[2]);
  return step;
}

Step minLSTMUnnormalized(const Preactivations &k) {
  // h' = sigmoid(kf) h + sigmoid(ki) g(v)
  Step step;
  step.keep = sigmoid(k.gate[0]);
  step.take = sigmoid(k.gate[1]);
  step.keepDerivative[0] = step.keep * sigmoid(-k.gate[0]);
  step.takeDerivative[1] = step.take * sigmoid(-k.gate[1]);
  step.value = positive(k.gate[2]);
  step.valueDerivative = positiveDerivative(k.gate[2]);
  return step;
}

Step evaluate(Cell cell, const Preactivations &k) {
  switch (cell) {
  case Cell::MinGRU:
    return minGRU(k);
  case Cell::MinLSTM:
    return minLSTM(k);
  case Cell::MinLSTMUnnormalized:
    return minLSTMUnnormalized(k);
  }
  throw std::invalid_argument("unknown cell");
}

/// Where things lie in the arrays of one call.
struct Layout {
  Shape shape;
  int64_t gateCount;

  int64_t state(int64_t row, int64_t channel) const {
    return row * shape.channels + channel;
  }
  int64_t output(int64_t row, int64_t t, int64_t channel) const {
    return (row * shape.time + t) * shape.channels + channel;
  }
  int64_t gate(int64_t row, int64_t t, int64_t g, int64_t channel) const {
    return ((row * shape.time + t) * gateCount + g) * shape.channels + channel;
  }
  int64_t bias(int64_t g, int64_t channel) const {
    return g * shape.channels + channel;
  }
  int64_t rowBias(int64_t row, int64_t g, int64_t channel) const {
    return (row * gateCount + g) * shape.channels + channel;
  }
};

Preactivations gather(const Layout &at, const Inputs &inputs, int64_t row,
                      int64_t t, int64_t channel) {
  Preactivations k{};
  for (int64_t g = 0; g < at.gateCount; ++g) {
    k.gate[g] = inputs.preactivations[at.gate(row, t, g, channel)];
    if (!inputs.bias.empty())
      k.gate[g] += inputs.bias[at.bias(g, channel)];
  }
  return k;
}

void expectSize(std::string_view what, size_t found, int64_t expected,
                bool mayBeEmpty) {
  if (found == static_cast<size_t>(expected) || (mayBeEmpty && found == 0))
    return;
  throw std::invalid_argument(std::string(what) + " holds " +
                              std::to_string(found) + " numbers, expected " +
                              std::to_string(expected));
}

Layout checkedLayout(Cell cell, const Shape &shape, const Inputs &inputs) {
  auto gateCount = static_cast<int64_t>(gates(cell).size());
  expectSize("preactivations", inputs.preactivations.size(),
             shape.outputs() * gateCount, false);
  expectSize("bias", inputs.bias.size(), gateCount * shape.channels, true);
  expectSize("initial", inputs.initial.size(), shape.states(), true);
  return {shape, gateCount};
}

} // namespace

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

std::span<const std::string_view> minrnn::reference::gates(Cell cell) {
  if (cell == Cell::MinGRU)
    return minGRUGates;
  return minLSTMGates;
}

Outputs minrnn::reference::forward(Cell cell, const Shape &shape,
                                   const Inputs &inputs) {
  Layout at = checkedLayout(cell, shape, inputs);
  Outputs result;
  result.output.resize(shape.outputs());
  result.outputMagnitude.resize(shape.outputs());
  result.last.resize(shape.states());
  for (int64_t row = 0; row < shape.batch; ++row) {
    for (int64_t channel = 0; channel < shape.channels; ++channel) {
      double h = 0;
      if (!inputs.initial.empty())
        h = inputs.initial[at.state(row, channel)];
      double magnitude = std::abs(h);
      for (int64_t t = 0; t < shape.time; ++t) {
        Step step = evaluate(cell, gather(at, inputs, row, t, channel));
        h = step.keep * h + step.take * step.value;
        magnitude = step.keep * magnitude + step.take * step.value;
        result.output[at.output(row, t, channel)] = h;
        result.outputMagnitude[at.output(row, t, channel)] = magnitude;
      }
      result.last[at.state(row, channel)] = h;
    }
  }
  return result;
}

Gradients minrnn::reference::backward(Cell cell, const Shape &shape,
                                      const Inputs &inputs,
                                      std::span<const double> dOutput,
                                      std::span<const double> dLast) {
  Layout at = checkedLayout(cell, shape, inputs);
  expectSize("dOutput", dOutput.size(), shape.outputs(), false);
  expectSize("dLast", dLast.size(), shape.states(), true);

  Outputs states = forward(cell, shape, inputs);
  Gradients result;
  result.preactivations.resize(inputs.preactivations.size());
  result.preactivationsMagnitude.resize(inputs.preactivations.size());
  result.bias.resize(shape.batch * at.gateCount * shape.channels);
  result.biasMagnitude.resize(result.bias.size());
  result.initial.resize(shape.states());
  result.initialMagnitude.resize(shape.states());

  int64_t valueGate = at.gateCount - 1;
  for (int64_t row = 0; row < shape.batch; ++row) {
    for (int64_t channel = 0; channel < shape.channels; ++channel) {
      // The adjoint of the state after step t: what comes from later steps,
      // plus what enters at t itself.
      double adjoint = dLast.empty() ? 0 : dLast[at.state(row, channel)];
      double magnitude = std::abs(adjoint);
      for (int64_t t = shape.time - 1; t >= 0; --t) {
        adjoint += dOutput[at.output(row, t, channel)];
        magnitude += std::abs(dOutput[at.output(row, t, channel)]);

        double h = 0;
        double hMagnitude = 0;
        if (t > 0) {
          h = states.output[at.output(row, t - 1, channel)];
          hMagnitude = states.outputMagnitude[at.output(row, t - 1, channel)];
        } else if (!inputs.initial.empty()) {
          h = inputs.initial[at.state(row, channel)];
          hMagnitude = std::abs(h);
        }

        Step step = evaluate(cell, gather(at, inputs, row, t, channel));
        for (int64_t g = 0; g < at.gateCount; ++g) {
          double slope = step.take * step.valueDerivative;
          double slopeMagnitude = slope;
          if (g != valueGate) {
            // h' changes with this gate through both coefficients.
            double kept = step.keepDerivative[g];
            double taken = step.takeDerivative[g];
            // Where one gate moves both, (value - h) cancels once, exactly.
            slope = kept == -taken ? taken * (step.value - h)
                                   : kept * h + taken * step.value;
            slopeMagnitude =
                std::abs(kept) * hMagnitude + std::abs(taken) * step.value;
          }
          int64_t place = at.gate(row, t, g, channel);
          result.preactivations[place] = adjoint * slope;
          result.preactivationsMagnitude[place] = magnitude * slopeMagnitude;
          int64_t sum = at.rowBias(row, g, channel);
          result.bias[sum] += adjoint * slope;
          result.biasMagnitude[sum] += magnitude * slopeMagnitude;
        }
        adjoint *= step.keep;
        magnitude *= step.keep;
      }
      result.initial[at.state(row, channel)] = adjoint;
      result.initialMagnitude[at.state(row, channel)] = magnitude;
    }
  }
  return result;
}

Gradients minrnn::reference::centralDifferences(Cell cell, const Shape &shape,
                                                Inputs inputs,
                                                std::span<const double> dOutput,
                                                std::span<const double> dLast) {
  constexpr double distance = 1e-5;
  auto objective = [&] {
    Outputs run = forward(cell, shape, inputs);
    double sum = std::inner_product(dOutput.begin(), dOutput.end(),
                                    run.output.begin(), 0.0);
    return std::inner_product(dLast.begin(), dLast.end(), run.last.begin(),
                              sum);
  };
  auto slopes = [&](std::vector<double> &input) {
    std::vector<double> result;
    for (double &value : input) {
      double kept = value;
      value = kept + distance;
      double above = objective();
      value = kept - distance;
      double below = objective();
      value = kept;
      result.push_back((above - below) / (2 * distance));
    }
    return result;
  };
  Gradients result;
  result.preactivations = slopes(inputs.preactivations);
  result.bias = slopes(inputs.bias);
  result.initial = slopes(inputs.initial);
  return result;
}
