//===- Rows.cpp - Sums and copies of rows ---------------------------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "minrnn/layers.h"

#include "runtime/layers/LaunchGrids.h"
#include "runtime/layers/LayerKernels.h"
#include "runtime/layers/rows/ColumnSums.cu.h"
#include "runtime/layers/rows/ColumnSums.h"
#include "runtime/layers/rows/Rows.cu.h"
#include "specs/contract/ElementCount.h"

#include <algorithm>

using namespace minrnn;
using namespace minrnn::kernels;

namespace {

/// A block for every 8 columns, of a warp for every 16 rows.
LaunchShape columnsGrid(std::int64_t rows, std::int64_t columns) {
  const auto warps = static_cast<std::uint32_t>(
      std::clamp<std::int64_t>(ceilDiv(rows, 16), 1, 32));
  return {{upTo(mostBlocks, ceilDiv(columns, 8)), 1, 1}, {lanes, warps, 1}};
}

} // namespace

template <typename Number>
void minrnn::addBias(const LayerContext &context, std::int64_t rows,
                     std::int64_t columns, const float *bias, Number *output) {
  elementCount({rows, columns}, "bias");
  if (LayerKernels *device = context.kernels())
    return device->start(sourceFor<Number>(rowsSource, rowsBf16Source),
                         "biasAdd", rowsGrid(rows, columns), output, bias, rows,
                         columns);
  for (std::int64_t row = 0; row < rows; ++row)
    for (std::int64_t j = 0; j < columns; ++j)
      output[row * columns + j] = Number(output[row * columns + j] + bias[j]);
}

void minrnn::sumPartials(LayerKernels &device, const double *partials,
                         std::int64_t rows, std::int64_t columns, float *sums,
                         float *others) {
  const std::int64_t stride = others == nullptr ? columns : 2 * columns;
  device.start(columnSumsSource, "sumPartials", columnsGrid(rows, stride),
               partials, sums, others, rows, stride, columns);
}

template <typename Number>
void minrnn::sumRows(const LayerContext &context, std::int64_t rows,
                     std::int64_t columns, const Number *values, float *sums) {
  // More are summed in stripes first.
  constexpr std::int64_t mostAtOnce = 2 * rowsOfStripe;
  elementCount({rows, columns}, "column sums");
  if (LayerKernels *device = context.kernels()) {
    const SourceText source =
        sourceFor<Number>(columnSumsSource, columnSumsBf16Source);
    if (rows <= mostAtOnce)
      return device->start(source, "sumRows", columnsGrid(rows, columns),
                           values, sums, rows, columns);
    const std::int64_t stripes = ceilDiv(rows, rowsOfStripe);
    double *partials = device->workspace(stripes * columns);
    device->start(source, "sumStripes", stripesGrid(rows, columns), values,
                  partials, rows, columns);
    return sumPartials(*device, partials, stripes, columns, sums);
  }
  sumColumns(rows, columns, sums, [&](std::int64_t row, std::int64_t column) {
    return values[row * columns + column];
  });
}

void minrnn::roundToBFloat16(const LayerContext &context, std::int64_t count,
                             const float *from, BFloat16 *to) {
  elementCount({count}, "numbers to round");
  if (LayerKernels *device = context.kernels())
    return device->start(rowsBf16Source, "roundAll", flatGrid(count), from, to,
                         count);
#pragma omp parallel for simd schedule(static) if (count > (1 << 15))
  for (std::int64_t i = 0; i < count; ++i)
    to[i] = BFloat16(from[i]);
}

void minrnn::copyRows(const LayerContext &context, std::int64_t rows,
                      std::int64_t columns, const float *from,
                      std::int64_t fromStride, float *to,
                      std::int64_t toStride) {
  elementCount({rows, fromStride}, "copy, source");
  elementCount({rows, toStride}, "copy, destination");
  elementCount({rows, columns}, "copy");
  if (LayerKernels *device = context.kernels())
    return device->start(rowsSource, "copyRows", rowsGrid(rows, columns), from,
                         fromStride, to, toStride, rows, columns);
  for (std::int64_t row = 0; row < rows; ++row)
    std::copy_n(from + row * fromStride, columns, to + row * toStride);
}

void minrnn::add(const LayerContext &context, std::int64_t count,
                 const float *from, float *to) {
  elementCount({count}, "add");
  if (LayerKernels *device = context.kernels())
    return device->start(rowsSource, "add", flatGrid(count), to, from, to,
                         count);
#pragma omp parallel for simd schedule(static) if (count > (1 << 15))
  for (std::int64_t i = 0; i < count; ++i)
    to[i] += from[i];
}

template void minrnn::addBias(const LayerContext &, std::int64_t, std::int64_t,
                              const float *, float *);
template void minrnn::addBias(const LayerContext &, std::int64_t, std::int64_t,
                              const float *, BFloat16 *);
template void minrnn::sumRows(const LayerContext &, std::int64_t, std::int64_t,
                              const float *, float *);
template void minrnn::sumRows(const LayerContext &, std::int64_t, std::int64_t,
                              const BFloat16 *, float *);
