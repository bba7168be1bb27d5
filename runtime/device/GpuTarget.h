//===- GpuTarget.h - Which code a GPU can run -------------------*- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_RUNTIME_DEVICE_GPUTARGET_H
#define MINRNN_RUNTIME_DEVICE_GPUTARGET_H

#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace minrnn {

/// The number in a text such as `cuda:1`, whose prefix is `cuda:`; nothing for
/// other texts.
std::optional<int> numberAfter(std::string_view prefix, std::string_view text);

/// Of the targets in `known`, such as `sm_75`, the newest that a GPU of target
/// `own` can run: PTX runs on its own target and on newer ones. Nothing when
/// there is none.
std::optional<std::string> newestTargetFor(std::string_view own,
                                           std::span<const std::string> known);

} // namespace minrnn

#endif // MINRNN_RUNTIME_DEVICE_GPUTARGET_H
