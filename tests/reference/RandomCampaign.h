//===- RandomCampaign.h - Random cells, one seed after another --*- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_TESTS_REFERENCE_RANDOMCAMPAIGN_H
#define MINRNN_TESTS_REFERENCE_RANDOMCAMPAIGN_H

#include "tests/reference/Equations.h"
#include "tests/reference/Shrink.h"

#include <cstdint>
#include <functional>
#include <string>

namespace minrnn::reference {

/// A number from the environment; `otherwise` where `name` is not set.
uint64_t fromEnvironment(const char *name, uint64_t otherwise);

/// Whether the states are as small as random cells keep them. Shrinking takes
/// away what kept them so; a cell that overflows shows another fault than the
/// one that is shrunk.
bool isTame(const CallResults &results);

/// What a failing example comes down to: the smallest one that still fails, as
/// text, and its fault. `faultOf` says what is wrong with one; empty: nothing.
std::string
shrunkReport(const Example &example,
             const std::function<std::string(const Example &)> &faultOf);

} // namespace minrnn::reference

#endif // MINRNN_TESTS_REFERENCE_RANDOMCAMPAIGN_H
