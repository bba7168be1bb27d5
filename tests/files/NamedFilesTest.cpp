//===- NamedFilesTest.cpp - Outputs that would destroy a file -------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "files/NamedFiles.h"
#include "tests/runtime/TemporaryFolder.h"

#include "gtest/gtest.h"
#include <fstream>

using namespace minrnn;
using namespace minrnn::test;

namespace {

class NamedFilesTest : public testing::Test {
protected:
  NamedFilesTest() {
    std::ofstream(root / "file") << "kept";
    std::filesystem::create_directory(root / "sub");
    std::filesystem::create_symlink("sub", root / "folder");
  }

  static std::string fault(const std::filesystem::path &input,
                           const std::filesystem::path &output) {
    NamedFiles files;
    files.addInput("--in", input);
    files.addOutput("--out", output);
    return files.fault();
  }

  static std::string faultOfOutputs(const std::filesystem::path &one,
                                    const std::filesystem::path &other) {
    NamedFiles files;
    files.addOutput("--out", one);
    files.addOutput("--log", other);
    return files.fault();
  }

  TemporaryFolder folder;
  std::filesystem::path root = folder.path();
};

TEST_F(NamedFilesTest, SaysWhichAndHowToMendIt) {
  const std::string file = (root / "file").string();
  EXPECT_EQ(fault(file, file), "--out would overwrite what --in reads: both "
                               "are '" +
                                   file + "'; name another output");
  const std::string dotted = (root / "." / "file").string();
  EXPECT_EQ(fault(file, dotted),
            "--out would overwrite what --in reads: '" + file + "' and '" +
                dotted + "' are the same file; name another output");
  EXPECT_EQ(faultOfOutputs(file, file),
            "--out and --log would write the same file: both are '" + file +
                "'; name another for one of them");
}

TEST_F(NamedFilesTest, FindsAFileByWhatPathsLeadTo) {
  std::filesystem::create_symlink("file", root / "soft");
  std::filesystem::create_hard_link(root / "file", root / "hard");
  for (const char *other : {"./file", "sub/../file", "folder/../file", "soft",
                            "hard", "../folder/../file"}) {
    const std::filesystem::path path = other[0] == '.' && other[1] == '.'
                                           ? root / "sub" / other
                                           : root / other;
    EXPECT_NE(fault(root / "file", path), "") << path;
    EXPECT_NE(fault(path, root / "file"), "") << path;
    EXPECT_NE(faultOfOutputs(path, root / "file"), "") << path;
  }
}

TEST_F(NamedFilesTest, FindsAFileThatDoesNotExistYet) {
  std::filesystem::create_symlink("sub/new", root / "dangling");
  for (const char *other :
       {"sub/new", "folder/new", "sub/./new", "folder/../sub/new", "dangling"})
    EXPECT_NE(faultOfOutputs(root / "sub" / "new", root / other), "") << other;
  EXPECT_EQ(faultOfOutputs(root / "sub" / "new", root / "new"), "");
}

TEST_F(NamedFilesTest, LetsOthersBe) {
  std::ofstream(root / "other") << "kept"; // The same content is another file.
  EXPECT_EQ(fault(root / "file", root / "other"), "");
  EXPECT_EQ(fault(root / "file", root / "absent"), "");
  EXPECT_EQ(fault("/dev/null", "/dev/null"), "");
  EXPECT_EQ(faultOfOutputs("/dev/null", "/dev/null"), "");
  NamedFiles inputs;
  inputs.addInput("--one", root / "file");
  inputs.addInput("--two", root / "file");
  EXPECT_EQ(inputs.fault(), "");
}

TEST_F(NamedFilesTest, AllowsWhatIsMeant) {
  NamedFiles files;
  files.addInput("--resume", root / "file");
  files.addOutput("--checkpoint", root / "file");
  files.allowSame("--checkpoint", "--resume");
  EXPECT_EQ(files.fault(), "");
  files.addOutput("--log", root / "file");
  EXPECT_NE(files.fault(), "");
}

TEST_F(NamedFilesTest, ReadsStandardInputOnce) {
  NamedFiles files;
  files.addInput("--in", "-");
  files.addOutput("--out", "-");
  EXPECT_EQ(files.fault(), "");
  files.addInput("cell", "-");
  EXPECT_EQ(files.fault(), "--in and cell cannot both be standard input, "
                           "which is read only once; name a file for one of "
                           "them");
  EXPECT_NE(faultOfOutputs("-", "-"), "");
}

} // namespace
