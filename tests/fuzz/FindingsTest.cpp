//===- FindingsTest.cpp - What the fuzzer found stays found ---------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The fuzzer's function without the fuzzer: on every cell of the repository
// with one request each, and on every finding with all of them.
//
//===----------------------------------------------------------------------===//

#include "tests/TestFiles.h"
#include "tests/fuzz/CellMutator.h"
#include "tests/fuzz/CompilerPromises.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>

using minrnn::fuzz::brokenPromise;
using minrnn::fuzz::Request;

static std::vector<std::filesystem::path> filesIn(const std::string &folder) {
  std::vector<std::filesystem::path> files;
  for (const auto &entry : std::filesystem::directory_iterator(folder))
    if (entry.path().extension() == ".mlir")
      files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  return files;
}

static std::string contents(const std::filesystem::path &file) {
  std::ifstream stream(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

static void check(const std::filesystem::path &file, const std::string &source,
                  const Request &request) {
  // Before, for afterwards may never come.
  std::string name = file.filename().string() + " " + request.flags();
  std::cout << name << std::endl; // NOLINT(performance-avoid-endl)
  EXPECT_EQ(brokenPromise(source, request), "") << name;
}

TEST(Fuzz, EveryCellKeepsThePromises) {
  std::vector<std::filesystem::path> files =
      filesIn(minrnn::test::testFile(MINRNN_FUZZ_CORPUS));
  ASSERT_FALSE(files.empty());
  for (const auto &file : files) {
    std::string source = contents(file);
    check(file, source, minrnn::fuzz::requestFor(source));
  }
}

TEST(Fuzz, EveryFindingKeepsThePromises) {
  for (const auto &file :
       filesIn(minrnn::test::testFile(MINRNN_FUZZ_FINDINGS))) {
    std::string source = contents(file);
    for (const Request &request : minrnn::fuzz::requests())
      check(file, source, request);
  }
}

// A thousand steps from one cell: the mutator itself bears any text.
TEST(Fuzz, TheMutatorBearsItsOwnTexts) {
  std::string text;
  for (unsigned seed = 0; seed < 1000; ++seed)
    text = minrnn::fuzz::mutateCell(text, seed);
  EXPECT_EQ(minrnn::fuzz::mutateCell(text, 1),
            minrnn::fuzz::mutateCell(text, 1));
}
