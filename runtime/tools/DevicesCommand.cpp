//===- DevicesCommand.cpp - What kernels can run on here ------------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "minrnn/device.h"
#include "runtime/tools/Commands.h"

#include <iostream>

using namespace minrnn;

void minrnn::addDevicesCommand(CLI::App &minrnn) {
  CLI::App *command = minrnn.add_subcommand(
      "devices", "List the devices that kernels can run on here.");
  command->callback([] {
    const HostDevice host;
    std::cout << host.name() << ": " << host.threads() << " threads\n";
  });
}
