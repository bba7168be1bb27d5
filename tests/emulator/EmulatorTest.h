//===- EmulatorTest.h - What the emulator's tests share ---------*- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_TESTS_EMULATOR_EMULATORTEST_H
#define MINRNN_TESTS_EMULATOR_EMULATORTEST_H

#include "runtime/emulator/Launch.h"
#include "tests/TestFiles.h"

#include <gtest/gtest.h>

#include <fstream>
#include <functional>
#include <optional>
#include <sstream>
#include <string>
#include <vector>

namespace minrnn::emulator {

/// A kernel file beside these tests, `name` such as "control.ptx".
inline std::string readKernel(const std::string &name) {
  std::string path =
      minrnn::test::testFile(MINRNN_EMULATOR_KERNELS) + "/" + name;
  std::ifstream file(path);
  std::stringstream text;
  text << file.rdbuf();
  if (!file || text.str().empty())
    throw std::runtime_error("cannot read " + path);
  return text.str();
}

/// A memory with a module in it, and short ways to use both.
class Device {
public:
  explicit Device(const std::string &ptx) : module(memory, parse(ptx)) {}

  template <typename T>
  uint64_t upload(const std::vector<T> &values, const char *name = "") {
    uint64_t address = memory.allocate(values.size() * sizeof(T), name);
    memory.copyToDevice(address, values.data(), values.size() * sizeof(T));
    return address;
  }
  template <typename T> uint64_t reserve(size_t count, const char *name = "") {
    return memory.allocate(count * sizeof(T), name);
  }
  template <typename T>
  std::vector<T> download(uint64_t address, size_t count) const {
    std::vector<T> values(count);
    memory.copyToHost(values.data(), address, count * sizeof(T));
    return values;
  }
  Statistics run(const std::string &entry, Dim3 grid, Dim3 block,
                 std::vector<uint64_t> parameters,
                 const LaunchOptions &options = {},
                 uint64_t dynamicShared = 0) {
    return launch(module, entry, grid, block, dynamicShared, parameters,
                  options);
  }

  Memory memory;
  Module module;
};

/// The error that `action` throws; a failure of the test when it throws none.
inline std::optional<Error> errorOf(const std::function<void()> &action) {
  try {
    action();
  } catch (const Error &error) {
    return error;
  }
  ADD_FAILURE() << "expected an emulator::Error, found none";
  return std::nullopt;
}

/// Fails unless `action` throws this fault, with `lineText` in the line of PTX
/// and `message` in what the error says.
inline void expectFault(Fault fault, const std::string &lineText,
                        const std::string &message,
                        const std::function<void()> &action) {
  std::optional<Error> error = errorOf(action);
  if (!error)
    return;
  EXPECT_EQ(int(error->fault()), int(fault)) << error->what();
  EXPECT_NE(error->lineText().find(lineText), std::string::npos)
      << error->what();
  if (!lineText.empty()) {
    EXPECT_NE(std::string(error->what())
                  .find("PTX line " + std::to_string(error->line()) + ":"),
              std::string::npos)
        << error->what();
  }
  EXPECT_NE(std::string(error->what()).find(message), std::string::npos)
      << error->what();
}

/// A module with one entry `k` of so many .u64 parameters p0, p1, ..., with
/// registers %p, %h (16 bits), %r and %l (64 bits).
inline std::string kernelOf(const std::string &body, unsigned parameters,
                            const std::string &before = "") {
  std::string text = ".version 7.8\n.target sm_75\n.address_size 64\n" +
                     before + "\n.visible .entry k(";
  for (unsigned i = 0; i < parameters; ++i)
    text += std::string(i ? ", " : "") + ".param .u64 p" + std::to_string(i);
  return text +
         ")\n{\n.reg .pred %p<32>;\n.reg .b16 %h<32>;\n"
         ".reg .b32 %r<64>;\n.reg .b64 %l<64>;\n" +
         body + "\nret;\n}\n";
}

} // namespace minrnn::emulator

#endif // MINRNN_TESTS_EMULATOR_EMULATORTEST_H
