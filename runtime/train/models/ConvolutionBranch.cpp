//===- ConvolutionBranch.cpp - A convolution as a branch ------------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/train/models/ConvolutionBranch.h"

#include "minrnn/device_array.h"

using namespace minrnn;

ConvolutionBranch::ConvolutionBranch(const BranchOptions &options,
                                     TensorPlan &parameters)
    : width(options.model.width), taps(options.model.convolution),
      weight(parameters.add(options.prefix + "conv.weight", {width, taps})),
      bias(parameters.add(options.prefix + "conv.bias", {width})),
      out(width, width, /*hasBias=*/true, options.model.dropout, options.seed,
          options.prefix + "conv.out.", parameters) {}

void ConvolutionBranch::plan(std::int64_t batch, std::int64_t time,
                             TensorPlan &saved, TensorPlan &scratch) {
  const std::int64_t rows = batch * time;
  convolved = saved.add("what a convolution gives", {rows, width});
  dConvolved =
      scratch.add("the gradients of what a convolution gives", {rows, width});
  dInput = scratch.add("the gradients of what it reads", {rows, width});
  out.plan(rows, scratch);
}

void ConvolutionBranch::forward(const Pass &pass, const void *input,
                                void *output) const {
  const auto *x = static_cast<const float *>(input);
  float *hidden = convolved.in(pass.saved);
  causalConvolutionForward(pass.context, {pass.batch, pass.time, width, taps},
                           x, weight.in(pass.parameters),
                           bias.in(pass.parameters), hidden);
  out.forward(pass, hidden, x, static_cast<float *>(output));
}

void ConvolutionBranch::backward(const Pass &pass, const void *input,
                                 void *dStream) const {
  auto *dX = static_cast<float *>(dStream);
  float *dHidden = dConvolved.in(pass.scratch);
  out.backward(pass, convolved.in(pass.saved), dX, dHidden);
  causalConvolutionBackward(pass.context, {pass.batch, pass.time, width, taps},
                            static_cast<const float *>(input),
                            weight.in(pass.parameters), dHidden,
                            dInput.in(pass.scratch), weight.in(pass.gradients),
                            bias.in(pass.gradients));
  add(pass.context, pass.rows() * width, dInput.in(pass.scratch), dX);
}

void ConvolutionBranch::extend(const Pass &pass, std::int64_t /*position*/,
                               const void *input, void *output, float *state) {
  const auto *x = static_cast<const float *>(input);
  const std::shared_ptr<Device> &device = pass.context.sharedDevice();
  // The inputs before stand in front: what they give is left out.
  const std::int64_t before = stateSize();
  const std::int64_t time = pass.time + taps - 1;
  const auto room = [&] {
    return DeviceArray<float>(
        device, static_cast<std::size_t>(pass.batch * time * width));
  };
  const DeviceArray<float> whole = room();
  const DeviceArray<float> convolvedWhole = room();
  const DeviceArray<float> hidden(
      device, static_cast<std::size_t>(pass.rows() * width));
  copyRows(pass.context, pass.batch, before, state, before, whole.data(),
           time * width);
  copyRows(pass.context, pass.batch, pass.time * width, x, pass.time * width,
           whole.data() + before, time * width);
  causalConvolutionForward(pass.context, {pass.batch, time, width, taps},
                           whole.data(), weight.in(pass.parameters),
                           bias.in(pass.parameters), convolvedWhole.data());
  copyRows(pass.context, pass.batch, pass.time * width,
           convolvedWhole.data() + before, time * width, hidden.data(),
           pass.time * width);
  copyRows(pass.context, pass.batch, before, whole.data() + pass.time * width,
           time * width, state, before);
  out.forward<float>(pass, hidden.data(), x, static_cast<float *>(output));
}
