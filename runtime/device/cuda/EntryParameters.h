//===- EntryParameters.h - The parameters of entries in PTX -----*- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_RUNTIME_DEVICE_CUDA_ENTRYPARAMETERS_H
#define MINRNN_RUNTIME_DEVICE_CUDA_ENTRYPARAMETERS_H

#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace minrnn {

/// The bytes of each parameter of each `.entry` in PTX text. A launch passes
/// the driver an array without its length, and places without theirs: too short
/// a one would be read beyond its end.
std::map<std::string, std::vector<std::size_t>, std::less<>>
findEntryParameters(std::string_view ptx);

} // namespace minrnn

#endif // MINRNN_RUNTIME_DEVICE_CUDA_ENTRYPARAMETERS_H
