//===- HostJudge.cpp - A compiled call held to the judge ------------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tests/e2e/HostJudge.h"

#include "tests/reference/Samples.h"

#include <algorithm>
#include <cmath>
#include <sstream>

using namespace minrnn::e2e;
using namespace minrnn::reference;

static void compareWithJudge(const std::string &name, const NamedArrays &found,
                             const Judged &expected, bool isHostile,
                             Figures &figures) {
  auto array = found.find(name);
  if (array == found.end())
    return; // not asked for
  const std::vector<float> &values = array->second;
  if (values.size() != expected.value.size())
    throw Fault(name + ": " + std::to_string(values.size()) + " numbers for " +
                std::to_string(expected.value.size()));
  for (size_t i = 0; i < values.size(); ++i) {
    double allowed = safety * expected.error[i];
    if (isHostile &&
        !(std::isfinite(allowed) && std::isfinite(expected.value[i]))) {
      ++figures.skipped;
      continue;
    }
    double difference = std::abs(values[i] - expected.value[i]);
    ++figures.numbers;
    figures.unbounded += std::isinf(allowed) ? 1 : 0;
    // Written so that a NaN does not pass.
    bool agrees = std::isfinite(values[i]) && difference <= allowed;
    if (agrees && difference > 0)
      figures.worst = std::max(figures.worst, difference / allowed);
    if (agrees)
      continue;
    std::ostringstream message;
    message.precision(9);
    message << name << "[" << i << "]: found " << values[i] << ", expected "
            << expected.value[i] << " +- " << allowed;
    throw Fault(message.str());
  }
}

HostRun minrnn::e2e::judge(const HostCell &cell,
                           const reference::Program &program,
                           const JudgedCall &judged, Figures &figures) {
  const Call &call = judged.call;
  const CallResults &expected = judged.results;
  HostRun run;
  auto compareIn = [&](const NamedArrays &found, const char *name,
                       const Judged &expected) {
    compareWithJudge(name, found, expected, judged.isHostile, figures);
  };
  run.forward = cell.forward(program, call);
  compareIn(run.forward, "output", expected.output);
  compareIn(run.forward, "states", expected.states);
  compareIn(run.forward, "last", expected.last);
  compareIn(run.forward, "inner",
            innerValues(program, cell.projections, expected.inner,
                        call.shape.channels));
  if (call.shape.time > 0) {
    NamedArrays stepped = cell.steps(program, call);
    compareIn(stepped, "output", expected.output);
    compareIn(stepped, "last", expected.last);
  }

  CallGradients gradients =
      differentiate(program, call, widen(judged.dOutput), widen(judged.dLast));
  run.backward =
      cell.backward(program, call, run.forward, judged.dOutput, judged.dLast);
  auto compare = [&](const char *name, const Judged &expected) {
    compareIn(run.backward, name, expected);
  };
  compare("d_preactivations", gradients.preactivations);
  compare("d_input", gradients.input);
  // (At a reset the product of a state has no gradient, that of a value that
  // is one has.)
  if (!hasInnerState(program, cell.projections))
    compare("d_recurrent", gradients.recurrent);
  compare("d_inner", innerGradients(program, cell.projections, gradients.inner,
                                    call.shape.channels));
  compare("d_bias_rows", gradients.bias);
  compare("d_recurrent_bias_rows", gradients.recurrentBias);
  compare("d_parameters_rows", gradients.parameters);
  compare("d_initial", gradients.initial);
  return run;
}
