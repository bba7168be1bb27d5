//===- Tool.h - The command line under test ---------------------*- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_TESTS_RUNTIME_TOOL_H
#define MINRNN_TESTS_RUNTIME_TOOL_H

#include "minrnn/safetensors.h"
#include "runtime/core/ReadFile.h"
#include "tests/TestFiles.h"
#include "tests/runtime/Comparison.h"
#include "tests/runtime/ReferenceLayers.h"
#include "tests/runtime/TemporaryFolder.h"

#include "gtest/gtest.h"
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <sys/wait.h>
#include <vector>

namespace minrnn::test {

/// What a command did.
struct Outcome {
  int status = -1;
  std::string out;
  std::string err;
};

class Tool : public testing::Test {
protected:
  /// Runs `minrnn ARGUMENTS` with a cache of its own.
  Outcome minrnn(const std::string &arguments) const {
    const std::filesystem::path out = folder.path() / "stdout";
    const std::filesystem::path err = folder.path() / "stderr";
    const std::string command =
        "MINRNN_CACHE_DIR='" + testCache(MINRNN_TEST_CACHE) + "' '" +
        testFile(MINRNN_TOOL) + "' " + arguments + " >'" + out.string() +
        "' 2>'" + err.string() + "'";
    // The tool is run as a user runs it, by a shell.
    // NOLINTNEXTLINE(bugprone-command-processor)
    const int status = std::system(command.c_str());
    EXPECT_TRUE(WIFEXITED(status)) << "killed: " << command;
    return {WEXITSTATUS(status), readFile(out), readFile(err)};
  }

  std::string file(const std::string &name) const {
    return (folder.path() / name).string();
  }

  static std::string cell(const std::string &name) {
    return testFile(MINRNN_CELL_FOLDER) + "/" + name + ".mlir";
  }

  /// Exit 1, one line that mentions `expected`.
  static void expectError(const Outcome &outcome, const std::string &expected,
                          int status = 1) {
    EXPECT_EQ(outcome.status, status) << outcome.err;
    EXPECT_EQ(outcome.err.rfind("minrnn: error: ", 0), 0U) << outcome.err;
    EXPECT_NE(outcome.err.find(expected), std::string::npos) << outcome.err;
    EXPECT_EQ(std::count(outcome.err.begin(), outcome.err.end(), '\n'), 1)
        << outcome.err;
  }

  TemporaryFolder folder;
};

/// Named tensors that tests change one at a time.
struct Tensors {
  struct Tensor {
    std::vector<std::int64_t> shape;
    Numbers values;
  };
  std::map<std::string, Tensor> byName;

  void put(const std::string &name, std::vector<std::int64_t> shape,
           std::uint64_t seed, double scale = 1) {
    std::int64_t count = 1;
    for (const std::int64_t size : shape)
      count *= size;
    byName[name] = {std::move(shape), randomNumbers(count, seed, scale)};
  }

  Numbers &operator[](const std::string &name) { return byName[name].values; }

  /// The tensor `reset`, of type U8; empty: none.
  std::vector<std::int64_t> resetShape;
  std::string reset;

  void write(const std::string &path) const {
    std::string header;
    std::string data;
    const auto add = [&](const std::string &name, const char *dtype,
                         std::span<const std::int64_t> shape,
                         std::string_view bytes) {
      header += (header.empty() ? "{\"" : ", \"") + name +
                "\": {\"dtype\": \"" + dtype +
                "\", \"shape\": " + formatShape(shape) +
                ", \"data_offsets\": [" + std::to_string(data.size()) + ", " +
                std::to_string(data.size() + bytes.size()) + "]}";
      data += bytes;
    };
    for (const auto &[name, tensor] : byName) {
      const std::vector<float> floats = toFloats(tensor.values);
      add(name, "F32", tensor.shape,
          {reinterpret_cast<const char *>(floats.data()),
           floats.size() * sizeof(float)});
    }
    if (!resetShape.empty())
      add("reset", "U8", resetShape, reset);
    header += "}";
    const std::uint64_t length = header.size();
    std::ofstream stream(path, std::ios::binary);
    stream.write(reinterpret_cast<const char *>(&length), sizeof length);
    stream << header << data;
  }
};

} // namespace minrnn::test

#endif // MINRNN_TESTS_RUNTIME_TOOL_H
