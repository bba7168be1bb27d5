//===- GuardedArray.h - Arrays that tell what was written -------*- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_TESTS_E2E_GUARDEDARRAY_H
#define MINRNN_TESTS_E2E_GUARDEDARRAY_H

#include <algorithm>
#include <bit>
#include <cstdint>
#include <limits>
#include <vector>

namespace minrnn::e2e {

/// An array of NaN between two guards.
class GuardedArray {
public:
  explicit GuardedArray(int64_t count)
      : storage(count + 2 * guard, std::bit_cast<float>(pattern)), size(count) {
    std::fill_n(data(), size, std::numeric_limits<float>::quiet_NaN());
  }

  float *data() { return storage.data() + guard; }
  int64_t count() const { return size; }

  std::vector<float> content() const {
    return {storage.begin() + guard, storage.end() - guard};
  }
  /// Whether nothing was written outside the array.
  bool isIntact() const {
    auto unchanged = [](float value) {
      return std::bit_cast<uint32_t>(value) == pattern;
    };
    return std::all_of(storage.begin(), storage.begin() + guard, unchanged) &&
           std::all_of(storage.end() - guard, storage.end(), unchanged);
  }

private:
  /// As wide as any vector that a kernel may store.
  static constexpr int64_t guard = 64;
  static constexpr uint32_t pattern = 0x7fabcdef;

  std::vector<float> storage;
  int64_t size;
};

} // namespace minrnn::e2e

#endif // MINRNN_TESTS_E2E_GUARDEDARRAY_H
