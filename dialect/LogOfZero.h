//===- LogOfZero.h - A stand-in for the logarithm of zero -------*- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_DIALECT_LOGOFZERO_H
#define MINRNN_DIALECT_LOGOFZERO_H

namespace minrnn::dialect {

/// Stands for log2(0) wherever a sum of logarithms follows: low enough to
/// vanish beside any number, and finite, so that two of them do not make a NaN.
inline constexpr float kLogOfZero = -1e30F;

/// A logarithm below this is that of zero: of a number that is zero itself, or
/// of a product with one. No number that occurs has such a logarithm.
inline constexpr float kLogOfNothing = -1e20F;

} // namespace minrnn::dialect

#endif // MINRNN_DIALECT_LOGOFZERO_H
