//===- OpenDevice.cpp - Devices by name -----------------------------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "minrnn/open_device.h"

#include "minrnn/emulator_device.h"
#include "minrnn/error.h"

using namespace minrnn;

const std::vector<std::string> &minrnn::deviceNames() {
  static const std::vector<std::string> names = {"host", "emulator"};
  return names;
}

std::shared_ptr<Device> minrnn::openDevice(std::string_view name, int threads) {
  if (name == "host")
    return std::make_shared<HostDevice>(threads);
  if (name == "emulator") {
    if (threads < 0)
      throw Error("the number of threads must not be negative, found " +
                  std::to_string(threads));
    return EmulatorDevice::create({.threads = static_cast<unsigned>(threads)});
  }
  std::string known;
  for (const std::string &device : deviceNames())
    known += (known.empty() ? "" : ", ") + device;
  throw Error("there is no device '" + std::string(name) +
              "'; expected one of " + known);
}

std::vector<DeviceReport> minrnn::listDevices() {
  std::vector<DeviceReport> reports;
  reports.reserve(deviceNames().size());
  for (const std::string &name : deviceNames()) {
    DeviceReport report;
    report.name = name;
    try {
      report.text = openDevice(name)->description();
      report.usable = true;
    } catch (const Error &error) {
      report.text = error.what();
    }
    reports.push_back(std::move(report));
  }
  return reports;
}
