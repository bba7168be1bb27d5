//===- CudaDevice.cpp - An NVIDIA GPU -------------------------------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "minrnn/cuda_device.h"

#include "minrnn/error.h"
#include "runtime/device/CachingAllocator.h"
#include "runtime/device/ModuleCache.h"
#include "runtime/device/cuda/Cublas.h"
#include "runtime/device/cuda/CudaDriver.h"
#include "runtime/device/cuda/EntryParameters.h"

#include <algorithm>
#include <array>
#include <bit>
#include <limits>
#include <optional>
#include <string>
#include <vector>

using namespace minrnn;

namespace {

// Of cuda.h.
constexpr int attributeMajor = 75;
constexpr int attributeMinor = 76;
constexpr unsigned streamNonBlocking = 1;
constexpr int captureThreadLocal = 1;
constexpr int optionErrorLog = 5;
constexpr int optionErrorLogBytes = 6;
constexpr int functionDynamicShared = 8;

/// Shared memory a launch may add without asking for more.
constexpr std::uint64_t usualDynamicShared = 48 << 10;

std::uint64_t address(const void *pointer) {
  return std::bit_cast<std::uintptr_t>(pointer);
}

std::string gibibytes(std::uint64_t bytes) {
  const std::uint64_t tenths = bytes * 10 / (std::uint64_t{1} << 30);
  return std::to_string(tenths / 10) + "." + std::to_string(tenths % 10) +
         " GiB";
}

} // namespace

/// The driver, one GPU's context on it, and what lives there.
struct CudaDevice::State {
  explicit State(int index);
  ~State();
  State(const State &) = delete;
  State &operator=(const State &) = delete;

  void check(CudaResult result, const char *what) const {
    driver.check(result, what);
  }

  /// To be called before anything else: the caller may be another thread than
  /// the one that made the device.
  void enter() const {
    check(driver.ctxSetCurrent(context), "choosing the GPU");
  }

  void expectNoCapture() const {
    if (isCapturing)
      throw Error("a copy to or from the host cannot be recorded in a graph");
  }

  const Cublas &cublas() {
    if (!products) {
      // Not among the user's memory.
      if (workspace == 0)
        check(driver.memAlloc(&workspace, Cublas::workspaceBytes),
              "room for cuBLAS to work in");
      products.emplace(workspace);
    }
    return *products;
  }

  CudaDriver driver;
  int device = 0;
  CudaContext context = nullptr;
  int capability = 0;
  /// The first stream, and the one that is current.
  CudaStream first = nullptr;
  CudaStream current = nullptr;
  /// Whether there ever was another than the first.
  bool hasStreams = false;
  bool isCapturing = false;
  /// Memory given back while a graph was recorded.
  std::vector<std::uint64_t> deferred;
  std::optional<CachingAllocator> memory;
  ModuleCache modules;
  std::uint64_t workspace = 0;
  std::optional<Cublas> products;
};

CudaDevice::State::State(int index) {
  int count = 0;
  check(driver.deviceGetCount(&count), "counting the GPUs");
  if (index < 0 || index >= count)
    throw Error("there is no GPU " + std::to_string(index) +
                "; the CUDA driver finds " + std::to_string(count));
  check(driver.deviceGet(&device, index), "opening the GPU");
  int major = 0;
  int minor = 0;
  check(driver.deviceGetAttribute(&major, attributeMajor, device),
        "asking the GPU for its capability");
  check(driver.deviceGetAttribute(&minor, attributeMinor, device),
        "asking the GPU for its capability");
  constexpr int oldest = 75;
  capability = major * 10 + minor;
  if (capability < oldest)
    throw Error("GPU " + std::to_string(index) + " is of compute capability " +
                std::to_string(major) + "." + std::to_string(minor) +
                "; 7.5 or newer is needed");
  check(driver.devicePrimaryCtxRetain(&context, device),
        "opening the GPU's context");
  try {
    enter();
    check(driver.streamCreate(&first, streamNonBlocking), "making a stream");
  } catch (...) {
    driver.devicePrimaryCtxRelease(device);
    throw;
  }
  current = first;
  memory.emplace(CachingAllocator::Source{
      [this](std::uint64_t bytes) {
        std::uint64_t address = 0;
        const CudaResult result = driver.memAlloc(&address, bytes);
        if (result != cudaOutOfMemory)
          check(result, "reserving memory on the GPU");
        return result == 0 ? address : 0;
      },
      [this](std::uint64_t address) { driver.memFree(address); }});
}

CudaDevice::State::~State() {
  driver.ctxSetCurrent(context);
  // What is queued still uses the memory.
  driver.ctxSynchronize();
  products.reset();
  if (workspace != 0)
    driver.memFree(workspace);
  memory.reset();
  driver.streamDestroy(first);
  driver.devicePrimaryCtxRelease(device);
}

//===----------------------------------------------------------------------===//
// Streams, events, graphs
//===----------------------------------------------------------------------===//

