//===- RunReference.cpp - What `minrnn run` is to write -------------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tests/reference/RunReference.h"

#include "tests/reference/HalfStorage.h"

#include <cmath>

using namespace minrnn::reference;
using Numbers = std::vector<double>;

namespace {

class Run {
public:
  Run(const ParsedCell &cell, const FileTensors &tensors,
      const RunOptions &options)
      : cell(cell), tensors(tensors), options(options),
        batch(options.shape.batch), steps(batch * options.shape.time),
        inputs(options.inputs), channels(options.shape.channels),
        x(stored("x")), call(makeCall()) {}

  std::map<std::string, Estimates> expected() const {
    std::map<std::string, Estimates> all;
    const CallResults results = evaluate(cell, call);
    const std::string output = cell.hasSeparateOutput ? "y" : cell.states[0];
    all[output] = results.output;
    const auto states = std::ssize(cell.states);
    for (int64_t s = 0; s < states; ++s) {
      all.try_emplace(cell.states[s], partOf(results.states, states, s));
      all[cell.states[s] + "_last"] = partOf(results.last, states, s);
    }
    if (options.gradients)
      addGradients(all, output);
    return all;
  }

private:
  /// The numbers of a tensor; zeros where there is none.
  Numbers numbers(const std::string &name, int64_t count) const {
    auto found = tensors.find(name);
    return found == tensors.end() ? Numbers(count) : found->second;
  }
  /// The same as a layer stores a sequence or a weight.
  Numbers stored(const std::string &name) const {
    Numbers values = tensors.at(name);
    for (double &number : values)
      number = roundedTo(options.ioType, static_cast<float>(number));
    return values;
  }
  /// One [B, H] a state as [B, S, H].
  Numbers packedStates(const std::string &before,
                       const std::string &after) const {
    Numbers packed;
    for (int64_t row = 0; row < batch; ++row)
      for (const std::string &state : cell.states) {
        std::string name = before;
        name.append(state).append(after);
        const Numbers one = numbers(name, batch * channels);
        packed.insert(packed.end(), one.begin() + row * channels,
                      one.begin() + (row + 1) * channels);
      }
    return packed;
  }

  Call makeCall() const {
    Call made;
    made.shape = options.shape;
    made.reverse = options.reverse;
    made.logarithmic = options.logarithmic;
    auto append = [&](Numbers &to, const Numbers &from) {
      to.insert(to.end(), from.begin(), from.end());
    };
    std::vector<Numbers> weights;
    for (const std::string &gate : cell.gates) {
      weights.push_back(stored(gate + ".weight"));
      append(made.bias, numbers(gate + ".bias", channels));
    }
    for (int64_t step = 0; step < steps; ++step)
      for (const Numbers &weight : weights)
        for (int64_t h = 0; h < channels; ++h) {
          double sum = 0;
          for (int64_t d = 0; d < inputs; ++d)
            sum += x[step * inputs + d] * weight[h * inputs + d];
          made.preactivations.push_back(
              roundedTo(options.ioType, static_cast<float>(sum)));
        }
    if (cell.readsInput)
      made.input = x;
    for (const ParsedProjection &gate : cell.recurrent) {
      append(made.recurrentWeight, tensors.at(gate.name + ".weight"));
      append(made.recurrentBias, numbers(gate.name + ".bias", channels));
    }
    for (const std::string &parameter : cell.parameters)
      append(made.parameters, tensors.at(parameter));
    if (auto reset = tensors.find("reset"); reset != tensors.end())
      made.reset.assign(reset->second.begin(), reset->second.end());
    made.initial = packedStates("", "0");
    return made;
  }

  /// Adds `factor` times a number that is off by as much as `from[index]`.
  static void addScaled(Estimates &to, int64_t place, const Estimates &from,
                        int64_t index, double factor = 1) {
    to.value[place] += factor * from.value[index];
    to.magnitude[place] += std::abs(factor) * from.magnitude[index];
    to.error[place] += scaled(std::abs(factor), from.error[index]);
  }
  /// Of rows[n, parts, H], one part.
  Estimates partOf(const Estimates &rows, int64_t parts, int64_t part) const {
    Estimates taken;
    const int64_t count = std::ssize(rows.value) / parts;
    taken.resize(count);
    for (int64_t i = 0; i < count; ++i)
      addScaled(taken, i, rows,
                (i / channels * parts + part) * channels + i % channels);
    return taken;
  }
  /// The sum of rows[n, parts, H] over the rows, one part of it.
  Estimates sumOfRows(const Estimates &rows, int64_t parts,
                      int64_t part) const {
    Estimates sum;
    sum.resize(channels);
    const Estimates taken = partOf(rows, parts, part);
    for (int64_t i = 0; i < std::ssize(taken.value); ++i)
      addScaled(sum, i % channels, taken, i);
    return sum;
  }

  void addGradients(std::map<std::string, Estimates> &all,
                    const std::string &output) const {
    const CallGradients gradients = differentiate(
        cell, call, tensors.at("d" + output), packedStates("d", "_last"));
    Estimates &dX = all["d_x"];
    dX.resize(steps * inputs);
    for (int64_t i = 0; cell.readsInput && i < steps * inputs; ++i)
      addScaled(dX, i, gradients.input, i);
    const auto gates = std::ssize(cell.gates);
    for (int64_t g = 0; g < gates; ++g) {
      const std::string &gate = cell.gates[g];
      const Numbers weight = stored(gate + ".weight");
      const Estimates own = partOf(gradients.preactivations, gates, g);
      Estimates &dWeight = all["d_" + gate + ".weight"];
      dWeight.resize(channels * inputs);
      for (int64_t i = 0; i < steps * channels; ++i)
        for (int64_t d = 0; d < inputs; ++d) {
          const int64_t from = i / channels * inputs + d;
          const int64_t to = i % channels * inputs + d;
          addScaled(dX, from, own, i, weight[to]);
          addScaled(dWeight, to, own, i, x[from]);
        }
      if (tensors.contains(gate + ".bias"))
        all["d_" + gate + ".bias"] =
            sumOfRows(gradients.preactivations, gates, g);
    }
    const auto projections = std::ssize(cell.recurrent);
    const int64_t square = channels * channels;
    for (int64_t r = 0; r < projections; ++r) {
      const std::string &gate = cell.recurrent[r].name;
      Estimates &dWeight = all["d_" + gate + ".weight"];
      dWeight.resize(square);
      for (int64_t i = 0; i < square; ++i)
        addScaled(dWeight, i, gradients.recurrentWeight, r * square + i);
      if (tensors.contains(gate + ".bias"))
        all["d_" + gate + ".bias"] =
            sumOfRows(gradients.recurrentBias, projections, r);
    }
    const auto parameters = std::ssize(cell.parameters);
    for (int64_t p = 0; p < parameters; ++p)
      all["d_" + cell.parameters[p]] =
          sumOfRows(gradients.parameters, parameters, p);
    const auto states = std::ssize(cell.states);
    for (int64_t s = 0; s < states; ++s)
      if (tensors.contains(cell.states[s] + "0"))
        all["d_" + cell.states[s] + "0"] = partOf(gradients.initial, states, s);
  }

  const ParsedCell &cell;
  const FileTensors &tensors;
  const RunOptions &options;
  int64_t batch, steps, inputs, channels;
  Numbers x;
  Call call;
};

} // namespace

std::map<std::string, Estimates>
minrnn::reference::expectedRun(const ParsedCell &cell,
                               const FileTensors &tensors,
                               const RunOptions &options) {
  return Run(cell, tensors, options).expected();
}
