//===- ModuleCalls.cpp - Loaded code, and launches ------------------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tests/device/fake_driver/Machine.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>

using namespace minrnn;
using namespace minrnn::fake;

namespace {

/// Of shared memory: what a block has without asking for more.
constexpr std::uint64_t usualShared = 48 << 10;

/// Where a failing load leaves its reason.
struct ErrorLog {
  char *text = nullptr;
  std::uintptr_t bytes = 0;

  void write(const std::string &reason) const {
    if (text == nullptr || bytes == 0)
      return;
    const std::size_t shown = std::min<std::size_t>(reason.size(), bytes - 1);
    std::memcpy(text, reason.data(), shown);
    text[shown] = '\0';
  }
};

std::string targetOf(const Machine &machine) {
  return "sm_" + std::to_string(machine.capability);
}

/// The number of a target such as sm_90a.
int capabilityOf(const std::string &target) {
  return static_cast<int>(std::strtol(
      target.c_str() + std::min<std::size_t>(3, target.size()), nullptr, 10));
}

/// The arguments of a launch, from where the caller has them: of each parameter
/// exactly its bytes.
std::vector<std::uint64_t> readArguments(const emulator::EntryInfo &entry,
                                         void *const *parameters) {
  std::vector<std::uint64_t> arguments;
  for (std::size_t i = 0; i < entry.parameters.size(); ++i) {
    const emulator::ParameterInfo &parameter = entry.parameters[i];
    const std::size_t first = arguments.size();
    arguments.resize(first + parameter.arguments());
    std::copy_n(static_cast<const std::byte *>(parameters[i]), parameter.bytes,
                reinterpret_cast<std::byte *>(&arguments[first]));
  }
  return arguments;
}

/// Why the driver would refuse this launch at once; empty: it would not.
std::string refusalOf(const Machine &machine, const Function &function,
                      emulator::Dim3 grid, emulator::Dim3 block,
                      std::uint64_t sharedBytes) {
  constexpr std::uint64_t mostThreads = 1024;
  constexpr unsigned deepestBlock = 64;
  constexpr unsigned mostRows = 65535;
  const emulator::EntryInfo &entry = *function.entry;
  if (grid.count() == 0 || block.count() == 0)
    return "an empty grid or block";
  if (block.x > mostThreads || block.y > mostThreads ||
      block.z > deepestBlock || block.count() > mostThreads)
    return "too many threads in a block";
  if (grid.x > INT32_MAX || grid.y > mostRows || grid.z > mostRows)
    return "too many blocks";
  if (entry.maxThreads.count() > 0 && block.count() > entry.maxThreads.count())
    return "more threads in a block than .maxntid";
  if (entry.requiredThreads.count() > 0 && !(entry.requiredThreads == block))
    return "other threads in a block than .reqntid";
  if (sharedBytes > function.dynamicSharedLimit)
    return "more dynamic shared memory than the function may have";
  if (entry.sharedBytes + sharedBytes >
      emulator::sharedLimit(targetOf(machine)))
    return "more shared memory than there is";
  return {};
}

} // namespace

Result cuModuleLoadDataEx(Handle *module, const void *image,
                          unsigned optionCount, int *options, void **values) {
  return callInContext([&](Machine &machine, Context &context) {
    if (const Result result = machine.expectNoCapture("loading a module");
        result != success)
      return result;
    if (module == nullptr || image == nullptr ||
        (optionCount > 0 && (options == nullptr || values == nullptr)))
      return invalidValue;
    ErrorLog log;
    for (unsigned i = 0; i < optionCount; ++i) {
      if (options[i] == jitErrorLog)
        log.text = static_cast<char *>(values[i]);
      else if (options[i] == jitErrorLogBytes)
        log.bytes = reinterpret_cast<std::uintptr_t>(values[i]);
      else
        return invalidValue;
    }
    auto loaded = std::make_shared<Module>();
    loaded->context = &context;
    try {
      emulator::Program program =
          emulator::parse(static_cast<const char *>(image));
      if (capabilityOf(program.target()) > machine.capability) {
        log.write("ptxas fatal   : a " + program.target() +
                  " program cannot run on " + targetOf(machine) + "\n");
        return machine.refuse(invalidPtx, "a program for a newer GPU");
      }
      loaded->code = std::make_unique<emulator::Module>(context.memory,
                                                        std::move(program));
    } catch (const emulator::Error &error) {
      log.write("ptxas application ptx input, " + std::string(error.what()) +
                "\nptxas fatal   : Ptx assembly aborted due to errors\n");
      return machine.refuse(invalidPtx, error.what());
    }
    *module = machine.modules.add(std::move(loaded));
    return success;
  });
}

