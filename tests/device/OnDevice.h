//===- OnDevice.h - Tests that run on every device --------------*- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_TESTS_DEVICE_ONDEVICE_H
#define MINRNN_TESTS_DEVICE_ONDEVICE_H

#include "minrnn/emulator_device.h"
#include "minrnn/error.h"

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace minrnn::test {

/// The devices of the runtime, and the emulator.
inline std::vector<std::string> everyDevice() {
  return deviceNames({emulatorFactory()});
}

/// The devices that run PTX: all but the host.
inline std::vector<std::string> devicesOfPtx() {
  std::vector<std::string> names = everyDevice();
  std::erase(names, "host");
  return names;
}

/// A test on one device. Where the device cannot be used, the test is skipped
/// and says why. The host and the emulator can always be used.
class OnDevice : public testing::Test {
protected:
  /// To be called from SetUp.
  void open(const std::string &name) {
    try {
      device = openDevice(name, 0, {emulatorFactory()});
    } catch (const Error &error) {
      if (name == "host" || name == "emulator")
        FAIL() << error.what();
      GTEST_SKIP() << error.what();
    }
  }

  /// Whether the device runs PTX.
  bool runsPtx() const { return device->name() != "host"; }

  std::shared_ptr<Device> device;
};

/// The same, parametrised by nothing but the device's name.
class OnEveryDevice : public OnDevice,
                      public testing::WithParamInterface<std::string> {
protected:
  void SetUp() override { open(GetParam()); }
};

/// How such a test is called.
inline std::string
deviceOf(const testing::TestParamInfo<std::string> &parameter) {
  return parameter.param;
}

/// Fails unless `action` throws an Error that says `expected`.
inline void expectError(const std::string &expected,
                        const std::function<void()> &action) {
  try {
    action();
  } catch (const Error &error) {
    EXPECT_NE(std::string(error.what()).find(expected), std::string::npos)
        << "expected '" << expected << "' in: " << error.what();
    return;
  }
  ADD_FAILURE() << "expected an Error that says '" << expected
                << "', found none";
}

} // namespace minrnn::test

#endif // MINRNN_TESTS_DEVICE_ONDEVICE_H
