//===- RecurrentLayer.cpp - The recurrent layer of a model ----------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/train/models/RecurrentLayer.h"

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
RecurrentLayer::named(const Parameters &parameters, const Arrays &arrays,
                      std::initializer_list<NamedTensor> others) {
  std::vector<NamedTensor> tensors = others;
  for (std::size_t i = 0; i < kinds.size(); ++i) {
    const auto &[kind, gradient] = kinds[i];
    const bool isRounded = arrays.rounded != nullptr &&
                           findContractTensor(kind)->element == Element::IO;
    tensors.emplace_back(kind, isRounded ? static_cast<const void *>(
                                               parameters[i].in(arrays.rounded))
                                         : parameters[i].in(arrays.parameters));
    if (arrays.gradients != nullptr)
      tensors.emplace_back(gradient, parameters[i].in(arrays.gradients));
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

Layer RecurrentLayer::layer(std::int64_t batch, std::int64_t time,
                            const Arrays &arrays, const Saved &saved,
                            const Scratch &scratch) const {
  return {cell,
          sizes(batch, time),
          {.precision = precision},
          {.saved = addressOf(saved.own.in(arrays.activations)),
           .scratch = addressOf(scratch.in(arrays.activations))}};
}

void RecurrentLayer::forward(std::int64_t batch, std::int64_t time,
                             const Arrays &arrays, const Parameters &parameters,
                             const Saved &saved, const Scratch &scratch,
                             const void *input) const {
  layer(batch, time, arrays, saved, scratch)
      .forward(named(
          parameters, arrays,
          {{"input", input}, {"output", saved.output.in(arrays.activations)}}));
}

void RecurrentLayer::backward(std::int64_t batch, std::int64_t time,
                              const Arrays &arrays,
                              const Parameters &parameters, const Saved &saved,
                              const Scratch &scratch, const void *input,
                              const void *dOutput, void *dInput) const {
  layer(batch, time, arrays, saved, scratch)
      .backward(named(parameters, arrays,
                      {{"input", input},
                       {"output", saved.output.in(arrays.activations)},
                       {"d_output", dOutput},
                       {"d_input", dInput}}));
}

void RecurrentLayer::step(std::int64_t batch, const Arrays &arrays,
                          const Parameters &parameters, const Saved &saved,
                          const void *input, float *state) {
  if (!ofSteps || ofSteps->sizes().batch != batch)
    ofSteps.emplace(cell, sizes(batch, 1),
                    LayerOptions{.training = false, .precision = precision});
  ofSteps->step(named(parameters, arrays,
                      {{"input", input},
                       {"initial", state},
                       {"output", saved.output.in(arrays.activations)},
                       {"last", state}}));
}
