//===- CellFormulasTest.cpp - specs/cells against their papers ------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The equations of each cell written out once more, plainly and apart from the
// reference: GRU and LSTM as PyTorch's documentation of nn.GRU and nn.LSTM has
// them, with whole weight matrices; the others channel by channel.
//
//===----------------------------------------------------------------------===//

#include "tests/TestFiles.h"
#include "tests/reference/CallSamples.h"
#include "tests/reference/Equations.h"
#include "tests/reference/Samples.h"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>

using namespace minrnn::reference;

namespace {

using Vector = std::vector<double>;
using Matrix = std::vector<Vector>;

double sigmoid(double x) { return 1 / (1 + std::exp(-x)); }

Vector times(const Matrix &weight, const Vector &x, const Vector &bias) {
  Vector result = bias;
  for (size_t row = 0; row < weight.size(); ++row)
    for (size_t column = 0; column < x.size(); ++column)
      result[row] += weight[row][column] * x[column];
  return result;
}

/// A layer's weights as PyTorch holds them: the gates below one another.
struct Layer {
  size_t channels;
  Matrix weightInput, weightHidden;
  Vector biasInput, biasHidden;

  Layer(size_t gates, size_t width, size_t channels, uint64_t seed)
      : channels(channels) {
    Random random(seed);
    auto vector = [&](size_t size) {
      Vector result(size);
      for (double &value : result)
        value = static_cast<float>(0.7 * random.normal());
      return result;
    };
    for (size_t row = 0; row < gates * channels; ++row) {
      weightInput.push_back(vector(width));
      weightHidden.push_back(vector(channels));
    }
    biasInput = vector(gates * channels);
    biasHidden = vector(gates * channels);
  }
};

Vector gruStep(const Layer &layer, const Vector &x, const Vector &h) {
  size_t size = layer.channels;
  Vector input = times(layer.weightInput, x, layer.biasInput);
  Vector hidden = times(layer.weightHidden, h, layer.biasHidden);
  Vector next(size);
  for (size_t j = 0; j < size; ++j) {
    double r = sigmoid(input[j] + hidden[j]);
    double z = sigmoid(input[size + j] + hidden[size + j]);
    double n = std::tanh(input[2 * size + j] + r * hidden[2 * size + j]);
    next[j] = (1 - z) * n + z * h[j];
  }
  return next;
}

void lstmStep(const Layer &layer, const Vector &x, Vector &h, Vector &c) {
  size_t size = layer.channels;
  Vector input = times(layer.weightInput, x, layer.biasInput);
  Vector hidden = times(layer.weightHidden, h, layer.biasHidden);
  for (size_t j = 0; j < size; ++j) {
    auto sum = [&](size_t gate) {
      return input[gate * size + j] + hidden[gate * size + j];
    };
    double i = sigmoid(sum(0));
    double f = sigmoid(sum(1));
    double g = std::tanh(sum(2));
    double o = sigmoid(sum(3));
    c[j] = f * c[j] + i * g;
    h[j] = o * std::tanh(c[j]);
  }
}

constexpr int64_t batch = 2, steps = 6, width = 4, channels = 3;

/// The call that runs `layer` on `x`, [B, T] vectors.
Call callOf(const Layer &layer, int64_t gates,
            const std::vector<Vector> &inputs) {
  Call call;
  call.shape = {batch, steps, channels};
  call.roundsPreactivations = false;
  for (const Vector &x : inputs) {
    Vector projected =
        times(layer.weightInput, x, Vector(gates * channels, 0.0));
    call.preactivations.insert(call.preactivations.end(), projected.begin(),
                               projected.end());
  }
  call.bias = layer.biasInput;
  call.recurrentBias = layer.biasHidden;
  for (const Vector &row : layer.weightHidden)
    call.recurrentWeight.insert(call.recurrentWeight.end(), row.begin(),
                                row.end());
  return call;
}

std::vector<Vector> sampleVectors(int64_t count, int64_t size, uint64_t seed) {
  std::vector<Vector> result;
  result.reserve(count);
  for (int64_t i = 0; i < count; ++i)
    result.push_back(widen(sampleNormal(size, seed + i)));
  return result;
}

ParsedCell cellOf(const std::string &name) {
  return parseCellFile(minrnn::test::testFile(MINRNN_CELLS_FOLDER) + "/" +
                       name + ".mlir");
}

} // namespace

