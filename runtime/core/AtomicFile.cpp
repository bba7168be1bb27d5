//===- AtomicFile.cpp - A file that appears whole or not at all -----------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/core/AtomicFile.h"

#include "minrnn/error.h"

#include <string>

using namespace minrnn;

AtomicFile::AtomicFile(const std::filesystem::path &destination)
    : destination(destination) {
  check(file.open(destination));
}

void AtomicFile::write(const void *data, std::size_t bytes) {
  check(file.write(data, bytes));
}

void AtomicFile::commit() {
  check(file.finish());
  check(file.replace());
}

void AtomicFile::check(std::error_code error) const {
  if (error)
    throw Error("cannot write '" + destination.string() +
                "': " + error.message());
}