class CudaDevice::CudaStreamOf : public Stream {
public:
  explicit CudaStreamOf(std::shared_ptr<CudaDevice> device)
      : device(std::move(device)) {
    const State &state = *this->device->state;
    state.check(state.driver.streamCreate(&stream, streamNonBlocking),
                "making a stream");
  }
  ~CudaStreamOf() override {
    State &state = *device->state;
    state.driver.ctxSetCurrent(state.context);
    state.driver.streamSynchronize(stream);
    if (state.current == stream)
      state.current = state.first;
    state.driver.streamDestroy(stream);
  }

  CudaStream handle() const { return stream; }

private:
  std::shared_ptr<CudaDevice> device;
  CudaStream stream = nullptr;
};

class CudaDevice::CudaEventOf : public Event {
public:
  explicit CudaEventOf(std::shared_ptr<CudaDevice> device)
      : device(std::move(device)) {
    const State &state = *this->device->state;
    state.check(state.driver.eventCreate(&event, 0), "making an event");
    state.check(state.driver.eventRecord(event, state.current),
                "recording an event");
  }
  ~CudaEventOf() override {
    const State &state = *device->state;
    state.driver.ctxSetCurrent(state.context);
    state.driver.eventDestroy(event);
  }

  void synchronize() override {
    const State &state = *device->state;
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
  CudaGraphOf(std::shared_ptr<CudaDevice> device, CudaGraph graph)
      : device(std::move(device)) {
    const State &state = *this->device->state;
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
    const State &state = *device->state;
    state.enter();
    state.check(state.driver.graphLaunch(executable, state.current),
                "launching a graph");
  }

private:
  std::shared_ptr<CudaDevice> device;
  CudaGraphExec executable = nullptr;
};

//===----------------------------------------------------------------------===//
// Modules
//===----------------------------------------------------------------------===//

class CudaDevice::CudaModuleOf : public DeviceModule {
public:
  CudaModuleOf(std::shared_ptr<CudaDevice> device, std::string_view ptx);
  ~CudaModuleOf() override {
    const State &state = *device->state;
    state.driver.ctxSetCurrent(state.context);
    // What is queued may be of this module.
    state.driver.ctxSynchronize();
    state.driver.moduleUnload(module);
  }

  void launch(std::string_view entry, const LaunchShape &shape,
              std::span<const std::uint64_t> words) const override;

private:
  struct Entry {
    CudaFunction function = nullptr;
    std::size_t parameters = 0;
  };

  std::shared_ptr<CudaDevice> device;
  CudaModule module = nullptr;
  std::map<std::string, Entry, std::less<>> entries;
};

CudaDevice::CudaModuleOf::CudaModuleOf(std::shared_ptr<CudaDevice> device,
                                       std::string_view ptx)
    : device(std::move(device)) {
  const State &state = *this->device->state;
  const std::string text(ptx);
  std::array<char, 4096> log = {};
  std::array<int, 2> options = {optionErrorLog, optionErrorLogBytes};
  std::array<void *, 2> values = {
      log.data(), std::bit_cast<void *>(std::uintptr_t{log.size()})};
  const CudaResult result = state.driver.moduleLoadDataEx(
      &module, text.c_str(), options.size(), options.data(), values.data());
  if (result != 0) {
    log.back() = '\0';
    std::string reason = log.data();
    std::replace(reason.begin(), reason.end(), '\n', ' ');
    state.driver.check(result, "the CUDA driver (" + state.driver.version() +
                                   ") refuses the PTX" +
                                   (reason.empty() ? "" : ": " + reason));
  }
  for (const auto &[name, parameters] : countEntryParameters(ptx)) {
    Entry &entry = entries[name];
    entry.parameters = parameters;
    const CudaResult found =
        state.driver.moduleGetFunction(&entry.function, module, name.c_str());
    if (found != 0) {
      state.driver.moduleUnload(module);
      state.driver.check(found, "finding the entry '" + name + "'");
    }
  }
}

void CudaDevice::CudaModuleOf::launch(
    std::string_view entry, const LaunchShape &shape,
    std::span<const std::uint64_t> words) const {
  const std::string what = "launch of '" + std::string(entry) + "'";
  const auto found = entries.find(entry);
  if (found == entries.end())
    throw Error("the module has no entry '" + std::string(entry) + "'");
  if (words.size() != found->second.parameters)
    throw Error(what + ": expected " +
                std::to_string(found->second.parameters) +
                " words of parameters, found " + std::to_string(words.size()));
  std::array<unsigned, 6> extents = {};
  for (std::size_t axis = 0; axis < 3; ++axis) {
    constexpr std::uint64_t largest = std::numeric_limits<std::int32_t>::max();
    if (std::max(shape.grid[axis], shape.block[axis]) > largest)
      throw Error(
          what + ": an extent of " +
          std::to_string(std::max(shape.grid[axis], shape.block[axis])) +
          " is more than a grid can have");
    extents[axis] = static_cast<unsigned>(shape.grid[axis]);
    extents[axis + 3] = static_cast<unsigned>(shape.block[axis]);
  }
  if (std::find(shape.grid.begin(), shape.grid.end(), 0) != shape.grid.end())
    return;
  State &state = *device->state;
  state.enter();
  if (shape.sharedBytes > usualDynamicShared)
    state.driver.check(state.driver.funcSetAttribute(
                           found->second.function, functionDynamicShared,
                           static_cast<int>(shape.sharedBytes)),
                       what);
  // The driver copies the words before it returns.
  std::vector<std::uint64_t> copies(words.begin(), words.end());
  std::vector<void *> parameters;
  parameters.reserve(copies.size());
  for (std::uint64_t &word : copies)
    parameters.push_back(&word);
  state.driver.check(
      state.driver.launchKernel(found->second.function, extents[0], extents[1],
                                extents[2], extents[3], extents[4], extents[5],
                                static_cast<unsigned>(shape.sharedBytes),
                                state.current, parameters.data(), nullptr),
      what);
}

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
  state->enter();
  synchronize();
  state->memory->trim();
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
  state->enter();
  return state->memory->allocate(bytes);
}