TEST(CellFormulas, GRUIsPyTorchs) {
  ParsedCell cell = cellOf("gru");
  EXPECT_EQ(cell.gates, (std::vector<std::string>{"ir", "iz", "in"}));
  EXPECT_TRUE(cell.isPlain());
  Layer layer(3, width, channels, 1);
  std::vector<Vector> inputs = sampleVectors(batch * steps, width, 100);
  std::vector<Vector> initial = sampleVectors(batch, channels, 200);
  Call call = callOf(layer, 3, inputs);
  for (const Vector &h : initial)
    call.initial.insert(call.initial.end(), h.begin(), h.end());
  CallResults results = evaluate(cell, call);
  for (int64_t row = 0; row < batch; ++row) {
    Vector h = initial[row];
    for (int64_t t = 0; t < steps; ++t) {
      h = gruStep(layer, inputs[row * steps + t], h);
      for (int64_t j = 0; j < channels; ++j)
        EXPECT_NEAR(results.output.value[(row * steps + t) * channels + j],
                    h[j], 1e-13);
    }
    for (int64_t j = 0; j < channels; ++j)
      EXPECT_NEAR(results.last.value[row * channels + j], h[j], 1e-13);
  }
}

TEST(CellFormulas, LSTMIsPyTorchs) {
  ParsedCell cell = cellOf("lstm");
  EXPECT_EQ(cell.gates, (std::vector<std::string>{"ii", "if", "ig", "io"}));
  EXPECT_EQ(cell.states, (std::vector<std::string>{"h", "c"}));
  Layer layer(4, width, channels, 2);
  std::vector<Vector> inputs = sampleVectors(batch * steps, width, 300);
  std::vector<Vector> hidden = sampleVectors(batch, channels, 400);
  std::vector<Vector> memory = sampleVectors(batch, channels, 500);
  Call call = callOf(layer, 4, inputs);
  for (int64_t row = 0; row < batch; ++row)
    for (const Vector &state : {hidden[row], memory[row]})
      call.initial.insert(call.initial.end(), state.begin(), state.end());
  CallResults results = evaluate(cell, call);
  for (int64_t row = 0; row < batch; ++row) {
    Vector h = hidden[row];
    Vector c = memory[row];
    for (int64_t t = 0; t < steps; ++t) {
      lstmStep(layer, inputs[row * steps + t], h, c);
      for (int64_t j = 0; j < channels; ++j) {
        int64_t step = row * steps + t;
        EXPECT_NEAR(results.output.value[step * channels + j], h[j], 1e-13);
        EXPECT_NEAR(results.states.value[step * 2 * channels + j], h[j], 1e-13);
        EXPECT_NEAR(results.states.value[(step * 2 + 1) * channels + j], c[j],
                    1e-13);
      }
    }
  }
}

TEST(CellFormulas, TheGradientsOfGRUAreDifferencesOfPyTorchs) {
  ParsedCell cell = cellOf("gru");
  Layer layer(3, width, channels, 3);
  std::vector<Vector> inputs = sampleVectors(batch * steps, width, 600);
  Vector dOutput = widen(sampleNormal(batch * steps * channels, 7));
  auto objective = [&](const Layer &layer) {
    double sum = 0;
    for (int64_t row = 0; row < batch; ++row) {
      Vector h(channels, 0.0);
      for (int64_t t = 0; t < steps; ++t) {
        h = gruStep(layer, inputs[row * steps + t], h);
        for (int64_t j = 0; j < channels; ++j)
          sum += dOutput[(row * steps + t) * channels + j] * h[j];
      }
    }
    return sum;
  };
  auto difference = [&](const std::function<double &(Layer &)> &number) {
    Layer above = layer;
    Layer below = layer;
    number(above) += 1e-5;
    number(below) -= 1e-5;
    return (objective(above) - objective(below)) / 2e-5;
  };
  CallGradients gradients =
      differentiate(cell, callOf(layer, 3, inputs), dOutput, {});
  for (int64_t row = 0; row < 3 * channels; ++row) {
    for (int64_t column = 0; column < channels; ++column)
      EXPECT_NEAR(gradients.recurrentWeight.value[row * channels + column],
                  difference([&](Layer &layer) -> double & {
                    return layer.weightHidden[row][column];
                  }),
                  1e-8);
    auto sumOverBatch = [&](const Estimates &estimates) {
      return estimates.value[row] + estimates.value[3 * channels + row];
    };
    EXPECT_NEAR(sumOverBatch(gradients.bias),
                difference([&](Layer &layer) -> double & {
                  return layer.biasInput[row];
                }),
                1e-8);
    EXPECT_NEAR(sumOverBatch(gradients.recurrentBias),
                difference([&](Layer &layer) -> double & {
                  return layer.biasHidden[row];
                }),
                1e-8);
    // The input's weights, through the gradient of what they project.
    for (int64_t column = 0; column < width; ++column) {
      double sum = 0;
      for (int64_t step = 0; step < batch * steps; ++step)
        sum += gradients.preactivations.value[step * 3 * channels + row] *
               inputs[step][column];
      EXPECT_NEAR(sum, difference([&](Layer &layer) -> double & {
                    return layer.weightInput[row][column];
                  }),
                  1e-8);
    }
  }
}

