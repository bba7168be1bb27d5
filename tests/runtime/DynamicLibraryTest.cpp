//===- DynamicLibraryTest.cpp - Libraries that may be absent --------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/device/DynamicLibrary.h"

#include "minrnn/error.h"
#include "tests/TestFiles.h"
#include "tests/runtime/TemporaryFolder.h"

#include "gtest/gtest.h"

#include <array>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>
#include <vector>

using namespace minrnn;
using namespace minrnn::test;

namespace {

constexpr const char *variable = "MINRNN_TEST_LIBRARY";

/// The library that is there.
const std::string &smallLibrary() {
  static const std::string file = testFile(MINRNN_TEST_SMALL_LIBRARY);
  return file;
}

/// Sets an environment variable while it lives.
class Environment {
public:
  Environment(const char *name, const std::string &value) : name(name) {
    if (const char *former = std::getenv(name))
      before = former;
    setenv(name, value.c_str(), 1);
  }
  ~Environment() {
    if (before)
      setenv(name, before->c_str(), 1);
    else
      unsetenv(name);
  }
  Environment(const Environment &) = delete;
  Environment &operator=(const Environment &) = delete;

private:
  const char *name;
  std::optional<std::string> before;
};

std::string messageOf(const LibraryRequest &request) {
  try {
    const DynamicLibrary library(request);
    ADD_FAILURE() << "opened " << library.path();
  } catch (const Error &error) {
    return error.what();
  }
  return {};
}

void expectContains(const std::string &text, const std::string &part) {
  EXPECT_NE(text.find(part), std::string::npos) << part << " in\n" << text;
}

constexpr std::array<std::string_view, 2> absent = {"libminrnn-none.so.2",
                                                    "libminrnn-none.so"};

TEST(DynamicLibrary, OpensTheFirstCandidateThatIsThere) {
  const std::array<std::string_view, 3> names = {absent[0], smallLibrary(),
                                                 absent[1]};
  const DynamicLibrary library({"a small library", variable, names});
  EXPECT_EQ(library.path(), smallLibrary());
  int (*const twice)(int) = library.function("minrnnTestTwice");
  EXPECT_EQ(twice(21), 42);
  int (*const thrice)(int) = library.functionIfPresent("minrnnTestThrice");
  EXPECT_EQ(thrice, nullptr);
}

TEST(DynamicLibrary, SaysThatALibraryWithoutASymbolIsTooOld) {
  const std::array<std::string_view, 1> names = {smallLibrary()};
  const DynamicLibrary library({"a small library", {}, names});
  try {
    library.function("minrnnTestThrice");
    FAIL();
  } catch (const Error &error) {
    expectContains(error.what(), "a small library at " + smallLibrary() +
                                     " has no minrnnTestThrice");
    expectContains(error.what(), "too old");
  }
}

TEST(DynamicLibrary, SaysWhatItLookedForAndWhere) {
  const Environment home("CUDA_HOME", "/nowhere/cuda");
  EXPECT_EQ(messageOf({"a small library", variable, absent}),
            "a small library was not found: looked for libminrnn-none.so.2, "
            "libminrnn-none.so among the system's libraries and in "
            "/nowhere/cuda/lib64, /usr/local/cuda/lib64, /usr/local/cuda/lib, "
            "/usr/local/cuda/targets/x86_64-linux/lib, /usr/lib/wsl/lib; " +
                std::string(variable) + " may name another file");
}

TEST(DynamicLibrary, SaysWhyAFileIsNoLibrary) {
  const TemporaryFolder folder;
  const std::string file = (folder.path() / "text.so").string();
  std::ofstream(file) << "no library\n";
  const std::array<std::string_view, 1> names = {file};
  expectContains(messageOf({"a small library", variable, names}),
                 "; " + file + ": ");
}

TEST(DynamicLibrary, TheVariableDecidesAlone) {
  const std::array<std::string_view, 1> names = {smallLibrary()};
  {
    const Environment wrong(variable, "/nowhere/small.so");
    EXPECT_EQ(messageOf({"a small library", variable, names}),
              "a small library was not found: looked for /nowhere/small.so, "
              "which " +
                  std::string(variable) + " names");
  }
  const Environment right(variable, smallLibrary().c_str());
  EXPECT_EQ(DynamicLibrary({"a small library", variable, absent}).path(),
            smallLibrary());
}

TEST(DynamicLibrary, NothingIsTakenFromTheWorkingDirectory) {
  const std::filesystem::path before = std::filesystem::current_path();
  const TemporaryFolder folder;
  std::filesystem::current_path(folder.path());
  // (The loader knows what it has opened before by its own name.)
  const std::string name = "libminrnn-here.so";
  std::filesystem::copy_file(smallLibrary(), name);
  for (const std::string &relative : {"./" + name, "../" + name}) {
    const Environment named(variable, relative);
    EXPECT_EQ(messageOf({"a small library", variable, absent}),
              "expected in " + std::string(variable) +
                  " an absolute path of a small library, or a name for the "
                  "system's loader; found " +
                  relative +
                  ", a path from the working directory, where no library is "
                  "looked for");
  }
  // A name alone is looked for by the loader: not here, unless LD_LIBRARY_PATH
  // says so. (Nor does an empty part of the program's own RPATH.)
  const Environment named(variable, name);
  expectContains(messageOf({"a small library", variable, absent}),
                 "was not found: looked for " + name + ", which");
  for (const char *folders :
       {":", "/nowhere:", "/nowhere::/else", ".", "/a;."}) {
    const Environment loaders("LD_LIBRARY_PATH", folders);
    expectContains(messageOf({"a small library", variable, absent}),
                   name + ", to which an empty or relative part of "
                          "LD_LIBRARY_PATH leads, is not opened");
  }
  const Environment home("CUDA_HOME", ".");
  const Environment path("CUDA_PATH", "cuda");
  const Environment none(variable, "");
  for (const std::string &candidate :
       libraryCandidates({"a small library", variable, absent}))
    EXPECT_TRUE(candidate.starts_with('/') ||
                candidate.find('/') == std::string::npos)
        << candidate;
  std::filesystem::current_path(before);
}

TEST(DynamicLibrary, OnlyCudasAreLookedForInCudasFolders) {
  const LibraryRequest request = {"a small library", variable, absent, false};
  EXPECT_EQ(
      libraryCandidates(request),
      (std::vector<std::string>{"libminrnn-none.so.2", "libminrnn-none.so"}));
  EXPECT_EQ(messageOf(request),
            "a small library was not found: looked for libminrnn-none.so.2, "
            "libminrnn-none.so among the system's libraries; " +
                std::string(variable) + " may name another file");
}

TEST(DynamicLibrary, NamesComeBeforeFoldersAndHomeBeforeTheRest) {
  const Environment home("CUDA_HOME", "/home");
  const Environment path("CUDA_PATH", "/path");
  const std::vector<std::string> candidates =
      libraryCandidates({"a small library", variable, absent});
  ASSERT_EQ(candidates.size(), 14U);
  EXPECT_EQ(candidates[0], "libminrnn-none.so.2");
  EXPECT_EQ(candidates[1], "libminrnn-none.so");
  EXPECT_EQ(candidates[2], "/home/lib64/libminrnn-none.so.2");
  EXPECT_EQ(candidates[4], "/path/lib64/libminrnn-none.so.2");
  EXPECT_EQ(candidates[6], "/usr/local/cuda/lib64/libminrnn-none.so.2");
  EXPECT_EQ(candidates[13], "/usr/lib/wsl/lib/libminrnn-none.so");
}

} // namespace
