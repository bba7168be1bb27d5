//===- ScanJudge.cpp - A cell of the scan level held to the judge ---------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tests/scan/ScanJudge.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <sstream>

using namespace minrnn;
using namespace minrnn::scan;
using namespace minrnn::reference;

bool minrnn::scan::holdsRoundedConstants(mlir::ModuleOp scans,
                                         const Program &program) {
  // What the program computes of constants alone may have been folded, to a
  // number that looks exact.
  std::vector<double> exact = {0,
                               0.5,
                               1,
                               2,
                               4,
                               -1e30F, // stands for log2 0
                               static_cast<float>(std::numbers::log2e),
                               static_cast<float>(std::numbers::ln2)};
  for (const Instruction &instruction : program.instructions) {
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

Judgement minrnn::scan::judgementOf(const Program &program,
                                    const JudgedCall &judged) {
  return {evaluate(program, judged.call),
          differentiate(program, judged.call, judged.dOutput, judged.dLast)};
}

static void compare(const char *name, const NamedTensors &found,
                    const Judged &expected, const Precision &precision,
                    bool isHostile, Figures &figures) {
  auto array = found.find(name);
  if (array == found.end())
    throw Fault(std::string(name) + " is not there");
  const std::vector<double> &values = array->second;
  if (values.size() != expected.value.size())
    throw Fault(std::string(name) + ": " + std::to_string(values.size()) +
                " numbers for " + std::to_string(expected.value.size()));
  bool isDouble = precision.unitRoundoff == doublePrecision.unitRoundoff;
  for (size_t i = 0; i < values.size(); ++i) {
    double allowed = safety * expected.error[i];
    if (isHostile &&
        !(std::isfinite(allowed) && std::isfinite(expected.value[i]))) {
      ++figures.skipped;
      continue;
    }
    double difference = std::abs(values[i] - expected.value[i]);
    ++figures.numbers;
    figures.inDouble += isDouble ? 1 : 0;
    figures.unbounded += std::isinf(allowed) ? 1 : 0;
    // Written so that a NaN does not pass.
    if (!(difference <= allowed)) {
      std::ostringstream message;
      message.precision(17);
      message << name << "[" << i << "]: found " << values[i] << ", expected "
              << expected.value[i] << " +- " << allowed;
      throw Fault(message.str());
    }
    if (isDouble && difference > 0)
      figures.worst = std::max(figures.worst, difference / allowed);
  }
}

void minrnn::scan::judge(ScanCell &cell, const Program &program,
                         const JudgedCall &judged, const Judgement &judgement,
                         Figures &figures) {
  const Call &call = judged.call;
  auto check = [&](const char *name, const NamedTensors &found,
                   const Judged &expected) {
    compare(name, found, expected, call.precision, judged.isHostile, figures);
  };
  const CallResults &results = judgement.results;
  NamedTensors run = cell.forward(program, call);
  check("output", run, results.output);
  check("last", run, results.last);
  if (run.contains("trajectory"))
    check("trajectory", run, results.trajectory);
  const std::vector<CompiledProjection> &compiled = cell.projections;
  if (!program.chained.empty())
    check(
        "chained", run,
        chainedValues(program, compiled, results.chained, call.shape.channels));
  NamedTensors stepped = cell.steps(program, call);
  check("output", stepped, results.output);
  check("last", stepped, results.last);

  const CallGradients &gradients = judgement.gradients;
  NamedTensors back =
      cell.backward(program, call, run, judged.dOutput, judged.dLast);
  check("d_preactivations", back, gradients.preactivations);
  check("d_initial", back, gradients.initial);
  if (program.readsInput)
    check("d_input", back, gradients.input);
  bool isRecurrent = !program.recurrent.empty();
  // Without a step there is no call of a recurrent cell's, and so no sums.
  if (isRecurrent && call.shape.time == 0)
    return;
  check("d_bias", back, gradients.bias);
  if (!program.parameters.empty())
    check("d_parameters", back, gradients.parameters);
  if (isRecurrent) {
    // At a reset the product of a state has no gradient, that of a value that
    // is one has.
    if (!hasChainedState(program, compiled))
      check("d_recurrent", back, gradients.recurrent);
    check("d_recurrent_bias", back, gradients.recurrentBias);
  }
  if (!program.chained.empty())
    check("d_chained", back,
          chainedGradients(program, compiled, gradients.chained,
                           call.shape.channels));
}
