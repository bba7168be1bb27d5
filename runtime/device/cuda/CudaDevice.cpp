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
#include "runtime/device/HostProduct.h"
#include "runtime/device/ProductSizes.h"
#include "runtime/device/cuda/CudaModule.h"
#include "runtime/device/cuda/CudaState.h"

#include <array>
#include <bit>
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

/// The elements from the first of a matrix of positive sizes to its last.
std::vector<std::byte> copyOfMatrix(Device &device, const void *data,
                                    std::int64_t rows, std::int64_t columns,
                                    std::int64_t stride, std::int64_t bytes) {
  std::vector<std::byte> copy(
      static_cast<std::size_t>(((rows - 1) * stride + columns) * bytes));
  device.copyToHost(copy.data(), addressOf(data), copy.size());
  return copy;
}

/// The product of positive sizes, formed on the host, where cuBLAS cannot form
/// it.
void multiplyThroughHost(Device &device, const MatrixProduct &product) {
  MatrixProduct onHost = product;
  const auto fetch = [&](MatrixOperand<void> &operand, ElementType type,
                         std::int64_t rows, std::int64_t columns) {
    if (operand.transpose == Transpose::Yes)
      std::swap(rows, columns);
    std::vector<std::byte> copy =
        copyOfMatrix(device, operand.data, rows, columns, operand.stride,
                     elementBytes(type));
    operand.data = copy.data();
    return copy;
  };
  const std::vector<std::byte> a =
      fetch(onHost.a, product.aType, product.m, product.k);
  const std::vector<std::byte> b =
      fetch(onHost.b, product.bType, product.k, product.n);
  // With what lies between the rows.
  std::vector<std::byte> c =
      copyOfMatrix(device, product.c, product.m, product.n, product.cStride,
                   elementBytes(product.resultType));
  onHost.c = c.data();
  multiplyOnHost(onHost);
  device.copyToDevice(addressOf(product.c), c.data(), c.size());
}

} // namespace

//===----------------------------------------------------------------------===//
// Streams, events, graphs
//===----------------------------------------------------------------------===//

class CudaDevice::CudaStreamOf : public Stream {
public:
  /// A stream of the driver's; `isForeign`: which is not to end with this one.
  CudaStreamOf(std::shared_ptr<CudaDevice> device, CudaStream stream,
               bool isForeign)
      : device(std::move(device)), stream(stream), isForeign(isForeign) {}
  ~CudaStreamOf() override {
    State &state = *device->state;
    state.driver.ctxSetCurrent(state.context);
    state.driver.streamSynchronize(stream);
    if (state.current == stream)
      state.current = state.first;
    if (const auto room = state.workspaceOf.find(stream);
        room != state.workspaceOf.end()) {
      state.workspaces->release(room->second);
      state.workspaceOf.erase(room);
    }
    if (!isForeign)
      state.driver.streamDestroy(stream);
  }

  CudaStream handle() const { return stream; }

private:
  std::shared_ptr<CudaDevice> device;
  CudaStream stream;
  bool isForeign;
};

class CudaDevice::CudaEventOf : public Event {
public:
  explicit CudaEventOf(std::shared_ptr<CudaDevice> device)
      : device(std::move(device)) {
    const State &state = *this->device->state;
    state.check(state.driver.eventCreate(&event, 0), "making an event");
    const CudaResult result = state.driver.eventRecord(event, state.current);
    if (result != 0)
      state.driver.eventDestroy(event);
    state.check(result, "recording an event");
  }
  ~CudaEventOf() override {
    const State &state = *device->state;
    state.driver.ctxSetCurrent(state.context);
    state.driver.eventDestroy(event);
  }

  void synchronize() override {
    const State &state = *device->state;
    state.expectNoRecording("a wait for an event");
    state.enter();
    state.check(state.driver.eventSynchronize(event), "waiting for an event");
  }

  double secondsSince(Event &earlier) override {
    auto &other = dynamic_cast<CudaEventOf &>(earlier);
    other.synchronize();
    synchronize();
    const State &state = *device->state;
    float milliseconds = 0;
    state.check(
        state.driver.eventElapsedTime(&milliseconds, other.event, event),
        "asking for the time between two events");
    return static_cast<double>(milliseconds) / 1000;
  }

