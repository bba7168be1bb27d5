//===- KernelFile.h - The kernels of these tests, by hand -------*- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_TESTS_DEVICE_KERNELFILE_H
#define MINRNN_TESTS_DEVICE_KERNELFILE_H

#include "runtime/core/ReadFile.h"
#include "tests/TestFiles.h"

#include <bit>
#include <cstdint>
#include <string>

namespace minrnn::test {

/// PTX with the entries `axpy`, `places` and `turnRound`, which the file
/// explains.
inline std::string arithmeticPtx() {
  return readFile(testFile(MINRNN_DEVICE_KERNELS) + "/arithmetic.ptx");
}

/// A parameter of type f32 as a word.
inline std::uint64_t wordOf(float number) {
  return std::bit_cast<std::uint32_t>(number);
}

} // namespace minrnn::test

#endif // MINRNN_TESTS_DEVICE_KERNELFILE_H
