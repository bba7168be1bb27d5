//===- rows.h - Sums and copies of rows -------------------------*- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_LAYERS_ROWS_H
#define MINRNN_LAYERS_ROWS_H

#include "minrnn/layers/context.h"

#include <cstdint>

namespace minrnn {

/// output[rows, columns] += bias[columns].
void addBias(const LayerContext &context, std::int64_t rows,
             std::int64_t columns, const float *bias, float *output);

/// sums[columns] = the sum over the rows of values[rows, columns], in double,
/// rounded once.
void sumRows(const LayerContext &context, std::int64_t rows,
             std::int64_t columns, const float *values, float *sums);

/// Copies `columns` elements of each of `rows` rows, which begin `fromStride`
/// and `toStride` elements apart. A `fromStride` of 0 repeats one row.
void copyRows(const LayerContext &context, std::int64_t rows,
              std::int64_t columns, const float *from, std::int64_t fromStride,
              float *to, std::int64_t toStride);

/// to[count] += from[count].
void add(const LayerContext &context, std::int64_t count, const float *from,
         float *to);

} // namespace minrnn

#endif // MINRNN_LAYERS_ROWS_H
