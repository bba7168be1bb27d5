//===- Blocks.cpp - The blocks of a model on a device ---------------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "minrnn/device_blocks.h"

#include "minrnn/error.h"
#include "runtime/nn/HostBlocks.h"
#include "runtime/nn/KernelBlocks.h"

using namespace minrnn;

Blocks::Blocks(std::shared_ptr<Device> device) : owner(std::move(device)) {}

Blocks::~Blocks() = default;

std::shared_ptr<Blocks> Blocks::create(const std::shared_ptr<Device> &device) {
  if (!device)
    throw Error("the blocks of a model need a device, found null");
  if (auto host = std::dynamic_pointer_cast<HostDevice>(device))
    return std::make_shared<HostBlocks>(std::move(host));
  return std::make_shared<KernelBlocks>(device);
}