  CudaEvent handle() const { return event; }

private:
  std::shared_ptr<CudaDevice> device;
  CudaEvent event = nullptr;
};

class CudaDevice::CudaGraphOf : public Graph {
public:
  CudaGraphOf(std::shared_ptr<CudaDevice> device, CudaGraph graph,
              State::Recording &recording)
      : device(std::move(device)) {
    State &state = *this->device->state;
    // Whoever launches this in another graph hands it on, and so it goes when
    // neither needs it.
    if (recording.workspace != 0)
      recording.kept.push_back(std::shared_ptr<const void>(
          nullptr, [device = this->device,
                    room = recording.workspace](const void *) noexcept {
            device->state->release(*device->state->workspaces, room);
          }));
    kept = std::move(recording.kept);
    const CudaResult result =
        state.driver.graphInstantiate(&executable, graph, 0);
    state.driver.graphDestroy(graph);
    state.check(result, "preparing a graph");
  }
  ~CudaGraphOf() override {
    const State &state = *device->state;
    state.driver.ctxSetCurrent(state.context);
    state.driver.graphExecDestroy(executable);
  }

  void launch() override {
    State &state = *device->state;
    state.enter();
    state.check(state.driver.graphLaunch(executable, state.current),
                "launching a graph");
    if (state.recording)
      state.recording->kept.insert(state.recording->kept.end(), kept.begin(),
                                   kept.end());
  }

private:
  std::shared_ptr<CudaDevice> device;
  CudaGraphExec executable = nullptr;
  /// The code that it launches, and room for its products.
  std::vector<std::shared_ptr<const void>> kept;
};

//===----------------------------------------------------------------------===//
// The device
//===----------------------------------------------------------------------===//

CudaDevice::CudaDevice(int index) : state(std::make_unique<State>(index)) {}

CudaDevice::~CudaDevice() = default;

std::shared_ptr<CudaDevice> CudaDevice::create(int index) {
  // The constructor is private, so no make_shared.
  return std::shared_ptr<CudaDevice>(new CudaDevice(index));
}

int CudaDevice::count() {
  const CudaDriver driver;
  int count = 0;
  driver.check(driver.deviceGetCount(&count), "counting the GPUs");
  return count;
}

void CudaDevice::trim() {
  state->expectNoRecording("giving memory back to the driver");
  synchronize();
  state->memory->trim();
  state->workspaces->trim();
}

