//===- CompileFuzzer.cpp - The compiler under libFuzzer -------------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tests/fuzz/CellMutator.h"
#include "tests/fuzz/CompilerPromises.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <string>
#include <string_view>

// The names are the sanitizers' and libFuzzer's own.
// NOLINTBEGIN(readability-identifier-naming,bugprone-reserved-identifier)

// MLIR's arenas are filled by code of ours and of its library. What LLVM's
// headers poison there in ours, the library, not instrumented, never unpoisons.
extern "C" const char *__asan_default_options() {
  return "allow_user_poisoning=0:malloc_context_size=12:quarantine_size_mb=16";
}

// Of the leaks at the end, these are libFuzzer's own.
extern "C" const char *__lsan_default_suppressions() { return "leak:fuzzer::"; }

extern "C" size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t maxSize);

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  std::string_view source(reinterpret_cast<const char *>(data), size);
  const minrnn::fuzz::Request &request = minrnn::fuzz::requestFor(source);
  std::string broken = minrnn::fuzz::brokenPromise(source, request);
  if (!broken.empty()) {
    std::cerr << "minrnnc " << request.flags() << ": " << broken << '\n';
    std::abort();
  }
  return 0;
}

extern "C" size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size,
                                          size_t maxSize, unsigned seed) {
  // MLIR's parser is not instrumented, so that coverage does not lead through
  // it: most changes keep the text one that it takes. The rest are bytes.
  if (seed % 8 == 0)
    return LLVMFuzzerMutate(data, size, maxSize);
  std::string text = minrnn::fuzz::mutateCell(
      {reinterpret_cast<const char *>(data), size}, seed);
  size = std::min(text.size(), maxSize);
  std::copy_n(text.data(), size, data);
  return size;
}

// NOLINTEND(readability-identifier-naming,bugprone-reserved-identifier)
