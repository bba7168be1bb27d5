//===- NvrtcTest.cpp - CUDA C++ to PTX at run time ------------------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/device/Nvrtc.h"

#include "minrnn/error.h"

#include "gtest/gtest.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <optional>

using namespace minrnn;

namespace {

constexpr SourceText twice{
    "twice.cu",
    "#include \"two.cuh\"\nextern \"C\" __global__ void twice(float "
    "*x) { x[threadIdx.x] *= two; }\n"};
constexpr std::array<SourceText, 1> headers = {
    {{"two.cuh", "constexpr float two = 2;\n"}}};

class NvrtcTest : public testing::Test {
protected:
  void SetUp() override {
    try {
      nvrtc.emplace();
    } catch (const Error &error) {
      GTEST_SKIP() << error.what();
    }
  }
  std::string errorOf(const SourceText &source, std::string_view target) const {
    try {
      nvrtc->compileToPtx(source, target, headers);
    } catch (const Error &error) {
      return error.what();
    }
    ADD_FAILURE() << "compiled " << source.name << " for " << target;
    return {};
  }
  std::optional<Nvrtc> nvrtc;
};

void expectMessage(const std::string &text, const std::string &part) {
  EXPECT_NE(text.find(part), std::string::npos) << part << " in\n" << text;
}

TEST_F(NvrtcTest, CompilesForEveryTargetItNames) {
  const std::vector<std::string> targets = nvrtc->targets();
  EXPECT_NE(std::ranges::find(targets, "sm_75"), targets.end());
  for (const std::string &target : targets) {
    const std::string ptx = nvrtc->compileToPtx(twice, target, headers);
    expectMessage(ptx, ".target " + target);
    expectMessage(ptx, ".visible .entry twice(");
    EXPECT_EQ(ptx.find('\0'), std::string::npos);
  }
}

TEST_F(NvrtcTest, AnErrorCarriesTheCompilersLog) {
  const std::string message = errorOf(
      {"broken.cu", "__global__ void f() { undeclared = 1; }"}, "sm_75");
  expectMessage(message, "broken.cu does not compile for sm_75");
  expectMessage(message, "identifier \"undeclared\" is undefined");
}

TEST_F(NvrtcTest, AnUnknownTargetIsAnsweredWithThoseItKnows) {
  const std::string message = errorOf(twice, "sm_20");
  expectMessage(message, "NVRTC " + nvrtc->version());
  expectMessage(message, "does not compile for sm_20");
  for (const std::string &target : nvrtc->targets())
    expectMessage(message, target);
  for (const char *target : {"", "75", "sm_", "sm_7x", "sm_a", "sm_9a"})
    expectMessage(errorOf(twice, target), "no target; expected one such as");
}

TEST(NvrtcAbsence, NamesTheVariable) {
  const char *former = std::getenv("MINRNN_NVRTC");
  const std::optional<std::string> before =
      former == nullptr ? std::nullopt : std::optional<std::string>(former);
  setenv("MINRNN_NVRTC", "/nowhere/libnvrtc.so", 1);
  try {
    const Nvrtc nvrtc;
    ADD_FAILURE() << "opened NVRTC " << nvrtc.version();
  } catch (const Error &error) {
    expectMessage(error.what(), "/nowhere/libnvrtc.so");
    expectMessage(error.what(), "MINRNN_NVRTC");
  }
  if (before)
    setenv("MINRNN_NVRTC", before->c_str(), 1);
  else
    unsetenv("MINRNN_NVRTC");
}

} // namespace
