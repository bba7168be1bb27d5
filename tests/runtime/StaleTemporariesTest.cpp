//===- StaleTemporariesTest.cpp - What a killed program left behind -------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "files/StagedFile.h"
#include "runtime/core/ReadFile.h"
#include "tests/runtime/TemporaryFolder.h"

#include "gtest/gtest.h"
#include <csignal>
#include <fstream>
#include <string>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

using namespace minrnn;
using namespace minrnn::test;

namespace {

std::ptrdiff_t filesIn(const std::filesystem::path &folder) {
  return std::distance(std::filesystem::directory_iterator(folder),
                       std::filesystem::directory_iterator());
}

/// Replaces `path` in a process that is killed before it is done.
void writeAndDie(const std::filesystem::path &path) {
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    StagedFile file;
    if (!file.open(path) && !file.write("half", 4))
      ::kill(::getpid(), SIGKILL);
    ::_exit(1);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFSIGNALED(status));
}

TEST(StaleTemporaries, AreThoseOfKilledProcesses) {
  const TemporaryFolder folder;
  const std::filesystem::path path = folder.path() / "model";
  std::ofstream(path) << "whole";
  writeAndDie(path);
  writeAndDie(path);
  // The old file is what it was, and a temporary of each is there.
  EXPECT_EQ(readFile(path), "whole");
  EXPECT_EQ(filesIn(folder.path()), 3);
  // What looks like one, and is none.
  const std::vector<std::string> others = {
      "model.tmp",     "model.tmp-",    "model.tmp-1-",
      "model.tmp-x-1", "model.tmp-0-1", "other.tmp-999999999-1"};
  for (const std::string &name : others)
    std::ofstream(folder.path() / name) << name;
  const auto kept = static_cast<std::ptrdiff_t>(others.size());
  // One that is being written.
  StagedFile mine;
  ASSERT_FALSE(mine.open(path));
  ASSERT_FALSE(mine.write("new", 3));

  removeStaleTemporaries(path);
  EXPECT_EQ(filesIn(folder.path()), kept + 2);
  for (const std::string &name : others)
    EXPECT_EQ(readFile(folder.path() / name), name);
  ASSERT_FALSE(mine.finish());
  ASSERT_FALSE(mine.replace());
  EXPECT_EQ(readFile(path), "new");

  // A link is followed, as it is when the file is written.
  std::filesystem::create_symlink(path, folder.path() / "link");
  writeAndDie(folder.path() / "link");
  EXPECT_EQ(filesIn(folder.path()), kept + 3);
  removeStaleTemporaries(folder.path() / "link");
  EXPECT_EQ(filesIn(folder.path()), kept + 2);
  removeStaleTemporaries(folder.path() / "no/such/folder/model");
}

} // namespace
