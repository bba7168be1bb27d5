//===- Dropout.cu - Elements left out at random ---------------------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Philox.cuh"
#include "Reduction.cuh"

/// output[count] = input[count] scale where the random word of the element is
/// at least `threshold`, else 0; the backward is the same, from dOutput to
/// dInput. The arrays may be the same. Element i has word (i / 32) % 4 of
/// Philox's counter (i / 128) 32 + i % 32, with *step in the counter's upper
/// half, and key `seed`: a lane makes four words and uses them at elements that
/// lie a warp apart. `step` lies on the device, so that a captured graph draws
/// another mask each time. Grid {count / 1024, rounded up}, block {256}.
extern "C" __global__ void __launch_bounds__(256)
    dropout(const float *input, float *output, Size count,
            unsigned long long seed,
            const unsigned long long *__restrict__ step, Size threshold,
            double scale) {
  constexpr int words = 4;
  const unsigned long long upper = *step;
  for (Size counter = firstElement();; counter += elementStride()) {
    const Size first = counter / lanes * (lanes * words) + counter % lanes;
    if (first >= count)
      break;
    const PhiloxWords random =
        philox({unsigned(counter), unsigned(counter >> 32), unsigned(upper),
                unsigned(upper >> 32)},
               unsigned(seed), unsigned(seed >> 32));
    for (int word = 0; word < words; ++word)
      if (const Size i = first + word * lanes; i < count)
        output[i] =
            random.word[word] >= threshold ? input[i] * float(scale) : 0.0F;
  }
}
