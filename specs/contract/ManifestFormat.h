//===- ManifestFormat.h - What reader and writer agree on -------*- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_SPECS_CONTRACT_MANIFESTFORMAT_H
#define MINRNN_SPECS_CONTRACT_MANIFESTFORMAT_H

#include "minrnn/program.h"

#include <nlohmann/json.hpp>

#include <cstdint>
#include <string>
#include <string_view>

namespace minrnn {

inline constexpr std::int64_t manifestVersion = 3;
/// The rule of an entry that does not tile time over blocks, and of one that
/// does.
inline constexpr std::string_view gridRule =
    "batch * ceil(channels / tile.channels)";
inline constexpr std::string_view tiledGridRule =
    "batch * ceil(channels / tile.channels) * max(1, ceil(time / tile.time))";

/// In a PTX file, every line of the manifest is a comment between these.
inline constexpr std::string_view comment = "// ";
inline constexpr std::string_view beginMark = "// minrnn-manifest-begin";
inline constexpr std::string_view endMark = "// minrnn-manifest-end";

/// The type of an entry's argument: a number, or the address of elements.
inline constexpr std::string_view numberType = "i64";
inline std::string argumentType(Element element, std::string_view ioType) {
  return elementType(element, ioType) + "*";
}

/// `{"tensors": [...], "forward": [...], "backward": [...], "step": [...]}`, as
/// specs/abi.md describes it.
nlohmann::ordered_json writeProgram(const Program &program);

/// Reads it back. Throws Error, beginning with `place`, when a key is missing
/// or holds a value of the wrong type. Does not look whether the operations fit
/// the tensors: see `checkProgram`.
Program readProgram(const nlohmann::json &json, const std::string &place);

} // namespace minrnn

#endif // MINRNN_SPECS_CONTRACT_MANIFESTFORMAT_H
