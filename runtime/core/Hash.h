//===- Hash.h - Bytes in 128 bits ------------------------------*- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_RUNTIME_CORE_HASH_H
#define MINRNN_RUNTIME_CORE_HASH_H

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

struct XXH3_state_s;

namespace minrnn {

/// XXH3 of 128 bits over parts, each with its length: `ab`, `c` is another
/// sequence than `a`, `bc`. It finds damage, not malice.
class Hash {
public:
  static constexpr std::size_t bytes = 16;

  Hash();

  Hash &add(std::string_view part);

  /// The canonical bytes of what was added so far, and as hexadecimal digits.
  std::string digest() const;
  std::string hexDigest() const;

private:
  struct Free {
    void operator()(XXH3_state_s *state) const;
  };
  std::unique_ptr<XXH3_state_s, Free> state;
};

} // namespace minrnn

#endif // MINRNN_RUNTIME_CORE_HASH_H
