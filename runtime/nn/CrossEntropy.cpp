//===- CrossEntropy.cpp - The loss of a softmax ---------------------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "minrnn/blocks.h"

#include "minrnn/error.h"
#include "specs/contract/ElementCount.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <vector>

using namespace minrnn;

double minrnn::crossEntropy(const CrossEntropyShape &shape, const float *logits,
                            const std::int32_t *targets, float *dLogits) {
  const std::int64_t count =
      elementCount({shape.rows, shape.classes}, "cross-entropy");
  for (std::int64_t row = 0; row < shape.rows; ++row)
    if (targets[row] < 0 || targets[row] >= shape.classes)
      throw Error("cross-entropy: target " + std::to_string(targets[row]) +
                  " at position " + std::to_string(row) + " is none of the " +
                  std::to_string(shape.classes) + " classes");
  const std::int64_t classes = shape.classes;
  const float weight =
      1.0F / static_cast<float>(std::max<std::int64_t>(shape.rows, 1));
  // Each row's loss is kept and summed in order, whatever the threads.
  std::vector<double> losses(static_cast<std::size_t>(shape.rows));
#pragma omp parallel if (count > (1 << 13))
  {
    std::vector<float> exponentials(static_cast<std::size_t>(classes));
#pragma omp for schedule(static)
    for (std::int64_t row = 0; row < shape.rows; ++row) {
      const float *x = logits + row * classes;
      const float largest = *std::max_element(x, x + classes);
      const float atTarget = x[targets[row]];
      double sum = 0;
      for (std::int64_t j = 0; j < classes; ++j) {
        exponentials[static_cast<std::size_t>(j)] = std::exp(x[j] - largest);
        sum += exponentials[static_cast<std::size_t>(j)];
      }
      losses[static_cast<std::size_t>(row)] =
          std::log(sum) - static_cast<double>(atTarget - largest);
      if (dLogits == nullptr)
        continue;
      // A loss that is infinite must not leave a gradient that looks sound.
      const auto scale =
          std::isfinite(losses[static_cast<std::size_t>(row)])
              ? static_cast<float>(static_cast<double>(weight) / sum)
              : std::numeric_limits<float>::quiet_NaN();
      float *dx = dLogits + row * classes;
      for (std::int64_t j = 0; j < classes; ++j)
        dx[j] = exponentials[static_cast<std::size_t>(j)] * scale;
      dx[targets[row]] -= weight;
    }
  }
  double total = 0;
  for (const double loss : losses)
    total += loss;
  return shape.rows == 0 ? 0 : total / static_cast<double>(shape.rows);
}
