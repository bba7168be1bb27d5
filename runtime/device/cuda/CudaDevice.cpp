//===- CudaDevice.cpp - An NVIDIA GPU -------------------------------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "minrnn/cuda_device.h"

#include "minrnn/error.h"
#include "runtime/core/DeviceAddress.h"
#include "runtime/device/ProductThroughHost.h"
#include "runtime/device/cuda/CudaModule.h"
#include "runtime/device/cuda/CudaState.h"
#include "runtime/device/cuda/WidenedProduct.h"

#include <array>
#include <string>
#include <utility>
#include <vector>

using namespace minrnn;

namespace {

std::string gibibytes(std::uint64_t bytes) {
  const std::uint64_t tenths = bytes * 10 / (std::uint64_t{1} << 30);
  return std::to_string(tenths / 10) + "." + std::to_string(tenths % 10) +
         " GiB";
}

//===----------------------------------------------------------------------===//
// Streams, events, graphs
//===----------------------------------------------------------------------===//

class DriverStream : public Stream {
public:
  /// A stream of the driver's; `isForeign`: which is not to end with this one.
  DriverStream(std::shared_ptr<CudaState> owner, CudaStream stream,
               bool isForeign)
      : state(std::move(owner)), stream(stream), isForeign(isForeign) {}
  ~DriverStream() override {
    state->driver.ctxSetCurrent(state->context);
    state->driver.streamSynchronize(stream);
    if (state->current == stream)
      state->current = state->first;
    if (const auto room = state->workspaceOf.find(stream);
        room != state->workspaceOf.end()) {
      state->workspaces->release(room->second);
      state->workspaceOf.erase(room);
    }
    if (!isForeign)
      state->driver.streamDestroy(stream);
  }

  CudaStream handle() const { return stream; }

private:
  std::shared_ptr<CudaState> state;
  CudaStream stream;
  bool isForeign;
};

class DriverEvent : public Event {
public:
  explicit DriverEvent(std::shared_ptr<CudaState> owner)
      : state(std::move(owner)) {
    state->check(state->driver.eventCreate(&event, 0), "making an event");
    const CudaResult result = state->driver.eventRecord(event, state->current);
    if (result != 0)
      state->driver.eventDestroy(event);
    state->check(result, "recording an event");
  }
  ~DriverEvent() override {
    state->driver.ctxSetCurrent(state->context);
    state->driver.eventDestroy(event);
  }

  void synchronize() override {
    state->expectNoRecording("a wait for an event");
    state->enter();
    state->check(state->driver.eventSynchronize(event), "waiting for an event");
  }

  double secondsSince(Event &earlier) override {
    auto &other = dynamic_cast<DriverEvent &>(earlier);
    other.synchronize();
    synchronize();
    float milliseconds = 0;
    state->check(
        state->driver.eventElapsedTime(&milliseconds, other.event, event),
        "asking for the time between two events");
    return static_cast<double>(milliseconds) / 1000;
  }

  CudaEvent handle() const { return event; }

private:
  std::shared_ptr<CudaState> state;
  CudaEvent event = nullptr;
};

class DriverGraph : public Graph {
public:
  DriverGraph(std::shared_ptr<CudaState> owner, CudaGraph graph,
              CudaState::Recording &recording)
      : state(std::move(owner)) {
    // Whoever launches this in another graph hands it on, and so it goes when
    // neither needs it.
    for (const std::uint64_t room : {recording.workspace, recording.widened})
      if (room != 0)
        recording.kept.push_back(std::shared_ptr<const void>(
            nullptr, [state = state, room](const void *) noexcept {
              state->release(*state->workspaces, room);
            }));
    kept = std::move(recording.kept);
    const CudaResult result =
        state->driver.graphInstantiate(&executable, graph, 0);
    state->driver.graphDestroy(graph);
    state->check(result, "preparing a graph");
  }
  ~DriverGraph() override {
    state->driver.ctxSetCurrent(state->context);
    state->driver.graphExecDestroy(executable);
  }

