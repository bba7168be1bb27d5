//===- AttentionBranch.cpp - Causal attention as a branch -----------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/train/models/AttentionBranch.h"

#include "minrnn/device_array.h"
#include "minrnn/error.h"

using namespace minrnn;

AttentionBranch::AttentionBranch(const BranchOptions &options,
                                 TensorPlan &parameters)
    : width(options.model.width), heads(options.model.heads),
      maxPositions(options.model.maxPositions),
      norm(options.model.norm, width, options.prefix + "norm.", parameters),
      weight(parameters.add(options.prefix + "qkv.weight", {3 * width, width})),
      out(width, width, options.model.outBias, options.model.dropout,
          options.seed, options.prefix + "out.", parameters) {}

void AttentionBranch::plan(std::int64_t batch, std::int64_t time,
                           TensorPlan &saved, TensorPlan &scratch) {
  const std::int64_t number = batch * time;
  normalised = saved.add("what attention reads", {number, width});
  ofNorm = norm.plan(saved, number);
  packed = saved.add("queries, keys and values", {number, 3 * width});
  attended = saved.add("what attention gives", {number, width});
  logSumExp = saved.add("the divisors of attention", {number, heads});
  dNormalised = scratch.add("the gradients of norms", {number, width});
  dPacked = scratch.add("the gradients of queries, keys and values",
                        {number, 3 * width});
  dAttended =
      scratch.add("the gradients of what attention gives", {number, width});
  out.plan(number, scratch);
}

void AttentionBranch::turn(const Pass &pass, std::int64_t position,
                           float *numbers, Rotation rotation) const {
  for (const int index : {0, 1})
    rotaryEmbedding(pass.context,
                    {pass.batch, pass.time, heads, width / heads, position},
                    part(pass, numbers, index), rotation);
}

void AttentionBranch::forward(const Pass &pass, const void *input,
                              void *output) const {
  const auto *x = static_cast<const float *>(input);
  float *s = pass.saved;
  float *qkv = packed.in(s);
  norm.forward(pass, ofNorm, s, x, normalised.in(s));
  linearForward(pass.context, {pass.rows(), width, 3 * width}, normalised.in(s),
                weight.in(pass.parameters), nullptr, qkv);
  turn(pass, 0, qkv, Rotation::Forward);
  const float *read = qkv;
  attentionForward(pass.context, shape(pass, 0), part(pass, read, 0),
                   part(pass, read, 1), part(pass, read, 2),
                   rows(pass, attended.in(s)), logSumExp.in(s));
  out.forward(pass, attended.in(s), x, static_cast<float *>(output));
}

void AttentionBranch::backward(const Pass &pass, const void *input,
                               void *dStream) const {
  auto *dX = static_cast<float *>(dStream);
  float *w = pass.scratch;
  const float *qkv = packed.in(pass.saved);
  const float *attention = attended.in(pass.saved);
  const float *dOutput = dAttended.in(w);
  float *dQkv = dPacked.in(w);
  out.backward(pass, attended.in(pass.saved), dX, dAttended.in(w));
  attentionBackward(pass.context, shape(pass, 0), part(pass, qkv, 0),
                    part(pass, qkv, 1), part(pass, qkv, 2),
                    rows(pass, attention), rows(pass, dOutput),
                    logSumExp.in(pass.saved), part(pass, dQkv, 0),
                    part(pass, dQkv, 1), part(pass, dQkv, 2));
  turn(pass, 0, dQkv, Rotation::Inverse);
  linearBackward(pass.context, {pass.rows(), width, 3 * width},
                 normalised.in(pass.saved), weight.in(pass.parameters), dQkv,
                 dNormalised.in(w), weight.in(pass.gradients), nullptr);
  norm.backward(pass, ofNorm, static_cast<const float *>(input),
                dNormalised.in(w), dX, /*accumulate=*/true);
}

void AttentionBranch::extend(const Pass &pass, std::int64_t position,
                             const void *input, void *output, float *state) {
  if (position + pass.time > maxPositions)
    throw Error("the model attends to at most " + std::to_string(maxPositions) +
                " positions, but this is number " +
                std::to_string(position + pass.time));
  const auto *x = static_cast<const float *>(input);
  TensorPlan table;
  const Norm::Saved places = norm.plan(table, pass.rows());
  const TensorSlice read = table.add("what it reads", {pass.rows(), width});
  const TensorSlice projected =
      table.add("what it projects", {pass.rows(), 3 * width});
  const TensorSlice given = table.add("what it gives", {pass.rows(), width});
  const DeviceArray<float> memory(pass.context.sharedDevice(),
                                  static_cast<std::size_t>(table.count()));
  float *m = memory.data();
  float *qkv = projected.in(m);
  norm.forward(pass, places, m, x, read.in(m));
  linearForward(pass.context, {pass.rows(), width, 3 * width}, read.in(m),
                weight.in(pass.parameters), nullptr, qkv);
  turn(pass, position, qkv, Rotation::Forward);
  const std::int64_t row = 2 * width;
  for (std::int64_t b = 0; b < pass.batch; ++b)
    copyRows(pass.context, pass.time, row,
             qkv + b * pass.time * 3 * width + width, 3 * width,
             state + b * stateSize() + position * row, row);
  const float *cache = state;
  const float *queries = qkv;
  attentionForward(pass.context, shape(pass, position), part(pass, queries, 0),
                   {cache, stateSize(), row}, {cache + width, stateSize(), row},
                   rows(pass, given.in(m)), nullptr);
  out.forward(pass, given.in(m), x, static_cast<float *>(output));
}
