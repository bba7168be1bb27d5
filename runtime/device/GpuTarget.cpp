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

std::optional<int> minrnn::numberAfter(std::string_view prefix,
                                       std::string_view text) {
  if (!text.starts_with(prefix))
    return std::nullopt;
  text.remove_prefix(prefix.size());
  int number = 0;
  const auto [end, code] =
      std::from_chars(text.data(), text.data() + text.size(), number);
  if (code != std::errc() || end != text.data() + text.size() || number < 0)
    return std::nullopt;
  return number;
}

std::optional<std::string>
minrnn::newestTargetFor(std::string_view own,
                        std::span<const std::string> known) {
  // (`sm_90a` is none, whose code runs on no newer GPU.)
  const auto capabilityOf = [](std::string_view target) {
    return numberAfter("sm_", target);
  };
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