namespace {

/// What one channel of one step reads.
struct Step {
  Vector gates, parameters;
  Vector recurrent; // of one channel: U times the state, with the bias
  Vector recurrentWeight, recurrentBias; // U and the bias themselves
  double x;
};

struct Formula {
  std::string cell;
  /// From the state before to the one after it; returns the output.
  std::function<double(const Step &, double &)> step;
};

double softplus(double x) { return std::log(1 + std::exp(x)); }
double positive(double x) { return x >= 0 ? x + 0.5 : sigmoid(x); }

/// Built when called: a failure to do so can then be caught.
std::vector<Formula> formulas() {
  return {
      {"mingru",
       [](const Step &s, double &h) {
         double z = sigmoid(s.gates[0]);
         return h = (1 - z) * h + z * positive(s.gates[1]);
       }},
      {"minlstm",
       [](const Step &s, double &h) {
         double f = sigmoid(s.gates[0]);
         double i = sigmoid(s.gates[1]);
         return h = f / (f + i) * h + i / (f + i) * positive(s.gates[2]);
       }},
      {"minlstm_unnormalized",
       [](const Step &s, double &h) {
         return h = sigmoid(s.gates[0]) * h +
                    sigmoid(s.gates[1]) * positive(s.gates[2]);
       }},
      {"mgu",
       [](const Step &s, double &h) {
         double f = sigmoid(s.gates[0] + s.recurrent[0]);
         double n = std::tanh(s.gates[1] + s.recurrentWeight[1] * (f * h) +
                              s.recurrentBias[1]);
         return h = (1 - f) * h + f * n;
       }},
      {"sru",
       [](const Step &s, double &c) {
         double f = sigmoid(s.gates[0] + s.parameters[0] * c);
         double r = sigmoid(s.gates[1] + s.parameters[1] * c);
         c = f * c + (1 - f) * s.gates[2];
         return r * c + (1 - r) * s.x;
       }},
      {"qrnn",
       [](const Step &s, double &c) {
         double f = sigmoid(s.gates[1]);
         c = f * c + (1 - f) * std::tanh(s.gates[0]);
         return sigmoid(s.gates[2]) * c;
       }},
      {"rglru",
       [](const Step &s, double &h) {
         double r = sigmoid(s.gates[0]);
         double a = std::exp(-8 * softplus(s.parameters[0]) * r);
         return h = a * h + std::sqrt(1 - a * a) * (sigmoid(s.gates[1]) * s.x);
       }},
      {"indrnn",
       [](const Step &s, double &h) {
         double sum = s.gates[0] + s.parameters[0] * h;
         return h = sum > 0 ? sum : 0;
       }},
  };
}

} // namespace

TEST(CellFormulas, TheOthersAreTheirPapers) {
  for (const Formula &formula : formulas()) {
    SCOPED_TRACE(formula.cell);
    ParsedCell cell = cellOf(formula.cell);
    ASSERT_EQ(cell.states.size(), 1U);
    // One channel, so that a recurrent weight is a number.
    Call call = sampleCall(cell, {1, 9, 1}, {}, 5);
    call.roundsPreactivations = false;
    CallResults results = evaluate(cell, call);
    double state = call.initial[0];
    size_t gates = cell.gates.size();
    for (int64_t t = 0; t < call.shape.time; ++t) {
      Step step;
      for (size_t g = 0; g < gates; ++g)
        step.gates.push_back(call.preactivations[t * gates + g] + call.bias[g]);
      for (size_t r = 0; r < cell.recurrent.size(); ++r)
        step.recurrent.push_back(call.recurrentWeight[r] * state +
                                 call.recurrentBias[r]);
      step.recurrentWeight = call.recurrentWeight;
      step.recurrentBias = call.recurrentBias;
      step.parameters = call.parameters;
      step.x = cell.readsInput ? call.input[t] : 0;
      double output = formula.step(step, state);
      EXPECT_NEAR(results.output.value[t], output, 1e-13);
      EXPECT_NEAR(results.states.value[t], state, 1e-13);
    }
  }
}
