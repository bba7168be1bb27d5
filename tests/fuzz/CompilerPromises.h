//===- CompilerPromises.h - What holds for every text -----------*- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// `compileCell` promises an orderly answer to every text. This is the promise
// as a function: the fuzzer calls it on texts that it makes up, the test on
// every cell in the repository and on all that the fuzzer ever found.
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_TESTS_FUZZ_COMPILER_PROMISES_H
#define MINRNN_TESTS_FUZZ_COMPILER_PROMISES_H

#include "compiler/pipeline/Compile.h"

#include <string>
#include <string_view>
#include <vector>

namespace minrnn::fuzz {

/// What is asked of the compiler.
struct Request {
  compiler::Stage stage;
  std::string stageName;
  std::string target;
  compiler::ScanDomain scan;
  std::string ioType = "f32";
  compiler::Recompute recompute = compiler::Recompute::Gates;
  /// The request as `minrnnc` takes it: `--emit=scan --target=host --scan=log`.
  std::string flags() const;
};

/// Every combination worth asking for.
const std::vector<Request> &requests();

/// The request that goes with a text: chosen by its hash, so that a corpus is
/// of plain files and the fuzzer still comes to all requests.
const Request &requestFor(std::string_view source);

/// Compiles `source` and says which promise is broken; empty if none is.
std::string brokenPromise(std::string_view source, const Request &request);

} // namespace minrnn::fuzz

#endif // MINRNN_TESTS_FUZZ_COMPILER_PROMISES_H
