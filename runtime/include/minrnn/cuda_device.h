//===- cuda_device.h - An NVIDIA GPU ----------------------------*- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Through the driver API and cuBLAS, both opened at run time: a program that
// links this starts on any machine. Where something is missing or too old, the
// error says what, and where it was looked for.
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_CUDA_DEVICE_H
#define MINRNN_CUDA_DEVICE_H

#include "minrnn/device.h"

#include <memory>

namespace minrnn {

/// Everything lives in the GPU's primary context, which is the one that the
/// CUDA runtime API uses: its pointers and streams can be given to this device.
/// A call leaves that context current in the calling thread.
class CudaDevice : public Device {
public:
  /// Opens the GPU with this number, counted from 0 as the driver does. Throws
  /// Error when there is no driver, no such GPU, or it is older than sm_75.
  /// What is loaded or made on it may outlive it. `multiply` throws Error when
  /// cuBLAS is missing, too.
  static std::shared_ptr<CudaDevice> create(int index = 0);

  /// How many GPUs the driver finds. Throws Error when there is no driver.
  static int count();

  /// Gives back to the driver the memory that is kept for later requests.
  virtual void trim() = 0;
};

} // namespace minrnn

#endif // MINRNN_CUDA_DEVICE_H
