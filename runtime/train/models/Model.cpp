//===- Model.cpp - What models share --------------------------------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "minrnn/train/model.h"

#include "minrnn/error.h"
#include "runtime/core/DeviceAddress.h"

using namespace minrnn;

void Model::upload(std::int64_t /*batch*/, std::int64_t /*time*/,
                   std::span<const float> /*numbers*/) {
  throw Error("this model reads tokens, not numbers");
}

void Model::step(ModelState & /*state*/, std::span<const float> /*numbers*/,
                 std::span<float> /*outputs*/) {
  throw Error("this model reads tokens, not numbers");
}

ModelState Model::copyOf(const ModelState &state) const {
  ModelState copy{state.batch,
                  state.position,
                  {context().sharedDevice(), state.values.size()}};
  context().device().copyOnDevice(addressOf(copy.values.data()),
                                  addressOf(state.values.data()),
                                  state.values.size() * sizeof(float));
  return copy;
}