Result cuModuleUnload(Handle handle) {
  return callInContext([&](Machine &machine, Context &context) {
    if (const Result result = machine.expectNoCapture("unloading a module");
        result != success)
      return result;
    const auto module = machine.modules.find(handle);
    if (module == nullptr || module->context != &context)
      return invalidHandle;
    for (const auto &[name, function] : module->functions)
      machine.functions.remove(function);
    // Work that was queued finds the code gone.
    module->isLoaded = false;
    module->code.reset();
    machine.modules.remove(handle);
    return success;
  });
}

Result cuModuleGetFunction(Handle *function, Handle handle, const char *name) {
  return callInContext([&](Machine &machine, Context &context) {
    const auto module = machine.modules.find(handle);
    if (function == nullptr || name == nullptr)
      return invalidValue;
    if (module == nullptr || module->context != &context)
      return invalidHandle;
    const emulator::EntryInfo *entry = module->code->program().find(name);
    if (entry == nullptr)
      return notFound;
    const auto [place, isNew] = module->functions.try_emplace(name, nullptr);
    if (isNew)
      place->second = machine.functions.add(std::make_shared<Function>(
          Function{&context, module, entry,
                   usualShared - std::min(usualShared, entry->sharedBytes)}));
    *function = place->second;
    return success;
  });
}

Result cuFuncSetAttribute(Handle handle, int attribute, int value) {
  return callInContext([&](Machine &machine, Context & /*context*/) {
    const auto function = machine.functions.find(handle);
    if (function == nullptr)
      return invalidHandle;
    // "The sum of this value and the function attribute SHARED_SIZE_BYTES
    // cannot exceed" what a block of the device may ask for.
    if (attribute != attributeDynamicShared || value < 0 ||
        function->entry->sharedBytes + static_cast<std::uint64_t>(value) >
            emulator::sharedLimit(targetOf(machine)))
      return invalidValue;
    function->dynamicSharedLimit = static_cast<std::uint64_t>(value);
    return success;
  });
}

Result cuLaunchKernel(Handle handle, unsigned gridX, unsigned gridY,
                      unsigned gridZ, unsigned blockX, unsigned blockY,
                      unsigned blockZ, unsigned sharedBytes, Handle stream,
                      void **parameters, void **extra) {
  return callInContext([&](Machine &machine, Context &context) {
    const auto function = machine.functions.find(handle);
    if (function == nullptr || function->context != &context)
      return invalidHandle;
    const emulator::EntryInfo &entry = *function->entry;
    if (extra != nullptr)
      return notSupported;
    if (!entry.parameters.empty() && parameters == nullptr)
      return invalidValue;
    for (std::size_t i = 0; i < entry.parameters.size(); ++i)
      if (parameters[i] == nullptr)
        return invalidValue;
    const emulator::Dim3 grid{gridX, gridY, gridZ};
    const emulator::Dim3 block{blockX, blockY, blockZ};
    if (std::string why =
            refusalOf(machine, *function, grid, block, sharedBytes);
        !why.empty())
      return machine.refuse(invalidValue, std::move(why));
    return machine.push(stream, [module = function->module, name = entry.name,
                                 grid, block, sharedBytes,
                                 arguments = readArguments(entry, parameters)] {
      if (!module->isLoaded)
        throw emulator::Error(emulator::Fault::Launch,
                              "the module of '" + name +
                                  "' was unloaded before its launch ran");
      emulator::LaunchOptions options;
      options.seed = Machine::get().launchSeed();
      options.countTraffic = false;
      emulator::launch(*module->code, name, grid, block, sharedBytes, arguments,
                       options);
    });
  });
}
