//===- Hash.cpp - Bytes in 128 bits ---------------------------------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/core/Hash.h"

#include <bit>
#include <cstdint>
#include <cstring>
#include <new>
#include <xxhash.h>

using namespace minrnn;

static_assert(std::endian::native == std::endian::little,
              "the lengths of parts are little-endian");
static_assert(sizeof(XXH128_canonical_t) == Hash::bytes);

Hash::Hash() : state(XXH3_createState()) {
  if (!state || XXH3_128bits_reset(state.get()) != XXH_OK)
    throw std::bad_alloc();
}

void Hash::Free::operator()(XXH3_state_s *state) const {
  XXH3_freeState(state);
}

Hash &Hash::add(std::string_view part) {
  const std::uint64_t length = part.size();
  XXH3_128bits_update(state.get(), &length, sizeof length);
  XXH3_128bits_update(state.get(), part.data(), part.size());
  return *this;
}

std::string Hash::digest() const {
  XXH128_canonical_t canonical;
  XXH128_canonicalFromHash(&canonical, XXH3_128bits_digest(state.get()));
  std::string digest(bytes, '\0');
  std::memcpy(digest.data(), &canonical, bytes);
  return digest;
}

std::string Hash::hexDigest() const {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string text;
  for (const char byte : digest()) {
    const auto value = static_cast<unsigned char>(byte);
    text += digits[value / digits.size()];
    text += digits[value % digits.size()];
  }
  return text;
}
