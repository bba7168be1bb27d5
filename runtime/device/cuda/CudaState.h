//===- CudaState.h - What a CUDA device holds -------------------*- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_RUNTIME_DEVICE_CUDA_CUDASTATE_H
#define MINRNN_RUNTIME_DEVICE_CUDA_CUDASTATE_H

#include "minrnn/device.h"
#include "runtime/device/CachingAllocator.h"
#include "runtime/device/ModuleCache.h"
#include "runtime/device/cuda/Cublas.h"
#include "runtime/device/cuda/CudaDriver.h"

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace minrnn {

/// The driver, one GPU's context on it, and what lives there: for as long as
/// the device does, or anything that was made on it.
struct CudaState {
  explicit CudaState(int index);
  ~CudaState();
  CudaState(const CudaState &) = delete;
  CudaState &operator=(const CudaState &) = delete;

  void check(CudaResult result, const std::string &what) const {
    driver.check(result, what);
  }

  /// To be called before anything else: the caller may be another thread than
  /// the one that made the device.
  void enter() const {
    check(driver.ctxSetCurrent(context), "choosing the GPU");
  }

  /// Throws Error when a graph is being recorded: `what` cannot be. The driver
  /// would give the whole recording up.
  void expectNoRecording(const char *what) const;

  /// To be called before there is a further stream.
  void beginStreams();

  /// Opens it when it is first asked for.
  const Cublas &cublas();
  /// Room for products on the current stream, or in what is being recorded.
  std::uint64_t workspace();
  /// Room for `bytes` bytes of operands that are widened, for one product, to
  /// be given back by `releaseWidened` when it is queued. In what is being
  /// recorded there is as much as any product before it had.
  std::uint64_t allocateWidened(std::uint64_t bytes);
  void releaseWidened(std::uint64_t address) noexcept;

  /// Gives memory back to `allocator` so that whoever has it next comes after
  /// the work that is queued.
  void release(CachingAllocator &allocator, std::uint64_t address) noexcept;
  /// Unloads code once queued work no longer needs it.
  void unload(CudaModule module) noexcept;
  void waitForAll() const noexcept {
    driver.ctxSetCurrent(context);
    driver.ctxSynchronize();
  }

  /// What is in the making while a graph is recorded.
  struct Recording {
    /// Where it began: there it must end.
    CudaStream stream = nullptr;
    /// The code that it launches, and graphs' code and room that it took over.
    std::vector<std::shared_ptr<const void>> kept;
    /// Room for its own products: it may run beside any stream's.
    std::uint64_t workspace = 0;
    bool hasProducts = false;
    /// Why it can have no products.
    std::string noProducts;
    /// Room for operands that are widened, of which there was most before.
    std::uint64_t widened = 0;
    bool hasWidened = false;
    /// To be done when it ends, since the driver must not do it meanwhile.
    std::vector<std::pair<CachingAllocator *, std::uint64_t>> released;
    std::vector<CudaModule> unloaded;
  };
  /// Begins to record what is queued on the current stream.
  void beginRecording();
  /// Ends it. The graph is null where the result is an error.
  CudaResult endRecording(CudaGraph *graph, Recording *recording);
  /// Gives back a recording's room for products.
  void releaseRoom(const Recording &recording) noexcept;

  CudaDriver driver;
  int device = 0;
  CudaContext context = nullptr;
  int capability = 0;
  int multiprocessors = 0;
  /// The first stream, and the one that is current.
  CudaStream first = nullptr;
  CudaStream current = nullptr;
  /// Whether there ever was another than the first.
  bool hasStreams = false;
  std::optional<Recording> recording;
  /// The user's memory; that of cuBLAS is not among it.
  std::optional<CachingAllocator> memory;
  std::optional<CachingAllocator> workspaces;
  /// Two products at a time must not share theirs.
  std::map<CudaStream, std::uint64_t> workspaceOf;
  /// The most bytes of operands that a product had widened.
  std::uint64_t mostWidened = 0;
  ModuleCache modules;
  std::optional<Cublas> products;

private:
  std::uint64_t reserve(std::uint64_t bytes);
};

} // namespace minrnn

#endif // MINRNN_RUNTIME_DEVICE_CUDA_CUDASTATE_H
