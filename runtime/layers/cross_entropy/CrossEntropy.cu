//===- CrossEntropy.cu - The loss of a softmax ----------------------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Reduction.cuh"

extern __shared__ float keptRow[];

/// Rows up to this long stay in shared memory; CrossEntropy.cpp knows it too.
constexpr Size keptClasses = 12288 - 512;

/// losses[rows] = -log softmax(logits[rows, classes])[targets[rows]], in nats,
/// times the row's weight where there are weights[rows]; the gradient of their
/// sum, or of their mean where `weights` is null, goes to dLogits, if that is
/// not null, [rows, classes], which may be the array of logits. Where a target
/// is not in [0, classes), the loss is NaN; where a loss is not finite, so is
/// the row of the gradient. Of a row of weight 0 nothing is read, and both are
/// 0. A block takes one row at a time. Grid {rows}, block {any whole warps up
/// to 256}, shared 4 bytes a class up to keptClasses, else none.
extern "C" __global__ void __launch_bounds__(256)
    crossEntropyRows(const float *logits, const int *__restrict__ targets,
                     const float *__restrict__ weights, float *dLogits,
                     double *__restrict__ losses, Size rows, Size classes) {
  const bool keeps = classes <= keptClasses;
  for (Size row = blockIdx.x; row < rows; row += gridDim.x) {
    const float *x = logits + row * classes;
    float *dx = dLogits + row * classes;
    const float weight = weights == nullptr ? 1.0F / float(rows) : weights[row];
    if (weights != nullptr && weight == 0) {
      if (threadIdx.x == 0)
        losses[row] = 0;
      if (dLogits != nullptr)
        for (Size j = threadIdx.x; j < classes; j += blockDim.x)
          dx[j] = 0;
      continue;
    }
    const int target = targets[row];
    const bool foreign = target < 0 || target >= classes;
    // Read before dLogits is written: that may be the array of logits.
    const float atTarget = foreign ? float(notANumber()) : x[target];
    const float infinity = __int_as_float(0x7F800000);
    float largest = -infinity;
    double sum = 0;
    if (keeps) {
      for (Size j = threadIdx.x; j < classes; j += blockDim.x) {
        const float value = x[j];
        keptRow[j] = value;
        largest = fmaxf(largest, value);
      }
      largest = blockMaximum(largest);
      for (Size j = threadIdx.x; j < classes; j += blockDim.x) {
        const float e = expf(keptRow[j] - largest);
        keptRow[j] = e;
        sum += e;
      }
    } else {
      // Both at once, for the largest so far, since reading is what costs.
      float own = -infinity;
      for (Size j = threadIdx.x; j < classes; j += blockDim.x) {
        const float value = x[j];
        if (value > own) {
          sum *= double(expf(own - value));
          own = value;
        }
        // Minus infinity counts for nothing.
        if (value != -infinity)
          sum += double(expf(value - own));
      }
      largest = blockMaximum(own);
      if (own != -infinity)
        sum *= double(expf(own - largest));
    }
    sum = blockSum(sum);
    const double loss = log(sum) - double(atTarget - largest);
    if (threadIdx.x == 0)
      losses[row] = weights == nullptr ? loss : double(weight) * loss;
    if (dLogits == nullptr)
      continue;
    // A loss that is infinite must not leave a gradient that looks sound.
    const float scale =
        isfinite(loss) ? float(double(weight) / sum) : float(notANumber());
    for (Size j = threadIdx.x; j < classes; j += blockDim.x) {
      const float e = keeps ? keptRow[j] : expf(x[j] - largest);
      dx[j] = e * scale - (j == target ? weight : 0.0F);
    }
  }
}

/// loss[1] = the sum of losses[rows] over `divisor`, 0 where there is no row.
/// Grid {1}, block {1024}.
extern "C" __global__ void __launch_bounds__(1024)
    crossEntropySum(const double *__restrict__ losses,
                    double *__restrict__ loss, Size rows, Size divisor) {
  double sum = 0;
  for (Size row = threadIdx.x; row < rows; row += blockDim.x)
    sum += losses[row];
  sum = blockSum(sum);
  if (threadIdx.x == 0)
    *loss = rows == 0 ? 0 : sum / double(divisor);
}
