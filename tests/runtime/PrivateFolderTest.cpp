//===- PrivateFolderTest.cpp - What others may have written ---------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The kernel cache in folders and with entries of every mode and owner.
//
//===----------------------------------------------------------------------===//

#include "runtime/core/KernelCache.h"
#include "tests/runtime/TemporaryFolder.h"

#include "gtest/gtest.h"

#include <array>
#include <cstdlib>
#include <fstream>
#include <string>
#include <sys/stat.h>
#include <unistd.h>
#include <vector>

using namespace minrnn;
using namespace minrnn::test;

namespace {

namespace fs = std::filesystem;

constexpr uid_t someoneElse = 12345;

/// The permissions of a file or folder, as chmod has them.
mode_t modeOf(const fs::path &path) {
  struct stat status = {};
  EXPECT_EQ(stat(path.c_str(), &status), 0) << path;
  return status.st_mode & 07777U;
}

void setMode(const fs::path &path, mode_t mode) {
  ASSERT_EQ(chmod(path.c_str(), mode), 0) << path;
}

/// Only root may, and not in every container.
bool giveAway(const fs::path &path) {
  return chown(path.c_str(), someoneElse, someoneElse) == 0;
}

/// Sets the umask while it lives.
class Umask {
public:
  explicit Umask(mode_t mask) : former(umask(mask)) {}
  ~Umask() { umask(former); }
  Umask(const Umask &) = delete;
  Umask &operator=(const Umask &) = delete;

private:
  mode_t former;
};

/// What `action` writes to standard error.
template <typename Action> std::string errorsOf(Action action) {
  testing::internal::CaptureStderr();
  action();
  return testing::internal::GetCapturedStderr();
}

class PrivateFolders : public testing::Test {
  TemporaryFolder temporary;

protected:
  const std::string key =
      kernelCacheKey(std::array<std::string_view, 1>{"key"});
  const CachedKernel kernel = {"{manifest}", "code"};
  fs::path folder = temporary.path() / "cache";
  fs::path entry = folder / (key + ".kernel");
  KernelCache cache{folder};

  const fs::path &top() const { return temporary.path(); }

