//===- context.h - Where layers run -----------------------------*- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The layers around a recurrent one, minrnn/layers/*.h, each with its forward
// and its backward, on arrays in the memory of a device that the caller owns.
// All arrays are dense f32 where nothing else is said, last axis contiguous.
// `rows` is the number of positions, batch times time.
//
// On the host a layer is C++; on other devices it is a kernel of CUDA C++,
// compiled by NVRTC. All queue their work on the device's current stream, and
// may be recorded in a graph after a first call. Results do not change from run
// to run, on the host with the same number of threads.
//
// Every function throws Error when a size is negative or too large for memory,
// or for the BLAS library.
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_LAYERS_CONTEXT_H
#define MINRNN_LAYERS_CONTEXT_H

#include "minrnn/device.h"

#include <memory>

namespace minrnn {

class LayerKernels;

/// What the layers of one device share: the device, and on one that runs PTX
/// the kernels compiled for it and their room to work in. Copies share it.
class LayerContext {
public:
  /// On a device that runs PTX, kernels are compiled when they are first used,
  /// through the cache of kernels on disk (minrnn/jit.h says where it is).
  /// Throws Error when `device` is null, or NVRTC is missing where it is
  /// needed.
  explicit LayerContext(std::shared_ptr<Device> device);

  /// Launches kernels by `kernels`, as tests do; `device` serves the products
  /// of linear layers and may be null without them.
  LayerContext(std::shared_ptr<Device> device,
               std::shared_ptr<LayerKernels> kernels);

  Device &device() const { return *owner; }
  const std::shared_ptr<Device> &sharedDevice() const { return owner; }

  /// Null on the host, where layers are C++.
  LayerKernels *kernels() const { return ofDevice.get(); }

private:
  std::shared_ptr<Device> owner;
  std::shared_ptr<LayerKernels> ofDevice;
};

} // namespace minrnn

#endif // MINRNN_LAYERS_CONTEXT_H
