//===- text.h - Characters as tokens ----------------------------*- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_TRAIN_TEXT_H
#define MINRNN_TRAIN_TEXT_H

#include "minrnn/train/task.h"

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace minrnn {

/// The characters of a text: UTF-8 code points, and, where the bytes are no
/// valid UTF-8, single bytes. Any file has a vocabulary, and decoding what was
/// encoded gives back its very bytes.
class Vocabulary {
public:
  Vocabulary() = default;

  /// The distinct characters of `text`, sorted by their bytes.
  static Vocabulary ofText(std::string_view text);

  std::int64_t size() const {
    return static_cast<std::int64_t>(symbols.size());
  }

  /// The bytes of one character. Throws Error when there is no such token.
  const std::string &symbol(std::int32_t token) const;

  /// Whether `character` is one of its symbols.
  bool contains(const std::string &character) const {
    return tokens.count(character) != 0;
  }

  /// The tokens of `text`. Throws Error, naming the character and its place,
  /// when one is not in the vocabulary.
  std::vector<std::int32_t> encode(std::string_view text) const;

  /// As JSON: an array of strings, and of numbers for single bytes.
  std::string toJson() const;
  /// Throws Error when `json` is not what `toJson` writes.
  static Vocabulary fromJson(std::string_view json);

private:
  explicit Vocabulary(std::vector<std::string> sortedSymbols);

  std::vector<std::string> symbols;
  std::unordered_map<std::string, std::int32_t> tokens;
};

/// A text as tokens: the first 90 % to train on, the rest to validate on.
struct TextCorpus {
  Vocabulary vocabulary = {};
  std::vector<std::int32_t> training = {};
  std::vector<std::int32_t> validation = {};

  /// Throws Error when the file cannot be read or is empty.
  static TextCorpus fromFile(const std::filesystem::path &path);

  /// The same from text in memory; `vocabulary` is that of an earlier run, or
  /// null to take the text's own.
  static TextCorpus fromText(std::string_view text,
                             const Vocabulary *vocabulary = nullptr);
};

/// `batch` windows of `time` characters at random places of `text`, and as
/// targets the tokens one position later; the places depend on `seed` and
/// `step` alone. Throws Error when the text has fewer than time + 1 characters.
Batch randomWindows(std::span<const std::int32_t> text, std::int64_t batch,
                    std::int64_t time, std::uint64_t seed, std::uint64_t step);

/// To say the next character of a text. A validation cuts the part to validate
/// on into windows that do not overlap: all of it, or as many as
/// EvaluationOptions::positions allows, spread evenly.
class TextTask : public Task {
public:
  /// `corpus` must outlive it.
  explicit TextTask(const TextCorpus &corpus) : corpus(corpus) {}

  Batch trainingBatch(std::int64_t batch, std::int64_t time, std::uint64_t seed,
                      std::uint64_t step) const override {
    return randomWindows(corpus.training, batch, time, seed, step);
  }
  std::int64_t
  validationBatches(const EvaluationOptions &options) const override;
  Batch validationBatch(const EvaluationOptions &options,
                        std::int64_t index) const override;

  /// How many characters a validation evaluates. Throws Error as
  /// `validationBatches` does.
  std::int64_t validationCharacters(const EvaluationOptions &options) const;

  /// `task`: `text`; `vocabulary`: what Vocabulary::toJson writes.
  Metadata metadata() const override {
    return {{"task", "text"}, {"vocabulary", corpus.vocabulary.toJson()}};
  }

private:
  const TextCorpus &corpus;
};

} // namespace minrnn

#endif // MINRNN_TRAIN_TEXT_H
