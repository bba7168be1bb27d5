//===- Tensors.cpp - Every tensor of a layer, by name ---------------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "specs/contract/Tensors.h"

#include <algorithm>

using namespace minrnn;

std::span<const ContractTensor> minrnn::contractTensors() {
  using enum Axis;
  using enum Role;
  constexpr Element io = Element::IO;
  constexpr Element f32 = Element::F32;
  constexpr Element u8 = Element::U8;
  constexpr Element i32 = Element::I32;
  constexpr bool optional = true;
  constexpr std::string_view always;
  constexpr std::string_view recurrent = "`R > 0`";
  constexpr std::string_view inner = "`C > 0`";
  constexpr std::string_view learned = "`P > 0`";
  constexpr std::string_view keepsStates =
      "the output is not the one state, nothing recomputed";
  constexpr std::string_view recomputes = "compiled with `--recompute=all`";
  constexpr std::string_view looksBack = "the schedule `lookback`";
  // What `forward` reads, what it writes, what `backward` reads and writes.
  static const ContractTensor tensors[] = {
      {{"preactivations", {Batch, Time, Gates, Channels}, io, Saved},
       always,
       "the projections `W x`, without the bias"},
      {{"input", {Batch, Time, Inputs}, io, Input},
       always,
       "what the layer is given; of a cell that reads its channel "
       "(`minrnn.read`), `D` is `H`"},
      {{"weight", {Gates, Channels, Inputs}, io, Parameter},
       always,
       "of the gates that project the input"},
      {{"recurrent", {Batch, Time, Recurrent, Channels}, f32, Saved},
       recurrent,
       "the projections of the states and of what is computed within the step, "
       "without the bias"},
      {{"recurrent_weight", {Recurrent, Channels, Channels}, f32, Parameter},
       recurrent,
       "of the gates that project a state or a value computed within the step"},
      {{"bias", {Gates, Channels}, f32, Parameter, {}, optional},
       always,
       "absent: no bias"},
      {{"recurrent_bias", {Recurrent, Channels}, f32, Parameter, {}, optional},
       recurrent,
       "absent: no bias"},
      {{"parameters", {Parameters, Channels}, f32, Parameter},
       learned,
       "the parameters that the cell learns itself"},
      {{"reset", {Batch, Time}, u8, Input, {}, optional},
       always,
       "where it is not 0, the step starts from zero states; absent: none"},
      {{"initial", {Batch, States, Channels}, f32, Input, {}, optional},
       always,
       "the states before the first step; absent: zero"},
      {{"output", {Batch, Time, Channels}, io, Output},
       always,
       "the output of every step"},
      {{"states", {Batch, Time, States, Channels}, io, Saved},
       keepsStates,
       "the states after every step"},
      {{"checkpoints", {Batch, Tiles, States, Channels}, f32, Saved},
       recomputes,
       "the states that each tile of time starts from"},
      {{"inner", {Batch, Time, Inner, Channels}, f32, Saved},
       inner,
       "what is computed within the step and then projected"},
      {{"last", {Batch, States, Channels}, f32, Output, {}, optional},
       always,
       "the states after the last step; the initial ones when `T` is 0"},
      {{"tickets", {Batch, Channels}, i32, Scratch},
       looksBack,
       "the tiles of time that blocks have taken; zero before a launch"},
      {{"published", {Batch, Tiles, Channels}, i32, Scratch},
       looksBack,
       "1 once the tile's summary is there; zero before a launch"},
      {{"summaries", {Batch, Tiles, Summary, Channels}, f32, Scratch},
       looksBack,
       "what a tile does to the states; of the last one of a group of 32, the "
       "states after it"},
      {{"carried", {Batch, States, Channels}, f32, Scratch},
       recurrent,
       "the states between two steps of a loop"},
      {{"d_output", {Batch, Time, Channels}, io, Gradient, "output"},
       always,
       "read"},
      {{"d_inner", {Batch, Time, Inner, Channels}, f32, Scratch},
       inner,
       "the gradient that arrives at what is projected, through its "
       "projections"},
      {{"d_last", {Batch, States, Channels}, f32, Gradient, "last", optional},
       always,
       "read; absent: zero"},
      {{"d_carried", {Batch, States, Channels}, f32, Scratch},
       recurrent,
       "the gradients of the states between two steps of a loop"},
      {{"d_preactivations", {Batch, Time, Gates, Channels}, io, Scratch},
       always,
       ""},
      {{"d_input", {Batch, Time, Inputs}, io, Gradient, "input", optional},
       always,
       ""},
      {{"d_weight",
        {Gates, Channels, Inputs},
        f32,
        Gradient,
        "weight",
        optional},
       always,
       ""},
      {{"d_recurrent", {Batch, Time, Recurrent, Channels}, f32, Scratch},
       recurrent,
       ""},
      {{"d_recurrent_weight",
        {Recurrent, Channels, Channels},
        f32,
        Gradient,
        "recurrent_weight",
        optional},
       recurrent,
       ""},
      {{"d_bias_rows", {Batch, Gates, Channels}, f32, Scratch},
       always,
       "summed over time only, so that no two threads add to one number"},
      {{"d_recurrent_bias_rows", {Batch, Recurrent, Channels}, f32, Scratch},
       recurrent,
       "likewise"},
      {{"d_parameters_rows", {Batch, Parameters, Channels}, f32, Scratch},
       learned,
       "likewise"},
      {{"d_bias_tiles", {Batch, Tiles, Gates, Channels}, f32, Scratch},
       looksBack,
       "in place of `d_bias_rows`: summed over the steps of a tile only"},
      {{"d_parameters_tiles",
        {Batch, Tiles, Parameters, Channels},
        f32,
        Scratch},
       looksBack,
       "likewise, where `P > 0`"},
      {{"d_bias", {Gates, Channels}, f32, Gradient, "bias", optional},
       always,
       ""},
      {{"d_recurrent_bias",
        {Recurrent, Channels},
        f32,
        Gradient,
        "recurrent_bias",
        optional},
       recurrent,
       ""},
      {{"d_parameters",
        {Parameters, Channels},
        f32,
        Gradient,
        "parameters",
        optional},
       learned,
       ""},
      {{"d_initial",
        {Batch, States, Channels},
        f32,
        Gradient,
        "initial",
        optional},
       always,
       ""},
  };
  return tensors;
}

const ProgramTensor *minrnn::findContractTensor(std::string_view name) {
  const auto tensors = contractTensors();
  const auto found = std::find_if(
      tensors.begin(), tensors.end(),
      [&](const ContractTensor &t) { return t.tensor.name == name; });
  return found == tensors.end() ? nullptr : &found->tensor;
}
