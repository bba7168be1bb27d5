//===- OpenDeviceTest.cpp - Devices by name -------------------------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tests/device/OnDevice.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string>

using namespace minrnn;
using namespace minrnn::test;

namespace {

class OpenDevice : public OnEveryDevice {};

TEST_P(OpenDevice, SaysWhatItIs) {
  EXPECT_EQ(device->name(), GetParam());
  EXPECT_FALSE(device->description().empty());
  EXPECT_EQ(device->description().find('\n'), std::string::npos);
  if (runsPtx())
    EXPECT_TRUE(device->target().starts_with("sm_")) << device->target();
  else
    EXPECT_EQ(device->target(), "host");
}

INSTANTIATE_TEST_SUITE_P(Devices, OpenDevice, testing::ValuesIn(everyDevice()),
                         deviceOf);

TEST(DeviceList, NamesEachDeviceOnceWithWhatItIs) {
  const std::vector<std::string> &names = everyDevice();
  EXPECT_EQ(std::set<std::string>(names.begin(), names.end()).size(),
            names.size());
  for (const char *always : {"host", "emulator"})
    EXPECT_NE(std::find(names.begin(), names.end(), always), names.end());
  const std::vector<DeviceReport> reports = listDevices({emulatorFactory()});
  ASSERT_EQ(reports.size(), names.size());
  for (std::size_t i = 0; i < names.size(); ++i) {
    EXPECT_EQ(reports[i].name, names[i]);
    EXPECT_FALSE(reports[i].text.empty());
    if (reports[i].usable)
      EXPECT_EQ(openDevice(names[i], 0, {emulatorFactory()})->name(), names[i]);
    else
      expectError(reports[i].text,
                  [&] { openDevice(names[i], 0, {emulatorFactory()}); });
  }
}

TEST(DeviceList, KnowsNoOtherName) {
  std::string known;
  for (const std::string &name : everyDevice())
    known += (known.empty() ? "" : ", ") + name;
  expectError("there is no device 'abacus'; expected one of " + known,
              [] { openDevice("abacus", 0, {emulatorFactory()}); });
  expectError("there is no device ''",
              [] { openDevice("", 0, {emulatorFactory()}); });
}

TEST(DeviceList, TakesNoNegativeNumberOfThreads) {
  for (const char *name : {"host", "emulator"})
    expectError("the number of threads must not be negative, found -1",
                [&] { openDevice(name, -1, {emulatorFactory()}); });
  EXPECT_EQ(openDevice("host", 3)->description(), "3 threads");
  EXPECT_EQ(openDevice("host", 1)->description(), "1 thread");
}

} // namespace
