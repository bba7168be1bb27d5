//===- Philox.cuh - Random words by counter ---------------------*- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#pragma once

struct PhiloxWords {
  unsigned word[4];
};

/// Philox4x32-10 (Salmon, Moraes, Dror, Shaw 2011): four random words from a
/// counter and a key. Equal to minrnn::philox of minrnn/random.h.
__device__ inline PhiloxWords philox(PhiloxWords counter, unsigned key0,
                                     unsigned key1) {
  constexpr unsigned multiplier0 = 0xD2511F53;
  constexpr unsigned multiplier1 = 0xCD9E8D57;
  unsigned (&c)[4] = counter.word;
  for (int round = 0; round < 10; ++round) {
    const unsigned high0 = __umulhi(multiplier0, c[0]);
    const unsigned high1 = __umulhi(multiplier1, c[2]);
    const unsigned low0 = multiplier0 * c[0];
    const unsigned low1 = multiplier1 * c[2];
    counter = {high1 ^ c[1] ^ key0, low1, high0 ^ c[3] ^ key1, low0};
    key0 += 0x9E3779B9;
    key1 += 0xBB67AE85;
  }
  return counter;
}
