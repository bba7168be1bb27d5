//===- FormalTask.cpp - Formal languages ----------------------------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "minrnn/error.h"
#include "minrnn/train/formal.h"
#include "runtime/train/CheckpointMetadata.h"

#include <algorithm>
#include <array>
#include <numeric>

using namespace minrnn;

namespace {

using Symbols = std::span<std::int32_t>;

void parity(Random & /*random*/, Symbols word, Symbols answer) {
  answer[0] = std::accumulate(word.begin(), word.end(), 0) % 2;
}

void evenPairs(Random & /*random*/, Symbols word, Symbols answer) {
  answer[0] = 0;
  for (std::size_t i = 1; i < word.size(); ++i)
    answer[0] ^= word[i - 1] ^ word[i];
}

void navigateCycle(Random & /*random*/, Symbols word, Symbols answer) {
  constexpr std::int32_t cycle = 5;
  std::int32_t place = 0;
  for (const std::int32_t symbol : word)
    place = (place + symbol - 1 + cycle) % cycle;
  answer[0] = place;
}

void bucketSort(Random & /*random*/, Symbols word, Symbols answer) {
  std::ranges::copy(word, answer.begin());
  std::ranges::sort(answer);
}

constexpr std::int32_t symbolsToCount = 63;
using Counts = std::array<std::int32_t, symbolsToCount>;

Counts countsOf(Symbols word) {
  Counts counts{};
  for (const std::int32_t symbol : word)
    ++counts[static_cast<std::size_t>(symbol)];
  return counts;
}

void majority(Random & /*random*/, Symbols word, Symbols answer) {
  const Counts counts = countsOf(word);
  answer[0] = *std::ranges::max_element(word, {}, [&](std::int32_t symbol) {
    return counts[static_cast<std::size_t>(symbol)];
  });
}

void countMajority(Random & /*random*/, Symbols word, Symbols answer) {
  answer[0] = std::min(std::ranges::max(countsOf(word)), symbolsToCount);
}

constexpr std::int32_t hole = 2;
constexpr std::int32_t filling = 3;

void drawTwice(Random &random, Symbols word) {
  const std::size_t half = word.size() / 2;
  for (std::int32_t &bit : word.first(half))
    bit = static_cast<std::int32_t>(random.below(2));
  std::ranges::copy(word.first(half), word.subspan(half).begin());
  std::ranges::fill(word.subspan(2 * half), filling);
}

void leaveOut(Random &random, Symbols word, Symbols answer) {
  const auto pairs = static_cast<std::int64_t>(word.size() / 2);
  std::int32_t &bit = word[static_cast<std::size_t>(random.below(2 * pairs))];
  answer[0] = std::exchange(bit, hole);
}

constexpr std::array<FormalLanguage, 7> languages = {{
    {.name = "parity",
     .description = "the number of ones, modulo 2",
     .answer = parity},
    {.name = "even-pairs",
     .description = "the number of neighbours 01 and 10, modulo 2",
     .answer = evenPairs},
    {.name = "cycle-nav",
     .description = "where steps -1, 0 and 1 on a cycle of 5 lead",
     .symbols = 3,
     .classes = 5,
     .answer = navigateCycle},
    {.name = "bucket-sort",
     .description = "a word of 5 symbols, sorted",
     .symbols = 5,
     .classes = 5,
     .answersWord = true,
     .answer = bucketSort},
    {.name = "majority",
     .description = "which of 63 symbols is there most often",
     .symbols = symbolsToCount,
     .classes = symbolsToCount,
     .answer = majority},
    {.name = "majority-count",
     .description = "how often it is there",
     .symbols = symbolsToCount,
     .classes = symbolsToCount + 1,
     .answer = countMajority},
    {.name = "missing-duplicate",
     .description = "the bit that is left out of a string given twice",
     .symbols = 4,
     .leastLength = 2,
     .drawWord = drawTwice,
     .answer = leaveOut},
}};

FormalOptions checked(const FormalOptions &options) {
  const FormalLanguage &language = formalLanguage(options.language);
  constexpr std::int64_t longest = std::int64_t{1} << 30;
  if (options.minLength < language.leastLength ||
      options.maxLength < options.minLength || options.maxLength > longest)
    throw Error("the lengths of " + options.language + " must be from " +
                std::to_string(language.leastLength) +
                " on, the least not above the largest, found " +
                std::to_string(options.minLength) + " to " +
                std::to_string(options.maxLength));
  return options;
}

std::int64_t vocabularyOf(const FormalOptions &options) {
  const FormalLanguage &language = formalLanguage(options.language);
  return std::max(language.symbols + 2, language.classes);
}

std::int64_t positionsOf(const FormalOptions &options) {
  return options.maxLength +
         (formalLanguage(options.language).answersWord ? options.maxLength : 1);
}

} // namespace

std::span<const FormalLanguage> minrnn::formalLanguages() { return languages; }

const FormalLanguage &minrnn::formalLanguage(std::string_view name) {
  std::string names;
  for (const FormalLanguage &language : languages) {
    if (language.name == name)
      return language;
    names += (names.empty() ? "" : ", ") + std::string(language.name);
  }
  throw Error("there is no formal language '" + std::string(name) +
              "'; expected one of " + names);
}

FormalTask::FormalTask(const FormalOptions &options)
    : GeneratedTask(vocabularyOf(options), positionsOf(checked(options)),
                    options.validationSequences),
      taskOptions(options), language(formalLanguage(options.language)) {}

void FormalTask::draw(Random &random, const SequenceRow &row) const {
  const std::int64_t lengths = taskOptions.maxLength - taskOptions.minLength;
  const auto length = static_cast<std::size_t>(taskOptions.minLength +
                                               random.below(lengths + 1));
  const std::size_t answers = language.answersWord ? length : 1;
  const Symbols word = row.inputs.first(length);
  if (language.drawWord != nullptr)
    language.drawWord(random, word);
  else
    for (std::int32_t &symbol : word)
      symbol = static_cast<std::int32_t>(random.below(language.symbols));
  language.answer(random, word, row.targets.subspan(length, answers));
  std::ranges::fill(row.inputs.subspan(length, answers), marker());
  std::ranges::fill(row.mask.subspan(length, answers), std::uint8_t{1});
  std::ranges::fill(row.inputs.subspan(length + answers), padding());
}

Metadata FormalTask::metadata() const {
  const Json options = {
      {"language", taskOptions.language},
      {"min_length", taskOptions.minLength},
      {"max_length", taskOptions.maxLength},
      {"validation_sequences", taskOptions.validationSequences}};
  return {{"task", "formal"}, {"task_options", options.dump()}};
}

FormalOptions FormalTask::readOptions(const std::filesystem::path &path) {
  return readTaskOptions(path, "formal", [](const Json &json) {
    FormalOptions options;
    json.at("language").get_to(options.language);
    json.at("min_length").get_to(options.minLength);
    json.at("max_length").get_to(options.maxLength);
    json.at("validation_sequences").get_to(options.validationSequences);
    return checked(options);
  });
}
