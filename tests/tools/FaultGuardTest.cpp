//===- FaultGuardTest.cpp - Crashes become messages -----------------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// No cell is known that crashes minrnnc, so its guard is tested by itself.
//
//===----------------------------------------------------------------------===//

#include "compiler/tools/FaultGuard.h"

#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"

#include "gtest/gtest.h"

#include <csignal>
#include <cstdlib>
#include <thread>

using namespace minrnn::compiler;

TEST(FaultGuard, LetsGoodWorkPass) {
  bool done = false;
  EXPECT_TRUE(runGuarded([&] { done = true; }));
  EXPECT_TRUE(done);
}

TEST(FaultGuard, OutlivesASegmentationFault) {
  EXPECT_FALSE(runGuarded([] { std::raise(SIGSEGV); }));
}

TEST(FaultGuard, OutlivesAnAbort) {
  EXPECT_FALSE(runGuarded([] { std::abort(); }));
  // And can do it again.
  EXPECT_FALSE(runGuarded([] { std::abort(); }));
  EXPECT_TRUE(runGuarded([] {}));
}

namespace {

/// Calls itself until the stack is used up.
int descend(int depth) {
  volatile char frame[4096] = {};
  frame[0] = static_cast<char>(depth);
  return depth < 0 ? 0 : descend(depth + 1) + frame[0];
}

} // namespace

TEST(FaultGuard, OutlivesAStackThatIsUsedUp) {
  EXPECT_FALSE(runGuarded([] { descend(0); }));
  // And can do it again.
  EXPECT_FALSE(runGuarded([] { descend(0); }));
  EXPECT_TRUE(runGuarded([] {}));
}

TEST(FaultGuard, OutlivesTheUsedUpStackOfAnotherThread) {
  bool outlived = false;
  std::thread([&] { outlived = !runGuarded([] { descend(0); }); }).join();
  EXPECT_TRUE(outlived);
}

TEST(FaultGuard, TheReproducerHoldsTheCommandAndTheCell) {
  std::string path = writeReproducer("the cell\n", "minrnnc cell.mlir");
  ASSERT_FALSE(path.empty());
  auto file = llvm::MemoryBuffer::getFile(path);
  ASSERT_TRUE(static_cast<bool>(file));
  llvm::StringRef text = (*file)->getBuffer();
  EXPECT_TRUE(text.contains("//   minrnnc cell.mlir\n"));
  EXPECT_TRUE(text.ends_with("\nthe cell\n"));
  EXPECT_FALSE(llvm::sys::fs::remove(path));
}
