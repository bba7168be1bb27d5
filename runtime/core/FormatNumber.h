//===- FormatNumber.h - Numbers in messages ---------------------*- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_RUNTIME_CORE_FORMATNUMBER_H
#define MINRNN_RUNTIME_CORE_FORMATNUMBER_H

#include <string>

namespace minrnn {

/// The shortest decimal number that reads back as `number`, so that two numbers
/// that differ never look alike: `0.1`, `1e-12`, `64`; `nan`, `inf`, `-inf`.
std::string formatNumber(double number);
std::string formatNumber(float number);

} // namespace minrnn

#endif // MINRNN_RUNTIME_CORE_FORMATNUMBER_H
