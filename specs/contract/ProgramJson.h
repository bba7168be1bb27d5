//===- ProgramJson.h - A program as JSON ------------------------*- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_SPECS_CONTRACT_PROGRAMJSON_H
#define MINRNN_SPECS_CONTRACT_PROGRAMJSON_H

#include "minrnn/program.h"

#include <nlohmann/json.hpp>

#include <string>

namespace minrnn {

/// `{"tensors": [...], "forward": [...], "backward": [...], "step": [...]}`, as
/// specs/abi.md describes it.
nlohmann::ordered_json writeProgram(const Program &program);

/// Reads it back. Throws Error, beginning with `place`, when a key is missing
/// or holds a value of the wrong type. Does not look whether the operations fit
/// the tensors: see `checkProgram`.
Program readProgram(const nlohmann::json &json, const std::string &place);

} // namespace minrnn

#endif // MINRNN_SPECS_CONTRACT_PROGRAMJSON_H
