//===- DevicesCommand.cpp - What kernels can run on here ------------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "minrnn/emulator_device.h"
#include "runtime/tools/Commands.h"

#include <iostream>

using namespace minrnn;

void minrnn::addDevicesCommand(CLI::App &minrnn) {
  CLI::App *command = minrnn.add_subcommand(
      "devices", "List the devices that kernels can run on here.");
  command->callback([] {
    for (const DeviceReport &report : listDevices({emulatorFactory()}))
      std::cout << report.name << (report.usable ? ": " : ": not usable: ")
                << report.text << '\n';
  });
}
