//===- OpenDevice.cpp - Devices by name -----------------------------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "minrnn/open_device.h"

#include "minrnn/cuda_device.h"
#include "minrnn/error.h"
#include "runtime/device/GpuTarget.h"
#include "runtime/device/Nvrtc.h"

#include <algorithm>
#include <optional>
#include <utility>

using namespace minrnn;

namespace {

/// The number N of `cuda:N`.
std::optional<int> indexOfCuda(std::string_view name) {
  return numberAfter("cuda:", name);
}

/// Whether models can be trained on a device that runs PTX.
std::string reportOnNvrtc() {
  try {
    return "; NVRTC " + Nvrtc().version();
  } catch (const Error &error) {
    return "; runs cells, but trains nothing, since " +
           std::string(error.what());
  }
}

DeviceReport reportOn(const std::string &name,
                      const std::vector<DeviceFactory> &added = {}) {
  try {
    const std::shared_ptr<Device> device = openDevice(name, 0, added);
    return {name, true,
            device->description() +
                (name == "host" ? std::string() : reportOnNvrtc())};
  } catch (const Error &error) {
    return {name, false, error.what()};
  }
}

/// One for each GPU; one that says why, where there is none.
std::vector<DeviceReport> reportOnCuda() {
  int count = 0;
  try {
    count = CudaDevice::count();
    if (count == 0)
      return {{"cuda", false, "the CUDA driver finds no GPU"}};
  } catch (const Error &error) {
    return {{"cuda", false, error.what()}};
  }
  std::vector<DeviceReport> reports = {reportOn("cuda")};
  for (int index = 1; index < count; ++index)
    reports.push_back(reportOn("cuda:" + std::to_string(index)));
  return reports;
}

} // namespace

std::vector<std::string>
minrnn::deviceNames(const std::vector<DeviceFactory> &added) {
  std::vector<std::string> names = {"host", "cuda"};
  for (const DeviceFactory &factory : added)
    names.push_back(factory.name);
  return names;
}

bool minrnn::isDeviceName(std::string_view name,
                          const std::vector<DeviceFactory> &added) {
  const std::vector<std::string> names = deviceNames(added);
  return std::find(names.begin(), names.end(), name) != names.end() ||
         indexOfCuda(name).has_value();
}

std::shared_ptr<Device>
minrnn::openDevice(std::string_view name, int threads,
                   const std::vector<DeviceFactory> &added) {
  if (name == "host")
    return std::make_shared<HostDevice>(threads);
  if (name == "cuda")
    return CudaDevice::create();
  if (const auto index = indexOfCuda(name))
    return CudaDevice::create(*index);
  for (const DeviceFactory &factory : added)
    if (name == factory.name)
      return factory.open(threads);
  std::string known;
  for (const std::string &device : deviceNames(added))
    known += (known.empty() ? "" : ", ") + device;
  throw Error("there is no device '" + std::string(name) +
              "'; expected one of " + known);
}

std::vector<DeviceReport>
minrnn::listDevices(const std::vector<DeviceFactory> &added) {
  std::vector<DeviceReport> reports = {reportOn("host")};
  for (DeviceReport &report : reportOnCuda())
    reports.push_back(std::move(report));
  for (const DeviceFactory &factory : added)
    reports.push_back(reportOn(factory.name, added));
  return reports;
}
