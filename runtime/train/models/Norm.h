//===- Norm.h - The norm of a model, of either kind -------------*- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_RUNTIME_TRAIN_MODELS_NORM_H
#define MINRNN_RUNTIME_TRAIN_MODELS_NORM_H

#include "minrnn/train/language_model.h"
#include "runtime/train/models/Branch.h"

#include <string>

namespace minrnn {

/// RMSNorm or LayerNorm over `width` channels, with its parameters.
class Norm {
public:
  Norm(NormKind kind, std::int64_t width, const std::string &prefix,
       TensorPlan &parameters)
      : kind(kind), width(width),
        weight(parameters.add(prefix + "weight", {width})) {
    if (kind == NormKind::Layer)
      bias = parameters.add(prefix + "bias", {width});
  }

  /// The statistics of rows that the backward reads.
  struct Saved {
    TensorSlice mean;
    TensorSlice inverse;
  };
  Saved plan(TensorPlan &saved, std::int64_t rows) const {
    Saved places;
    if (kind == NormKind::Layer)
      places.mean = saved.add("a norm's means", {rows});
    places.inverse = saved.add("a norm's inverse deviations", {rows});
    return places;
  }

  template <typename Number>
  void forward(const Pass &pass, const Saved &saved, float *base,
               const Number *input, Number *output) const {
    if (kind == NormKind::Layer)
      layerNormForward(pass.context, {pass.rows(), width}, input,
                       weight.in(pass.parameters), bias.in(pass.parameters),
                       output, saved.mean.in(base), saved.inverse.in(base));
    else
      rmsNormForward(pass.context, {pass.rows(), width}, input,
                     weight.in(pass.parameters), output,
                     saved.inverse.in(base));
  }

  /// dInput is overwritten, or added to.
  template <typename Number>
  void backward(const Pass &pass, const Saved &saved, const Number *input,
                const Number *dOutput, Number *dInput, bool accumulate) const {
    float *g = pass.gradients;
    if (kind == NormKind::Layer)
      layerNormBackward(pass.context, {pass.rows(), width}, input,
                        weight.in(pass.parameters), saved.mean.in(pass.saved),
                        saved.inverse.in(pass.saved), dOutput, dInput,
                        weight.in(g), bias.in(g), accumulate);
    else
      rmsNormBackward(pass.context, {pass.rows(), width}, input,
                      weight.in(pass.parameters), saved.inverse.in(pass.saved),
                      dOutput, dInput, weight.in(g), accumulate);
  }

private:
  NormKind kind;
  std::int64_t width;
  TensorSlice weight;
  TensorSlice bias;
};

} // namespace minrnn

#endif // MINRNN_RUNTIME_TRAIN_MODELS_NORM_H
