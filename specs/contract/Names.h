//===- Names.h - Enumerations by name ---------------------------*- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_SPECS_CONTRACT_NAMES_H
#define MINRNN_SPECS_CONTRACT_NAMES_H

#include <array>
#include <cstddef>
#include <optional>
#include <string_view>

namespace minrnn {

/// The name of an enumerator whose enumeration counts from 0.
template <typename Enum, std::size_t Count>
std::string_view nameOf(const std::array<std::string_view, Count> &names,
                        Enum value) {
  return names.at(static_cast<std::size_t>(value));
}

/// The enumerator of a name; nothing where there is none.
template <typename Enum, std::size_t Count>
std::optional<Enum> findNamed(const std::array<std::string_view, Count> &names,
                              std::string_view name) {
  for (std::size_t i = 0; i < Count; ++i)
    if (names[i] == name)
      return static_cast<Enum>(i);
  return std::nullopt;
}

} // namespace minrnn

#endif // MINRNN_SPECS_CONTRACT_NAMES_H
