//===- ScanReference.cpp - The scan level held to the reference -----------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tests/scan/ScanReference.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "tests/reference/Evaluation.h"

#include <algorithm>
#include <cmath>
#include <numbers>

using namespace minrnn::scan;
using namespace minrnn::reference;

bool minrnn::scan::holdsRoundedConstants(mlir::ModuleOp scans,
                                         const reference::ParsedCell &cell) {
  // What the cell computes of constants alone may have been folded, to a
  // number that looks exact.
  std::vector<double> exact = {0,
                               0.5,
                               1,
                               2,
                               4,
                               -1e30F, // stands for log2 0
                               static_cast<float>(std::numbers::log2e),
                               static_cast<float>(std::numbers::ln2)};
  for (const Instruction &instruction : cell.instructions) {
    if (instruction.isFolded)
      return true;
    if (instruction.operation == Opcode::Constant)
      exact.push_back(instruction.constant);
  }
  mlir::WalkResult result = scans.walk([&](mlir::arith::ConstantOp constant) {
    auto number = mlir::dyn_cast<mlir::FloatAttr>(constant.getValue());
    if (!number)
      return mlir::WalkResult::advance();
    double value = number.getValueAsDouble();
    bool isExact = std::any_of(exact.begin(), exact.end(), [&](double known) {
      return std::abs(value) == std::abs(known);
    });
    return isExact ? mlir::WalkResult::advance()
                   : mlir::WalkResult::interrupt();
  });
  return result.wasInterrupted();
}

/// Sums over the rows of numbers [rows, width].
static Estimates sumOfRows(const Estimates &numbers, int64_t width,
                           const Arithmetic &arithmetic) {
  auto size = static_cast<int64_t>(numbers.value.size());
  Estimates sums;
  sums.resize(width);
  for (int64_t i = 0; i < width; ++i) {
    DotProduct sum(arithmetic);
    for (int64_t place = i; place < size; place += width)
      sum.add(1, numbers.at(place));
    sums.set(i, sum.take());
  }
  return sums;
}

Expected minrnn::scan::expectedOf(const reference::ParsedCell &cell,
                                  const GradedCall &graded) {
  const LayerCall &layer = graded.layer;
  const Call &call = layer.cell;
  Expected expected;
  expected.results = evaluate(cell, call);
  expected.gradients = differentiate(cell, call, graded.dOutput, graded.dLast);
  const CallGradients &gradients = expected.gradients;
  Arithmetic plain{false, call.precision};
  int64_t steps = call.shape.batch * call.shape.time;
  int64_t channels = call.shape.channels;
  int64_t rows = std::ssize(cell.gates) * channels;
  expected.bias = sumOfRows(gradients.bias, rows, plain);
  expected.recurrentBias = sumOfRows(
      gradients.recurrentBias, std::ssize(cell.recurrent) * channels, plain);
  expected.parameters = sumOfRows(
      gradients.parameters, std::ssize(cell.parameters) * channels, plain);
  expected.weight.resize(rows * layer.inputs);
  expected.input.resize(steps * layer.inputs);
  for (int64_t i = 0; i < layer.inputs; ++i) {
    for (int64_t row = 0; row < rows; ++row) {
      DotProduct product(plain);
      for (int64_t step = 0; step < steps; ++step)
        product.add(layer.input[step * layer.inputs + i],
                    gradients.preactivations.at(step * rows + row));
      expected.weight.set(row * layer.inputs + i, product.take());
    }
    for (int64_t step = 0; step < steps; ++step) {
      DotProduct product(plain);
      if (cell.readsInput)
        product.add(1, gradients.input.at(step * channels + i));
      for (int64_t row = 0; row < rows && !layer.weight.empty(); ++row)
        product.add(layer.weight[row * layer.inputs + i],
                    gradients.preactivations.at(step * rows + row));
      expected.input.set(step * layer.inputs + i, product.take());
    }
  }
  return expected;
}

static void compareOne(const char *name, const NamedTensors &found,
                       const Estimates &expected, const Precision &precision,
                       bool isHostile, Metrics &metrics) {
  auto array = found.find(name);
  if (array == found.end())
    throw Fault(std::string(name) + " is not there");
  ErrorMetrics before = metrics;
  compareWithinBounds(name, array->second, expected, metrics,
                      {.isHostile = isHostile});
  if (precision.unitRoundoff == doublePrecision.unitRoundoff)
    metrics.inDouble += metrics.numbers - before.numbers;
  else
    metrics.largestShare = before.largestShare;
}

void minrnn::scan::compare(ScanCell &cell, const reference::ParsedCell &parsed,
                           const GradedCall &graded, const Expected &expected,
                           Metrics &metrics) {
  const LayerCall &layer = graded.layer;
  const Call &call = layer.cell;
  auto check = [&](const char *name, const NamedTensors &found,
                   const Estimates &wanted) {
    compareOne(name, found, wanted, call.precision, graded.isHostile, metrics);
  };
  const CallResults &results = expected.results;
  NamedTensors run = cell.forward(layer);
  check("output", run, results.output);
  check("last", run, results.last);
  if (run.contains("states"))
    check("states", run, results.states);
  const std::vector<CompiledProjection> &compiled = cell.projections;
  bool hasInner = std::ranges::any_of(compiled, &CompiledProjection::isInner);
  if (hasInner)
    check("inner", run,
          innerValues(parsed, compiled, results.inner, call.shape.channels));
  NamedTensors stepped = cell.steps(layer);
  check("output", stepped, results.output);
  check("last", stepped, results.last);

  const CallGradients &gradients = expected.gradients;
  NamedTensors back =
      cell.backward(layer, std::move(run), graded.dOutput, graded.dLast);
  check("d_preactivations", back, gradients.preactivations);
  check("d_initial", back, gradients.initial);
  check("d_input", back, expected.input);
  if (!layer.weight.empty())
    check("d_weight", back, expected.weight);
  check("d_bias", back, expected.bias);
  if (!parsed.parameters.empty())
    check("d_parameters", back, expected.parameters);
  if (!parsed.recurrent.empty()) {
    check("d_recurrent_weight", back, gradients.recurrentWeight);
    check("d_recurrent_bias", back, expected.recurrentBias);
  }
  if (hasInner)
    check(
        "d_inner", back,
        innerGradients(parsed, compiled, gradients.inner, call.shape.channels));
}
