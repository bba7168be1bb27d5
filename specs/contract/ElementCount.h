//===- ElementCount.h - Sizes that cannot overflow --------------*- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_SPECS_CONTRACT_ELEMENTCOUNT_H
#define MINRNN_SPECS_CONTRACT_ELEMENTCOUNT_H

#include "minrnn/error.h"

#include <cstdint>
#include <initializer_list>
#include <limits>
#include <span>
#include <string>
#include <string_view>

namespace minrnn {

/// The number of elements of an array with axes `sizes` (1 for no axis).
/// Throws Error, beginning with `what`, when a size is negative or when the
/// elements' bytes, at eight an element, do not fit into 63 bits.
inline std::int64_t elementCount(std::span<const std::int64_t> sizes,
                                 std::string_view what) {
  constexpr std::int64_t limit = std::numeric_limits<std::int64_t>::max() / 8;
  // A zero makes the product zero however large the other sizes are.
  bool empty = false;
  for (std::int64_t size : sizes) {
    if (size < 0)
      throw Error(std::string(what) + ": a size of " + std::to_string(size) +
                  "; sizes must not be negative");
    empty |= size == 0;
  }
  if (empty)
    return 0;
  std::int64_t count = 1;
  for (std::int64_t size : sizes) {
    if (count > limit / size)
      throw Error(std::string(what) + ": the sizes are too large, their "
                                      "product does not fit into memory");
    count *= size;
  }
  return count;
}

inline std::int64_t elementCount(std::initializer_list<std::int64_t> sizes,
                                 std::string_view what) {
  return elementCount(std::span(sizes.begin(), sizes.size()), what);
}

} // namespace minrnn

#endif // MINRNN_SPECS_CONTRACT_ELEMENTCOUNT_H
