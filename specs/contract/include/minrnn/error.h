//===- error.h - The one exception of the runtime ---------------*- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_ERROR_H
#define MINRNN_ERROR_H

#include <stdexcept>

namespace minrnn {

/// What every function of the runtime throws when it cannot do what was asked:
/// one line for people, saying what was expected, what was found and where.
class Error : public std::runtime_error {
public:
  using std::runtime_error::runtime_error;
};

/// Training that has come to numbers that are not finite, and cannot go on.
class DivergenceError : public Error {
public:
  using Error::Error;
};

} // namespace minrnn

#endif // MINRNN_ERROR_H
