//===- Device.cpp - Where kernels run -------------------------------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "minrnn/device.h"

#include "minrnn/error.h"
#include "specs/contract/Names.h"

using namespace minrnn;

// Out of line, so that each class has one home for its table of functions.
Event::~Event() = default;
Stream::~Stream() = default;
Graph::~Graph() = default;
DeviceModule::~DeviceModule() = default;
Device::~Device() = default;
KernelModule::~KernelModule() = default;

std::optional<Precision> minrnn::findPrecision(std::string_view name) {
  return findNamed<Precision>(precisionNames, name);
}

void minrnn::requireProducts(const Device &device, Precision precision) {
  if (!device.hasProducts(precision))
    throw Error("the device " + std::string(device.name()) + " (" +
                device.target() + ") has no products in " +
                std::string(nameOf(precisionNames, precision)) +
                ", which take compute capability 8.0 or newer; ieee products "
                "run on every device");
}