void CudaDevice::release(std::uint64_t address) noexcept {
  if (address == 0)
    return;
  if (state->isCapturing) {
    state->deferred.push_back(address);
    return;
  }
  // On one stream, whoever has the memory next is queued behind this.
  if (state->hasStreams) {
    state->driver.ctxSetCurrent(state->context);
    state->driver.ctxSynchronize();
  }
  state->memory->release(address);
}

MemoryUse CudaDevice::memoryUse() const { return state->memory->use(); }

void CudaDevice::copyToDevice(std::uint64_t destination, const void *source,
                              std::size_t bytes) {
  state->expectNoCapture();
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
  state->expectNoCapture();
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
  const auto &[m, n, k, a, b, c, cStride, store, type] = product;
  if (m < 0 || n < 0 || k < 0)
    throw Error("a matrix product of negative size: " + std::to_string(m) +
                " x " + std::to_string(n) + " x " + std::to_string(k));
  if (m == 0 || n == 0 || (k == 0 && store == Store::Add))
    return;
  state->enter();
  if (k > 0) {
    state->cublas().multiply(product, state->current);
    return;
  }
  const std::int64_t bytes = elementBytes(type);
  state->check(state->driver.memsetD2D8Async(
                   address(c), static_cast<std::size_t>(cStride * bytes), 0,
                   static_cast<std::size_t>(n * bytes),
                   static_cast<std::size_t>(m), state->current),
               "a matrix product over nothing");
}

std::shared_ptr<const DeviceModule> CudaDevice::load(std::string_view ptx) {
  state->enter();
  return state->modules.find(ptx, [&] {
    return std::make_shared<const CudaModuleOf>(shared_from_this(), ptx);
  });
}

void CudaDevice::synchronize() {
  state->enter();
  state->check(state->driver.ctxSynchronize(),
               "waiting for the GPU, or work queued before");
}

std::unique_ptr<Stream> CudaDevice::createStream() {
  state->enter();
  state->hasStreams = true;
  return std::make_unique<CudaStreamOf>(shared_from_this());
}

void CudaDevice::useStream(Stream *stream) {
  state->current = stream == nullptr
                       ? state->first
                       : dynamic_cast<CudaStreamOf &>(*stream).handle();
}

std::unique_ptr<Event> CudaDevice::recordEvent() {
  state->enter();
  return std::make_unique<CudaEventOf>(shared_from_this());
}

void CudaDevice::waitFor(Event &event) {
  state->enter();
  state->check(
      state->driver.streamWaitEvent(
          state->current, dynamic_cast<CudaEventOf &>(event).handle(), 0),
      "waiting for an event");
}

std::unique_ptr<Graph> CudaDevice::capture(const std::function<void()> &work) {
  State &own = *state;
  if (own.isCapturing)
    throw Error("a graph is being recorded already");
  own.enter();
  // cuBLAS reserves memory when it starts, which cannot be recorded. Where it is
  // missing, a product in `work` says so.
  try {
    own.cublas();
  } catch (const Error &) {
  }
  own.check(own.driver.streamBeginCapture(own.current, captureThreadLocal),
            "recording a graph");
  own.isCapturing = true;
  CudaGraph graph = nullptr;
  const auto end = [&] {
    own.isCapturing = false;
    const CudaResult result = own.driver.streamEndCapture(own.current, &graph);
    for (const std::uint64_t address : own.deferred)
      release(address);
    own.deferred.clear();
    return result;
  };
  try {
    work();
  } catch (...) {
    end();
    if (graph != nullptr)
      own.driver.graphDestroy(graph);
    throw;
  }
  own.check(end(), "recording a graph");
  return std::make_unique<CudaGraphOf>(shared_from_this(), graph);
}
