//===- GeneratedTaskTest.cpp - Selective copying and formal languages -----===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "minrnn/train/formal.h"
#include "minrnn/train/selective_copy.h"

#include "minrnn/error.h"
#include "minrnn/train/character_model.h"
#include "minrnn/train/checkpoint.h"
#include "tests/runtime/TemporaryFolder.h"
#include "tests/train/SmallTraining.h"

#include "gtest/gtest.h"
#include <algorithm>
#include <cmath>
#include <functional>
#include <map>
#include <set>

using namespace minrnn;
using namespace minrnn::test;

namespace {

using Tokens = std::vector<std::int32_t>;

/// A row of a batch as its reader sees it.
struct Row {
  Tokens inputs;
  /// The targets that count, and where.
  Tokens answers;
  std::vector<std::size_t> places;
};

std::vector<Row> rowsOf(const Batch &batch) {
  std::vector<Row> rows(static_cast<std::size_t>(batch.batch));
  const auto time = static_cast<std::size_t>(batch.time);
  for (std::size_t r = 0; r < rows.size(); ++r)
    for (std::size_t t = 0; t < time; ++t) {
      const std::size_t i = r * time + t;
      rows[r].inputs.push_back(batch.inputs[i]);
      if (batch.mask[i] == 0)
        continue;
      rows[r].answers.push_back(batch.targets[i]);
      rows[r].places.push_back(t);
    }
  return rows;
}

/// Whether `hits` of `draws` is what a chance of `probability` gives, within
/// five standard deviations.
bool isChance(std::int64_t hits, std::int64_t draws, double probability) {
  const auto count = static_cast<double>(draws);
  return std::abs(static_cast<double>(hits) - count * probability) <=
         5 * std::sqrt(count * probability * (1 - probability));
}

TEST(SelectiveCopy, HasTheSizesOfThePaper) {
  const SelectiveCopyTask task({});
  EXPECT_EQ(task.positions(), 4096 + 16);
  EXPECT_EQ(task.vocabulary(), 16);
  const Row row = rowsOf(task.trainingBatch(1, 4112, 1, 0)).at(0);
  EXPECT_EQ(std::ranges::count(row.inputs, 15), 4096 - 16);
  EXPECT_EQ(std::ranges::count(row.inputs, 0), 16);
  EXPECT_EQ(row.places.front(), 4096U);
  EXPECT_EQ(row.places.back(), 4111U);
}

TEST(SelectiveCopy, AsksForTheTokensAmongTheBlanks) {
  const SelectiveCopyTask task({.length = 10, .copies = 3, .vocabulary = 5});
  std::map<std::int32_t, std::int64_t> tokens;
  std::vector<std::int64_t> places(10);
  constexpr std::int64_t count = 4000;
  for (const Row &row : rowsOf(task.trainingBatch(count, 13, 7, 3))) {
    Tokens found;
    for (std::size_t t = 0; t < 10; ++t)
      if (row.inputs[t] != 4) {
        found.push_back(row.inputs[t]);
        ++tokens[row.inputs[t]];
        ++places[t];
      }
    ASSERT_EQ(row.answers, found);
    ASSERT_EQ(found.size(), 3U);
    ASSERT_EQ(row.places, (std::vector<std::size_t>{10, 11, 12}));
    ASSERT_EQ(Tokens(row.inputs.begin() + 10, row.inputs.end()), Tokens(3, 0));
  }
  // Every token and every place is as likely.
  ASSERT_EQ(tokens.size(), 3U);
  for (const auto &[token, times] : tokens)
    EXPECT_TRUE(token >= 1 && token <= 3 && isChance(times, 3 * count, 1.0 / 3))
        << token << ": " << times;
  for (const std::int64_t times : places)
    EXPECT_TRUE(isChance(times, count, 0.3)) << times;
}

TEST(SelectiveCopy, MeasuresPositionsAndWholeSequences) {
  const SelectiveCopyTask task({.length = 2, .copies = 2, .vocabulary = 4});
  const Batch batch{2,
                    4,
                    {1, 2, 0, 0, 2, 2, 0, 0},
                    {0, 0, 1, 2, 0, 0, 2, 2},
                    {0, 0, 1, 1, 0, 0, 1, 1}};
  // The first row is right where it counts, the second in one place of two.
  std::vector<float> outputs(8 * 4);
  const Tokens said = {3, 3, 1, 2, 2, 2, 2, 1};
  for (std::size_t i = 0; i < said.size(); ++i)
    outputs[4 * i + static_cast<std::size_t>(said[i])] = 1;
  std::vector<double> sums(2);
  task.addMetrics(batch, outputs, sums);
  EXPECT_EQ(task.metricNames(),
            (std::vector<std::string>{"accuracy", "sequences"}));
  EXPECT_EQ(sums[0] / static_cast<double>(batch.counted()), 0.75);
  EXPECT_EQ(sums[1] / static_cast<double>(batch.counted()), 0.5);
}

TEST(SelectiveCopy, RefusesBadOptions) {
  EXPECT_THROW(SelectiveCopyTask({.length = 2, .copies = 3}), Error);
  EXPECT_THROW(SelectiveCopyTask({.copies = 0}), Error);
  EXPECT_THROW(SelectiveCopyTask({.vocabulary = 2}), Error);
  EXPECT_THROW(SelectiveCopyTask({.validationSequences = 0}), Error);
  const SelectiveCopyTask task({.length = 4, .copies = 1});
  EXPECT_THROW(task.trainingBatch(1, 4, 1, 0), Error);
  EXPECT_THROW(task.validationBatches({.context = 4}), Error);
  EXPECT_THROW(task.validationBatches({.batch = 0, .context = 5}), Error);
}

/// What a language's definition answers to a word, worked out another way.
Tokens answerTo(const std::string &language, const Tokens &word) {
  const auto countOf = [&](std::int32_t symbol) {
    return static_cast<std::int32_t>(std::ranges::count(word, symbol));
  };
  if (language == "parity")
    return {countOf(1) % 2};
  if (language == "even-pairs")
    // As many changes as there are, the ends differ or do not.
    return {word.front() == word.back() ? 0 : 1};
  if (language == "cycle-nav")
    return {((countOf(2) - countOf(0)) % 5 + 5) % 5};
  if (language == "bucket-sort") {
    Tokens sorted;
    for (std::int32_t symbol = 0; symbol < 5; ++symbol)
      sorted.insert(sorted.end(), static_cast<std::size_t>(countOf(symbol)),
                    symbol);
    return sorted;
  }
  if (language == "missing-duplicate") {
    const std::size_t half = word.size() / 2;
    for (std::size_t i = 0; i < half; ++i)
      if (word[i] == 2 || word[half + i] == 2)
        return {word[i] == 2 ? word[half + i] : word[i]};
    return {};
  }
  std::int32_t most = 0;
  for (const std::int32_t symbol : word)
    most = std::max(most, countOf(symbol));
  if (language == "majority-count")
    return {std::min(most, 63)};
  for (const std::int32_t symbol : word)
    if (countOf(symbol) == most)
      return {symbol};
  return {};
}

class EachFormalLanguage : public testing::TestWithParam<std::string> {};

TEST_P(EachFormalLanguage, AsksForWhatItsDefinitionSays) {
  const FormalLanguage &language = formalLanguage(GetParam());
  const FormalTask task({.language = GetParam(),
                         .minLength = language.leastLength,
                         .maxLength = 9});
  EXPECT_EQ(task.positions(), language.answersWord ? 18 : 10);
  EXPECT_GE(task.vocabulary(), language.symbols + 2);
  EXPECT_GE(task.vocabulary(), language.classes);
  std::set<std::size_t> lengths;
  for (const Row &row :
       rowsOf(task.trainingBatch(2000, task.positions(), 5, 17))) {
    const auto end = std::ranges::find(row.inputs, task.marker());
    const Tokens word(row.inputs.begin(), end);
    lengths.insert(word.size());
    ASSERT_EQ(row.answers, answerTo(GetParam(), word));
    // The answer is asked for behind the word; then there is padding.
    const std::size_t answers = language.answersWord ? word.size() : 1;
    Tokens rest(answers, task.marker());
    rest.resize(static_cast<std::size_t>(task.positions()) - word.size(),
                task.padding());
    ASSERT_EQ(Tokens(end, row.inputs.end()), rest);
    ASSERT_EQ(row.places.front(), word.size());
    ASSERT_EQ(row.places.back(), word.size() + answers - 1);
    for (const std::int32_t symbol : word)
      ASSERT_TRUE(symbol >= 0 && symbol < language.symbols);
  }
  EXPECT_EQ(*lengths.begin(), static_cast<std::size_t>(language.leastLength));
  EXPECT_EQ(*lengths.rbegin(), 9U);
  EXPECT_EQ(lengths.size(),
            static_cast<std::size_t>(10 - language.leastLength));
}

TEST_P(EachFormalLanguage, IsDrawnBySeedAndStepAlone) {
  const FormalTask task({.language = GetParam(),
                         .minLength = 20,
                         .maxLength = 30,
                         .validationSequences = 25});
  const std::int64_t time = task.positions();
  const Batch eight = task.trainingBatch(8, time, 1, 4);
  EXPECT_EQ(task.trainingBatch(8, time, 1, 4).inputs, eight.inputs);
  EXPECT_NE(task.trainingBatch(8, time, 1, 5).inputs, eight.inputs);
  EXPECT_NE(task.trainingBatch(8, time, 2, 4).inputs, eight.inputs);

  // A validation has its sequences, in batches of any size, and no training
  // has them.
  std::set<Tokens> validated;
  for (const std::int64_t size : {25, 10, 1}) {
    const EvaluationOptions options{.batch = size, .context = time};
    std::set<Tokens> rows;
    std::int64_t count = 0;
    for (std::int64_t i = 0; i < task.validationBatches(options); ++i)
      for (Row &row : rowsOf(task.validationBatch(options, i))) {
        rows.insert(std::move(row.inputs));
        ++count;
      }
    EXPECT_EQ(count, 25);
    if (!validated.empty()) {
      EXPECT_EQ(rows, validated);
    }
    validated = rows;
  }
  EXPECT_EQ(validated.size(), 25U);
  for (std::uint64_t step = 0; step < 50; ++step)
    for (const Row &row : rowsOf(task.trainingBatch(8, time, 1, step)))
      EXPECT_FALSE(validated.contains(row.inputs));
  EXPECT_EQ(task.validationBatches(
                {.batch = 2, .context = time, .positions = 5 * time + 1}),
            3);
  EXPECT_EQ(
      task.validationBatches({.batch = 2, .context = time, .positions = 1}), 1);
}

std::string nameOfLanguage(const testing::TestParamInfo<std::string> &info) {
  std::string name = info.param;
  std::ranges::replace(name, '-', '_');
  return name;
}

INSTANTIATE_TEST_SUITE_P(Formal, EachFormalLanguage,
                         testing::Values("parity", "even-pairs", "cycle-nav",
                                         "bucket-sort", "majority",
                                         "majority-count", "missing-duplicate"),
                         nameOfLanguage);

/// What is answered to a word of digits.
std::string answered(const char *language, const std::string &digits) {
  Tokens word;
  for (const char digit : digits)
    word.push_back(digit - '0');
  Tokens answer(formalLanguage(language).answersWord ? word.size() : 1);
  Random random(1);
  formalLanguage(language).answer(random, word, answer);
  std::string text;
  for (const std::int32_t token : answer)
    text += std::to_string(token);
  return text;
}

TEST(FormalTask, AnswersTheExamplesOfThePapers) {
  EXPECT_EQ(answered("parity", "00110"), "0");
  EXPECT_EQ(answered("parity", "1"), "1");
  EXPECT_EQ(answered("even-pairs", "001110"), "0");
  EXPECT_EQ(answered("even-pairs", "0101001"), "1");
  EXPECT_EQ(answered("even-pairs", "1"), "0");
  // Steps 1 -1 0 -1 -1, and 1 1 1 -1.
  EXPECT_EQ(answered("cycle-nav", "20100"), "3");
  EXPECT_EQ(answered("cycle-nav", "2220"), "2");
  EXPECT_EQ(answered("bucket-sort", "10204112"), "00111224");
  EXPECT_EQ(answered("majority", "176438172"), "1");
  EXPECT_EQ(answered("majority", "776438111"), "1");
  EXPECT_EQ(answered("majority-count", "176448172"), "2");
  EXPECT_EQ(answered("majority-count", std::string(80, '5')), "63");
}

TEST(FormalTask, LeavesOutAnyBitOfAStringGivenTwice) {
  const FormalTask task(
      {.language = "missing-duplicate", .minLength = 7, .maxLength = 7});
  std::vector<std::int64_t> holes(7);
  std::int64_t ones = 0;
  constexpr std::int64_t count = 3000;
  for (const Row &row : rowsOf(task.trainingBatch(count, 8, 1, 0))) {
    EXPECT_EQ(row.inputs[6], 3);
    EXPECT_EQ(std::ranges::count(row.inputs, 2), 1);
    ++holes[static_cast<std::size_t>(std::ranges::find(row.inputs, 2) -
                                     row.inputs.begin())];
    ones += row.answers[0];
  }
  EXPECT_TRUE(isChance(ones, count, 0.5));
  for (std::size_t i = 0; i < 6; ++i)
    EXPECT_TRUE(isChance(holes[i], count, 1.0 / 6)) << i;
}

TEST(FormalTask, HasBalancedClasses) {
  constexpr std::int64_t count = 6000;
  const auto classesOf = [](const std::string &language, std::int64_t least,
                            std::int64_t most) {
    const FormalTask task(
        {.language = language, .minLength = least, .maxLength = most});
    std::map<std::int32_t, std::int64_t> classes;
    for (const Row &row :
         rowsOf(task.trainingBatch(count, task.positions(), 3, 1)))
      ++classes[row.answers[0]];
    return classes;
  };
  for (const std::int64_t length : {1, 2, 40}) {
    EXPECT_TRUE(isChance(classesOf("parity", length, length)[1], count, 0.5));
    EXPECT_TRUE(isChance(classesOf("even-pairs", length, length)[1], count,
                         length == 1 ? 0 : 0.5));
  }
  // A long walk on the cycle ends anywhere.
  const auto places = classesOf("cycle-nav", 40, 60);
  ASSERT_EQ(places.size(), 5U);
  for (const auto &[place, times] : places)
    EXPECT_TRUE(isChance(times, count, 0.2)) << place;
  const auto most = classesOf("majority", 1, 40);
  ASSERT_EQ(most.size(), 63U);
  for (const auto &[symbol, times] : most)
    EXPECT_TRUE(isChance(times, count, 1.0 / 63)) << symbol;
}

TEST(FormalTask, RefusesBadOptions) {
  EXPECT_THROW(FormalTask({.language = "chess"}), Error);
  EXPECT_THROW(FormalTask({.minLength = 0}), Error);
  EXPECT_THROW(FormalTask({.minLength = 5, .maxLength = 4}), Error);
  EXPECT_THROW(FormalTask({.language = "missing-duplicate"}), Error);
  EXPECT_NO_THROW(
      FormalTask({.language = "missing-duplicate", .minLength = 2}));
}

TEST(GeneratedTask, IsReadFromACheckpoint) {
  const TemporaryFolder folder;
  const std::filesystem::path path = folder.path() / "m.st";
  LanguageModel model = smallModel(16);
  AdamW adamW = adamWOf(model);
  const auto write = [&](const Task &task) {
    CheckpointInfo info{.metadata = model.metadata()};
    info.metadata.merge(task.metadata());
    writeCheckpoint(path, info, model, adamW);
  };
  const auto refusal = [&](const auto &read) -> std::string {
    try {
      read(path);
    } catch (const Error &error) {
      return error.what();
    }
    return {};
  };
  const std::string of = path.string() + ": the model was trained on the task ";

  write(SelectiveCopyTask({64, 4, 9, 77}));
  const SelectiveCopyOptions copy = SelectiveCopyTask::readOptions(path);
  EXPECT_EQ(copy.length, 64);
  EXPECT_EQ(copy.copies, 4);
  EXPECT_EQ(copy.vocabulary, 9);
  EXPECT_EQ(copy.validationSequences, 77);
  EXPECT_EQ(refusal(readCharacterModelInfo),
            of + "'selective-copy', not on 'text'");
  EXPECT_EQ(refusal(FormalTask::readOptions),
            of + "'selective-copy', not on 'formal'");

  write(FormalTask({"majority", 3, 12, 78}));
  const FormalOptions formal = FormalTask::readOptions(path);
  EXPECT_EQ(formal.language, "majority");
  EXPECT_EQ(formal.minLength, 3);
  EXPECT_EQ(formal.maxLength, 12);
  EXPECT_EQ(formal.validationSequences, 78);
  EXPECT_EQ(refusal(SelectiveCopyTask::readOptions),
            of + "'formal', not on 'selective-copy'");

  CheckpointInfo damaged{.metadata = model.metadata()};
  damaged.metadata["task"] = "formal";
  damaged.metadata["task_options"] = "{\"language\":5}";
  writeCheckpoint(path, damaged, model, adamW);
  EXPECT_TRUE(refusal(FormalTask::readOptions)
                  .starts_with(path.string() + ": the metadata is damaged"));
  damaged.metadata["task"] = "text";
  writeCheckpoint(path, damaged, model, adamW);
  EXPECT_EQ(refusal(FormalTask::readOptions), of + "'text', not on 'formal'");
}

TEST(GeneratedTask, IsLearned) {
  const SelectiveCopyTask task(
      {.length = 6, .copies = 1, .vocabulary = 6, .validationSequences = 50});
  LanguageModel model(
      {.vocabulary = task.vocabulary(), .layers = 2, .width = 16},
      handWrittenMinGru());
  model.initialise(1);
  AdamW adamW = adamWOf(model);
  TrainingOptions options = quickTraining();
  options.context = task.positions();
  options.batch = 32;
  options.evaluatePositions = 0;
  options.steps = 300;
  Trainer trainer(model, task, adamW, options);
  EXPECT_LT(trainer.evaluate().value().metrics.at(0).value, 0.6);
  for (std::int64_t i = 0; i < options.steps; ++i)
    trainer.step();
  EXPECT_EQ(trainer.evaluate().value().metrics.at(0).value, 1);
  EXPECT_EQ(trainer.evaluate().value().metrics.at(1).value, 1);
}

} // namespace
