//===- ReferenceBlocks.h - The blocks in plain double precision -*- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The judges of the runtime's blocks: the equations, step by step, in double.
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_TESTS_RUNTIME_REFERENCEBLOCKS_H
#define MINRNN_TESTS_RUNTIME_REFERENCEBLOCKS_H

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

/// minGRU over preactivations[B, T, 2, H] (gates z, h), bias[2, H] and
/// initial[B, H] (both may be empty); returns output[B, T, H].
inline Numbers minGru(std::size_t batch, std::size_t time, std::size_t channels,
                      const Numbers &preactivations, const Numbers &bias,
                      const Numbers &initial) {
  Numbers output(batch * time * channels);
  for (std::size_t b = 0; b < batch; ++b)
    for (std::size_t j = 0; j < channels; ++j) {
      double h = initial.empty() ? 0 : initial[b * channels + j];
      for (std::size_t t = 0; t < time; ++t) {
        const std::size_t position = b * time + t;
        double k = preactivations[position * 2 * channels + j];
        double v = preactivations[(position * 2 + 1) * channels + j];
        if (!bias.empty()) {
          k += bias[j];
          v += bias[channels + j];
        }
        const double g = v >= 0 ? v + 0.5 : sigmoid(v);
        h = sigmoid(-k) * h + sigmoid(k) * g;
        output[position * channels + j] = h;
      }
    }
  return output;
}

} // namespace minrnn::test

#endif // MINRNN_TESTS_RUNTIME_REFERENCEBLOCKS_H
