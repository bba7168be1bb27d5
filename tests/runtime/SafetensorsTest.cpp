//===- SafetensorsTest.cpp - Tensors in files, whole and damaged ----------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "minrnn/safetensors.h"

#include "minrnn/error.h"
#include "tests/runtime/TemporaryFolder.h"

#include "gtest/gtest.h"
#include <array>
#include <bit>
#include <fstream>
#include <limits>
#include <optional>

using namespace minrnn;

namespace {

class Safetensors : public testing::Test {
protected:
  /// Writes a file of `header` and `dataBytes` bytes; the claimed length of the
  /// header is its own unless given.
  std::filesystem::path writeRaw(const std::string &header,
                                 std::size_t dataBytes,
                                 std::optional<std::uint64_t> claimed = {}) {
    const std::filesystem::path path = folder.path() / "raw.safetensors";
    std::ofstream stream(path, std::ios::binary);
    const std::uint64_t length = claimed.value_or(header.size());
    stream.write(reinterpret_cast<const char *>(&length), sizeof length);
    stream << header << std::string(dataBytes, '\0');
    return path;
  }

  static std::string errorOf(const std::filesystem::path &path) {
    try {
      const SafetensorsReader reader(path);
    } catch (const Error &error) {
      return error.what();
    }
    return {};
  }

  void expectError(const std::string &header, std::size_t dataBytes,
                   const std::string &expected,
                   std::optional<std::uint64_t> claimed = {}) {
    const std::filesystem::path path = writeRaw(header, dataBytes, claimed);
    const std::string error = errorOf(path);
    EXPECT_EQ(error.find(path.string()), 0U) << "found '" << error << "'";
    EXPECT_NE(error.find(expected), std::string::npos)
        << "found '" << error << "', expected '" << expected << "'";
  }

