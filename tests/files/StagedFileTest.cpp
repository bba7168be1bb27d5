//===- StagedFileTest.cpp - Files that appear whole or not at all ---------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "files/StagedFile.h"
#include "tests/runtime/TemporaryFolder.h"

#include "gtest/gtest.h"
#include <algorithm>
#include <array>
#include <cerrno>
#include <fstream>
#include <iterator>
#include <string>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>
#include <vector>

using namespace minrnn;
using namespace minrnn::test;

namespace {

std::string contentOf(const std::filesystem::path &path) {
  std::ifstream stream(path);
  return {std::istreambuf_iterator<char>(stream), {}};
}

struct stat statusOf(const std::filesystem::path &path) {
  struct stat status = {};
  EXPECT_EQ(::stat(path.c_str(), &status), 0) << path;
  return status;
}

mode_t modeOf(const std::filesystem::path &path) {
  return statusOf(path).st_mode & 07777U;
}

/// Writes `new` to `path`.
std::error_code write(const std::filesystem::path &path) {
  StagedFile file;
  if (std::error_code error = file.open(path))
    return error;
  if (std::error_code error = file.write("new", 3))
    return error;
  if (std::error_code error = file.finish())
    return error;
  return file.replace();
}

/// As another user, who has no rights beyond anybody's.
std::error_code writeAsNobody(const std::filesystem::path &path) {
  constexpr uid_t nobody = 65534;
  const pid_t child = ::fork();
  if (child == 0) {
    if (::setgid(nobody) != 0 || ::setuid(nobody) != 0)
      ::_exit(255);
    ::_exit(write(path).value());
  }
  int status = 0;
  EXPECT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status));
  return {WEXITSTATUS(status), std::generic_category()};
}

class StagedFiles : public testing::Test {
protected:
  /// A file with former content and `mode`.
  std::filesystem::path make(const std::string &name, mode_t mode) const {
    std::ofstream(root / name) << "former";
    EXPECT_EQ(::chmod((root / name).c_str(), mode), 0);
    return root / name;
  }

  /// Whether files can be given away, and another user be become. (The root of
  /// a user namespace may know no other user.)
  bool knowsOtherUsers() const {
    const std::filesystem::path probe = make("probe", 0600);
    const bool can = ::chown(probe.c_str(), 1234, 2345) == 0;
    std::filesystem::remove(probe);
    return can;
  }

  TemporaryFolder folder;
  std::filesystem::path root = folder.path();
};

TEST_F(StagedFiles, AppearsWhenItIsPutInPlace) {
  const std::filesystem::path path = make("file", 0644);
  {
    StagedFile file;
    ASSERT_FALSE(file.open(path));
    ASSERT_FALSE(file.write("new", 3));
    ASSERT_FALSE(file.finish());
    EXPECT_EQ(contentOf(path), "former");
    EXPECT_EQ(folder.fileCount(), 2U);
    StagedFile moved = std::move(file);
    EXPECT_EQ(contentOf(path), "former");
    ASSERT_FALSE(moved.replace());
  }
  EXPECT_EQ(contentOf(path), "new");
  EXPECT_EQ(folder.fileCount(), 1U);
  {
    StagedFile givenUp;
    ASSERT_FALSE(givenUp.open(root / "other"));
    ASSERT_FALSE(givenUp.write("new", 3));
  }
  EXPECT_EQ(folder.fileCount(), 1U);
}

TEST_F(StagedFiles, KeepsTheModeOfAFile) {
  const mode_t before = ::umask(022);
  for (const mode_t mode : {0600U, 0640U, 0664U, 0666U, 0755U, 0200U}) {
    const std::filesystem::path path = make("file", mode);
    EXPECT_FALSE(write(path));
    EXPECT_EQ(modeOf(path), mode);
    EXPECT_EQ(statusOf(path).st_size, 3);
  }
  ::umask(before);
}

TEST_F(StagedFiles, IsOpenToNobodyElseWhileItIsWritten) {
  const std::filesystem::path path = make("file", 0600);
  StagedFile file;
  ASSERT_FALSE(file.open(path));
  EXPECT_EQ(modeOf(file.temporaryPath()), 0600U);
}

