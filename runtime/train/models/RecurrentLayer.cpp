//===- RecurrentLayer.cpp - The recurrent layer of a model ----------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/train/models/RecurrentLayer.h"

#include "minrnn/device_array.h"
#include "minrnn/error.h"
#include "runtime/core/CellTensors.h"
#include "runtime/core/DeviceAddress.h"
#include "runtime/core/HalfStorage.h"
#include "specs/contract/ElementCount.h"
#include "specs/contract/Tensors.h"

#include <array>

using namespace minrnn;

/// The parameters of cells, and their gradients, in the order in which a model
/// has them.
static constexpr std::array<std::pair<std::string_view, std::string_view>, 5>
    kinds = {{{"weight", "d_weight"},
              {"bias", "d_bias"},
              {"recurrent_weight", "d_recurrent_weight"},
              {"recurrent_bias", "d_recurrent_bias"},
              {"parameters", "d_parameters"}}};

RecurrentLayer::RecurrentLayer(CellKernels cell, std::int64_t inputs,
                               std::int64_t channels, Precision precision)
    : cell(std::move(cell)), inputs(inputs), channels(channels),
      precision(precision) {
  const Manifest &manifest = this->cell.manifest();
  if (manifest.ioType == "f16")
    throw Error(
        "a model works on f32 or bf16; cell '" + manifest.cell +
        "' reads and writes f16, in which small gradients vanish unless "
        "the loss is scaled");
}

RecurrentLayer::Parameters
RecurrentLayer::planParameters(TensorPlan &plan,
                               const std::string &prefix) const {
  const std::vector<CellTensor> tensors =
      cellTensors(cell.manifest(), sizes(0, 0));
  Parameters parameters;
  for (const auto &[kind, gradient] : kinds) {
    TensorSlice all{plan.count(), 0};
    for (const CellTensor &tensor : tensors)
      if (tensor.tensor->name == kind)
        all.count += plan.add(prefix + tensor.name, tensor.shape).count;
    parameters.push_back(all);
  }
  return parameters;
}

std::vector<NamedTensor>
RecurrentLayer::named(const Pass &pass, const Parameters &parameters,
                      std::initializer_list<NamedTensor> others) {
  std::vector<NamedTensor> tensors = others;
  for (std::size_t i = 0; i < kinds.size(); ++i) {
    const auto &[kind, gradient] = kinds[i];
    const bool isRounded = pass.rounded != nullptr &&
                           findContractTensor(kind)->element == Element::IO;
    tensors.emplace_back(kind, isRounded ? static_cast<const void *>(
                                               parameters[i].in(pass.rounded))
                                         : parameters[i].in(pass.parameters));
    if (pass.gradients != nullptr)
      tensors.emplace_back(gradient, parameters[i].in(pass.gradients));
  }
  return tensors;
}

/// Room for `bytes` of a layer, in floats.
static TensorSlice addBytes(TensorPlan &plan, const char *name,
                            std::uint64_t bytes) {
  return plan.add(name, {static_cast<std::int64_t>((bytes + sizeof(float) - 1) /
                                                   sizeof(float))});
}

RecurrentLayer::Saved RecurrentLayer::planSaved(TensorPlan &plan,
                                                std::int64_t batch,
                                                std::int64_t time) const {
  return {.own = addBytes(plan, "what a layer saves",
                          planLayer(cell, sizes(batch, time)).saved),
          .output = addBytes(
              plan, "the hidden output",
              static_cast<std::uint64_t>(
                  elementCount({batch, time, channels}, "the hidden output") *
                  elementBytes(elementTypeOf(cell.manifest().ioType))))};
}

RecurrentLayer::Scratch RecurrentLayer::planScratch(TensorPlan &plan,
                                                    std::int64_t batch,
                                                    std::int64_t time) const {
  return addBytes(plan, "a layer's scratch",
                  planLayer(cell, sizes(batch, time)).scratch);
}

Layer RecurrentLayer::layer(const Pass &pass, const Saved &saved,
                            Scratch scratch) const {
  return {cell,
          sizes(pass.batch, pass.time),
          {.precision = precision},
          {.saved = addressOf(saved.own.in(pass.saved)),
           .scratch = addressOf(scratch.in(pass.scratch))}};
}

void RecurrentLayer::forward(const Pass &pass, const Parameters &parameters,
                             const Saved &saved, Scratch scratch,
                             const void *input, const float *initial) const {
  layer(pass, saved, scratch)
      .forward(named(pass, parameters,
                     {{"input", input},
                      {"initial", initial},
                      {"output", saved.output.in(pass.saved)}}));
}

void RecurrentLayer::backward(const Pass &pass, const Parameters &parameters,
                              const Saved &saved, Scratch scratch,
                              const void *input, const float *initial,
                              const void *dOutput, void *dInput,
                              float *dInitial) const {
  layer(pass, saved, scratch)
      .backward(named(pass, parameters,
                      {{"input", input},
                       {"initial", initial},
                       {"output", saved.output.in(pass.saved)},
                       {"d_output", dOutput},
                       {"d_input", dInput},
                       {"d_initial", dInitial}}));
}

void RecurrentLayer::extend(const Pass &pass, const Parameters &parameters,
                            const void *input, void *output, float *state) {
  if (!extending || extending->sizes().batch != pass.batch ||
      extending->sizes().time != pass.time)
    extending.emplace(cell, sizes(pass.batch, pass.time),
                      LayerOptions{.training = false, .precision = precision});
  // A step may overwrite what it reads; a sequence is read while it writes.
  if (pass.time == 1)
    return extending->step(named(pass, parameters,
                                 {{"input", input},
                                  {"initial", state},
                                  {"output", output},
                                  {"last", state}}));
  const DeviceArray<float> last(
      pass.context.sharedDevice(),
      static_cast<std::size_t>(pass.batch * stateSize()));
  extending->forward(named(pass, parameters,
                           {{"input", input},
                            {"initial", state},
                            {"output", output},
                            {"last", last.data()}}));
  pass.context.device().copyOnDevice(addressOf(state), addressOf(last.data()),
                                     last.size() * sizeof(float));
}