  test::TemporaryFolder folder;
};

TEST_F(Safetensors, WritesWhatItReads) {
  const std::vector<float> matrix = {1.5F, -2, 3e-40F, 3e38F, 0, -0.0F};
  const std::vector<float> scalar = {7};
  const std::filesystem::path path = folder.path() / "good.safetensors";
  writeSafetensors(path,
                   std::vector<TensorToWrite>{{"matrix", {2, 3}, matrix},
                                              {"scalar", {}, scalar},
                                              {"empty", {0, 5}, {}}},
                   {{"key", "value with \"quotes\" and \xC3\xA9"}});
  const SafetensorsReader reader(path);
  EXPECT_EQ(reader.tensors().size(), 3U);
  EXPECT_EQ(reader.metadata().at("key"), "value with \"quotes\" and \xC3\xA9");
  const std::vector<float> read =
      reader.readFloats("matrix", std::vector<std::int64_t>{2, 3});
  ASSERT_EQ(read.size(), matrix.size());
  for (std::size_t i = 0; i < read.size(); ++i)
    EXPECT_EQ(std::bit_cast<std::uint32_t>(read[i]),
              std::bit_cast<std::uint32_t>(matrix[i]));
  EXPECT_EQ(reader.readFloats("scalar", {}), scalar);
  EXPECT_TRUE(
      reader.readFloats("empty", std::vector<std::int64_t>{0, 5}).empty());
  EXPECT_EQ(folder.fileCount(), 1U) << "a temporary file was left behind";
}

TEST_F(Safetensors, DataIsAligned) {
  const std::vector<float> data = {1};
  for (const char *name : {"a", "ab", "abc", "abcd", "abcde"}) {
    const std::filesystem::path path = folder.path() / name;
    writeSafetensors(path, std::vector<TensorToWrite>{{name, {1}, data}});
    EXPECT_EQ((std::filesystem::file_size(path) - sizeof(float)) % 8, 0U);
  }
}

TEST_F(Safetensors, NamesTensorExpectedAndFound) {
  const std::filesystem::path path =
      writeRaw(R"({"x":{"dtype":"I16","shape":[2],"data_offsets":[0,4]},)"
               R"("y":{"dtype":"F32","shape":[2],"data_offsets":[4,12]}})",
               12);
  const SafetensorsReader reader(path);
  const auto errorOfRead = [&](const char *name,
                               std::vector<std::int64_t> shape) {
    try {
      reader.readFloats(name, shape);
    } catch (const Error &error) {
      return std::string(error.what());
    }
    return std::string();
  };
  EXPECT_EQ(errorOfRead("x", {2}),
            path.string() +
                ": tensor 'x': expected dtype F32, F16, BF16 or F64, "
                "found I16");
  EXPECT_EQ(errorOfRead("y", {2, 1}),
            path.string() + ": tensor 'y': expected shape [2, 1], found [2]");
  EXPECT_EQ(errorOfRead("w", {2}), path.string() + ": tensor 'w' is missing");
}

TEST_F(Safetensors, RefusesDamage) {
  const std::string good =
      R"({"x":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}})";
  EXPECT_EQ(errorOf(writeRaw(good, 8)), "");
  expectError(good, 8, "the format allows 100000000", 100'000'001);
  expectError(good, 8, "the header claims 9223372036854775807 bytes",
              std::numeric_limits<std::int64_t>::max());
  expectError(good, 8, "the header claims 18446744073709551615 bytes",
              std::numeric_limits<std::uint64_t>::max());
  expectError(good, 8, "is no valid JSON", good.size() - 1);
  expectError(good + "        ", 0, "but the file holds only 0");
  expectError(good, 8, "is no valid JSON: byte 54 of it is zero",
              good.size() + 8);
  expectError(good, 4, "claims the bytes up to 8, but the file holds only 4");
  expectError(good, 12, "the last 4 bytes of the data belong to no tensor");
  expectError("[]", 0, "must be a JSON object, found array");
  expectError("", 0, "is no valid JSON");
  expectError("[[", 0, "is no valid JSON");
  expectError("{\"\xFF\":1}", 0, "is no valid JSON");
  expectError(R"({"x":3})", 0, "tensor 'x': its entry must be a JSON object");
  expectError(R"({"x":{"shape":[],"data_offsets":[0,4]}})", 4,
              "the key 'dtype' is missing");
  expectError(R"({"x":{"dtype":"F31","shape":[],"data_offsets":[0,4]}})", 4,
              "the dtype \"F31\" is not known");
  expectError(R"({"x":{"dtype":"F32","shape":[-1],"data_offsets":[0,4]}})", 4,
              "no size");
  expectError(R"({"x":{"dtype":"F32","shape":[1.5],"data_offsets":[0,4]}})", 4,
              "no size");
  expectError(R"({"x":{"dtype":"F32","shape":[1],"data_offsets":[4,0]}})", 4,
              "before its begin");
  expectError(R"({"x":{"dtype":"F32","shape":[1],"data_offsets":[0]}})", 4,
              "must be two offsets");
  expectError(R"({"x":{"dtype":"F32","shape":[3],"data_offsets":[0,8]}})", 8,
              "takes 12 bytes, but its offsets span 8");
  // 2^62 * 4 elements of 4 bytes is 2^66, which is 0 in 64 bits.
  expectError(R"({"x":{"dtype":"F32","shape":[4611686018427387904,4],)"
              R"("data_offsets":[0,0]}})",
              0, "too large");
  const std::string y = R"("y":{"dtype":"F32","shape":[2],"data_offsets":)";
  expectError(good.substr(0, good.size() - 1) + "," + y + "[4,12]}}", 12,
              "the data of tensor 'y' overlaps");
  expectError(good.substr(0, good.size() - 1) + "," + y + "[12,20]}}", 20,
              "the bytes from 8 to 12 of the data belong to no tensor");
  expectError(good.substr(0, good.size() - 1) + "," + good.substr(1), 8,
              "the header holds the key 'x' twice");
  expectError(R"({"__metadata__":{"a":1}})", 0,
              "the metadata entry 'a' must be a string");
}

TEST_F(Safetensors, RefusesNestingBeforeItIsBuilt) {
  // A value's destructor calls itself for what lies within it.
  for (const char *rest : {"", "]"}) {
    std::string header = R"({"x":{"dtype":)" + std::string(100'000, '[');
    for (int i = 0; i < 100'000; ++i)
      header += rest;
    expectError(header, 0,
                "the header is nested deeper than 64 levels, in 'x.dtype'");
  }
  std::string objects;
  for (int i = 0; i < 100'000; ++i)
    objects += R"({"a":)";
  expectError(objects, 0, "the header is nested deeper than 64 levels");
  // Sixty levels are read, and are no header all the same.
  expectError(R"({"x":{"dtype":)" + std::string(60, '[') +
                  std::string(60, ']') + "}}",
              0, "is not known");
}

TEST_F(Safetensors, RefusesWhatTheReferenceRefuses) {
  const std::string good =
      R"({"x":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}})";
  expectError(R"({"x":{"dtype":"F16","dtype":"F32","shape":[2],)"
              R"("data_offsets":[0,8]}})",
              8, "the header holds the key 'dtype' twice, in 'x'");
  expectError(R"({"__metadata__":{},"__metadata__":{}})", 0,
              "the header holds the key '__metadata__' twice");
  expectError(R"({"__metadata__":{"a":"1","a":"2"}})", 0,
              "the header holds the key 'a' twice, in '__metadata__'");
  expectError("\xEF\xBB\xBF" + good, 8, "it begins with a byte order mark");
  expectError(good + std::string(2, '\0'), 8, "byte 54 of it is zero");
  expectError(good + "x", 8, "expected end of input");
  expectError(good + "{}", 8, "expected end of input");
  // White space around the JSON, and a field that the format does not know,
  // are allowed.
  EXPECT_EQ(errorOf(writeRaw(" " + good + " \t\r\n", 8)), "");
  EXPECT_EQ(errorOf(writeRaw(R"({"x":{"dtype":"F32","shape":[2],"note":1,)"
                             R"("data_offsets":[0,8]}})",
                             8)),
            "");
}

TEST_F(Safetensors, ConvertsTheOtherFloatingPointTypes) {
  const std::filesystem::path path = folder.path() / "types.safetensors";
  const std::string header =
      R"({"a":{"dtype":"F16","shape":[3],"data_offsets":[0,6]},)"
      R"("b":{"dtype":"BF16","shape":[3],"data_offsets":[6,12]},)"
      R"("c":{"dtype":"F64","shape":[2,2],"data_offsets":[12,44]}})";
  const std::uint64_t length = header.size();
  // 1.5, the least subnormal and -infinity.
  const std::array<std::uint16_t, 3> halves = {0x3E00, 0x0001, 0xFC00};
  const std::array<std::uint16_t, 3> brains = {0x3FC0, 0x0001, 0xFF80};
  // Half a unit in the last place above 1 goes to even, a little more up.
  std::array<double, 4> doubles = {1 + 0x1p-24, 1 + 0x1p-24 + 0x1p-50, -1e-60,
                                   3.4028235e38};
  const auto write = [&] {
    std::ofstream stream(path, std::ios::binary);
    stream.write(reinterpret_cast<const char *>(&length), sizeof length);
    stream << header;
    stream.write(reinterpret_cast<const char *>(halves.data()), sizeof halves);
    stream.write(reinterpret_cast<const char *>(brains.data()), sizeof brains);
    stream.write(reinterpret_cast<const char *>(doubles.data()),
                 sizeof doubles);
  };
  write();
  const SafetensorsReader reader(path);
  constexpr float infinity = std::numeric_limits<float>::infinity();
  EXPECT_EQ(reader.readFloats("a", std::vector<std::int64_t>{3}),
            (std::vector<float>{1.5F, 0x1p-24F, -infinity}));
  EXPECT_EQ(reader.readFloats("b", std::vector<std::int64_t>{3}),
            (std::vector<float>{1.5F, 0x1p-133F, -infinity}));
  EXPECT_EQ(reader.readFloats("c", std::vector<std::int64_t>{2, 2}),
            (std::vector<float>{1, 1 + 0x1p-23F, -0.0F, 3.4028235e38F}));
  EXPECT_EQ(reader.conversions(), "'a' from F16, 'b' from BF16, 'c' from F64");

  doubles[2] = -1e300;
  write();
  try {
    reader.readFloats("c", std::vector<std::int64_t>{2, 2});
    FAIL() << "nothing was thrown";
  } catch (const Error &error) {
    EXPECT_EQ(error.what(), path.string() +
                                ": tensor 'c': element [1, 0] is -1e+300, "
                                "which is too large for f32");
  }
}

TEST_F(Safetensors, SaysWhatAFileOfAnotherKindIs) {
  const std::filesystem::path path = folder.path() / "foreign";
  const auto errorOfBytes = [&](const std::string &bytes) {
    std::ofstream(path, std::ios::binary) << bytes;
    return errorOf(path);
  };
  const auto expectSays = [&](const std::string &bytes,
                              const std::string &expected) {
    const std::string error = errorOfBytes(bytes);
    EXPECT_NE(error.find(path.string() + ": " + expected), std::string::npos)
        << error;
  };
  const std::string zeros(100, '\0');
  expectSays("", "is empty");
  expectSays("version https://git-lfs.github.com/spec/v1\noid sha256:0\n",
             "no safetensors file: it is a Git LFS pointer and holds no "
             "tensors; fetch the file it stands for with 'git lfs pull'");
  expectSays("\n<!DOCTYPE html><html>", "no safetensors file: it is an HTML");
  expectSays("<HTML>", "no safetensors file: it is an HTML");
  // (As a length this one is below the format's limit.)
  expectSays("PK\x03\x04" + zeros, "no safetensors file: it is a zip archive");
  expectSays("\x80\x02}q" + zeros,
             "no safetensors file: it is a Python pickle");
  expectSays("GGUF\x03" + zeros, "no safetensors file: it is a GGUF file");
  expectSays("\x1F\x8B\x08" + zeros, "no safetensors file: it is compressed");
  expectSays("{\"metadata\": {}}", "no safetensors file: it is JSON text");
  // A header of 640 bytes has the length of a pickle's first two, and one of
  // 123 that of JSON's first.
  for (const std::size_t length : {640, 123}) {
    std::string header = "{}";
    header.resize(length, ' ');
    EXPECT_EQ(errorOf(writeRaw(header, 0)), "");
  }
}

TEST_F(Safetensors, EveryTruncationIsAnError) {
  const std::vector<float> data(6, 1.0F);
  const std::filesystem::path path = folder.path() / "whole.safetensors";
  writeSafetensors(path, std::vector<TensorToWrite>{{"x", {2, 3}, data}});
  const auto size = std::filesystem::file_size(path);
  for (std::uintmax_t length = size; length-- > 0;) {
    std::filesystem::resize_file(path, length);
    EXPECT_NE(errorOf(path), "") << "length " << length;
  }
}

TEST_F(Safetensors, RefusesWhatIsNoFile) {
  EXPECT_NE(errorOf(folder.path() / "absent").find("cannot be opened"),
            std::string::npos);
  EXPECT_NE(errorOf(folder.path()).find("is a folder"), std::string::npos);
}

TEST_F(Safetensors, WritesNothingByHalves) {
  const std::vector<float> data = {1, 2};
  const std::filesystem::path path = folder.path() / "kept.safetensors";
  writeSafetensors(path, std::vector<TensorToWrite>{{"x", {2}, data}});
  const auto write = [](const std::filesystem::path &where,
                        std::vector<TensorToWrite> tensors) {
    writeSafetensors(where, tensors);
  };
  EXPECT_THROW(write(path, {{"x", {3}, data}}), Error);
  EXPECT_THROW(write(path, {{"x", {2}, data}, {"x", {2}, data}}), Error);
  EXPECT_THROW(write(path, {{"\xFF", {2}, data}}), Error);
  EXPECT_THROW(write(folder.path() / "no" / "folder", {{"x", {2}, data}}),
               Error);
  EXPECT_THROW(write(folder.path(), {{"x", {2}, data}}), Error);
  EXPECT_THROW(write("/dev/full", {{"x", {2}, data}}), Error);
  EXPECT_EQ(folder.fileCount(), 1U);
  EXPECT_EQ(
      SafetensorsReader(path).readFloats("x", std::vector<std::int64_t>{2}),
      data);
}

TEST_F(Safetensors, FollowsASymbolicLink) {
  const std::vector<float> data = {1};
  const std::filesystem::path target = folder.path() / "target";
  const std::filesystem::path link = folder.path() / "link";
  std::ofstream(target) << "former content";
  std::filesystem::create_symlink(target, link);
  writeSafetensors(link, std::vector<TensorToWrite>{{"x", {1}, data}});
  EXPECT_TRUE(std::filesystem::is_symlink(link));
  EXPECT_TRUE(SafetensorsReader(target).contains("x"));
}

} // namespace
