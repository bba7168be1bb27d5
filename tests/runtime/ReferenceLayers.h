//===- ReferenceLayers.h - The layers in plain double precision -*- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The references of the runtime's layers: the equations, step by step, in
// double.
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_TESTS_RUNTIME_REFERENCELAYERS_H
#define MINRNN_TESTS_RUNTIME_REFERENCELAYERS_H

#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace minrnn::test {

using Numbers = std::vector<double>;

inline double sigmoid(double x) { return 1 / (1 + std::exp(-x)); }

/// x[rows, inputs] weight[outputs, inputs]^T + bias[outputs] (may be empty).
inline Numbers linear(std::size_t rows, std::size_t inputs, std::size_t outputs,
                      const Numbers &x, const Numbers &weight,
                      const Numbers &bias = {}) {
  Numbers y(rows * outputs);
  for (std::size_t r = 0; r < rows; ++r)
    for (std::size_t o = 0; o < outputs; ++o) {
      double sum = bias.empty() ? 0 : bias[o];
      for (std::size_t i = 0; i < inputs; ++i)
        sum += x[r * inputs + i] * weight[o * inputs + i];
      y[r * outputs + o] = sum;
    }
  return y;
}

/// x / sqrt(mean(x^2) + epsilon) * scale over rows of `width`.
inline Numbers rmsNorm(std::size_t rows, std::size_t width, const Numbers &x,
                       const Numbers &scale, double epsilon) {
  Numbers y(rows * width);
  for (std::size_t r = 0; r < rows; ++r) {
    double squares = 0;
    for (std::size_t j = 0; j < width; ++j)
      squares += x[r * width + j] * x[r * width + j];
    const double root =
        std::sqrt(squares / static_cast<double>(width) + epsilon);
    for (std::size_t j = 0; j < width; ++j)
      y[r * width + j] = x[r * width + j] / root * scale[j];
  }
  return y;
}

/// (x - mean) / sqrt(variance + epsilon) * scale + bias over rows of `width`.
inline Numbers layerNorm(std::size_t rows, std::size_t width, const Numbers &x,
                         const Numbers &scale, const Numbers &bias,
                         double epsilon) {
  Numbers y(rows * width);
  for (std::size_t r = 0; r < rows; ++r) {
    double sum = 0;
    for (std::size_t j = 0; j < width; ++j)
      sum += x[r * width + j];
    const double mean = sum / static_cast<double>(width);
    double squares = 0;
    for (std::size_t j = 0; j < width; ++j)
      squares += (x[r * width + j] - mean) * (x[r * width + j] - mean);
    const double root =
        std::sqrt(squares / static_cast<double>(width) + epsilon);
    for (std::size_t j = 0; j < width; ++j)
      y[r * width + j] = (x[r * width + j] - mean) / root * scale[j] + bias[j];
  }
  return y;
}

inline double relu(double x) { return x > 0 ? x : 0; }
inline double silu(double x) { return x * sigmoid(x); }
inline double gelu(double x) { return 0.5 * x * std::erfc(-x / std::sqrt(2)); }

/// y[b, t, c] = bias[c] + the sum over k of weight[c, k] x[b, t - taps + 1 + k,
/// c], terms before the beginning left out; bias may be empty.
inline Numbers causalConvolution(std::size_t batch, std::size_t time,
                                 std::size_t channels, std::size_t taps,
                                 const Numbers &x, const Numbers &weight,
                                 const Numbers &bias) {
  Numbers y(batch * time * channels);
  for (std::size_t b = 0; b < batch; ++b)
    for (std::size_t t = 0; t < time; ++t)
      for (std::size_t c = 0; c < channels; ++c) {
        double sum = bias.empty() ? 0 : bias[c];
        for (std::size_t k = 0; k < taps; ++k)
          if (t + k + 1 >= taps)
            sum += weight[c * taps + k] *
                   x[(b * time + t + k + 1 - taps) * channels + c];
        y[(b * time + t) * channels + c] = sum;
      }
  return y;
}

/// The mean of -log softmax(logits)[target].
inline double crossEntropyLoss(std::size_t rows, std::size_t classes,
                               const Numbers &logits,
                               const std::vector<std::int32_t> &targets) {
  double total = 0;
  for (std::size_t r = 0; r < rows; ++r) {
    double sum = 0;
    for (std::size_t j = 0; j < classes; ++j)
      sum += std::exp(logits[r * classes + j]);
    total += std::log(sum) -
             logits[r * classes + static_cast<std::size_t>(targets[r])];
  }
  return total / static_cast<double>(rows);
}

inline double positive(double x) { return x >= 0 ? x + 0.5 : sigmoid(x); }

/// Runs h' = step(k, h) over preactivations[B, T, G, H], where k are the gates
/// of one channel, bias[G, H] added; bias and initial[B, H] may be empty.
/// Returns output[B, T, H].
template <std::size_t gates, typename Step>
Numbers recurrence(std::size_t batch, std::size_t time, std::size_t channels,
                   const Numbers &preactivations, const Numbers &bias,
                   const Numbers &initial, const Step &step) {
  Numbers output(batch * time * channels);
  for (std::size_t b = 0; b < batch; ++b)
    for (std::size_t j = 0; j < channels; ++j) {
      double h = initial.empty() ? 0 : initial[b * channels + j];
      for (std::size_t t = 0; t < time; ++t) {
        const std::size_t position = b * time + t;
        std::array<double, gates> k = {};
        for (std::size_t gate = 0; gate < gates; ++gate) {
          k[gate] = preactivations[(position * gates + gate) * channels + j];
          if (!bias.empty())
            k[gate] += bias[gate * channels + j];
        }
        h = step(k, h);
        output[position * channels + j] = h;
      }
    }
  return output;
}

/// minGRU: gates z, h.
inline Numbers minGru(std::size_t batch, std::size_t time, std::size_t channels,
                      const Numbers &preactivations, const Numbers &bias,
                      const Numbers &initial) {
  return recurrence<2>(batch, time, channels, preactivations, bias, initial,
                       [](const std::array<double, 2> &k, double h) {
                         return sigmoid(-k[0]) * h +
                                sigmoid(k[0]) * positive(k[1]);
                       });
}

/// minLSTM, normalised: gates f, i, h. f' = f / (f + i), i' = i / (f + i).
inline Numbers minLstm(std::size_t batch, std::size_t time,
                       std::size_t channels, const Numbers &preactivations,
                       const Numbers &bias, const Numbers &initial) {
  return recurrence<3>(batch, time, channels, preactivations, bias, initial,
                       [](const std::array<double, 3> &k, double h) {
                         const double f = sigmoid(k[0]);
                         const double i = sigmoid(k[1]);
                         return (f * h + i * positive(k[2])) / (f + i);
                       });
}

/// minLSTM as the public reference computes it: gates f, i, h.
inline Numbers minLstmUnnormalized(std::size_t batch, std::size_t time,
                                   std::size_t channels,
                                   const Numbers &preactivations,
                                   const Numbers &bias,
                                   const Numbers &initial) {
  return recurrence<3>(batch, time, channels, preactivations, bias, initial,
                       [](const std::array<double, 3> &k, double h) {
                         return sigmoid(k[0]) * h +
                                sigmoid(k[1]) * positive(k[2]);
                       });
}

} // namespace minrnn::test

#endif // MINRNN_TESTS_RUNTIME_REFERENCELAYERS_H
