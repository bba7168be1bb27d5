//===- CellRunNonFinite.cpp - Where NaN and infinity begin ----------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/tools/CellRun.h"

#include <algorithm>
#include <cmath>

using namespace minrnn;

static bool isProjection(const CellTensor &part) {
  return part.tensor->name == "preactivations" ||
         part.tensor->name == "recurrent";
}

bool CellRun::isZeroAtReset(const CellTensor &part) const {
  return part.tensor->name == "recurrent" &&
         !manifest.recurrent[static_cast<std::size_t>(part.place)].inner;
}

float CellRun::at(const CellTensor &part, std::int64_t position,
                  std::int64_t channel) const {
  return numbersOf(part.tensor->name)[static_cast<std::size_t>(
      (position * part.places + part.place) * sizes.channels + channel)];
}

bool CellRun::isReset(std::int64_t position) const {
  const auto reset = numbersOf("reset");
  return !reset.empty() && reset[static_cast<std::size_t>(position)] != 0;
}

StepValues CellRun::valuesOf(std::int64_t p, std::int64_t row,
                             std::int64_t channel) const {
  const std::int64_t position = row * sizes.time + stepAt(p);
  const auto element = [&](std::span<const float> numbers, std::int64_t index) {
    return numbers[static_cast<std::size_t>(index * sizes.channels + channel)];
  };
  StepValues step;
  for (const CellTensor &part : stepParts()) {
    if (!isProjection(part))
      continue;
    float &value = step.projections[part.name];
    if (!isReset(position) || !isZeroAtReset(part))
      value = at(part, position, channel);
    const auto bias =
        numbersOf(part.tensor->name == "recurrent" ? "recurrent_bias" : "bias");
    if (!bias.empty())
      value += element(bias, part.place);
  }
  for (std::size_t i = 0; i < manifest.parameters.size(); ++i)
    step.parameters[manifest.parameters[i]] =
        element(numbersOf("parameters"), static_cast<std::int64_t>(i));
  if (manifest.readsInput())
    step.input = element(numbersOf("input"), position);
  const std::vector<float> before = statesAt(p);
  for (std::int64_t s = 0; s < stateCount(); ++s)
    step.states.push_back(
        isReset(position) ? 0.0F : element(before, row * stateCount() + s));
  return step;
}

std::string CellRun::nonFiniteAt(std::int64_t p, const CellTensor &part,
                                 const NonFiniteReport &report) const {
  for (std::int64_t row = 0; row < sizes.batch; ++row) {
    const std::int64_t position = row * sizes.time + stepAt(p);
    if (isZeroAtReset(part) && isReset(position))
      continue;
    for (std::int64_t c = 0; c < sizes.channels; ++c) {
      const float value = at(part, position, c);
      if (std::isfinite(value))
        continue;
      const std::string is =
          formatElement(part.shape, position * sizes.channels + c, value);
      if (isProjection(part))
        return "the projection '" + part.name + "': " + is +
               "; the projections are too large for " +
               (part.tensor->element == Element::F32 ? "f32" : manifest.ioType);
      const bool isProjected = part.tensor->name == "inner";
      std::string words = isProjected ? "what '" : "result '";
      words += part.name;
      words += isProjected ? "' projects: " : "': ";
      words += is;
      words += ", the first in time that is not finite";
      std::string tensor = isProjected ? "project " : "";
      tensor += part.name;
      const std::string operation = report.explain(tensor, valuesOf(p, row, c));
      if (!operation.empty())
        return words.append("\n").append(operation);
      if (std::isinf(value) && manifest.ioType != "f32")
        words.append("; it is too large for ").append(manifest.ioType);
      return words;
    }
  }
  return "";
}

std::string CellRun::describeNonFinite(const NonFiniteReport &report) const {
  if (std::none_of(values.begin(), values.end(), [](const auto &named) {
        return findNotFinite({}, named.second);
      }))
    return "";
  // States that were not kept are had by single steps.
  if (!manifest.outputIsState() && !values.contains("states") &&
      sizes.time > 0) {
    CellRun again(cell, inputs, {.reverse = modes.reverse, .bySteps = true},
                  report.isAllowed());
    again.forward();
    if (std::string words = again.describeNonFinite(report); !words.empty())
      return words;
  }
  for (std::int64_t p = 0; p < sizes.time; ++p)
    for (const CellTensor &part : stepParts())
      if (std::string words = nonFiniteAt(p, part, report); !words.empty())
        return words;
  // What is left lies behind the last step.
  for (const CellTensor &result : cellTensors(manifest, sizes))
    if (result.tensor->role == Role::Output)
      if (const auto bad = findNotFinite(
              result.shape, result.take(numbersOf(result.tensor->name))))
        return "result '" + result.name + "': " + *bad;
  return "";
}

std::string
CellRun::describeNonFiniteGradient(const CellOutputs &outputs) const {
  for (const CellOutput &tensor : outputs) {
    const auto bad = findNotFinite(tensor.shape, tensor.data);
    if (!tensor.name.starts_with("d_") || !bad)
      continue;
    const std::string result = "result '" + tensor.name + "': ";
    // All others are sums over time, or lie before it.
    if (tensor.name != "d_x")
      return result + *bad;
    for (std::int64_t p = sizes.time; p-- > 0;)
      for (std::int64_t row = 0; row < sizes.batch; ++row)
        for (std::int64_t c = 0; c < sizes.inputs; ++c) {
          const std::int64_t offset =
              (row * sizes.time + stepAt(p)) * sizes.inputs + c;
          const float number = tensor.data[static_cast<std::size_t>(offset)];
          if (!std::isfinite(number))
            return result + formatElement(tensor.shape, offset, number) +
                   ", the first in backward's order that is not finite";
        }
  }
  return "";
}