std::string CudaDevice::description() const {
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

std::string CudaDevice::target() const {
  return "sm_" + std::to_string(state->capability);
}

std::uint64_t CudaDevice::allocate(std::size_t bytes) {
  // Even of what is kept: the graph would write it whenever it runs.
  state->expectNoRecording("a reservation of memory");
  state->enter();
  return state->memory->allocate(bytes);
}

void CudaDevice::release(std::uint64_t address) noexcept {
  state->release(*state->memory, address);
}

MemoryUse CudaDevice::memoryUse() const { return state->memory->use(); }

void CudaDevice::copyToDevice(std::uint64_t destination, const void *source,
                              std::size_t bytes) {
  state->expectNoRecording("a copy to or from the host");
  if (bytes == 0)
    return;
  state->enter();
  state->check(
      state->driver.memcpyHtoDAsync(destination, source, bytes, state->current),
      "copying to the GPU");
  state->check(state->driver.streamSynchronize(state->current),
               "copying to the GPU, or work queued before");
}

void CudaDevice::copyToHost(void *destination, std::uint64_t source,
                            std::size_t bytes) {
  state->expectNoRecording("a copy to or from the host");
  if (bytes == 0)
    return;
  state->enter();
  state->check(
      state->driver.memcpyDtoHAsync(destination, source, bytes, state->current),
      "copying from the GPU");
  state->check(state->driver.streamSynchronize(state->current),
               "copying from the GPU, or work queued before");
}

void CudaDevice::copyOnDevice(std::uint64_t destination, std::uint64_t source,
                              std::size_t bytes) {
  if (bytes == 0)
    return;
  state->enter();
  state->check(
      state->driver.memcpyDtoDAsync(destination, source, bytes, state->current),
      "copying on the GPU");
}

void CudaDevice::fill(std::uint64_t destination, std::uint8_t value,
                      std::size_t bytes) {
  if (bytes == 0)
    return;
  state->enter();
  state->check(
      state->driver.memsetD8Async(destination, value, bytes, state->current),
      "filling memory on the GPU");
}

void CudaDevice::multiply(const MatrixProduct &product) {
  const auto &[m, n, k, a, b, c, cStride, accumulate, aType, bType, resultType,
               precision] = product;
  checkProduct(product);
  if (m == 0 || n == 0 || (k == 0 && accumulate))
    return;
  state->enter();
  if (k > 0 && (precision == Precision::Double || aType != bType)) {
    multiplyThroughHost(*this, product);
    return;
  }
  if (k > 0) {
    const std::uint64_t workspace = state->workspace();
    state->cublas().multiply(product, state->current, workspace,
                             Cublas::workspaceBytes(state->capability));
    return;
  }
  const std::int64_t bytes = elementBytes(resultType);
  state->check(state->driver.memsetD2D8Async(
                   addressOf(c), static_cast<std::size_t>(cStride * bytes), 0,
                   static_cast<std::size_t>(n * bytes),
                   static_cast<std::size_t>(m), state->current),
               "a matrix product over nothing");
}

std::shared_ptr<const DeviceModule> CudaDevice::load(std::string_view ptx) {
  state->enter();
  return state->modules.find(ptx, [&] {
    state->expectNoRecording("the loading of PTX");
    return std::make_shared<const CudaModuleOf>(shared_from_this(), ptx);
  });
}

void CudaDevice::synchronize() {
  state->expectNoRecording("a wait for the GPU");
  state->enter();
  state->check(state->driver.ctxSynchronize(),
               "waiting for the GPU, or work queued before");
}

std::unique_ptr<Stream> CudaDevice::createStream() {
  state->beginStreams();
  CudaStream stream = nullptr;
  state->check(state->driver.streamCreate(&stream, cudaStreamNonBlocking),
               "making a stream");
  return std::make_unique<CudaStreamOf>(shared_from_this(), stream, false);
}

std::unique_ptr<Stream> CudaDevice::foreignStream(void *handle) {
  state->beginStreams();
  return std::make_unique<CudaStreamOf>(shared_from_this(),
                                        static_cast<CudaStream>(handle), true);
}

void CudaDevice::useStream(Stream *stream) {
  state->expectNoRecording("a change of the stream");
  state->current = stream == nullptr
                       ? state->first
                       : dynamic_cast<CudaStreamOf &>(*stream).handle();
}

std::unique_ptr<Event> CudaDevice::recordEvent() {
  state->expectNoRecording("an event");
  state->enter();
  return std::make_unique<CudaEventOf>(shared_from_this());
}

void CudaDevice::waitFor(Event &event) {
  state->expectNoRecording("a wait for an event");
  state->enter();
  state->check(
      state->driver.streamWaitEvent(
          state->current, dynamic_cast<CudaEventOf &>(event).handle(), 0),
      "waiting for an event");
}

std::unique_ptr<Graph> CudaDevice::capture(const std::function<void()> &work) {
  State &own = *state;
  if (own.recording)
    throw Error("a graph is being recorded already");
  own.enter();
  own.beginRecording();
  CudaGraph graph = nullptr;
  State::Recording recording;
  try {
    work();
  } catch (...) {
    own.endRecording(&graph, &recording);
    if (graph != nullptr)
      own.driver.graphDestroy(graph);
    own.release(*own.workspaces, recording.workspace);
    throw;
  }
  const CudaResult result = own.endRecording(&graph, &recording);
  if (result != 0)
    own.release(*own.workspaces, recording.workspace);
  own.check(result, "recording a graph");
  return std::make_unique<CudaGraphOf>(shared_from_this(), graph, recording);
}
