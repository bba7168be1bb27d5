//===- Reference.cpp - Whether a layer's results are right ----------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/tools/bench/Reference.h"

#include "minrnn/error.h"
#include "minrnn/safetensors.h"
#include "runtime/core/CellTensors.h"
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

/// Multiplications of a run by steps that take about a second: with the
/// gradients of the parameters, which are summed in double at each step, and
/// without.
constexpr double mostWork = 3e8;
constexpr double mostWorkOfWindow = 3e9;
/// Inputs of a layer whose steps shall cost little.
constexpr std::int64_t fewInputs = 16;
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

/// The last steps of numbers [rows, steps, n] of a window.
Expected lastSteps(const Expected &expected, std::int64_t count) {
  const std::int64_t rows = expected.shape[0];
  const std::int64_t steps = expected.shape[1];
  Expected last{{rows, count, expected.shape[2]}, {}, expected.typical};
  for (std::int64_t t = 0; t < count; ++t)
    putPlace(takePlace(expected.numbers, {rows, steps, steps - count + t}),
             {rows, count, t}, last.numbers);
  return last;
}

/// Of a tensor in a window, for messages.
std::string describePlace(const std::string &tensor, const Window &window,
                          const LayerSizes &sizes) {
  if (isWhole(window, sizes))
    return "tensor '" + tensor + "', ";
  std::string rows;
  for (const std::int64_t row : window.rows)
    rows += (rows.empty() ? "" : ", ") + std::to_string(row);
  return "tensor '" + tensor + "', of rows " + rows + " and steps " +
         std::to_string(window.first) + " to " +
         std::to_string(window.first + window.count - 1) + ", ";
}

[[noreturn]] void fail(const Manifest &manifest, const LayerSizes &sizes,
                       const std::string &where) {
  throw Error("cell '" + manifest.cell + "' at BxTxDxH = " +
              formatSizes(sizes) + ", compiled for " + manifest.target +
              ": wrong result, so no time is given: " + where);
}

} // namespace

Tolerance minrnn::bench::toleranceOf(const Manifest &manifest) {
  const ElementType type = elementTypeOf(manifest.ioType);
  if (type == ElementType::F32)
    return {.output = 1e-5, .gradient = 1e-4};
  // What fast math adds to f16 leaves it no better than bf16
  // (specs/numerics.md, "Fast math").
  if (type == ElementType::F16 && manifest.math == Math::Precise)
    return {.output = 0x1p-9, .gradient = 0x1p-8};
  return {.output = 0x1p-6, .gradient = 0x1p-5};
}

std::optional<std::string>
minrnn::bench::findMismatch(const Expected &expected,
                            std::span<const float> found, double tolerance) {
  const std::vector<float> &numbers = expected.numbers;
  if (numbers.size() != found.size())
    return "expected " + std::to_string(numbers.size()) + " numbers, found " +
           std::to_string(found.size());
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    const double want = numbers[i];
    // Written so that NaN fails as well.
    if (!(std::abs(found[i] - want) <=
          tolerance * (std::abs(want) + expected.typical)))
      return "element " +
             formatIndex(expected.shape, static_cast<std::int64_t>(i)) +
             ": expected " + formatNumber(numbers[i]) + ", found " +
             formatNumber(found[i]);
  }
  return std::nullopt;
}

void Reference::checkWindow(const MeasuredLayer &layer,
                            const Window &window) const {
  const Manifest &manifest = layer.kernels().manifest();
  const LayerSizes &whole = layer.sizes();
  std::vector<float> initial;
  Window compared = window;
  if (window.first > 0) {
    initial = layer.numbers(manifest.outputIsState() ? "output" : "states",
                            {window.rows, window.first - 1, 1});
    // What was kept is rounded, what was carried is not: the first half of the
    // steps forgets that.
    if (manifest.ioType != "f32") {
      compared.count = window.count / 2;
      compared.first = window.first + window.count - compared.count;
    }
  }
  // The gradient of a step comes from all later ones.
  const bool hasGradients = window.first + window.count == whole.time;
  const Gradients gradients = isWhole(window, whole) ? Gradients::All
                              : hasGradients         ? Gradients::OfInput
                                                     : Gradients::None;
  const ExpectedTensors expected =
      runBySteps(host, numbers, whole, window, std::move(initial), gradients);
  const Tolerance tolerance = toleranceOf(manifest);
  const auto compare = [&](const std::string &name, const Expected &all) {
    std::optional<std::string> wrong;
    if (name == "output" || name == "d_input")
      wrong = findMismatch(
          lastSteps(all, compared.count), layer.numbers(name, compared),
          name == "output" ? tolerance.output : tolerance.gradient);
    else if (!all.numbers.empty())
      wrong = findMismatch(all, layer.numbers(name), tolerance.gradient);
    if (wrong)
      fail(manifest, whole, describePlace(name, compared, whole) + *wrong);
  };
  // First what the gradients come from.
  compare("output", expected.at("output"));
  for (const auto &[name, all] : expected)
    compare(name, all);
}

