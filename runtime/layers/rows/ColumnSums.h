//===- ColumnSums.h - Sums over rows, the same every time -------*- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_RUNTIME_LAYERS_ROWS_COLUMNSUMS_H
#define MINRNN_RUNTIME_LAYERS_ROWS_COLUMNSUMS_H

#include "minrnn/layers.h"

#include <algorithm>
#include <array>
#include <cstdint>

namespace minrnn {

class LayerKernels;

/// sums[columns] = the sum over `rows` of element(row, column), in double,
/// rounded once. Threads share the columns, never a sum, so the result does not
/// depend on how many there are.
template <typename Element>
void sumColumns(std::int64_t rows, std::int64_t columns, float *sums,
                const Element &element) {
  constexpr std::int64_t group = 64;
#pragma omp parallel for schedule(static) if (rows * columns > (1 << 15))
  for (std::int64_t begin = 0; begin < columns; begin += group) {
    const std::int64_t width = std::min(group, columns - begin);
    std::array<double, group> totals = {};
    for (std::int64_t row = 0; row < rows; ++row)
      for (std::int64_t j = 0; j < width; ++j)
        totals[static_cast<std::size_t>(j)] += element(row, begin + j);
    for (std::int64_t j = 0; j < width; ++j)
      sums[begin + j] = static_cast<float>(totals[static_cast<std::size_t>(j)]);
  }
}

/// The same on a device, of partial sums[rows, columns]. With `others`, of
/// partial sums[rows, 2, columns], of which the second go there.
void sumPartials(LayerKernels &device, const double *partials,
                 std::int64_t rows, std::int64_t columns, float *sums,
                 float *others = nullptr);

} // namespace minrnn

#endif // MINRNN_RUNTIME_LAYERS_ROWS_COLUMNSUMS_H