TEST_F(StagedFiles, GivesANewFileTheModeOfTheUmask) {
  for (const mode_t mask : {022U, 077U, 0U}) {
    const mode_t before = ::umask(mask);
    const std::filesystem::path path = root / std::to_string(mask);
    EXPECT_FALSE(write(path));
    EXPECT_EQ(modeOf(path), 0666U & ~mask);
    ::umask(before);
  }
}

TEST_F(StagedFiles, DropsTheBitsThatVouchForContent) {
  const std::filesystem::path path = make("file", 06755);
  EXPECT_FALSE(write(path));
  EXPECT_EQ(modeOf(path), 0755U);
}

TEST_F(StagedFiles, KeepsOwnerAndGroup) {
  if (!knowsOtherUsers())
    GTEST_SKIP()
        << "only root gives files away, to users that the system knows";
  const std::filesystem::path path = make("file", 0640);
  ASSERT_EQ(::chown(path.c_str(), 1234, 2345), 0);
  EXPECT_FALSE(write(path));
  EXPECT_EQ(statusOf(path).st_uid, 1234U);
  EXPECT_EQ(statusOf(path).st_gid, 2345U);
  EXPECT_EQ(modeOf(path), 0640U);
}

TEST_F(StagedFiles, NeverWidensAccessWhereTheGroupIsLost) {
  if (!knowsOtherUsers())
    GTEST_SKIP() << "only root becomes another user, one that the system knows";
  ASSERT_EQ(::chmod(root.c_str(), 0777), 0);
  // The new group had what others had, and others are now also the old group.
  const std::vector<std::pair<mode_t, mode_t>> modes = {
      {0666, 0666}, {0646, 0644}, {0662, 0622}, {0602, 0600}, {0672, 0622}};
  for (const auto &[former, expected] : modes) {
    const std::filesystem::path path = make("file", former);
    ASSERT_EQ(::chown(path.c_str(), 1234, 2345), 0);
    EXPECT_FALSE(writeAsNobody(path));
    EXPECT_EQ(contentOf(path), "new");
    EXPECT_EQ(modeOf(path), expected) << std::oct << former;
    std::filesystem::remove(path);
  }
}

TEST_F(StagedFiles, DoesNotReplaceAProtectedFile) {
  if (!knowsOtherUsers())
    GTEST_SKIP() << "only root becomes another user, one that the system knows";
  ASSERT_EQ(::chmod(root.c_str(), 0777), 0);
  const std::filesystem::path path = make("file", 0444);
  EXPECT_EQ(writeAsNobody(path), std::errc::permission_denied);
  EXPECT_EQ(contentOf(path), "former");
  EXPECT_EQ(modeOf(path), 0444U);
  ASSERT_EQ(::chmod(path.c_str(), 0666), 0);
  ASSERT_EQ(::chmod(root.c_str(), 0755), 0);
  EXPECT_EQ(writeAsNobody(path), std::errc::permission_denied);
  EXPECT_EQ(contentOf(path), "former");
  EXPECT_EQ(folder.fileCount(), 1U);
}

/// An access control list: read and write for the owner and for user 1234,
/// nothing for the group and others, the mask as given. (Version 2, then tag,
/// permissions and id of each entry, as linux/posix_acl_xattr.h has it.)
std::vector<unsigned char> accessList(unsigned char mask) {
  constexpr unsigned char none = 0xFF;
  const auto entry = [](unsigned char tag, unsigned char rights, bool named) {
    return named ? std::array<unsigned char, 8>{tag,  0,    rights, 0,
                                                0xD2, 0x04, 0,      0}
                 : std::array<unsigned char, 8>{tag,  0,    rights, 0,
                                                none, none, none,   none};
  };
  std::vector<unsigned char> bytes = {2, 0, 0, 0};
  for (const auto &each :
       {entry(0x01, 6, false), entry(0x02, 6, true), entry(0x04, 0, false),
        entry(0x10, mask, false), entry(0x20, 0, false)})
    bytes.insert(bytes.end(), each.begin(), each.end());
  return bytes;
}

