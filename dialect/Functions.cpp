//===- Functions.cpp - The functions that a cell may call -----------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dialect/Functions.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

using namespace mlir;
using namespace minrnn::dialect;

static constexpr double kInfinity = std::numeric_limits<double>::infinity();

static double sigmoid(double x) {
  double e = std::exp(-std::fabs(x));
  return x >= 0 ? 1 / (1 + e) : e / (1 + e);
}

static double positive(double x) { return x >= 0 ? x + 0.5 : sigmoid(x); }

static double softplus(double x) {
  return std::max(x, 0.0) + std::log1p(std::exp(-std::fabs(x)));
}

static constexpr Function kFunctions[] = {
    {"math.exp", std::exp, 0, kInfinity},
    {"math.expm1", std::expm1, -1, kInfinity},
    {"math.log", std::log, -kInfinity, kInfinity},
    {"math.sqrt", std::sqrt, 0, kInfinity, /*reachesLower=*/true},
    {"math.tanh", std::tanh, -1, 1},
    {"minrnn.sigmoid", sigmoid, 0, 1},
    {"minrnn.positive", positive, 0, kInfinity},
    {"minrnn.softplus", softplus, 0, kInfinity},
};

bool Function::isTotal() const { return !std::isnan(value(-1)); }

double Function::largest(double magnitude) const {
  double smallest = isTotal() ? -magnitude : 0;
  return std::max(std::fabs(value(smallest)), std::fabs(value(magnitude)));
}

const Function *minrnn::dialect::findFunction(Operation *op) {
  StringRef name = op->getName().getStringRef();
  const auto *found = llvm::find_if(
      kFunctions, [&](const Function &f) { return f.operation == name; });
  return found == std::end(kFunctions) ? nullptr : found;
}

double minrnn::dialect::logAddExp2(double x, double y) {
  // Two equal infinities have no difference.
  if (x == y)
    return x + 1;
  return std::max(x, y) +
         std::log1p(std::exp2(-std::fabs(x - y))) / std::numbers::ln2;
}
