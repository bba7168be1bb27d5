//===- FeedForwardBranch.cpp - A gated feed-forward branch ----------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/train/models/FeedForwardBranch.h"

#include "minrnn/device_array.h"

using namespace minrnn;

FeedForwardBranch::FeedForwardBranch(const BranchOptions &options,
                                     TensorPlan &parameters)
    : width(options.model.width),
      hidden(options.model.feedForward * options.model.width),
      norm(options.model.norm, width, options.prefix + "ff.norm.", parameters),
      weight(
          parameters.add(options.prefix + "ff.in.weight", {2 * hidden, width})),
      bias(parameters.add(options.prefix + "ff.in.bias", {2 * hidden})),
      out(hidden, width, /*hasBias=*/true, options.model.dropout, options.seed,
          options.prefix + "ff.out.", parameters) {}

void FeedForwardBranch::plan(std::int64_t batch, std::int64_t time,
                             TensorPlan &saved, TensorPlan &scratch) {
  const std::int64_t rows = batch * time;
  normalised = saved.add("what feed-forward reads", {rows, width});
  ofNorm = norm.plan(saved, rows);
  projected = saved.add("what feed-forward projects", {rows, 2 * hidden});
  gated = saved.add("what feed-forward gates", {rows, hidden});
  dNormalised = scratch.add("the gradients of norms", {rows, width});
  dProjected =
      scratch.add("the gradients of what is projected", {rows, 2 * hidden});
  dGated = scratch.add("the gradients of what is gated", {rows, hidden});
  out.plan(rows, scratch);
}

void FeedForwardBranch::forward(const Pass &pass, const void *input,
                                void *output) const {
  const auto *x = static_cast<const float *>(input);
  float *s = pass.saved;
  norm.forward(pass, ofNorm, s, x, normalised.in(s));
  linearForward(pass.context, {pass.rows(), width, 2 * hidden},
                normalised.in(s), weight.in(pass.parameters),
                bias.in(pass.parameters), projected.in(s));
  gatedActivationForward(pass.context, Activation::Gelu, {pass.rows(), hidden},
                         projected.in(s), gated.in(s));
  out.forward(pass, gated.in(s), x, static_cast<float *>(output));
}

void FeedForwardBranch::backward(const Pass &pass, const void *input,
                                 void *dStream) const {
  auto *dX = static_cast<float *>(dStream);
  float *s = pass.saved;
  float *w = pass.scratch;
  out.backward(pass, gated.in(s), dX, dGated.in(w));
  gatedActivationBackward(pass.context, Activation::Gelu, {pass.rows(), hidden},
                          projected.in(s), dGated.in(w), dProjected.in(w));
  linearBackward(pass.context, {pass.rows(), width, 2 * hidden},
                 normalised.in(s), weight.in(pass.parameters), dProjected.in(w),
                 dNormalised.in(w), weight.in(pass.gradients),
                 bias.in(pass.gradients));
  norm.backward(pass, ofNorm, static_cast<const float *>(input),
                dNormalised.in(w), dX, /*accumulate=*/true);
}

void FeedForwardBranch::extend(const Pass &pass, std::int64_t /*position*/,
                               const void *input, void *output,
                               float * /*state*/) {
  const auto *x = static_cast<const float *>(input);
  TensorPlan table;
  const Norm::Saved places = norm.plan(table, pass.rows());
  const TensorSlice read = table.add("what it reads", {pass.rows(), width});
  const TensorSlice both =
      table.add("what it projects", {pass.rows(), 2 * hidden});
  const TensorSlice product = table.add("what it gates", {pass.rows(), hidden});
  const DeviceArray<float> memory(pass.context.sharedDevice(),
                                  static_cast<std::size_t>(table.count()));
  float *m = memory.data();
  norm.forward(pass, places, m, x, read.in(m));
  linearForward(pass.context, {pass.rows(), width, 2 * hidden}, read.in(m),
                weight.in(pass.parameters), bias.in(pass.parameters),
                both.in(m));
  gatedActivationForward(pass.context, Activation::Gelu, {pass.rows(), hidden},
                         both.in(m), product.in(m));
  out.forward(pass, product.in(m), x, static_cast<float *>(output));
}
