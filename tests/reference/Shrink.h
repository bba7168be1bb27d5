//===- Shrink.h - The smallest cell that still fails ------------*- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_TESTS_REFERENCE_SHRINK_H
#define MINRNN_TESTS_REFERENCE_SHRINK_H

#include "tests/reference/RandomCell.h"

#include <functional>

namespace minrnn::reference {

struct Example {
  RandomCell cell;
  RandomRun run;
};

/// Whether a cell, run so, shows the fault that is looked for. It is only ever
/// asked of cells that the dialect accepts.
using Fails = std::function<bool(const Example &)>;

/// Takes from `example`, which fails, whatever it fails without: steps, rows,
/// channels, optional arguments, states, the output, operations, one after the
/// other until nothing more can go.
Example shrink(Example example, const Fails &fails);

} // namespace minrnn::reference

#endif // MINRNN_TESTS_REFERENCE_SHRINK_H
