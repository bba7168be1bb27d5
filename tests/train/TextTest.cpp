//===- TextTest.cpp - Characters of any bytes -----------------------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "minrnn/train/text.h"

#include "minrnn/error.h"
#include "minrnn/random.h"
#include "tests/runtime/TemporaryFolder.h"

#include "gtest/gtest.h"
#include <fstream>
#include <set>

using namespace minrnn;

namespace {

std::string decode(const Vocabulary &vocabulary,
                   const std::vector<std::int32_t> &tokens) {
  std::string text;
  for (const std::int32_t token : tokens)
    text += vocabulary.symbol(token);
  return text;
}

TEST(Vocabulary, TakesCodePoints) {
  const Vocabulary vocabulary =
      Vocabulary::ofText("a\xC3\xA9\xE2\x82\xAC\xF0\x9F\x99\x82"
                         "a");
  ASSERT_EQ(vocabulary.size(), 4);
  EXPECT_EQ(vocabulary.symbol(0), "a");
  EXPECT_EQ(vocabulary.symbol(1), "\xC3\xA9");
  EXPECT_EQ(vocabulary.symbol(2), "\xE2\x82\xAC");
  EXPECT_EQ(vocabulary.symbol(3), "\xF0\x9F\x99\x82");
}

TEST(Vocabulary, TakesInvalidBytesOneByOne) {
  // An overlong form, a surrogate, beyond U+10FFFF, a lone continuation, a
  // character cut off.
  for (const std::string text :
       {"\xC0\xAF", "\xED\xA0\x80", "\xF4\x90\x80\x80", "\x80", "\xE2\x82",
        "\xF0\x9F\x99", "\xFF\xFE"}) {
    const Vocabulary vocabulary = Vocabulary::ofText(text);
    EXPECT_EQ(vocabulary.encode(text).size(), text.size());
  }
}

TEST(Vocabulary, DecodesWhatItEncodedForAnyBytes) {
  Random random(7);
  for (int round = 0; round < 200; ++round) {
    std::string text;
    for (std::int64_t length = random.below(60); length-- > 0;)
      text += static_cast<char>(random.below(256));
    const Vocabulary vocabulary = Vocabulary::ofText(text);
    EXPECT_EQ(decode(vocabulary, vocabulary.encode(text)), text);
    const Vocabulary again = Vocabulary::fromJson(vocabulary.toJson());
    EXPECT_EQ(decode(again, again.encode(text)), text);
  }
}

TEST(Vocabulary, NamesTheForeignCharacter) {
  const Vocabulary vocabulary = Vocabulary::ofText("abc");
  const auto errorOf = [&](std::string_view text) {
    try {
      vocabulary.encode(text);
    } catch (const Error &error) {
      return std::string(error.what());
    }
    return std::string();
  };
  EXPECT_EQ(
      errorOf("ab\xC3\xA9"),
      "the character '\xC3\xA9' (U+00E9) at line 1, column 3 is not in the "
      "vocabulary of the model's text");
  const std::string ending = " is not in the vocabulary of the model's text";
  EXPECT_EQ(errorOf("\n"), "the character U+000A at line 1, column 1" + ending);
  EXPECT_EQ(errorOf("a\xFF"), "the byte 0xFF at line 1, column 2" + ending);
  // Columns are characters, and a control of a terminal is not written to it.
  const Vocabulary wide = Vocabulary::ofText("\xE2\x98\x83\n");
  const auto placeOf = [&](std::string_view text) {
    try {
      wide.encode(text);
    } catch (const Error &error) {
      return std::string(error.what());
    }
    return std::string();
  };
  EXPECT_EQ(placeOf("\n\xE2\x98\x83\xE2\x98\x83\xC2\x9B"),
            "the character U+009B at line 2, column 3" + ending);
  EXPECT_EQ(placeOf("\xF0\x9F\x98\x80"),
            "the character '\xF0\x9F\x98\x80' (U+1F600) at line 1, column 1" +
                ending);
  EXPECT_THROW(vocabulary.symbol(3), Error);
  EXPECT_THROW(vocabulary.symbol(-1), Error);
}

TEST(Vocabulary, RefusesDamagedJson) {
  for (const char *json : {"", "{}", "[1]", "[\"\"]", "[\"ab\"]", "[256]",
                           "[\"a\",\"a\"]", "[null]"})
    EXPECT_THROW(Vocabulary::fromJson(json), Error) << json;
  EXPECT_EQ(Vocabulary::fromJson("[]").size(), 0);
}

TEST(TextCorpus, KeepsTheLastTenthToJudgeBy) {
  std::string text(95, 'a');
  text += std::string(10, 'b');
  const TextCorpus corpus = TextCorpus::fromText(text);
  EXPECT_EQ(corpus.training.size(), 95U);
  EXPECT_EQ(corpus.validation, std::vector<std::int32_t>(10, 1));
  EXPECT_EQ(TextCorpus::fromText("").training.size(), 0U);
}

TEST(TextCorpus, SaysWhichFileCannotBeRead) {
  const test::TemporaryFolder folder;
  EXPECT_THROW(TextCorpus::fromFile(folder.path()), Error);
  EXPECT_THROW(TextCorpus::fromFile(folder.path() / "absent"), Error);
  std::ofstream(folder.path() / "empty") << "";
  EXPECT_THROW(TextCorpus::fromFile(folder.path() / "empty"), Error);
}

TEST(RandomWindows, AreWindowsOfTheText) {
  std::vector<std::int32_t> text;
  text.reserve(50);
  for (std::int32_t i = 0; i < 50; ++i)
    text.push_back(i);
  std::set<std::int32_t> begins;
  for (std::uint64_t step = 0; step < 100; ++step) {
    const Batch windows = randomWindows(text, 4, 10, 1, step);
    ASSERT_EQ(windows.inputs.size(), 40U);
    for (std::size_t row = 0; row < 4; ++row) {
      begins.insert(windows.inputs[row * 10]);
      for (std::size_t t = 0; t < 10; ++t) {
        EXPECT_EQ(windows.inputs[row * 10 + t],
                  windows.inputs[row * 10] + static_cast<std::int32_t>(t));
        EXPECT_EQ(windows.targets[row * 10 + t],
                  windows.inputs[row * 10 + t] + 1);
      }
    }
  }
  // Every place from the first to the last that fits.
  EXPECT_EQ(begins.size(), 40U);
  EXPECT_EQ(randomWindows(text, 4, 10, 1, 3).inputs,
            randomWindows(text, 4, 10, 1, 3).inputs);
  EXPECT_NE(randomWindows(text, 4, 10, 1, 3).inputs,
            randomWindows(text, 4, 10, 2, 3).inputs);
  EXPECT_NO_THROW(randomWindows(text, 1, 49, 1, 0));
  EXPECT_THROW(randomWindows(text, 1, 50, 1, 0), Error);
}

} // namespace
