//===- Reference.cpp - Whether a layer computes what its cell says --------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/tools/bench/Reference.h"

#include "minrnn/error.h"
#include "runtime/core/FormatNumber.h"
#include "runtime/core/HalfStorage.h"
#include "runtime/tools/bench/DecodeLayer.h"
#include "runtime/tools/bench/Report.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <numeric>

using namespace minrnn;
using namespace minrnn::bench;

namespace {

/// Multiplications of a run by steps that take about a second.
constexpr double mostWork = 3e8;
/// More than two tiles of time.
constexpr std::int64_t mostSteps = 160;
constexpr std::int64_t fewestSteps = 8;

double workOfStep(const Manifest &manifest, const LayerSizes &sizes) {
  const auto gates = static_cast<double>(manifest.size(Axis::Gates));
  const auto recurrent = static_cast<double>(manifest.size(Axis::Recurrent));
  const auto channels = static_cast<double>(sizes.channels);
  return channels *
         (gates * static_cast<double>(sizes.inputs) + recurrent * channels + 1);
}

std::vector<std::int64_t> allOf(std::int64_t count) {
  std::vector<std::int64_t> all(static_cast<std::size_t>(count));
  std::iota(all.begin(), all.end(), 0);
  return all;
}

/// Two rows of either end.
std::vector<std::int64_t> someRows(std::int64_t batch) {
  if (batch <= 4)
    return allOf(batch);
  return {0, 1, batch - 2, batch - 1};
}

bool isWhole(const Window &window, const LayerSizes &sizes) {
  return std::ssize(window.rows) == sizes.batch && window.count == sizes.time;
}

std::string describeWindow(const Window &window, const LayerSizes &sizes) {
  if (isWhole(window, sizes))
    return "";
  return "rows " + std::to_string(window.rows.front()) + " to " +
         std::to_string(window.rows.back()) + ", steps " +
         std::to_string(window.first) + " to " +
         std::to_string(window.first + window.count - 1) + " of it, ";
}

/// The place of a window of a tensor [B, T, n] in the numbers of the whole.
std::vector<float> take(const SampleNumbers &numbers, std::string_view tensor,
                        const LayerSizes &whole, const Window &window,
                        std::int64_t width) {
  std::vector<float> taken;
  for (const std::int64_t row : window.rows) {
    const std::vector<float> part =
        numbers.of(tensor, whole, (row * whole.time + window.first) * width,
                   window.count * width);
    taken.insert(taken.end(), part.begin(), part.end());
  }
  return taken;
}

LayerNumbers resultsOf(const MeasuredLayer &layer, const Window &window) {
  return {{"output", layer.numbers("output", window)}};
}

[[noreturn]] void fail(const Manifest &manifest, const LayerSizes &sizes,
                       const std::string &where) {
  throw Error("cell '" + manifest.cell +
              "' at BxTxDxH = " + formatSizes(sizes) + " on " +
              manifest.target + ": wrong result, no time is given: " + where);
}

} // namespace

Tolerance minrnn::bench::toleranceOf(std::string_view ioType) {
  switch (elementTypeOf(ioType)) {
  case ElementType::F32:
    return {.output = 2e-5, .gradient = 2e-4};
  case ElementType::F16:
    return {.output = 0x1p-8, .gradient = 0x1p-7};
  default:
    return {.output = 0x1p-5, .gradient = 0x1p-4};
  }
}

std::optional<std::string> minrnn::bench::findMismatch(
    std::span<const float> expected, std::span<const float> found,
    std::span<const std::int64_t> shape, double tolerance) {
  if (expected.size() != found.size())
    return "expected " + std::to_string(expected.size()) + " numbers, found " +
           std::to_string(found.size());
  double squares = 0;
  for (const double number : expected)
    squares += number * number;
  const double typical = std::sqrt(
      squares / static_cast<double>(std::max<std::size_t>(expected.size(), 1)));
  for (std::size_t i = 0; i < expected.size(); ++i) {
    const double want = expected[i];
    // Written so that NaN fails as well.
    if (!(std::abs(found[i] - want) <= tolerance * (std::abs(want) + typical)))
      return "element " + formatIndex(shape, static_cast<std::int64_t>(i)) +
             ": expected " + formatNumber(expected[i]) + ", found " +
             formatNumber(found[i]);
  }
  return std::nullopt;
}

CellOutputs Reference::expect(const LayerSizes &whole, const Window &window,
                              std::vector<float> initial,
                              bool wantsGradients) const {
  const Manifest &manifest = cell.manifest();
  CellInputs inputs{
      {std::ssize(window.rows), window.count, whole.inputs, whole.channels},
      wantsGradients,
      {},
      {}};
  inputs.tensors["input"] = take(numbers, "input", whole, window, whole.inputs);
  if (wantsGradients)
    inputs.tensors["d_output"] =
        take(numbers, "d_output", whole, window, whole.channels);
  if (!initial.empty())
    inputs.tensors["initial"] = std::move(initial);
  const TensorSizes sizes(manifest, whole, Procedure::Forward);
  for (const ProgramTensor &tensor : manifest.program.tensors)
    if (tensor.role == Role::Parameter)
      inputs.tensors[tensor.name] =
          numbers.of(tensor.name, whole, 0, sizes.elements(tensor));
  for (const CellTensor &tensor : cellTensors(manifest, inputs.sizes))
    if (inputs.tensors.contains(tensor.tensor->name) &&
        tensor.tensor->name != "initial")
      inputs.given.insert(tensor.name);
  NonFiniteReport report(/*allowed=*/true);
  CellOutputs outputs = runCell(cell, inputs, {.bySteps = true}, report);
  if (!report.isEmpty())
    throw Error("cell '" + manifest.cell +
                "' leaves the finite numbers on random ones, so that its "
                "results cannot be judged: " +
                report.words());
  return outputs;
}

