//===- ParseJson.h - JSON of unknown origin ---------------------*- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_SPECS_CONTRACT_PARSEJSON_H
#define MINRNN_SPECS_CONTRACT_PARSEJSON_H

#include <nlohmann/json.hpp>

#include <string>
#include <string_view>

namespace minrnn {

/// The value of a whole JSON text. `what` is for messages: `FILE: the header`.
/// Throws Error where the JSON library would crash or let something pass: for
/// what is no JSON, nesting beyond 64 levels (which a value's destructor walks
/// by calling itself), a key twice in an object (of which the library keeps
/// the last), a byte order mark, and zero bytes (which it takes for the end).
nlohmann::json parseJson(std::string_view text, const std::string &what);

} // namespace minrnn

#endif // MINRNN_SPECS_CONTRACT_PARSEJSON_H
