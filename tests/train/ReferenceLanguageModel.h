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
  /// `equations` are those of its cell; null of a Transformer.
  ReferenceLanguageModel(const LanguageModel &model,
                         const reference::ParsedCell *equations)
      : model(model), equations(equations), options(model.options()),
        width(static_cast<std::size_t>(options.width)),
        channels(static_cast<std::size_t>(
            options.isAttention() ? options.width : options.channels())),
        vocabulary(static_cast<std::size_t>(options.vocabulary)) {}

  /// The training step whose dropout masks are laid on; none: no dropout.
  std::optional<std::uint64_t> step;

  /// Of a model of numbers, the outputs [batch, time, outputs].
  Numbers outputs(const Numbers &p, std::size_t batch, std::size_t time,
                  const Numbers &numbers) const {
    return head(
        p, batch * time,
        layers(p, batch, time,
               linear(batch * time, static_cast<std::size_t>(options.inputs),
                      width, numbers, of(p, "input.weight"),
                      of(p, "input.bias"))));
  }

  /// logits[batch, time, vocabulary].
  Numbers logits(const Numbers &p, std::size_t batch, std::size_t time,
                 const std::vector<std::int32_t> &tokens) const {
    const Numbers table = of(p, "embedding.weight");
    Numbers x;
    for (const std::int32_t token : tokens)
      x.insert(x.end(), table.begin() + token * options.width,
               table.begin() + (token + 1) * options.width);
    return head(p, batch * time, layers(p, batch, time, std::move(x)));
  }

  double loss(const Numbers &p, std::size_t batch, std::size_t time,
              const std::vector<std::int32_t> &tokens,
              const std::vector<std::int32_t> &targets) const {
    return crossEntropyLoss(batch * time, vocabulary,
                            logits(p, batch, time, tokens), targets);
  }

private:
  static constexpr double epsilon = RmsNormShape().epsilon;

  /// The residual stream behind the last layer.
  Numbers layers(const Numbers &p, std::size_t batch, std::size_t time,
                 Numbers x) const {
    const std::size_t rows = batch * time;
    const auto part = [&](const std::string &name) { return of(p, name); };
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
      addBranch(linear(
          rows, channels, width,
          options.isAttention()
              ? attention(p, prefix, batch, time, norm(prefix + "norm."))
              : recurrent(p, prefix, batch, time, norm(prefix + "norm.")),
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
    return x;
  }

  Numbers head(const Numbers &p, std::size_t rows, const Numbers &x) const {
    return linear(
        rows, width, static_cast<std::size_t>(options.outputSize()),
        rmsNorm(rows, width, x, of(p, "norm.weight"), epsilon),
        of(p, options.tiedEmbedding ? "embedding.weight" : "head.weight"),
        options.isOfNumbers() ? of(p, "head.bias") : Numbers());
  }

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

  /// Causal attention with rotary positions, from its equations.
  Numbers attention(const Numbers &p, const std::string &prefix,
                    std::size_t batch, std::size_t time,
                    const Numbers &input) const {
    const auto heads = static_cast<std::size_t>(options.heads);
    const std::size_t size = width / heads;
    const Numbers qkv = linear(batch * time, width, 3 * width, input,
                               of(p, prefix + "qkv.weight"));
    // Number i of head h of the query (part 0), key (1) or value (2).
    const auto at = [&](std::size_t b, std::size_t t, std::size_t part,
                        std::size_t h, std::size_t i) {
      return qkv[(b * time + t) * 3 * width + part * width + h * size + i];
    };
    const auto turned = [&](std::size_t b, std::size_t t, std::size_t part,
                            std::size_t h, std::size_t i) {
      const std::size_t pair = i % (size / 2);
      const double angle = static_cast<double>(t) *
                           std::pow(10000, -2.0 * static_cast<double>(pair) /
                                               static_cast<double>(size));
      const double x = at(b, t, part, h, pair);
      const double y = at(b, t, part, h, pair + size / 2);
      return i < size / 2 ? x * std::cos(angle) - y * std::sin(angle)
                          : y * std::cos(angle) + x * std::sin(angle);
    };
    Numbers output(batch * time * width);
    for (std::size_t b = 0; b < batch; ++b)
      for (std::size_t h = 0; h < heads; ++h)
        for (std::size_t t = 0; t < time; ++t) {
          Numbers weights;
          double sum = 0;
          for (std::size_t s = 0; s <= t; ++s) {
            double score = 0;
            for (std::size_t i = 0; i < size; ++i)
              score += turned(b, t, 0, h, i) * turned(b, s, 1, h, i);
            weights.push_back(
                std::exp(score / std::sqrt(static_cast<double>(size))));
            sum += weights.back();
          }
          for (std::size_t i = 0; i < size; ++i)
            for (std::size_t s = 0; s <= t; ++s)
              output[(b * time + t) * width + h * size + i] +=
                  weights[s] / sum * at(b, s, 2, h, i);
        }
    return output;
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
    return evaluate(*equations, cell).output;
  }

  const LanguageModel &model;
  const reference::ParsedCell *equations;
  const LanguageModelOptions &options;
  std::size_t width;
  std::size_t channels;
  std::size_t vocabulary;
};

} // namespace minrnn::test

#endif // MINRNN_TESTS_TRAIN_REFERENCELANGUAGEMODEL_H