void Reference::checkWindow(const MeasuredLayer &layer,
                            const Window &window) const {
  const Manifest &manifest = layer.kernels().manifest();
  const LayerSizes &whole = layer.sizes();
  std::vector<float> initial;
  if (window.first > 0)
    initial = layer.numbers(manifest.outputIsState() ? "output" : "states",
                            {window.rows, window.first - 1, 1});
  // The gradient of a step comes from all later ones.
  const bool hasGradients = window.first + window.count == whole.time;
  const CellOutputs expected =
      expect(whole, window, std::move(initial), hasGradients);
  const Tolerance tolerance = toleranceOf(manifest.ioType);
  const LayerSizes sizes{std::ssize(window.rows), window.count, whole.inputs,
                         whole.channels};
  const auto compare = [&](const std::string &name,
                           const std::vector<float> &found, double allowed) {
    for (const CellOutput &output : expected)
      if (output.name == name)
        if (const auto wrong =
                findMismatch(output.data, found, output.shape, allowed))
          fail(manifest, whole,
               describeWindow(window, whole) + "tensor '" + name + "', " + *wrong);
  };
  compare(manifest.output, layer.numbers("output", window), tolerance.output);
  if (!hasGradients)
    return;
  compare("d_x", layer.numbers("d_input", window), tolerance.gradient);
  // The others are sums over all rows and steps.
  if (!isWhole(window, whole))
    return;
  for (const CellTensor &tensor : cellTensors(manifest, sizes))
    if (tensor.tensor->role == Role::Parameter &&
        layer.has("d_" + tensor.tensor->name))
      compare("d_" + tensor.name,
              tensor.take(layer.numbers("d_" + tensor.tensor->name)),
              tolerance.gradient);
}

Checked Reference::check(MeasuredLayer &layer) const {
  const Manifest &manifest = layer.kernels().manifest();
  const LayerSizes &sizes = layer.sizes();
  layer.spoilResults();
  layer.run(Procedure::Forward, Extent::Whole);
  layer.run(Procedure::Backward, Extent::Whole);
  const double work = workOfStep(manifest, sizes);
  if (static_cast<double>(sizes.batch * sizes.time) * work <= mostWork) {
    const Window all{allOf(sizes.batch), 0, sizes.time};
    checkWindow(layer, all);
    return {"all of it", all, resultsOf(layer, all)};
  }
  Window window{someRows(sizes.batch), 0, 0};
  window.count =
      std::min(sizes.time,
               std::clamp(static_cast<std::int64_t>(
                              mostWork /
                              (static_cast<double>(window.rows.size()) * work)),
                          fewestSteps, mostSteps));
  const std::string rows = std::to_string(window.rows.size()) + " of " +
                           std::to_string(sizes.batch) + " rows, the first " +
                           std::to_string(window.count) + " steps";
  checkWindow(layer, window);
  std::string words = rows;
  // The step that a window begins with starts from states that were kept.
  if (window.count < sizes.time &&
      (manifest.outputIsState() || !manifest.recomputesStates())) {
    window.first = sizes.time - window.count;
    checkWindow(layer, window);
    words += " and the last";
  }
  const LayerSizes smaller{std::ssize(window.rows), window.count, sizes.inputs,
                           sizes.channels};
  MeasuredLayer small(layer.kernels(), smaller, numbers);
  small.spoilResults();
  small.run(Procedure::Forward, Extent::Whole);
  small.run(Procedure::Backward, Extent::Whole);
  checkWindow(small, {allOf(smaller.batch), 0, smaller.time});
  return {words + "; all of a layer of " + formatSizes(smaller), window,
          resultsOf(layer, window)};
}

void minrnn::bench::checkAgain(const MeasuredLayer &layer,
                               const Checked &checked) {
  for (const auto &[tensor, numbers] : checked.seen) {
    const std::vector<float> now = layer.numbers(tensor, checked.window);
    for (std::size_t i = 0; i < numbers.size(); ++i)
      if (std::bit_cast<std::uint32_t>(numbers[i]) !=
          std::bit_cast<std::uint32_t>(now[i]))
        fail(layer.kernels().manifest(), layer.sizes(),
             "the timed runs gave other bits of '" + tensor +
                 "' than the one that was checked: expected " +
                 formatNumber(numbers[i]) + ", found " + formatNumber(now[i]));
  }
}

std::string Reference::checkSteps(const CellKernels &device,
                                  const LayerSizes &sizes) const {
  const Manifest &manifest = device.manifest();
  LayerSizes tokens = sizes;
  tokens.time = fewestSteps;
  DecodeLayer layer(device, sizes, numbers);
  const CellOutputs expected =
      expect(tokens, {allOf(tokens.batch), 0, tokens.time}, {}, false);
  std::vector<float> found;
  for (std::int64_t t = 0; t < tokens.time; ++t) {
    layer.setInput(take(numbers, "input", tokens, {allOf(tokens.batch), t, 1},
                        tokens.inputs));
    layer.step();
    putPlace(layer.output(), {tokens.batch, tokens.time, t}, found);
  }
  for (const CellOutput &output : expected)
    if (output.name == manifest.output)
      if (const auto wrong = findMismatch(output.data, found, output.shape,
                                          toleranceOf(manifest.ioType).output))
        fail(manifest, tokens,
             "by steps, tensor '" + output.name + "', " + *wrong);
  return "the first " + std::to_string(tokens.time) + " tokens";
}
