//===- Branch.cpp - What a layer adds to the residual stream --------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/train/models/Branch.h"

#include "runtime/core/DeviceAddress.h"

using namespace minrnn;

void Branch::initialState(const Pass &pass, float *state) const {
  if (stateSize() > 0)
    pass.context.device().fill(
        addressOf(state), 0,
        static_cast<std::size_t>(pass.batch * stateSize()) * sizeof(float));
}