  void launch() override {
    state->enter();
    state->check(state->driver.graphLaunch(executable, state->current),
                 "launching a graph");
    if (state->recording)
      state->recording->kept.insert(state->recording->kept.end(), kept.begin(),
                                    kept.end());
  }

private:
  std::shared_ptr<CudaState> state;
  CudaGraphExec executable = nullptr;
  /// The code that it launches, and room for its products.
  std::vector<std::shared_ptr<const void>> kept;
};

//===----------------------------------------------------------------------===//
// The device
//===----------------------------------------------------------------------===//

class DriverDevice : public CudaDevice {
public:
  explicit DriverDevice(int index)
      : state(std::make_shared<CudaState>(index)) {}

  std::string_view name() const override { return "cuda"; }

  void trim() override {
    state->expectNoRecording("giving memory back to the driver");
    synchronize();
    state->memory->trim();
    state->workspaces->trim();
  }

  std::string description() const override {
    constexpr std::size_t longestName = 256;
    std::array<char, longestName> name = {};
    std::size_t bytes = 0;
    state->check(state->driver.deviceGetName(
                     name.data(), static_cast<int>(name.size()), state->device),
                 "asking the GPU for its name");
    state->check(state->driver.deviceTotalMem(&bytes, state->device),
                 "asking the GPU for its memory");
    name.back() = '\0';
    std::string text = std::string(name.data()) + ", " + target() + ", " +
                       gibibytes(bytes) + ", driver for CUDA " +
                       state->driver.version();
    try {
      state->enter();
      text += ", cuBLAS " + state->cublas().version();
    } catch (const Error &error) {
      text += "; no matrix products: " + std::string(error.what());
    }
    return text;
  }

  std::int64_t multiprocessors() const override {
    return state->multiprocessors;
  }

  std::string target() const override {
    return "sm_" + std::to_string(state->capability);
  }

  std::uint64_t allocate(std::size_t bytes) override {
    // Even of what is kept: the graph would write it whenever it runs.
    state->expectNoRecording("a reservation of memory");
    state->enter();
    return state->memory->allocate(bytes);
  }

  void release(std::uint64_t address) noexcept override {
    state->release(*state->memory, address);
  }

  MemoryUse memoryUse() const override { return state->memory->use(); }

  void copyToDevice(std::uint64_t destination, const void *source,
                    std::size_t bytes) override {
    copyAndWait(bytes, "copying to the GPU", [&] {
      return state->driver.memcpyHtoDAsync(destination, source, bytes,
                                           state->current);
    });
  }

  void copyToHost(void *destination, std::uint64_t source,
                  std::size_t bytes) override {
    copyAndWait(bytes, "copying from the GPU", [&] {
      return state->driver.memcpyDtoHAsync(destination, source, bytes,
                                           state->current);
    });
  }

  void copyOnDevice(std::uint64_t destination, std::uint64_t source,
                    std::size_t bytes) override {
    if (bytes == 0)
      return;
    state->enter();
    state->check(state->driver.memcpyDtoDAsync(destination, source, bytes,
                                               state->current),
                 "copying on the GPU");
  }

  void fill(std::uint64_t destination, std::uint8_t value,
            std::size_t bytes) override {
    if (bytes == 0)
      return;
    state->enter();
    state->check(
        state->driver.memsetD8Async(destination, value, bytes, state->current),
        "filling memory on the GPU");
  }

  bool hasProducts(Precision precision) const override {
    constexpr int ampere = 80;
    return state->capability >= ampere || precision == Precision::Ieee ||
           precision == Precision::Double;
  }

  void multiply(const MatrixProduct &product) override {
    const auto &[m, n, k, a, b, c, cStride, accumulate, aType, bType,
                 resultType, precision] = product;
    checkProduct(product);
    requireProducts(*this, precision);
    if (m == 0 || n == 0 || (k == 0 && accumulate))
      return;
    state->enter();
    // What cuBLAS cannot form.
    if (k > 0 && precision == Precision::Double)
      return multiplyThroughHost(*this, product);
    if (k > 0 && aType != bType)
      return multiplyWidened(product);
    if (k > 0)
      return multiplyByCublas(product);
    const std::int64_t bytes = elementBytes(resultType);
    state->check(state->driver.memsetD2D8Async(
                     addressOf(c), static_cast<std::size_t>(cStride * bytes), 0,
                     static_cast<std::size_t>(n * bytes),
                     static_cast<std::size_t>(m), state->current),
                 "a matrix product over nothing");
  }

