//===- dropout.h - Elements left out at random ------------------*- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_LAYERS_DROPOUT_H
#define MINRNN_LAYERS_DROPOUT_H

#include "minrnn/layers/context.h"

#include <cstdint>

namespace minrnn {

/// Which elements are left out (Srivastava et al. 2014): a function of these,
/// of the training step and of the element's place alone, the same on every
/// device. Element i is left out when word (i / 32) % 4 of Philox, of counter
/// (i / 128) 32 + i % 32 below the step and of key `seed`, is below
/// `rate` 2^32.
struct DropoutMask {
  std::int64_t count = 0;
  /// The probability to be left out, in [0, 1).
  double rate = 0;
  /// Different for each layer that shall have a mask of its own.
  std::uint64_t seed = 0;
};

/// output[count] = 0 where the mask of training step step[1] leaves out,
/// input[count] / (1 - rate) elsewhere. The backward is the same, from dOutput
/// to dInput. They may be the same array. The step lies in the device's memory,
/// so that a recorded graph can be launched with another. Throws Error when the
/// rate is not in [0, 1).
void dropout(const LayerContext &context, const DropoutMask &mask,
             const std::uint64_t *step, const float *input, float *output);

} // namespace minrnn

#endif // MINRNN_LAYERS_DROPOUT_H
