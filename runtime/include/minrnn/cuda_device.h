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
#include <string>

namespace minrnn {

/// Everything lives in the GPU's primary context, which is the one that the
/// CUDA runtime API uses: its pointers and streams can be given to this device.
/// A call leaves that context current in the calling thread.
class CudaDevice : public Device,
                   public std::enable_shared_from_this<CudaDevice> {
public:
  /// Opens the GPU with this number, counted from 0 as the driver does. Throws
  /// Error when there is no driver, no such GPU, or it is older than sm_75.
  /// Devices are shared by the modules that are loaded on them.
  static std::shared_ptr<CudaDevice> create(int index = 0);
  ~CudaDevice() override;

  /// How many GPUs the driver finds. Throws Error when there is no driver.
  static int count();

  /// Gives back to the driver the memory that is kept for later requests.
  void trim();

  std::string_view name() const override { return "cuda"; }
  std::string description() const override;
  std::string target() const override;
  std::uint64_t allocate(std::size_t bytes) override;
  void release(std::uint64_t address) noexcept override;
  MemoryUse memoryUse() const override;
  void copyToDevice(std::uint64_t destination, const void *source,
                    std::size_t bytes) override;
  void copyToHost(void *destination, std::uint64_t source,
                  std::size_t bytes) override;
  void copyOnDevice(std::uint64_t destination, std::uint64_t source,
                    std::size_t bytes) override;
  void fill(std::uint64_t destination, std::uint8_t value,
            std::size_t bytes) override;
  /// Throws Error when cuBLAS is missing, too.
  void multiply(const MatrixProduct &product) override;
  std::shared_ptr<const DeviceModule> load(std::string_view ptx) override;
  void synchronize() override;
  std::unique_ptr<Stream> createStream() override;
  std::unique_ptr<Stream> foreignStream(void *handle) override;
  void useStream(Stream *stream) override;
  std::unique_ptr<Event> recordEvent() override;
  void waitFor(Event &event) override;
  std::unique_ptr<Graph> capture(const std::function<void()> &work) override;

private:
  class CudaEventOf;
  class CudaGraphOf;
  class CudaModuleOf;
  class CudaStreamOf;
  struct State;

  explicit CudaDevice(int index);

  std::unique_ptr<State> state;
};

} // namespace minrnn

#endif // MINRNN_CUDA_DEVICE_H
