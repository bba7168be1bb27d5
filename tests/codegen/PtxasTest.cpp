//===- PtxasTest.cpp - Targets, and ptxas not there -----------------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What the driver cannot show: a machine without ptxas on one that has it, and
// targets that the command line does not let through.
//
//===----------------------------------------------------------------------===//

#include "compiler/targets/nvidia/Ptxas.h"
#include "compiler/pipeline/Compile.h"
#include "compiler/targets/nvidia/GPUTargets.h"

#include "gtest/gtest.h"

#include <cstdlib>

using namespace minrnn::compiler;

namespace {

constexpr std::string_view cell =
    "minrnn.cell @leaky(%x: !minrnn.input) state(%h: f32) {\n"
    "  %k = minrnn.project %x \"z\" : f32\n"
    "  %z = minrnn.sigmoid %k : f32\n"
    "  %n = minrnn.lerp %h, %k, %z : f32\n"
    "  minrnn.yield %n : f32\n"
    "}\n";

testing::AssertionResult contains(const std::string &text,
                                  const std::string &part) {
  if (text.find(part) != std::string::npos)
    return testing::AssertionSuccess();
  return testing::AssertionFailure()
         << "expected '" << part << "' in: " << text;
}

Compilation compileFor(const std::string &target, Stage stage) {
  CompileOptions options;
  options.target = target;
  options.ptxasFolders = {"/nowhere", "/nowhere/else"};
  return compileCell(cell, "leaky.mlir", stage, options);
}

} // namespace

TEST(Targets, AreKnownByName) {
  std::vector<std::string> expected = {"sm_75", "sm_80",  "sm_86",  "sm_89",
                                       "sm_90", "sm_100", "sm_120", "host"};
  EXPECT_EQ(knownTargets(), expected);
  ASSERT_NE(findGPUTarget("sm_120"), nullptr);
  EXPECT_EQ(findGPUTarget("sm_120")->firstToolkit, "12.8");
  EXPECT_EQ(findGPUTarget("host"), nullptr);
  EXPECT_EQ(findGPUTarget(""), nullptr);
}

TEST(Targets, EachHasPTXOfItsOwn) {
  for (const GPUTarget &target : gpuTargets()) {
    Compilation result = compileFor(target.name.str(), Stage::PTX);
    EXPECT_EQ(result.outcome, Outcome::Done) << result.diagnostics;
    EXPECT_TRUE(
        contains(result.output, "\n.target " + target.name.str() + "\n"));
  }
}

TEST(Targets, AnUnknownOneIsRefusedWithTheKnownOnes) {
  for (const char *target : {"sm_10", "sm_900", "", "SM_75", "cpu"}) {
    Compilation result = compileFor(target, Stage::PTX);
    EXPECT_EQ(result.outcome, Outcome::BadInput);
    EXPECT_EQ(result.diagnostics,
              "error: unknown target '" + std::string(target) +
                  "'; the known ones are sm_75, sm_80, sm_86, sm_89, sm_90, "
                  "sm_100, sm_120, host\n");
    EXPECT_EQ(result.output, "");
  }
}

TEST(Targets, TheHostHasNoCubin) {
  Compilation result = compileFor("host", Stage::Cubin);
  EXPECT_EQ(result.outcome, Outcome::BadInput);
  EXPECT_TRUE(contains(result.diagnostics, "no PTX and no cubin"));
}

TEST(Ptxas, IsMissedWithThePlacesLookedIn) {
  Compilation result = compileFor("sm_75", Stage::Cubin);
  EXPECT_EQ(result.outcome, Outcome::BadInput);
  EXPECT_EQ(result.output, "");
  EXPECT_EQ(result.diagnostics,
            "error: expected ptxas, which makes cubins, on PATH or in the bin "
            "folder of a CUDA toolkit; found none in /nowhere, /nowhere/else. "
            "Install the CUDA toolkit, or name its folder in CUDA_HOME, or "
            "emit PTX (--emit=ptx), which needs none\n");
}

TEST(Ptxas, IsNotFoundInNoFolder) {
  std::string error;
  EXPECT_EQ(findPtxas({}, error), "");
  EXPECT_NE(error, "");
}

TEST(Ptxas, IsNotLookedForInTheWorkingDirectory) {
  const auto set = [](const char *name, const char *value) {
    const char *former = std::getenv(name);
    std::string before = former ? former : "";
    setenv(name, value, 1);
    return before;
  };
  const std::string path = set("PATH", ":.:bin:/first::../there:/second:");
  const std::string home = set("CUDA_HOME", "cuda");
  const std::string cuda = set("CUDA_PATH", "/third");
  EXPECT_EQ(ptxasFolders(),
            (std::vector<std::string>{"/first", "/second", "/third/bin",
                                      "/usr/local/cuda/bin"}));
  set("PATH", path.c_str());
  set("CUDA_HOME", home.c_str());
  set("CUDA_PATH", cuda.c_str());
}

TEST(Ptxas, ThatCannotBeRunIsSaid) {
  std::string cubin, error;
  EXPECT_FALSE(emitCubin("/nowhere/ptxas", "", "sm_75", cubin, error));
  EXPECT_TRUE(contains(error, "'/nowhere/ptxas' made no cubin for sm_75"));
  EXPECT_TRUE(contains(error, "No such file or directory"));
  EXPECT_EQ(cubin, "");
}