  /// Nothing is found and nothing is written, and `reason` is said, once.
  void expectUnused(const std::string &reason) {
    const auto listed = [&] {
      std::vector<fs::path> paths;
      for (const auto &found : fs::recursive_directory_iterator(top()))
        paths.push_back(found.path());
      return paths;
    };
    const std::vector<fs::path> before = listed();
    const std::string errors = errorsOf([&] {
      EXPECT_FALSE(cache.find(key));
      cache.keep(key, {"{other}", "other"});
      EXPECT_FALSE(cache.find(key));
    });
    EXPECT_EQ(listed(), before);
    EXPECT_TRUE(errors.starts_with("minrnn: warning: ")) << errors;
    EXPECT_NE(errors.find(reason), std::string::npos) << errors;
    EXPECT_EQ(errors.find('\n'), errors.size() - 1) << "said once: " << errors;
  }
};

TEST_F(PrivateFolders, AreMadeForTheirOwnerAlone) {
  for (const mode_t mask : {0U, 022U, 0777U}) {
    fs::remove_all(folder);
    const Umask umask(mask);
    cache.keep(key, kernel);
    EXPECT_EQ(modeOf(folder), 0700U);
    EXPECT_EQ(modeOf(entry), 0600U);
    EXPECT_TRUE(cache.find(key));
  }
}

TEST_F(PrivateFolders, AFolderThatOthersMayWriteIsNotUsed) {
  cache.keep(key, kernel);
  ASSERT_TRUE(cache.find(key));
  for (const mode_t mode : {0770U, 0702U, 0777U}) {
    setMode(folder, mode);
    EXPECT_FALSE(cache.find(key)) << mode;
  }
  setMode(folder, 0755U);
  EXPECT_TRUE(cache.find(key)) << "others may read it";
}

TEST_F(PrivateFolders, WhyAFolderIsNotUsedIsSaidOnceWithTheRemedy) {
  fs::create_directory(folder);
  setMode(folder, 0777U);
  expectUnused("others than its owner may write to it");
  EXPECT_EQ(errorsOf([&] { cache.find(key); }), "");
}

TEST_F(PrivateFolders, AnEntryThatOthersMayWriteIsNotUsed) {
  cache.keep(key, kernel);
  setMode(entry, 0620U);
  expectUnused("'chmod go-w " + entry.string() + "'");
  setMode(entry, 0644U);
  ASSERT_TRUE(cache.find(key));
  EXPECT_EQ(cache.find(key)->code, "code") << "nothing was written over it";
}

TEST_F(PrivateFolders, AnEntryThatIsNoRegularFileIsNotUsed) {
  cache.keep(key, kernel);
  const fs::path elsewhere = top() / "elsewhere";
  fs::rename(entry, elsewhere);
  fs::create_symlink(elsewhere, entry);
  EXPECT_FALSE(cache.find(key));
  cache.keep(key, kernel);
  EXPECT_TRUE(fs::is_symlink(entry));
  fs::remove(entry);
  // Nobody ever writes to this pipe.
  ASSERT_EQ(mkfifo(entry.c_str(), 0600U), 0);
  EXPECT_FALSE(cache.find(key));
}

TEST_F(PrivateFolders, WhatBelongsToSomeoneElseIsNotUsed) {
  cache.keep(key, kernel);
  if (!giveAway(entry))
    GTEST_SKIP() << "this user may not give files away";
  expectUnused("it belongs to user 12345, and this process to user 0");
  ASSERT_EQ(chown(entry.c_str(), 0, 0), 0);
  ASSERT_TRUE(giveAway(folder));
  expectUnused("it belongs to user 12345, and this process to user 0");
}

TEST_F(PrivateFolders, RootMakesNoneInTheHomeOfAnother) {
  if (!giveAway(top()))
    GTEST_SKIP() << "this user may not give files away";
  expectUnused("'" + top().string() + "' belongs to user 12345");
}

TEST_F(PrivateFolders, AParentWhoseContentEveryoneMayReplaceIsRefused) {
  cache.keep(key, kernel);
  setMode(top(), 0777U);
  expectUnused("everyone may replace what is in '" + top().string() + "'");
  // As /tmp is.
  setMode(top(), 01777U);
  EXPECT_TRUE(cache.find(key));
}

TEST_F(PrivateFolders, ARelativeFolderIsNotUsed) {
  const fs::path before = fs::current_path();
  fs::create_directories(folder);
  setMode(folder, 0700U);
  fs::current_path(top());
  cache = KernelCache("cache");
  expectUnused("nothing is executed from the working directory");
  fs::current_path(before);
}

TEST_F(PrivateFolders, AnOrdinaryCacheSaysNothing) {
  EXPECT_EQ(errorsOf([&] {
              EXPECT_FALSE(cache.find(key));
              cache.keep(key, kernel);
              EXPECT_TRUE(cache.find(key));
            }),
            "");
}

TEST_F(PrivateFolders, RelativePlacesOfTheEnvironmentDoNotCount) {
  const auto folderFor = [](const char *home, const char *caches) {
    setenv("HOME", home, 1);
    setenv("XDG_CACHE_HOME", caches, 1);
    unsetenv("MINRNN_CACHE_DIR");
    return defaultCacheFolder();
  };
  const auto valueOf = [](const char *name) {
    const char *value = std::getenv(name);
    return std::string(value == nullptr ? "" : value);
  };
  const std::string home = valueOf("HOME");
  const std::string former = valueOf("MINRNN_CACHE_DIR");
  EXPECT_EQ(folderFor("/home/someone", "caches"),
            "/home/someone/.cache/minrnn");
  EXPECT_EQ(folderFor("/home/someone", ""), "/home/someone/.cache/minrnn");
  EXPECT_EQ(folderFor("home", "./caches"), "");
  setenv("HOME", home.c_str(), 1);
  unsetenv("XDG_CACHE_HOME");
  if (!former.empty())
    setenv("MINRNN_CACHE_DIR", former.c_str(), 1);
}

} // namespace