Checked Reference::check(MeasuredLayer &layer) const {
  const auto run = [](MeasuredLayer &what) {
    what.spoilResults();
    what.run(Procedure::Forward, Extent::Whole);
    what.run(Procedure::Backward, Extent::Whole);
  };
  const auto seen = [&](const std::string &words, const Window &window) {
    return Checked{words, window, layer.numbers("output", window)};
  };
  const Manifest &manifest = layer.kernels().manifest();
  const LayerSizes &sizes = layer.sizes();
  run(layer);
  if (static_cast<double>(sizes.batch * sizes.time) *
          workOfStep(manifest, sizes) <=
      mostWork) {
    const Window all{allOf(sizes.batch), 0, sizes.time};
    checkWindow(layer, all);
    return seen("all of it", all);
  }
  const auto stepsWithin = [&](double most, const LayerSizes &of) {
    return std::min(of.time,
                    std::clamp(static_cast<std::int64_t>(
                                   most / (static_cast<double>(of.batch) *
                                           workOfStep(manifest, of))),
                               fewestSteps, mostSteps));
  };
  Window window{someRows(sizes.batch), 0, 0};
  LayerSizes some = sizes;
  some.batch = std::ssize(window.rows);
  window.count = stepsWithin(mostWorkOfWindow, some);
  std::string words = std::to_string(window.rows.size()) + " of " +
                      std::to_string(sizes.batch) + " rows, " +
                      std::to_string(window.count) + " steps each at the start";
  std::vector<std::int64_t> firsts = {0};
  // The step that a window begins with starts from states that were kept.
  if (window.count < sizes.time &&
      (manifest.outputIsState() || !manifest.recomputesStates())) {
    firsts.push_back((sizes.time - window.count) / 2);
    firsts.push_back(sizes.time - window.count);
    words += ", in the middle and at the end";
  }
  for (const std::int64_t first : firsts) {
    window.first = first;
    checkWindow(layer, window);
  }
  if (!manifest.readsInput())
    some.inputs = std::min(some.inputs, fewInputs);
  some.time = stepsWithin(mostWork, some);
  MeasuredLayer small(layer.kernels(), some, numbers);
  run(small);
  checkWindow(small, {allOf(some.batch), 0, some.time});
  return seen(words + "; all of a layer of " + formatSizes(some), window);
}

void minrnn::bench::checkAgain(const MeasuredLayer &layer,
                               const Checked &checked) {
  const std::vector<float> now = layer.numbers("output", checked.window);
  for (std::size_t i = 0; i < now.size(); ++i)
    if (std::bit_cast<std::uint32_t>(checked.outputs[i]) !=
        std::bit_cast<std::uint32_t>(now[i]))
      fail(layer.kernels().manifest(), layer.sizes(),
           "the timed runs gave another output than the run that was checked: "
           "expected " +
               formatNumber(checked.outputs[i]) + ", found " +
               formatNumber(now[i]));
}

std::string Reference::checkSteps(const CellKernels &cell,
                                  const LayerSizes &sizes) const {
  LayerSizes tokens = sizes;
  tokens.time = fewestSteps;
  const Window all{allOf(tokens.batch), 0, tokens.time};
  const Expected expected =
      runBySteps(host, numbers, tokens, all, {}, Gradients::None).at("output");
  DecodeLayer layer(cell, sizes, numbers);
  std::vector<float> found;
  for (std::int64_t t = 0; t < tokens.time; ++t) {
    layer.setInput(
        numbersOf(numbers, "input", tokens, {all.rows, t, 1}, tokens.inputs));
    layer.step();
    putPlace(layer.output(), {tokens.batch, tokens.time, t}, found);
  }
  const Manifest &manifest = cell.manifest();
  if (const auto wrong =
          findMismatch(expected, found, toleranceOf(manifest).output))
    fail(manifest, tokens, "by steps, tensor 'output', " + *wrong);
  return "the first " + std::to_string(tokens.time) + " tokens";
}
