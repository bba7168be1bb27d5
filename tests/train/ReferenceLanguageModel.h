//===- ReferenceLanguageModel.h - A language model in double ----*- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_TESTS_TRAIN_REFERENCELANGUAGEMODEL_H
#define MINRNN_TESTS_TRAIN_REFERENCELANGUAGEMODEL_H

#include "tests/layers/HostLayers.h"
#include "tests/runtime/ReferenceLayers.h"
#include "tests/runtime/ReferenceRecurrent.h"
#include "tests/train/SmallTraining.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace minrnn::test {

/// A model's equations, evaluated in plain double for the parameters `p`.
class ReferenceLanguageModel {
public:
  ReferenceLanguageModel(const LanguageModel &model,
                         const reference::ParsedCell &equations)
      : model(model), equations(equations), options(model.options()),
        width(static_cast<std::size_t>(options.width)),
        channels(static_cast<std::size_t>(options.channels())),
        vocabulary(static_cast<std::size_t>(options.vocabulary)) {}

  /// The training step whose dropout masks are laid on; none: no dropout.
  std::optional<std::uint64_t> step;

  /// logits[batch, time, vocabulary].
  Numbers logits(const Numbers &p, std::size_t batch, std::size_t time,
                 const std::vector<std::int32_t> &tokens) const {
    const std::size_t rows = batch * time;
    const auto part = [&](const std::string &name) { return of(p, name); };
    const Numbers table = part("embedding.weight");
    Numbers x;
    for (const std::int32_t token : tokens)
      x.insert(x.end(), table.begin() + token * options.width,
               table.begin() + (token + 1) * options.width);
    dropOut(x, 0);
    std::uint64_t branch = 0;
    const auto addBranch = [&](Numbers added) {
      dropOut(added, ++branch);
      for (std::size_t i = 0; i < x.size(); ++i)
        x[i] += added[i];
    };
    const auto norm = [&](const std::string &prefix) {
      return options.norm == NormKind::Layer
                 ? layerNorm(rows, width, x, part(prefix + "weight"),
                             part(prefix + "bias"), epsilon)
                 : rmsNorm(rows, width, x, part(prefix + "weight"), epsilon);
    };
    for (std::int64_t layer = 0; layer < options.layers; ++layer) {
      const std::string prefix = "layers." + std::to_string(layer) + ".";
      if (options.convolution > 0)
        addBranch(linear(
            rows, width, width,
            causalConvolution(batch, time, width,
                              static_cast<std::size_t>(options.convolution), x,
                              part(prefix + "conv.weight"),
                              part(prefix + "conv.bias")),
            part(prefix + "conv.out.weight"), part(prefix + "conv.out.bias")));
      addBranch(
          linear(rows, channels, width,
                 recurrent(p, prefix, batch, time, norm(prefix + "norm.")),
                 part(prefix + "out.weight"),
                 options.outBias ? part(prefix + "out.bias") : Numbers()));
      if (options.feedForward > 0) {
        const auto hidden =
            static_cast<std::size_t>(options.feedForward) * width;
        const Numbers both =
            linear(rows, width, 2 * hidden, norm(prefix + "ff.norm."),
                   part(prefix + "ff.in.weight"), part(prefix + "ff.in.bias"));
        Numbers gated;
        for (std::size_t r = 0; r < rows; ++r)
          for (std::size_t i = 0; i < hidden; ++i)
            gated.push_back(gelu(both[2 * r * hidden + i]) *
                            both[(2 * r + 1) * hidden + i]);
        addBranch(linear(rows, hidden, width, gated,
                         part(prefix + "ff.out.weight"),
                         part(prefix + "ff.out.bias")));
      }
    }
    return linear(
        rows, width, vocabulary,
        rmsNorm(rows, width, x, part("norm.weight"), epsilon),
        part(options.tiedEmbedding ? "embedding.weight" : "head.weight"));
  }

  double loss(const Numbers &p, std::size_t batch, std::size_t time,
              const std::vector<std::int32_t> &tokens,
              const std::vector<std::int32_t> &targets) const {
    return crossEntropyLoss(batch * time, vocabulary,
                            logits(p, batch, time, tokens), targets);
  }

private:
  static constexpr double epsilon = RmsNormShape().epsilon;

  /// `tensors` tensors of `p`, the first of which is `name`.
  Numbers of(const Numbers &p, const std::string &name,
             std::size_t tensors = 1) const {
    const PlannedTensor &parameter = parameterOf(model, name);
    const auto begin = p.begin() + parameter.offset;
    return {begin,
            begin + parameter.count * static_cast<std::int64_t>(tensors)};
  }

  void dropOut(Numbers &numbers, std::uint64_t seed) const {
    if (!step || options.dropout == 0)
      return;
    std::vector<float> factors(numbers.size(), 1.0F);
    hostDropout(
        {static_cast<std::int64_t>(numbers.size()), options.dropout, seed},
        *step, factors.data(), factors.data());
    for (std::size_t i = 0; i < numbers.size(); ++i)
      numbers[i] *= factors[i] == 0 ? 0 : 1 / (1 - options.dropout);
  }

  Numbers recurrent(const Numbers &p, const std::string &prefix,
                    std::size_t batch, std::size_t time,
                    const Numbers &input) const {
    // Tensors of one kind follow one another.
    const Manifest &manifest = model.cell().manifest();
    const auto all = [&](const auto &names, const auto &nameOf,
                         const char *ending) {
      return names.empty()
                 ? Numbers()
                 : of(p, prefix + "cell." + nameOf(names.front()) + ending,
                      names.size());
    };
    const auto itself = [](const std::string &name) { return name; };
    const auto gateName = [](const RecurrentProjection &gate) {
      return gate.name;
    };
    ReferenceLayer cell;
    cell.batch = batch;
    cell.time = time;
    cell.inputs = width;
    cell.channels = channels;
    cell.x = input;
    cell.weight = all(manifest.gates, itself, ".weight");
    cell.bias = all(manifest.gates, itself, ".bias");
    cell.recurrentWeight = all(manifest.recurrent, gateName, ".weight");
    cell.recurrentBias = all(manifest.recurrent, gateName, ".bias");
    cell.parameters = all(manifest.parameters, itself, "");
    if (options.learnedInitial) {
      const Numbers initial = of(p, prefix + "initial");
      for (std::size_t b = 0; b < batch; ++b)
        cell.initial.insert(cell.initial.end(), initial.begin(), initial.end());
    }
    return evaluate(equations, cell).output;
  }

  const LanguageModel &model;
  const reference::ParsedCell &equations;
  const LanguageModelOptions &options;
  std::size_t width;
  std::size_t channels;
  std::size_t vocabulary;
};

} // namespace minrnn::test

#endif // MINRNN_TESTS_TRAIN_REFERENCELANGUAGEMODEL_H