std::vector<unsigned char> accessListOf(const std::filesystem::path &path) {
  std::vector<unsigned char> bytes(1024);
  const ssize_t count = ::getxattr(path.c_str(), "system.posix_acl_access",
                                   bytes.data(), bytes.size());
  bytes.resize(static_cast<std::size_t>(std::max<ssize_t>(count, 0)));
  return bytes;
}

TEST_F(StagedFiles, KeepsAnAccessControlList) {
  const std::filesystem::path path = make("file", 0600);
  const std::vector<unsigned char> list = accessList(6);
  if (::setxattr(path.c_str(), "system.posix_acl_access", list.data(),
                 list.size(), 0) != 0)
    GTEST_SKIP() << "the file system knows no access control lists";
  // The group's bits are the mask; without the list they would be the group's.
  EXPECT_EQ(modeOf(path), 0660U);
  EXPECT_FALSE(write(path));
  EXPECT_EQ(contentOf(path), "new");
  EXPECT_EQ(accessListOf(path), list);
  EXPECT_EQ(modeOf(path), 0660U);
}

TEST_F(StagedFiles, TakesNoAccessControlListFromTheFolder) {
  const std::filesystem::path path = make("file", 0640);
  const std::vector<unsigned char> list = accessList(6);
  if (::setxattr(root.c_str(), "system.posix_acl_default", list.data(),
                 list.size(), 0) != 0)
    GTEST_SKIP() << "the file system knows no access control lists";
  EXPECT_FALSE(write(path));
  EXPECT_TRUE(accessListOf(path).empty());
  EXPECT_EQ(modeOf(path), 0640U);
}

TEST_F(StagedFiles, LeavesOtherNamesTheFormerContent) {
  const std::filesystem::path path = make("file", 0600);
  std::filesystem::create_hard_link(path, root / "snapshot");
  EXPECT_FALSE(write(path));
  EXPECT_EQ(contentOf(path), "new");
  EXPECT_EQ(contentOf(root / "snapshot"), "former");
  EXPECT_EQ(modeOf(root / "snapshot"), 0600U);
}

TEST_F(StagedFiles, FollowsSymbolicLinks) {
  const std::filesystem::path path = make("file", 0600);
  std::filesystem::create_symlink("file", root / "link");
  EXPECT_FALSE(write(root / "link"));
  EXPECT_TRUE(std::filesystem::is_symlink(root / "link"));
  EXPECT_EQ(contentOf(path), "new");
  EXPECT_EQ(modeOf(path), 0600U);

  std::filesystem::create_symlink("absent", root / "dangling");
  EXPECT_FALSE(write(root / "dangling"));
  EXPECT_TRUE(std::filesystem::is_symlink(root / "dangling"));
  EXPECT_EQ(contentOf(root / "absent"), "new");
}

TEST_F(StagedFiles, SaysWhatIsNoFile) {
  const std::filesystem::path path = make("file", 0644);
  std::filesystem::create_directory(root / "sub");
  std::filesystem::create_symlink("circle", root / "circle");
  EXPECT_EQ(write(root / "sub"), std::errc::is_a_directory);
  EXPECT_EQ(write(root / "sub" / ""), std::errc::is_a_directory);
  EXPECT_EQ(write(root / "new" / ""), std::errc::is_a_directory);
  EXPECT_EQ(write(path / ""), std::errc::not_a_directory);
  EXPECT_EQ(write(path / "file"), std::errc::not_a_directory);
  EXPECT_EQ(write(root / "circle"), std::errc::too_many_symbolic_link_levels);
  EXPECT_EQ(write(root / "absent" / "file"),
            std::errc::no_such_file_or_directory);
  EXPECT_EQ(write("/dev/full"), std::errc::no_space_on_device);
  EXPECT_FALSE(write("/dev/null"));
  EXPECT_EQ(contentOf(path), "former");
  EXPECT_EQ(folder.fileCount(), 3U);
}

} // namespace
