//===- open_device.h - Devices by name --------------------------*- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_OPEN_DEVICE_H
#define MINRNN_OPEN_DEVICE_H

#include "minrnn/device.h"

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace minrnn {

/// A device of a library apart, such as the emulator's, which a program that
/// links it adds to those that the runtime knows.
struct DeviceFactory {
  std::string name;
  /// Opens it, with so many threads; 0 for its own choice. Throws Error.
  std::function<std::shared_ptr<Device>(int threads)> open;
};

/// The kinds of device that `openDevice` knows: `host`, `cuda`, and the
/// `added`.
std::vector<std::string>
deviceNames(const std::vector<DeviceFactory> &added = {});

/// Whether `openDevice` knows such a name, usable here or not.
bool isDeviceName(std::string_view name,
                  const std::vector<DeviceFactory> &added = {});

/// Opens the device called `name`: `host`, `cuda` for the first GPU or `cuda:N`
/// for that with number N, or one of the `added`. `threads` is how many threads
/// the host and the added use; 0 for their own choice.
/// Throws Error when there is no such name, or the device cannot be used here:
/// what is missing, and where it was looked for.
std::shared_ptr<Device>
openDevice(std::string_view name, int threads = 0,
           const std::vector<DeviceFactory> &added = {});

/// A device, and whether it can be used here.
struct DeviceReport {
  std::string name;
  bool usable = false;
  /// What it is; where it is not usable, why.
  std::string text;
};

/// All devices, in the order of `deviceNames`; each GPU is one.
std::vector<DeviceReport>
listDevices(const std::vector<DeviceFactory> &added = {});

} // namespace minrnn

#endif // MINRNN_OPEN_DEVICE_H
