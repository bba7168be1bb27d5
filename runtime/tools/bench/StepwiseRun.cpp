//===- StepwiseRun.cpp - A layer run by single steps on the host ----------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/tools/bench/StepwiseRun.h"

#include "minrnn/error.h"
#include "minrnn/safetensors.h"
#include "runtime/core/CellTensors.h"
#include "runtime/core/HalfStorage.h"

#include <algorithm>
#include <cmath>

using namespace minrnn;
using namespace minrnn::bench;

namespace {

/// The sum of a gradient's parts, one of each step.
struct Sum {
  std::vector<double> sum;
  std::vector<double> squares;

  void add(const std::vector<float> &part) {
    sum.resize(part.size());
    squares.resize(part.size());
    for (std::size_t i = 0; i < part.size(); ++i) {
      const double number = part[i];
      sum[i] += number;
      squares[i] += number * number;
    }
  }
};

template <typename Numbers> double sumOfSquares(const Numbers &numbers) {
  double sum = 0;
  for (const double number : numbers)
    sum += number * number;
  return sum;
}

double meanRoot(double sum, std::size_t count) {
  return count == 0 ? 0 : std::sqrt(sum / static_cast<double>(count));
}

class StepwiseRun {
public:
  StepwiseRun(const CellKernels &host, const SampleNumbers &numbers,
              const LayerSizes &whole, const Window &window, bool isTraining)
      : manifest(host.manifest()), numbers(numbers), whole(whole),
        window(window), rows(std::ssize(window.rows)),
        layer(host, {rows, 1, whole.inputs, whole.channels},
              {.training = isTraining, .precision = Precision::Double}) {
    for (const LayerTensor &tensor : layer.layer().tensors(Role::Parameter)) {
      const std::int64_t size = bytesOfElement(tensor.element);
      layer.set(tensor.name,
                numbers.of(tensor.name, whole, 0,
                           static_cast<std::int64_t>(tensor.bytes) / size));
    }
    layer.want("last");
  }

  void forward(std::vector<float> states) {
    const LayerTensor last = layer.layer().tensor("last");
    states.resize(last.bytes / sizeof(float));
    for (std::int64_t t = 0; t < window.count; ++t) {
      before.push_back(states);
      layer.set("initial", states);
      layer.set("input", ofStep("input", t, whole.inputs));
      layer.step();
      states = layer.get("last");
      put("output", layer.get("output"), t, whole.channels);
    }
  }

  void backward(Gradients gradients) {
    std::vector<std::string> wanted;
    for (const LayerTensor &tensor : layer.layer().tensors(Role::Gradient))
      if (tensor.of == "input" || tensor.of == "initial" ||
          (gradients == Gradients::All && tensor.of != "output" &&
           tensor.of != "last")) {
        layer.want(tensor.name);
        wanted.push_back(tensor.name);
      }
    std::vector<float> dStates(before.front().size());
    for (std::int64_t t = window.count; t-- > 0;) {
      layer.set("input", ofStep("input", t, whole.inputs));
      layer.set("initial", asKept(before[static_cast<std::size_t>(t)]));
      layer.forward();
      layer.set("d_output", ofStep("d_output", t, whole.channels));
      layer.set("d_last", dStates);
      layer.backward();
      dStates = layer.get("d_initial");
      for (const std::string &name : wanted)
        if (name == "d_input")
          put(name, layer.get(name), t, whole.inputs);
        else if (name != "d_initial")
          sums[name].add(layer.get(name));
    }
  }

  ExpectedTensors results() {
    for (auto &[name, expected] : tensors)
      expected.typical =
          meanRoot(sumOfSquares(expected.numbers), expected.numbers.size());
    for (const auto &[name, sum] : sums) {
      double squares = 0;
      for (const double square : sum.squares)
        squares += square;
      tensors[name] = {layer.layer().tensor(name).shape,
                       {sum.sum.begin(), sum.sum.end()},
                       meanRoot(squares, sum.squares.size())};
    }
    for (const auto &[name, expected] : tensors)
      if (const auto fault = findNotFinite(expected.shape, expected.numbers))
        throw Error("cell '" + manifest.cell +
                    "', step by step on the host: '" + name + "', " + *fault +
                    "; what leaves the finite numbers cannot be judged");
    return std::move(tensors);
  }

private:
  std::vector<float> ofStep(std::string_view tensor, std::int64_t t,
                            std::int64_t width) const {
    return numbersOf(numbers, tensor, whole, {window.rows, window.first + t, 1},
                     width);
  }

  void put(const std::string &tensor, const std::vector<float> &step,
           std::int64_t t, std::int64_t width) {
    Expected &expected = tensors[tensor];
    expected.shape = {rows, window.count, width};
    putPlace(step, {rows, window.count, t}, expected.numbers);
  }

  /// States as `backward` of a whole sequence has them: those that it computes
  /// again are f32.
  std::vector<float> asKept(std::vector<float> states) const {
    const ElementType type = elementTypeOf(manifest.ioType);
    if (type != ElementType::F32 && !manifest.recomputesStates())
      for (float &number : states)
        number = widen(type, narrow(type, number));
    return states;
  }

  const Manifest &manifest;
  const SampleNumbers &numbers;
  const LayerSizes &whole;
  const Window &window;
  std::int64_t rows;
  FloatLayer layer;
  /// The states before each step.
  std::vector<std::vector<float>> before;
  ExpectedTensors tensors;
  std::map<std::string, Sum> sums;
};

} // namespace

std::vector<float> minrnn::bench::numbersOf(const SampleNumbers &numbers,
                                            std::string_view tensor,
                                            const LayerSizes &whole,
                                            const Window &window,
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

ExpectedTensors
minrnn::bench::runBySteps(const CellKernels &host, const SampleNumbers &numbers,
                          const LayerSizes &whole, const Window &window,
                          std::vector<float> initial, Gradients gradients) {
  const bool isTraining = gradients != Gradients::None;
  StepwiseRun run(host, numbers, whole, window, isTraining);
  run.forward(std::move(initial));
  if (isTraining)
    run.backward(gradients);
  return run.results();
}
