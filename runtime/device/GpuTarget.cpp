//===- GpuTarget.cpp - Which code a GPU can run ---------------------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/device/GpuTarget.h"

#include <charconv>

using namespace minrnn;

namespace {

/// The number in `sm_75`; nothing for other texts, `sm_90a` among them, whose
/// code runs on no newer GPU.
std::optional<int> capabilityOf(std::string_view target) {
  constexpr std::string_view prefix = "sm_";
  if (!target.starts_with(prefix))
    return std::nullopt;
  target.remove_prefix(prefix.size());
  int number = 0;
  const auto [end, code] =
      std::from_chars(target.data(), target.data() + target.size(), number);
  if (code != std::errc() || end != target.data() + target.size())
    return std::nullopt;
  return number;
}

} // namespace

std::optional<std::string>
minrnn::newestTargetFor(std::string_view own,
                        std::span<const std::string> known) {
  const std::optional<int> capability = capabilityOf(own);
  std::optional<std::string> best;
  int newest = 0;
  for (const std::string &target : known) {
    const int number = capabilityOf(target).value_or(0);
    if (number > newest && capability && number <= *capability) {
      newest = number;
      best = target;
    }
  }
  return best;
}