  std::shared_ptr<const DeviceModule> load(std::string_view ptx) override {
    state->enter();
    return state->modules.find(ptx, [&] {
      state->expectNoRecording("the loading of PTX");
      return std::make_shared<const DriverModule>(state, ptx);
    });
  }

  void synchronize() override {
    state->expectNoRecording("a wait for the GPU");
    state->enter();
    state->check(state->driver.ctxSynchronize(),
                 "waiting for the GPU, or work queued before");
  }

  std::unique_ptr<Stream> createStream() override {
    state->beginStreams();
    CudaStream stream = nullptr;
    state->check(state->driver.streamCreate(&stream, cudaStreamNonBlocking),
                 "making a stream");
    return std::make_unique<DriverStream>(state, stream, false);
  }

  std::unique_ptr<Stream> foreignStream(void *handle) override {
    state->beginStreams();
    return std::make_unique<DriverStream>(
        state, static_cast<CudaStream>(handle), true);
  }

  void useStream(Stream *stream) override {
    state->expectNoRecording("a change of the stream");
    state->current = stream == nullptr
                         ? state->first
                         : dynamic_cast<DriverStream &>(*stream).handle();
  }

  std::unique_ptr<Event> recordEvent() override {
    state->expectNoRecording("an event");
    state->enter();
    return std::make_unique<DriverEvent>(state);
  }

  void waitFor(Event &event) override {
    state->expectNoRecording("a wait for an event");
    state->enter();
    state->check(
        state->driver.streamWaitEvent(
            state->current, dynamic_cast<DriverEvent &>(event).handle(), 0),
        "waiting for an event");
  }

  std::unique_ptr<Graph> capture(const std::function<void()> &work) override {
    CudaState &own = *state;
    if (own.recording)
      throw Error("a graph is being recorded already");
    own.enter();
    own.beginRecording();
    CudaGraph graph = nullptr;
    CudaState::Recording recording;
    try {
      work();
    } catch (...) {
      own.endRecording(&graph, &recording);
      if (graph != nullptr)
        own.driver.graphDestroy(graph);
      own.releaseRoom(recording);
      throw;
    }
    const CudaResult result = own.endRecording(&graph, &recording);
    if (result != 0)
      own.releaseRoom(recording);
    own.check(result, "recording a graph");
    return std::make_unique<DriverGraph>(state, graph, recording);
  }

private:
  void multiplyByCublas(const MatrixProduct &product) {
    const std::uint64_t workspace = state->workspace();
    state->cublas().multiply(product, state->current, workspace,
                             Cublas::workspaceBytes(state->capability));
  }

  /// Of operands of two types.
  void multiplyWidened(const MatrixProduct &product) {
    if (!widening)
      widening = load(widenPtx);
    const std::uint64_t room = state->allocateWidened(widenedBytes(product));
    try {
      multiplyByCublas(widen(product, room, *widening));
    } catch (...) {
      state->releaseWidened(room);
      throw;
    }
    state->releaseWidened(room);
  }

  /// Waits for the copy of so many bytes that `copy` queues.
  template <typename Copy>
  void copyAndWait(std::size_t bytes, const std::string &what,
                   const Copy &copy) {
    state->expectNoRecording("a copy to or from the host");
    if (bytes == 0)
      return;
    state->enter();
    state->check(copy(), what);
    state->check(state->driver.streamSynchronize(state->current),
                 what + ", or work queued before");
  }

  std::shared_ptr<CudaState> state;
  /// Loaded when it is first needed.
  std::shared_ptr<const DeviceModule> widening;
};

} // namespace

std::shared_ptr<CudaDevice> CudaDevice::create(int index) {
  return std::make_shared<DriverDevice>(index);
}

int CudaDevice::count() {
  const CudaDriver driver;
  int count = 0;
  driver.check(driver.deviceGetCount(&count), "counting the GPUs");
  return count;
}
