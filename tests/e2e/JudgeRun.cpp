//===- JudgeRun.cpp - Judges what `minrnn run` has written ----------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
//   judge-run CELL IN.safetensors OUT.safetensors [--grad]
//
// Evaluates CELL (a name such as mingru) in double on the tensors of IN, the
// projections included, and compares with every tensor of OUT. Exit status 0
// and one line of the largest relative errors, or 1 and what differs.
//
//===----------------------------------------------------------------------===//

#include "minrnn/safetensors.h"
#include "tests/reference/Cells.h"
#include "tests/reference/Samples.h"

#include <cmath>
#include <exception>
#include <iostream>
#include <map>
#include <set>
#include <stdexcept>
#include <string>
#include <vector>

using namespace minrnn;
using namespace minrnn::reference;

namespace {

/// Tensors in double, by name; the absolute values of their terms beside them.
struct Judged {
  std::vector<int64_t> shape;
  std::vector<double> values;
  std::vector<double> magnitude;
};

Cell cellOf(std::string_view wanted) {
  for (Cell cell : allCells)
    if (name(cell) == wanted)
      return cell;
  throw std::invalid_argument("unknown cell '" + std::string(wanted) + "'");
}

std::vector<double> load(const SafetensorsReader &file, std::string_view name) {
  return widen(file.readFloats(name, file.info(name).shape));
}

/// Everything that OUT must hold, worked out from IN.
class Judgement {
public:
  Judgement(Cell cell, const SafetensorsReader &in)
      : in(in), cell(cell), x(load(in, "x")) {
    const std::vector<int64_t> &sizes = in.info("x").shape;
    width = sizes.at(2);
    for (std::string_view gate : gates(cell)) {
      weights.push_back(load(in, std::string(gate) + ".weight"));
      std::string bias = std::string(gate) + ".bias";
      biases.push_back(in.contains(bias) ? load(in, bias)
                                         : std::vector<double>{});
    }
    shape = {sizes.at(0), sizes.at(1),
             in.info(std::string(gates(cell)[0]) + ".weight").shape.at(0)};
    if (in.contains("h0"))
      inputs.initial = load(in, "h0");
    project();
  }

  std::map<std::string, Judged> forwardTensors() const {
    Outputs run = forward(cell, shape, inputs);
    return {{"h",
             {{shape.batch, shape.time, shape.channels},
              run.output,
              run.outputMagnitude}},
            {"h_last", {{shape.batch, shape.channels}, run.last, run.last}}};
  }

  std::map<std::string, Judged> gradientTensors() const {
    std::vector<double> dLast;
    if (in.contains("dh_last"))
      dLast = load(in, "dh_last");
    Gradients gradients = backward(cell, shape, inputs, load(in, "dh"), dLast);
    std::map<std::string, Judged> result;

    Judged dX{{shape.batch, shape.time, width}, {}, {}};
    dX.values.resize(x.size());
    dX.magnitude.resize(x.size());
    for (size_t g = 0; g < weights.size(); ++g) {
      std::string gate(gates(cell)[g]);
      Judged dWeight{{shape.channels, width}, {}, {}};
      dWeight.values.resize(weights[g].size());
      dWeight.magnitude.resize(weights[g].size());
      Judged dBias{{shape.channels}, {}, {}};
      dBias.values.resize(shape.channels);
      dBias.magnitude.resize(shape.channels);
      for (int64_t step = 0; step < shape.batch * shape.time; ++step)
        for (int64_t c = 0; c < shape.channels; ++c) {
          size_t place = (step * weights.size() + g) * shape.channels + c;
          double gradient = gradients.preactivations[place];
          double magnitude = gradients.preactivationsMagnitude[place];
          dBias.values[c] += gradient;
          dBias.magnitude[c] += magnitude;
          for (int64_t d = 0; d < width; ++d) {
            double weight = weights[g][c * width + d];
            double input = x[step * width + d];
            dX.values[step * width + d] += gradient * weight;
            dX.magnitude[step * width + d] += magnitude * std::abs(weight);
            dWeight.values[c * width + d] += gradient * input;
            dWeight.magnitude[c * width + d] += magnitude * std::abs(input);
          }
        }
      result.emplace("d_" + gate + ".weight", std::move(dWeight));
      if (!biases[g].empty())
        result.emplace("d_" + gate + ".bias", std::move(dBias));
    }
    result.emplace("d_x", std::move(dX));
    if (!inputs.initial.empty())
      result.emplace("d_h0", Judged{{shape.batch, shape.channels},
                                    gradients.initial,
                                    gradients.initialMagnitude});
    return result;
  }

private:
  /// preactivations[b, t, g, h] = sum over d of x[b, t, d] W_g[h, d], + b_g.
  void project() {
    for (int64_t step = 0; step < shape.batch * shape.time; ++step)
      for (size_t g = 0; g < weights.size(); ++g)
        for (int64_t c = 0; c < shape.channels; ++c) {
          double sum = biases[g].empty() ? 0 : biases[g][c];
          for (int64_t d = 0; d < width; ++d)
            sum += x[step * width + d] * weights[g][c * width + d];
          inputs.preactivations.push_back(sum);
        }
  }

  const SafetensorsReader &in;
  Cell cell;
  Shape shape;
  int64_t width = 0;
  std::vector<double> x;
  std::vector<std::vector<double>> weights;
  std::vector<std::vector<double>> biases;
  Inputs inputs;
};

/// Returns whether `out` holds just the tensors of `expected`, within bounds.
bool judge(const std::map<std::string, Judged> &expected,
           const SafetensorsReader &out) {
  bool agrees = true;
  for (const auto &[name, info] : out.tensors())
    if (!expected.contains(name)) {
      std::cout << name << ": not expected\n";
      agrees = false;
    }
  for (const auto &[name, judged] : expected) {
    // The projections are sums of terms of both signs, so here the forward,
    // too, has an absolute part.
    Tolerance tolerance =
        name.starts_with("d_") ? Tolerance{1e-5, 1e-4} : Tolerance{1e-5, 1e-5};
    Comparison comparison = compare(out.readFloats(name, judged.shape),
                                    judged.values, tolerance, judged.magnitude);
    std::cout << name << ": ";
    if (comparison.agrees)
      std::cout << "agrees, largest relative error "
                << comparison.largestRelative << "\n";
    else
      std::cout << comparison.message << "\n";
    agrees = agrees && comparison.agrees;
  }
  return agrees;
}

} // namespace

int main(int argc, char **argv) {
  std::vector<std::string> arguments(argv + 1, argv + argc);
  bool withGradients = arguments.size() == 4 && arguments[3] == "--grad";
  if (arguments.size() != (withGradients ? 4 : 3)) {
    std::cerr << "usage: judge-run CELL IN OUT [--grad]\n";
    return 2;
  }
  try {
    SafetensorsReader in(arguments[1]);
    SafetensorsReader out(arguments[2]);
    Judgement judgement(cellOf(arguments[0]), in);
    std::map<std::string, Judged> expected = judgement.forwardTensors();
    if (withGradients)
      expected.merge(judgement.gradientTensors());
    if (!judge(expected, out))
      return 1;
    std::cout << "all agree\n";
    return 0;
  } catch (const std::exception &exception) {
    std::cerr << "judge-run: error: " << exception.what() << "\n";
    return 1;
  }
}
