//===- CudaModule.cpp - PTX loaded on a CUDA device -----------------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/device/cuda/CudaModule.h"

#include "minrnn/error.h"
#include "runtime/device/cuda/EntryParameters.h"

#include <algorithm>
#include <array>
#include <bit>
#include <limits>
#include <numeric>

using namespace minrnn;

namespace {

constexpr std::uint64_t largest = std::numeric_limits<std::int32_t>::max();

/// A compiler's log in one line.
std::string oneLine(std::string log) {
  std::replace(log.begin(), log.end(), '\n', ' ');
  log.erase(log.find_last_not_of(' ') + 1);
  return log;
}

/// The extents of a launch, as the driver counts them.
std::array<unsigned, 6> extentsOf(const LaunchShape &shape,
                                  const std::string &what) {
  std::array<unsigned, 6> extents = {};
  for (std::size_t axis = 0; axis < 3; ++axis) {
    const std::uint64_t extent = std::max(shape.grid[axis], shape.block[axis]);
    if (extent > largest)
      throw Error(what + ": an extent of " + std::to_string(extent) +
                  " is more than a grid can have");
    extents[axis] = static_cast<unsigned>(shape.grid[axis]);
    extents[axis + 3] = static_cast<unsigned>(shape.block[axis]);
  }
  return extents;
}

} // namespace

DriverModule::DriverModule(std::shared_ptr<CudaState> state,
                           std::string_view ptx)
    : code(std::make_shared<Code>(std::move(state))) {
  const CudaDriver &driver = code->state->driver;
  const std::string text(ptx);
  std::array<char, 4096> log = {};
  std::array<int, 2> options = {cudaOptionErrorLog, cudaOptionErrorLogBytes};
  std::array<void *, 2> values = {
      log.data(), std::bit_cast<void *>(std::uintptr_t{log.size()})};
  const CudaResult result =
      driver.moduleLoadDataEx(&code->module, text.c_str(), options.size(),
                              options.data(), values.data());
  if (result != 0) {
    code->module = nullptr;
    log.back() = '\0';
    const std::string reason = oneLine(log.data());
    driver.check(result, "the CUDA driver (" + driver.version() +
                             ") refuses the PTX" +
                             (reason.empty() ? "" : ": " + reason));
  }
  for (const auto &[name, parameters] : findEntryParameters(ptx)) {
    Entry &entry = entries[name];
    for (const std::size_t bytes : parameters)
      entry.parameters.push_back(std::max<std::size_t>(
          1, (bytes + sizeof(std::uint64_t) - 1) / sizeof(std::uint64_t)));
    entry.arguments = std::accumulate(entry.parameters.begin(),
                                      entry.parameters.end(), std::size_t{0});
    driver.check(
        driver.moduleGetFunction(&entry.function, code->module, name.c_str()),
        "finding the entry '" + name + "'");
  }
}

void DriverModule::launch(std::string_view name, const LaunchShape &shape,
                          std::span<const std::uint64_t> arguments) const {
  const std::string what = "launch of '" + std::string(name) + "'";
  const auto found = entries.find(name);
  if (found == entries.end())
    throw Error("the module has no entry '" + std::string(name) + "'");
  const Entry &entry = found->second;
  if (arguments.size() != entry.arguments)
    throw Error(what + ": expected " + std::to_string(entry.arguments) +
                " 64-bit arguments, found " + std::to_string(arguments.size()));
  const std::array<unsigned, 6> extents = extentsOf(shape, what);
  if (shape.sharedBytes > largest)
    throw Error(what + ": " + std::to_string(shape.sharedBytes) +
                " bytes of shared memory are more than a block can have");
  if (std::find(shape.grid.begin(), shape.grid.end(), 0) != shape.grid.end())
    return;
  CudaState &state = *code->state;
  state.enter();
  // What an entry has of its own counts, too, so that even a little may be more
  // than is allowed unasked.
  if (shape.sharedBytes > entry.mostShared) {
    state.check(
        state.driver.funcSetAttribute(entry.function, cudaFunctionDynamicShared,
                                      static_cast<int>(shape.sharedBytes)),
        what);
    entry.mostShared = shape.sharedBytes;
  }
  // The driver copies the arguments before it returns.
  std::vector<std::uint64_t> copies(arguments.begin(), arguments.end());
  std::vector<void *> parameters;
  parameters.reserve(entry.parameters.size());
  std::size_t next = 0;
  for (const std::size_t count : entry.parameters) {
    parameters.push_back(&copies[next]);
    next += count;
  }
  state.check(
      state.driver.launchKernel(entry.function, extents[0], extents[1],
                                extents[2], extents[3], extents[4], extents[5],
                                static_cast<unsigned>(shape.sharedBytes),
                                state.current, parameters.data(), nullptr),
      what);
  if (state.recording)
    state.recording->kept.push_back(code);
}
