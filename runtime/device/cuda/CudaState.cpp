//===- CudaState.cpp - What a CUDA device holds ---------------------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/device/cuda/CudaState.h"

#include "minrnn/error.h"

#include <algorithm>
#include <utility>

using namespace minrnn;

CudaState::CudaState(int index) {
  int count = 0;
  check(driver.deviceGetCount(&count), "counting the GPUs");
  if (index < 0 || index >= count)
    throw Error("there is no GPU " + std::to_string(index) +
                "; the CUDA driver finds " + std::to_string(count));
  check(driver.deviceGet(&device, index), "opening the GPU");
  int major = 0;
  int minor = 0;
  check(driver.deviceGetAttribute(&major, cudaAttributeMajor, device),
        "asking the GPU for its capability");
  check(driver.deviceGetAttribute(&minor, cudaAttributeMinor, device),
        "asking the GPU for its capability");
  constexpr int oldest = 75;
  capability = major * 10 + minor;
  if (capability < oldest)
    throw Error("GPU " + std::to_string(index) + " is of compute capability " +
                std::to_string(major) + "." + std::to_string(minor) +
                "; 7.5 or newer is needed");
  check(driver.deviceGetAttribute(&multiprocessors,
                                  cudaAttributeMultiprocessors, device),
        "asking the GPU for its multiprocessors");
  check(driver.devicePrimaryCtxRetain(&context, device),
        "opening the GPU's context");
  try {
    enter();
    check(driver.streamCreate(&first, cudaStreamNonBlocking),
          "making a stream");
  } catch (...) {
    driver.devicePrimaryCtxRelease(device);
    throw;
  }
  current = first;
  const CachingAllocator::Source source{
      [this](std::uint64_t bytes) { return reserve(bytes); },
      [this](std::uint64_t address) { driver.memFree(address); }};
  workspaces.emplace(source);
  memory.emplace(source);
}

CudaState::~CudaState() {
  // What is queued still uses the memory.
  waitForAll();
  products.reset();
  workspaces.reset();
  memory.reset();
  driver.streamDestroy(first);
  driver.devicePrimaryCtxRelease(device);
}

std::uint64_t CudaState::reserve(std::uint64_t bytes) {
  std::uint64_t address = 0;
  CudaResult result = driver.memAlloc(&address, bytes);
  if (result == cudaOutOfMemory) {
    // What is kept is given back next, and queued work may still use it.
    check(driver.ctxSynchronize(), "making room, or work queued before");
    if (workspaces->keptBytes() > 0) {
      workspaces->trim();
      result = driver.memAlloc(&address, bytes);
    }
  }
  if (result == cudaOutOfMemory)
    return 0;
  check(result, "reserving memory on the GPU");
  return address;
}

void CudaState::expectNoRecording(const char *what) const {
  if (recording)
    throw Error(std::string(what) + " cannot be recorded in a graph");
}

void CudaState::beginStreams() {
  expectNoRecording("a new stream");
  enter();
  // Until now, who used memory again came after who had released it.
  if (!std::exchange(hasStreams, true))
    check(driver.ctxSynchronize(),
          "waiting for the GPU, or work queued before");
}

const Cublas &CudaState::cublas() {
  if (!products) {
    // It reserves memory when it starts.
    expectNoRecording("the start of cuBLAS");
    products.emplace();
  }
  return *products;
}

std::uint64_t CudaState::workspace() {
  if (recording) {
    if (recording->workspace == 0)
      throw Error(recording->noProducts);
    recording->hasProducts = true;
    return recording->workspace;
  }
  cublas();
  std::uint64_t &address = workspaceOf[current];
  if (address == 0)
    address = workspaces->allocate(Cublas::workspaceBytes(capability));
  return address;
}

std::uint64_t CudaState::allocateWidened(std::uint64_t bytes) {
  if (recording) {
    if (bytes > mostWidened)
      throw Error("a product of operands of two types, larger than any before "
                  "it, cannot be recorded in a graph");
    recording->hasWidened = true;
    return recording->widened;
  }
  const std::uint64_t address = workspaces->allocate(bytes);
  mostWidened = std::max(mostWidened, bytes);
  return address;
}

void CudaState::releaseWidened(std::uint64_t address) noexcept {
  // In a recording, the room serves one product after the other.
  if (!recording)
    release(*workspaces, address);
}

void CudaState::release(CachingAllocator &allocator,
                        std::uint64_t address) noexcept {
  if (address == 0)
    return;
  if (recording) {
    recording->released.emplace_back(&allocator, address);
    return;
  }
  // On one stream, whoever has the memory next is queued behind this.
  if (hasStreams)
    waitForAll();
  allocator.release(address);
}

void CudaState::unload(CudaModule module) noexcept {
  if (recording) {
    recording->unloaded.push_back(module);
    return;
  }
  waitForAll();
  driver.moduleUnload(module);
}

void CudaState::beginRecording() {
  Recording begun;
  begun.stream = current;
  // cuBLAS reserves memory when it starts, which cannot be recorded. Where it
  // is missing, a product in the work says so.
  try {
    cublas();
    begun.workspace = workspaces->allocate(Cublas::workspaceBytes(capability));
    if (mostWidened > 0)
      begun.widened = workspaces->allocate(mostWidened);
  } catch (const Error &error) {
    begun.noProducts = error.what();
  }
  const CudaResult result =
      driver.streamBeginCapture(current, cudaCaptureThreadLocal);
  if (result != 0)
    releaseRoom(begun);
  check(result, "recording a graph");
  recording = std::move(begun);
}

CudaResult CudaState::endRecording(CudaGraph *graph, Recording *ended) {
  *ended = std::move(*recording);
  recording.reset();
  const CudaResult result = driver.streamEndCapture(ended->stream, graph);
  for (const auto &[allocator, address] : ended->released)
    release(*allocator, address);
  for (const CudaModule module : ended->unloaded)
    unload(module);
  if (!ended->hasProducts)
    release(*workspaces, std::exchange(ended->workspace, 0));
  if (!ended->hasWidened)
    release(*workspaces, std::exchange(ended->widened, 0));
  return result;
}

void CudaState::releaseRoom(const Recording &ended) noexcept {
  release(*workspaces, ended.workspace);
  release(*workspaces, ended.widened);
}
