//===- RecurrentBranch.cpp - A cell as a branch of a model ----------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/train/models/RecurrentBranch.h"

#include "minrnn/device_array.h"
#include "minrnn/learned_initial.h"

#include <utility>

using namespace minrnn;

template <typename Number>
RecurrentBranch<Number>::RecurrentBranch(const BranchOptions &options,
                                         RecurrentLayer layer,
                                         TensorPlan &parameters)
    : width(options.model.width), channels(options.model.channels()),
      norm(options.model.norm, width, options.prefix + "norm.", parameters),
      recurrent(std::move(layer)),
      ofCell(recurrent.planParameters(parameters, options.prefix + "cell.")),
      initial(options.model.learnedInitial
                  ? parameters.add(options.prefix + "initial",
                                   {stateSize() / channels, channels})
                  : TensorSlice()),
      out(channels, width, options.model.outBias, options.model.dropout,
          options.seed, options.prefix + "out.", parameters) {}

template <typename Number>
void RecurrentBranch<Number>::plan(std::int64_t batch, std::int64_t time,
                                   TensorPlan &saved, TensorPlan &working) {
  const std::int64_t rows = batch * time;
  normalised =
      addNumbers<Number>(saved, rows, width, "a layer's normalised input");
  ofNorm = norm.plan(saved, rows);
  ofLayer = recurrent.planSaved(saved, batch, time);
  scratch = recurrent.planScratch(working, batch, time);
  out.plan(rows, working);
  dHidden = addNumbers<Number>(working, rows, channels,
                               "the gradients of a layer's output");
  dNormalised =
      addNumbers<Number>(working, rows, width, "the gradients of norms");
  if (initial.count > 0) {
    initialRows = saved.add("initial states", {batch, stateSize()});
    dInitialRows =
        working.add("the gradients of initial states", {batch, stateSize()});
  }
}

template <typename Number>
void RecurrentBranch<Number>::forward(const Pass &pass, const void *input,
                                      void *output) const {
  const auto *x = static_cast<const Number *>(input);
  auto *hidden = numbersIn<Number>(normalised, pass.saved);
  norm.forward(pass, ofNorm, pass.saved, x, hidden);
  if (initial.count > 0)
    initialState(pass, initialRows.in(pass.saved));
  recurrent.forward(pass, ofCell, ofLayer, scratch, hidden,
                    initialRows.in(pass.saved));
  out.forward(pass, numbersIn<Number>(ofLayer.output, pass.saved), x,
              static_cast<Number *>(output));
}

template <typename Number>
void RecurrentBranch<Number>::backward(const Pass &pass, const void *input,
                                       void *dStream) const {
  auto *dX = static_cast<Number *>(dStream);
  auto *dOutput = numbersIn<Number>(dHidden, pass.scratch);
  auto *dInput = numbersIn<Number>(dNormalised, pass.scratch);
  out.backward(pass, numbersIn<Number>(ofLayer.output, pass.saved), dX,
               dOutput);
  recurrent.backward(pass, ofCell, ofLayer, scratch,
                     numbersIn<Number>(normalised, pass.saved),
                     initialRows.in(pass.saved), dOutput, dInput,
                     dInitialRows.in(pass.scratch));
  if (initial.count > 0)
    sumRows(pass.context, pass.batch, stateSize(),
            dInitialRows.in(pass.scratch), initial.in(pass.gradients));
  // The residual connection: this gradient joins that of the stream.
  norm.backward(pass, ofNorm, static_cast<const Number *>(input), dInput, dX,
                /*accumulate=*/true);
}

template <typename Number>
void RecurrentBranch<Number>::initialState(const Pass &pass,
                                           float *state) const {
  if (initial.count > 0)
    copyRows(pass.context, pass.batch, stateSize(), initial.in(pass.parameters),
             0, state, stateSize());
  else
    Branch::initialState(pass, state);
}

template <typename Number>
void RecurrentBranch<Number>::extend(const Pass &pass,
                                     std::int64_t /*position*/,
                                     const void *input, void *output,
                                     float *state) {
  const std::shared_ptr<Device> &device = pass.context.sharedDevice();
  const auto room = [&](std::int64_t columns) {
    return DeviceArray<Number>(device,
                               static_cast<std::size_t>(pass.rows() * columns));
  };
  TensorPlan statistics;
  const Norm::Saved places = norm.plan(statistics, pass.rows());
  const DeviceArray<float> base(device,
                                static_cast<std::size_t>(statistics.count()));
  const DeviceArray<Number> cellInput = room(width);
  const DeviceArray<Number> hidden = room(channels);
  const auto *x = static_cast<const Number *>(input);
  norm.forward(pass, places, base.data(), x, cellInput.data());
  recurrent.extend(pass, ofCell, cellInput.data(), hidden.data(), state);
  out.forward<Number>(pass, hidden.data(), x, static_cast<Number *>(output));
}

template class minrnn::RecurrentBranch<float>;
template class minrnn::RecurrentBranch<BFloat16>;
