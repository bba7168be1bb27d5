//===- CellRunNonFinite.cpp - Where NaN and infinity begin ----------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "minrnn/safetensors.h"
#include "runtime/core/FormatNumber.h"
#include "runtime/tools/CellRunState.h"

#include <cmath>
#include <optional>

using namespace minrnn;

namespace {

/// The first number of data[B, T, width] that is not finite: by position of the
/// walk, whose place in time `stepAt` gives, then by row.
template <typename StepAt>
std::optional<std::int64_t>
firstInTime(std::span<const float> data, std::int64_t batch, std::int64_t time,
            std::int64_t width, const StepAt &stepAt) {
  if (isFinite(data))
    return std::nullopt;
  for (std::int64_t p = 0; p < time; ++p)
    for (std::int64_t row = 0; row < batch; ++row) {
      const std::int64_t begin = (row * time + stepAt(p)) * width;
      for (std::int64_t i = begin; i < begin + width; ++i)
        if (!std::isfinite(data[static_cast<std::size_t>(i)]))
          return i;
    }
  return std::nullopt;
}

std::string elementIs(const std::vector<std::int64_t> &shape,
                      std::span<const float> data, std::int64_t offset) {
  return "element " + formatIndex(shape, offset) + " is " +
         formatNumber(data[static_cast<std::size_t>(offset)]);
}

} // namespace

/// An array [B, T, parts, H] of the run, and one of its parts by name.
struct CellRun::TimedPart {
  std::string name;
  const std::vector<float> *array = nullptr;
  std::int64_t parts = 1;
  std::int64_t part = 0;
  bool isProjection = false;
  /// What the projection `name` projects, computed within the step.
  bool isProjected = false;
  /// Of a projection: whether a reset makes it zero.
  bool isReset = false;
};

std::vector<CellRun::TimedPart> CellRun::timedParts() const {
  std::vector<TimedPart> parts;
  const auto count = [](const auto &list) {
    return static_cast<std::int64_t>(list.size());
  };
  parts.reserve(manifest.gates.size() + 2 * manifest.recurrent.size() +
                manifest.states.size() + 1);
  for (const std::string &gate : manifest.gates)
    parts.push_back({.name = gate,
                     .array = &preactivations,
                     .parts = count(manifest.gates),
                     .part = count(parts),
                     .isProjection = true});
  const auto addRecurrent = [&](std::size_t place) {
    const RecurrentProjection &gate = manifest.recurrent[place];
    parts.push_back({.name = gate.name,
                     .array = &recurrent,
                     .parts = count(manifest.recurrent),
                     .part = static_cast<std::int64_t>(place),
                     .isProjection = true,
                     .isReset = !gate.inner});
  };
  const auto addWhere = [&](bool isInner, const auto &add) {
    for (std::size_t i = 0; i < manifest.recurrent.size(); ++i)
      if (manifest.recurrent[i].inner.has_value() == isInner)
        add(i);
  };
  addWhere(false, addRecurrent);
  addWhere(true, [&](std::size_t place) {
    const RecurrentProjection &gate = manifest.recurrent[place];
    parts.push_back({.name = gate.name,
                     .array = &inner,
                     .parts = manifest.size(Axis::Inner),
                     .part = gate.inner.value_or(0),
                     .isProjected = true});
  });
  addWhere(true, addRecurrent);
  std::int64_t place = 0;
  for (const std::string &state : manifest.states) {
    if (state != manifest.output && !states.empty())
      parts.push_back({.name = state,
                       .array = &states,
                       .parts = count(manifest.states),
                       .part = place});
    ++place;
  }
  parts.push_back({.name = manifest.output, .array = &output});
  return parts;
}

std::vector<float> CellRun::statesAt(std::int64_t p) const {
  if (!statesBefore.empty())
    return statesBefore[static_cast<std::size_t>(p)];
  if (p > 0)
    return ofStep(manifest.outputIsState() ? output : states, stepAt(p - 1));
  std::vector<float> before = inputs.initial;
  before.resize(last.size());
  return before;
}

