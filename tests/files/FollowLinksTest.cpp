//===- FollowLinksTest.cpp - Where paths lead -----------------------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "files/FollowLinks.h"
#include "tests/runtime/TemporaryFolder.h"

#include "gtest/gtest.h"
#include <fstream>

using namespace minrnn;
using namespace minrnn::test;

namespace {

class FollowLinks : public testing::Test {
protected:
  std::filesystem::path follow(const std::filesystem::path &path) const {
    std::error_code error;
    std::filesystem::path found = followLinks(path, error);
    EXPECT_FALSE(error) << error.message();
    return found;
  }

  TemporaryFolder folder;
  std::filesystem::path root = std::filesystem::canonical(folder.path());
};

TEST_F(FollowLinks, LeadsToFilesThatDoNotExist) {
  std::filesystem::create_directory(root / "sub");
  std::filesystem::create_symlink("absent", root / "dangling");
  std::filesystem::create_symlink("../sub/chain", root / "sub" / "up");
  std::filesystem::create_symlink(root / "dangling", root / "sub" / "chain");
  std::filesystem::create_symlink("sub", root / "folder");
  EXPECT_EQ(follow(root / "dangling"), root / "absent");
  EXPECT_EQ(follow(root / "sub" / "up"), root / "absent");
  EXPECT_EQ(follow(root / "folder" / "new"), root / "sub" / "new");
  EXPECT_EQ(follow(root / "folder" / ".." / "." / "new"), root / "new");
  EXPECT_EQ(follow(root / "no" / "such" / "new"), root / "no" / "such" / "new");
}

TEST_F(FollowLinks, IsRelativeToTheWorkingFolder) {
  EXPECT_EQ(follow("no-such-file"),
            std::filesystem::current_path() / "no-such-file");
}

TEST_F(FollowLinks, RefusesACircle) {
  std::filesystem::create_symlink("two", root / "one");
  std::filesystem::create_symlink("one", root / "two");
  std::error_code error;
  followLinks(root / "one", error);
  EXPECT_EQ(error, std::errc::too_many_symbolic_link_levels);
}

} // namespace
