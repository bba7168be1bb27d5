//===- HostTimeLoopTest.cpp - Sequential cells in slices of the batch -----===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// How many threads there are, and so where the batch is cut, changes no bit of
// a result; and a row's results are those that it has alone.
//
//===----------------------------------------------------------------------===//

#include "minrnn/jit.h"
#include "minrnn/layer.h"
#include "tests/TestFiles.h"

#include "gtest/gtest.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <map>
#include <random>
#include <set>
#include <string>
#include <vector>

using namespace minrnn;

namespace {

/// Every tensor of a caller, by name: its bytes.
using Bytes = std::map<std::string, std::vector<std::uint8_t>>;

CellKernels compiled(const std::filesystem::path &file, int threads,
                     const std::string &ioType = "f32") {
  return compileCellFile(file,
                         {.ioType = ioType,
                          .device = std::make_shared<HostDevice>(threads),
                          .cacheFolder = test::testCache(MINRNN_TEST_CACHE)});
}

CellKernels compiledCell(const std::string &name, int threads) {
  return compiled(test::testFile(MINRNN_CELL_FOLDER) + "/" + name + ".mlir",
                  threads);
}

/// The cells of specs/cells that are not affine.
std::vector<std::filesystem::path> sequentialCells() {
  std::set<std::filesystem::path> files;
  for (const auto &entry :
       std::filesystem::directory_iterator(test::testFile(MINRNN_CELL_FOLDER)))
    if (entry.path().extension() == ".mlir" &&
        compiled(entry.path(), 1).manifest().kind == "sequential")
      files.insert(entry.path());
  return {files.begin(), files.end()};
}

/// Numbers that are the same for the same seed.
std::vector<std::uint8_t> bytesOf(const LayerTensor &tensor,
                                  std::uint32_t seed) {
  std::mt19937 generator(seed);
  std::normal_distribution<float> normal(0, 0.3F);
  std::vector<std::uint8_t> bytes(tensor.bytes);
  if (tensor.element == "f32")
    for (std::size_t at = 0; at < bytes.size(); at += sizeof(float)) {
      const float number = normal(generator);
      std::memcpy(&bytes[at], &number, sizeof(number));
    }
  else if (tensor.element == "bf16")
    for (std::size_t at = 0; at < bytes.size(); at += 2) {
      const float number = normal(generator);
      std::memcpy(&bytes[at], reinterpret_cast<const char *>(&number) + 2, 2);
    }
  else // The reset mask, one step in eight.
    for (std::uint8_t &byte : bytes)
      byte = generator() % 8 == 0 ? 1 : 0;
  return bytes;
}

/// Runs forward and backward, or a step, with every tensor given.
Bytes run(const CellKernels &cell, const LayerSizes &sizes, bool reverse,
          bool isStep) {
  Layer layer(cell, sizes, {.reverse = reverse});
  Bytes bytes;
  std::vector<NamedTensor> forward;
  std::vector<NamedTensor> backward;
  std::uint32_t seed = 0;
  for (const LayerTensor &tensor : layer.tensors()) {
    ++seed;
    if (tensor.role == Role::Saved || tensor.role == Role::Scratch)
      continue;
    auto &[name, numbers] =
        *bytes.emplace(tensor.name, bytesOf(tensor, seed)).first;
    if (tensor.role != Role::Gradient)
      forward.emplace_back(name, numbers.data());
    backward.emplace_back(name, numbers.data());
  }
  if (isStep) {
    layer.step(forward);
    return bytes;
  }
  layer.forward(forward);
  layer.backward(backward);
  return bytes;
}

TEST(HostTimeLoop, ThreadsChangeNoBit) {
  const std::vector<std::filesystem::path> cells = sequentialCells();
  ASSERT_GE(cells.size(), 3U);
  for (const std::filesystem::path &file : cells)
    for (const std::string ioType : {"f32", "bf16"})
      for (const LayerSizes &sizes :
           {LayerSizes{.batch = 13, .time = 90, .inputs = 50, .channels = 50},
            LayerSizes{.batch = 3, .time = 600, .inputs = 37, .channels = 37},
            LayerSizes{.batch = 64, .time = 9, .inputs = 33, .channels = 33},
            LayerSizes{.batch = 5, .time = 1, .inputs = 16, .channels = 16}})
        for (const bool reverse : {false, true}) {
          const Bytes one =
              run(compiled(file, 1, ioType), sizes, reverse, false);
          for (const int threads : {2, 3, 4, 16})
            EXPECT_TRUE(run(compiled(file, threads, ioType), sizes, reverse,
                            false) == one)
                << file << ", " << ioType << ", batch " << sizes.batch << ", "
                << threads << " threads";
        }
}

TEST(HostTimeLoop, ThreadsChangeNoBitOfAStep) {
  const LayerSizes sizes{.batch = 13, .time = 1, .inputs = 50, .channels = 50};
  for (const std::filesystem::path &file : sequentialCells())
    for (const std::string ioType : {"f32", "bf16"}) {
      const Bytes one = run(compiled(file, 1, ioType), sizes, false, true);
      EXPECT_TRUE(run(compiled(file, 4, ioType), sizes, false, true) == one)
          << file << ", " << ioType;
    }
}

TEST(HostTimeLoop, OfNoRowsAndOfNoSteps) {
  for (const std::filesystem::path &file : sequentialCells()) {
    const Bytes noRows = run(
        compiled(file, 4),
        {.batch = 0, .time = 5, .inputs = 16, .channels = 16}, false, false);
    const std::vector<std::uint8_t> &gradient = noRows.at("d_weight");
    EXPECT_EQ(gradient, std::vector<std::uint8_t>(gradient.size()));
    const Bytes noSteps = run(
        compiled(file, 4),
        {.batch = 5, .time = 0, .inputs = 16, .channels = 16}, false, false);
    EXPECT_EQ(noSteps.at("last"), noSteps.at("initial"));
    EXPECT_EQ(noSteps.at("d_initial"), noSteps.at("d_last"));
  }
}

/// The largest distance of a tensor's numbers from those at the same places of
/// another run.
double distance(const Bytes &a, const Bytes &b, const std::string &name) {
  const std::vector<std::uint8_t> &few = a.at(name);
  double most = 0;
  for (std::size_t at = 0; at < few.size(); at += sizeof(float)) {
    float x = 0;
    float y = 0;
    std::memcpy(&x, &few[at], sizeof(x));
    std::memcpy(&y, &b.at(name)[at], sizeof(y));
    most = std::max(most, std::abs(static_cast<double>(x) - y));
  }
  return most;
}

// Of so many channels all threads share the products of few rows, and many rows
// are cut into slices. The first rows are given the same numbers.
TEST(HostTimeLoop, AgreesWithStepsOfAllRows) {
  LayerSizes sizes{.batch = 4, .time = 3, .inputs = 8, .channels = 640};
  const Bytes few = run(compiledCell("gru", 4), sizes, false, false);
  EXPECT_TRUE(run(compiledCell("gru", 1), sizes, false, false) == few);
  sizes.batch = 64;
  const Bytes many = run(compiledCell("gru", 4), sizes, false, false);
  for (const char *name : {"output", "last", "d_input", "d_initial"}) {
    EXPECT_LT(distance(few, many, name), 1e-4) << name;
    EXPECT_GT(few.at(name).size(), 0U);
  }
}

} // namespace
