//===- CudaDriver.cpp - The CUDA driver, opened at run time ---------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/device/cuda/CudaDriver.h"

#include "minrnn/error.h"

#include <array>

using namespace minrnn;

namespace {

constexpr auto driverNames =
    std::to_array<std::string_view>({"libcuda.so.1", "libcuda.so"});

} // namespace

CudaDriver::CudaDriver()
    : library({.what = "the CUDA driver",
               .variable = "MINRNN_CUDA_DRIVER",
               .names = driverNames}) {
  check(init(0), "the CUDA driver in " + library.path() + " does not start");
}

void CudaDriver::check(CudaResult result, const std::string &what) const {
  if (result == 0)
    return;
  const char *name = nullptr;
  const char *text = nullptr;
  if (getErrorName(result, &name) != 0 || name == nullptr)
    name = "an error it has no name for";
  if (getErrorString(result, &text) != 0 || text == nullptr)
    text = "no description";
  throw Error(what + ": " + name + " (" + std::to_string(result) + ", " + text +
              ")");
}

std::string CudaDriver::version() const {
  int number = 0;
  check(driverGetVersion(&number), "asking the CUDA driver for its version");
  return std::to_string(number / 1000) + "." +
         std::to_string(number % 1000 / 10);
}
