//===- Rows.cu - Rows copied, filled and added to -------------------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Reduction.cuh"

/// output[rows, columns] += bias[columns].
/// Grid {columns / 128, rows / 8}, block {32, 8}.
extern "C" __global__ void __launch_bounds__(256)
    biasAdd(Number *__restrict__ output, const float *__restrict__ bias,
            Size rows, Size columns) {
  forEachOfRows(rows, columns, [&](Size row, Size column) {
    Number &element = output[row * columns + column];
    element = Number(element + bias[column]);
  });
}

/// output[count] = a[count] + b[count], of which any may be the same array.
/// Grid {count / 1024, rounded up}, block {256}.
extern "C" __global__ void __launch_bounds__(256)
    add(const float *a, const float *b, float *output, Size count) {
  for (Size i = firstElement(); i < count; i += elementStride())
    output[i] = a[i] + b[i];
}

/// to[count], rounded, = from[count]. Grid {count / 1024, rounded up}, block
/// {256}.
extern "C" __global__ void __launch_bounds__(256)
    roundAll(const float *__restrict__ from, Number *__restrict__ to,
             Size count) {
  for (Size i = firstElement(); i < count; i += elementStride())
    to[i] = Number(from[i]);
}

/// Copies `columns` elements of each of `rows` rows; a row begins `stride`
/// elements after the one before. A source stride of 0 repeats one row.
/// Grid {columns / 128, rows / 8}, block {32, 8}.
extern "C" __global__ void __launch_bounds__(256)
    copyRows(const float *__restrict__ source, Size sourceStride,
             float *__restrict__ destination, Size destinationStride, Size rows,
             Size columns) {
  forEachOfRows(rows, columns, [&](Size row, Size column) {
    destination[row * destinationStride + column] =
        source[row * sourceStride + column];
  });
}
