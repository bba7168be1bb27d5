//===- SquaredError.cpp - The mean squared error of rows ------------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "minrnn/layers.h"

#include "runtime/layers/LaunchGrids.h"
#include "runtime/layers/LayerKernels.h"
#include "runtime/layers/squared_error/SquaredError.cu.h"
#include "specs/contract/ElementCount.h"

#include <algorithm>
#include <vector>

using namespace minrnn;
using namespace minrnn::kernels;

void minrnn::squaredError(const LayerContext &context,
                          const SquaredErrorShape &shape,
                          const float *predicted, const float *targets,
                          const float *weights, float *dPredicted,
                          double *loss) {
  const auto [rows, columns] = shape;
  elementCount({rows, columns}, "squared error");
  const double share = 1 / static_cast<double>(std::max<std::int64_t>(rows, 1));
  if (LayerKernels *device = context.kernels()) {
    double *losses = device->workspace(rows);
    device->start(squaredErrorSource, "squaredErrorRows",
                  blockPerRowGrid(rows, columns, 0), predicted, targets,
                  weights, dPredicted, losses, rows, columns, share);
    return device->start(squaredErrorSource, "squaredErrorSum", oneBlock,
                         losses, loss, rows);
  }
  double total = 0;
  for (std::int64_t row = 0; row < rows; ++row) {
    const double weight =
        weights == nullptr ? share : static_cast<double>(weights[row]);
    const bool counts = weights == nullptr || weight != 0;
    double sum = 0;
    for (std::int64_t j = 0; j < columns; ++j) {
      const std::int64_t at = row * columns + j;
      const double error =
          counts ? static_cast<double>(predicted[at] - targets[at]) : 0;
      sum += error * error;
      if (dPredicted != nullptr)
        dPredicted[at] = static_cast<float>(2 * weight * error /
                                            static_cast<double>(columns));
    }
    if (columns > 0)
      total += weight * sum / static_cast<double>(columns);
  }
  *loss = total;
}
