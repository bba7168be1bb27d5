//===- GradientChecks.cpp - Gradients against differences -----------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tests/reference/GradientChecks.h"

#include <gtest/gtest.h>

#include <numeric>

using namespace minrnn::reference;

namespace {

/// The inputs of a call, and the gradients that belong to them.
struct Input {
  const char *name;
  std::vector<double> Call::*values;
  Estimates CallGradients::*gradient;
  bool keepsBatch; // the gradient has a batch axis that the input lacks
};

const Input differentiable[] = {
    {"preactivations", &Call::preactivations, &CallGradients::preactivations,
     false},
    {"input", &Call::input, &CallGradients::input, false},
    {"recurrentWeight", &Call::recurrentWeight, &CallGradients::recurrentWeight,
     false},
    {"bias", &Call::bias, &CallGradients::bias, true},
    {"recurrentBias", &Call::recurrentBias, &CallGradients::recurrentBias,
     true},
    {"parameters", &Call::parameters, &CallGradients::parameters, true},
    {"initial", &Call::initial, &CallGradients::initial, false},
};

std::vector<double> sumOverBatch(const std::vector<double> &values,
                                 size_t size) {
  std::vector<double> result(size);
  for (size_t i = 0; i < values.size(); ++i)
    result[i % size] += values[i];
  return result;
}

std::vector<double> differenceQuotients(const ParsedCell &cell, Call call,
                                        std::vector<double> Call::*input,
                                        std::span<const double> dOutput,
                                        std::span<const double> dLast) {
  constexpr double distance = 1e-5;
  auto objective = [&] {
    CallResults run = evaluate(cell, call);
    double sum = std::inner_product(dOutput.begin(), dOutput.end(),
                                    run.output.value.begin(), 0.0);
    return std::inner_product(dLast.begin(), dLast.end(),
                              run.last.value.begin(), sum);
  };
  std::vector<double> result;
  for (double &value : call.*input) {
    double kept = value;
    value = kept + distance;
    double above = objective();
    value = kept - distance;
    double below = objective();
    value = kept;
    result.push_back((above - below) / (2 * distance));
  }
  return result;
}

} // namespace

void minrnn::reference::expectAgrees(std::string_view what,
                                     std::span<const double> found,
                                     std::span<const double> expected,
                                     Tolerance tolerance,
                                     std::span<const double> magnitude) {
  Comparison comparison = compare(found, expected, tolerance, magnitude);
  EXPECT_TRUE(comparison.agrees) << what << ": " << comparison.message;
}

void minrnn::reference::expectGradientsAreCentralDifferences(
    const ParsedCell &cell, const Call &call, std::span<const double> dOutput,
    std::span<const double> dLast) {
  CallGradients found = differentiate(cell, call, dOutput, dLast);
  for (const Input &input : differentiable) {
    std::vector<double> expected =
        differenceQuotients(cell, call, input.values, dOutput, dLast);
    std::vector<double> gradient = (found.*input.gradient).value;
    if (input.keepsBatch)
      gradient = sumOverBatch(gradient, expected.size());
    expectAgrees(input.name, gradient, expected, {1e-8, 1e-7});
  }
}
