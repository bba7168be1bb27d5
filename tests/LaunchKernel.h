//===- LaunchKernel.h - One kernel, launched by the manifest alone -*- C++
//-*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_TESTS_LAUNCHKERNEL_H
#define MINRNN_TESTS_LAUNCHKERNEL_H

#include "minrnn/device.h"
#include "minrnn/manifest.h"

#include <bit>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

namespace minrnn::test {

/// What one kernel is given.
struct KernelCall {
  std::int64_t batch = 0;
  std::int64_t time = 0;
  std::int64_t channels = 0;
  bool reverse = false;
  /// The steps of the call: `count` of them from position `first` on; all of
  /// them where there is no count.
  std::int64_t first = 0;
  std::optional<std::int64_t> count = std::nullopt;
  /// Where tensors begin, by their names; one that is not here is null.
  std::map<std::string, std::uint64_t, std::less<>> tensors = {};

  void set(const std::string &name, const void *data) {
    tensors[name] = std::bit_cast<std::uintptr_t>(data);
  }
};

/// Launches `entry`, its arguments found by their names. Throws where a tensor
/// that may not be null is not given.
inline void launchKernel(const KernelModule &module, const KernelEntry &entry,
                         const KernelCall &call) {
  const std::map<std::string, std::int64_t> numbers = {
      {"batch", call.batch},       {"time", call.time},
      {"channels", call.channels}, {"reverse", call.reverse ? 1 : 0},
      {"first", call.first},       {"count", call.count.value_or(call.time)}};
  std::vector<std::uint64_t> arguments;
  for (const KernelArgument &argument : entry.arguments) {
    if (!argument.isTensor()) {
      arguments.push_back(
          static_cast<std::uint64_t>(numbers.at(argument.name)));
      continue;
    }
    const auto found = call.tensors.find(argument.name);
    if (found == call.tensors.end() && !argument.isOptional)
      throw std::runtime_error("entry '" + entry.name + "': '" + argument.name +
                               "' may not be null");
    arguments.push_back(found == call.tensors.end() ? 0 : found->second);
  }
  module.launch(entry, arguments,
                entry.tileCount(call.batch, call.time, call.channels));
}

} // namespace minrnn::test

#endif // MINRNN_TESTS_LAUNCHKERNEL_H
