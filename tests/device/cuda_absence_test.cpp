//===- cuda_absence_test.cpp - Machines without a usable GPU --------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tests/device/OnFakeDriver.h"

#include "minrnn/open_device.h"

#include <algorithm>
#include <array>
#include <cstdio>

using namespace minrnn;
using namespace minrnn::test;

namespace {

using CudaAbsence = OnFakeDriver;

/// What `openDevice` says, which `listDevices` must say as well.
std::string reasonAgainstCuda() {
  const std::string reason = errorOf([] { openDevice("cuda"); });
  const std::vector<DeviceReport> reports = listDevices();
  const auto found = std::ranges::find(reports, "cuda", &DeviceReport::name);
  EXPECT_NE(found, reports.end());
  EXPECT_FALSE(found->usable);
  EXPECT_EQ(found->text, reason);
  return reason;
}

/// The lines of `minrnn devices` that begin with `cuda`.
std::vector<std::string> devicesOfTool() {
  const std::string command = "'" + testFile(MINRNN_TOOL) + "' devices 2>&1";
  // The tool is run as a user runs it, by a shell.
  // NOLINTNEXTLINE(cert-env33-c,bugprone-command-processor)
  std::FILE *pipe = popen(command.c_str(), "r");
  std::string text;
  std::array<char, 512> part = {};
  while (std::fgets(part.data(), part.size(), pipe) != nullptr)
    text += part.data();
  EXPECT_EQ(pclose(pipe), 0);
  std::vector<std::string> lines;
  for (std::size_t begin = 0, end = 0; begin < text.size(); begin = end + 1) {
    end = std::min(text.find('\n', begin), text.size());
    if (text.compare(begin, 4, "cuda") == 0)
      lines.push_back(text.substr(begin, end - begin));
  }
  return lines;
}

TEST_F(CudaAbsence, NoDriver) {
  const Environment none("MINRNN_CUDA_DRIVER", "/nowhere/libcuda.so.1");
  const std::string expected =
      "the CUDA driver was not found: looked for /nowhere/libcuda.so.1, which "
      "MINRNN_CUDA_DRIVER names";
  EXPECT_EQ(reasonAgainstCuda(), expected);
  EXPECT_EQ(devicesOfTool(),
            std::vector<std::string>{"cuda: not usable: " + expected});
}

TEST_F(CudaAbsence, ADriverThatIsTooOld) {
  const std::string library = testFile(MINRNN_FAKE_DRIVER_OLD_CUDA);
  const Environment old("MINRNN_CUDA_DRIVER", library);
  const std::string reason = reasonAgainstCuda();
  const std::string expected =
      "the CUDA driver at " + library +
      " has no cuGraphInstantiateWithFlags: the library is too old (";
  EXPECT_EQ(reason.substr(0, expected.size()), expected);
}

TEST_F(CudaAbsence, NoGpu) {
  configure("DEVICES", "0");
  const std::string expected =
      "the CUDA driver in " + fakeDriver() +
      " does not start: CUDA_ERROR_NO_DEVICE (100, no CUDA-capable device is "
      "detected)";
  EXPECT_EQ(reasonAgainstCuda(), expected);
  EXPECT_EQ(devicesOfTool(),
            std::vector<std::string>{"cuda: not usable: " + expected});
}

TEST_F(CudaAbsence, AGpuThatIsTooOld) {
  configure("CAPABILITY", "70");
  EXPECT_EQ(reasonAgainstCuda(), "GPU 0 is of compute capability 7.0; 7.5 or "
                                 "newer is needed");
}

TEST_F(CudaAbsence, TheToolListsEachGpu) {
  configure("DEVICES", "2");
  const Environment none("MINRNN_NVRTC", "/nowhere/libnvrtc.so");
  const std::string rest =
      ", sm_75, 1.0 GiB, driver for CUDA 13.0, cuBLAS 13.1; runs cells, but "
      "trains nothing, since NVRTC (the CUDA run-time compiler) was not found: "
      "looked for "
      "/nowhere/libnvrtc.so, which MINRNN_NVRTC names";
  EXPECT_EQ(devicesOfTool(),
            (std::vector<std::string>{"cuda: Fake GPU 0" + rest,
                                      "cuda:1: Fake GPU 1" + rest}));
}

TEST_F(CudaAbsence, NoRoomForCublas) {
  configure("MEMORY", "1000000");
  const auto device = CudaDevice::create();
  expectContains(device->description(),
                 ", driver for CUDA 13.0; no matrix products: ");
  const auto x = integersOn(device, {4});
  EXPECT_EQ(x.download(), Integers{4});
}

} // namespace