StepValues CellRun::valuesOf(std::int64_t p, std::int64_t row,
                             std::int64_t channel) const {
  const std::int64_t position = row * inputs.time + stepAt(p);
  const std::int64_t h = inputs.channels;
  const auto at = [&](const std::vector<float> &values, std::int64_t index) {
    return values[static_cast<std::size_t>(index * h + channel)];
  };
  const bool isReset =
      inputs.hasReset && inputs.reset[static_cast<std::size_t>(position)] != 0;
  StepValues step;
  for (const TimedPart &part : timedParts()) {
    if (!part.isProjection)
      continue;
    float &value = step.projections[part.name];
    if (!isReset || !part.isReset)
      value = at(*part.array, position * part.parts + part.part);
    const std::vector<float> &added =
        part.array == &recurrent ? recurrentBias : bias;
    if (!added.empty())
      value += at(added, part.part);
  }
  for (std::size_t i = 0; i < manifest.parameters.size(); ++i)
    step.parameters[manifest.parameters[i]] =
        at(inputs.parameters, static_cast<std::int64_t>(i));
  if (!x.empty())
    step.input = at(x, position);
  const std::vector<float> before = statesAt(p);
  for (std::int64_t s = 0; s < manifest.size(Axis::States); ++s)
    step.states.push_back(
        isReset ? 0.0F : at(before, row * manifest.size(Axis::States) + s));
  return step;
}

std::string CellRun::nonFiniteAt(std::int64_t p, const TimedPart &part,
                                 const NonFiniteReport &report) const {
  const std::int64_t t = stepAt(p);
  const std::int64_t h = inputs.channels;
  const std::vector<std::int64_t> shape = {inputs.batch, inputs.time, h};
  for (std::int64_t row = 0; row < inputs.batch; ++row) {
    const std::int64_t position = row * inputs.time + t;
    // (What a reset makes zero the kernel does not read.)
    if (part.isReset && inputs.hasReset &&
        inputs.reset[static_cast<std::size_t>(position)] != 0)
      continue;
    for (std::int64_t c = 0; c < h; ++c) {
      const float value = (*part.array)[static_cast<std::size_t>(
          (position * part.parts + part.part) * h + c)];
      if (std::isfinite(value))
        continue;
      const std::string is = "element " + formatIndex(shape, position * h + c) +
                             " is " + formatNumber(value);
      if (part.isProjection)
        return "the projection '" + part.name + "': " + is +
               "; the projections are too large for " +
               (part.array == &recurrent ? "f32" : manifest.ioType);
      std::string words = part.isProjected ? "what '" : "result '";
      words += part.name;
      words += part.isProjected ? "' projects: " : "': ";
      words += is;
      words += ", the first in time that is not finite";
      std::string tensor = part.isProjected ? "project " : "";
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
  const std::vector<TimedPart> parts = timedParts();
  bool allFinite = isFinite(last);
  for (const TimedPart &part : parts)
    allFinite = allFinite && isFinite(*part.array);
  if (allFinite)
    return "";
  // States that were not kept are had by single steps.
  if (!manifest.outputIsState() && states.empty() && inputs.time > 0) {
    CellRun again(cell, inputs, {.reverse = modes.reverse, .bySteps = true},
                  report.isAllowed());
    again.forwardBySteps();
    if (std::string words = again.describeNonFinite(report); !words.empty())
      return words;
  }
  for (std::int64_t p = 0; p < inputs.time; ++p)
    for (const TimedPart &part : parts)
      if (std::string words = nonFiniteAt(p, part, report); !words.empty())
        return words;
  const auto s = static_cast<std::size_t>(manifest.size(Axis::States));
  for (std::size_t state = 0; state < s; ++state) {
    const std::vector<float> ofState = takeState(last, state);
    for (std::size_t i = 0; i < ofState.size(); ++i)
      if (!std::isfinite(ofState[i]))
        return "result '" + manifest.states[state] + "_last': " +
               elementIs({inputs.batch, inputs.channels}, ofState,
                         static_cast<std::int64_t>(i));
  }
  return "";
}

std::string
CellRun::describeNonFiniteGradient(const CellOutputs &outputs) const {
  for (const TensorToWrite &tensor : outputs.tensors()) {
    if (tensor.name.substr(0, 2) != "d_" || isFinite(tensor.data))
      continue;
    // Backward goes from the walk's last position to its first. (All but d_x
    // are sums over time, or lie before it.)
    const bool hasTime = tensor.name == "d_x";
    std::optional<std::int64_t> offset =
        hasTime
            ? firstInTime(tensor.data, inputs.batch, inputs.time, inputs.inputs,
                          [&](std::int64_t back) {
                            return stepAt(inputs.time - 1 - back);
                          })
            : firstInTime(tensor.data, 1, 1,
                          static_cast<std::int64_t>(tensor.data.size()),
                          [](std::int64_t) { return 0; });
    return "result '" + tensor.name +
           "': " + elementIs(tensor.shape, tensor.data, offset.value_or(0)) +
           (hasTime ? ", the first in backward's order that is not finite"
                    : "");
  }
  return "";
}
