//===- Device.cpp - Where kernels run -------------------------------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "minrnn/device.h"

using namespace minrnn;

// Out of line, so that each class has one home for its table of functions.
Event::~Event() = default;
Stream::~Stream() = default;
Graph::~Graph() = default;
DeviceModule::~DeviceModule() = default;
Device::~Device() = default;
KernelModule::~KernelModule() = default;
