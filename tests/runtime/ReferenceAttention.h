//===- ReferenceAttention.h - Attention in plain double ---------*- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_TESTS_RUNTIME_REFERENCEATTENTION_H
#define MINRNN_TESTS_RUNTIME_REFERENCEATTENTION_H

#include "minrnn/layers.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

namespace minrnn::test {

/// A sequence as a test keeps it: rows of `stride` numbers for each of `time`
/// steps, of which heads begin at `offset`.
struct RowsLayout {
  std::int64_t time;
  std::int64_t stride;
  std::int64_t offset = 0;

  std::int64_t count(std::int64_t batch) const { return batch * time * stride; }

  template <typename Element> HeadRows<Element> of(Element *array) const {
    return {array + offset, time * stride, stride};
  }
};

/// What attention gives, [batch, time, heads, headWidth] and
/// [batch, heads, time].
struct AttentionResult {
  std::vector<double> output;
  std::vector<double> logSumExp;
};

/// The equation, one query after another.
inline AttentionResult attention(const AttentionShape &shape,
                                 HeadRows<const double> query,
                                 HeadRows<const double> key,
                                 HeadRows<const double> value) {
  const auto &[batch, time, past, heads, width] = shape;
  AttentionResult result;
  result.output.resize(static_cast<std::size_t>(batch * time * heads * width));
  result.logSumExp.resize(static_cast<std::size_t>(batch * heads * time));
  const auto at = [](HeadRows<const double> rows, std::int64_t b,
                     std::int64_t t) {
    return rows.data + b * rows.batchStride + t * rows.timeStride;
  };
  std::vector<double> scores;
  for (std::int64_t b = 0; b < batch; ++b)
    for (std::int64_t h = 0; h < heads; ++h)
      for (std::int64_t t = 0; t < time; ++t) {
        const double *q = at(query, b, t) + h * width;
        scores.clear();
        for (std::int64_t s = 0; s <= past + t; ++s) {
          const double *k = at(key, b, s) + h * width;
          double product = 0;
          for (std::int64_t i = 0; i < width; ++i)
            product += q[i] * k[i];
          scores.push_back(
              width == 0 ? 0 : product / std::sqrt(static_cast<double>(width)));
        }
        const double largest = *std::max_element(scores.begin(), scores.end());
        double sum = 0;
        for (const double score : scores)
          sum += std::exp(score - largest);
        result.logSumExp[(b * heads + h) * time + t] = largest + std::log(sum);
        double *o = result.output.data() + ((b * time + t) * heads + h) * width;
        for (std::int64_t s = 0; s <= past + t; ++s) {
          const double weight = std::exp(scores[s] - largest) / sum;
          const double *v = at(value, b, s) + h * width;
          for (std::int64_t i = 0; i < width; ++i)
            o[i] += weight * v[i];
        }
      }
  return result;
}

} // namespace minrnn::test

#endif // MINRNN_TESTS_RUNTIME_REFERENCEATTENTION_H
