//===- SquaredError.cu - The mean squared error of rows -------------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Reduction.cuh"

/// losses[row] = the weight of the row times the mean of its squared errors,
/// and dPredicted, unless it is null: the gradient of their sum. It may be the
/// array of `predicted`. Null weights are `share` each. Rows of weight 0 are
/// not looked at. A block takes a row; any grid, block up to {256}.
extern "C" __global__ void __launch_bounds__(256)
    squaredErrorRows(const float *predicted, const float *targets,
                     const float *weights, float *dPredicted, double *losses,
                     Size rows, Size columns, double share) {
  for (Size row = blockIdx.x; row < rows; row += gridDim.x) {
    const double weight = weights == nullptr ? share : double(weights[row]);
    const bool counts = weights == nullptr || weight != 0;
    double sum = 0;
    for (Size j = threadIdx.x; j < columns; j += blockDim.x) {
      const Size at = row * columns + j;
      const float error = counts ? predicted[at] - targets[at] : 0;
      sum += double(error) * double(error);
      if (dPredicted != nullptr)
        dPredicted[at] = float(2 * weight * double(error) / double(columns));
    }
    sum = blockSum(sum);
    if (threadIdx.x == 0)
      losses[row] = columns == 0 ? 0 : weight * sum / double(columns);
  }
}

/// loss[1] = the sum of losses[rows]. Grid {1}, block {1024}.
extern "C" __global__ void __launch_bounds__(1024)
    squaredErrorSum(const double *losses, double *loss, Size rows) {
  double sum = 0;
  for (Size row = threadIdx.x; row < rows; row += blockDim.x)
    sum += losses[row];
  sum = blockSum(sum);
  if (threadIdx.x == 0)
    *loss = sum;
}
