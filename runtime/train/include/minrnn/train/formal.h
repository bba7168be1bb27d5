//===- formal.h - Formal languages ------------------------------*- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_TRAIN_FORMAL_H
#define MINRNN_TRAIN_FORMAL_H

#include "minrnn/train/generated_task.h"

#include <filesystem>
#include <span>
#include <string>
#include <string_view>

namespace minrnn {

/// What is asked of a word: the definition of one task.
struct FormalLanguage {
  std::string_view name;
  /// What is to be answered, in a sentence for --help.
  std::string_view description;
  /// A word's symbols are 0 to symbols - 1, the answers 0 to classes - 1.
  std::int32_t symbols = 2;
  std::int32_t classes = 2;
  std::int64_t leastLength = 1;
  /// Whether an answer is as long as its word, and not a single token.
  bool answersWord = false;
  /// Draws the symbols of a word; uniform where it is null.
  void (*drawWord)(Random &random, std::span<std::int32_t> word) = nullptr;
  /// Writes the answer to a word that was drawn so. (`word` may be changed to
  /// what the model reads, as where a symbol is left out.)
  void (*answer)(Random &random, std::span<std::int32_t> word,
                 std::span<std::int32_t> answer) = nullptr;
};

/// The languages, by name:
///   parity             the number of ones, modulo 2
///   even-pairs         the number of neighbours 01 and 10, modulo 2
///   cycle-nav          where steps -1, 0, 1 (as 0, 1, 2) on a cycle of 5 lead
///   bucket-sort        the word of 5 symbols, sorted
///   missing-duplicate  the bit that is left out (2) of a string given twice; 3
///                      fills an odd length
/// of Delétang et al. 2023, "Neural Networks and the Chomsky Hierarchy"; and of
/// 63 symbols, as in Beck et al. 2024, "xLSTM":
///   majority           the symbol that is there most often, of several the one
///                      that is there first
///   majority-count     how often it is there, 63 at most
std::span<const FormalLanguage> formalLanguages();

/// Throws Error, naming those there are, when there is none of that name.
const FormalLanguage &formalLanguage(std::string_view name);

struct FormalOptions {
  /// One of `formalLanguages`.
  std::string language = "parity";
  /// A word's length is uniform over these, both included.
  std::int64_t minLength = 1;
  std::int64_t maxLength = 40;
  /// How many sequences a validation evaluates at most.
  std::int64_t validationSequences = 512;
};

/// A sequence is a word; then as many markers as the answer has tokens, at
/// which, and there alone, it is to be said; then padding. The marker is the
/// token behind the symbols, padding the next.
class FormalTask : public GeneratedTask {
public:
  /// Throws Error when an option is out of range.
  explicit FormalTask(const FormalOptions &options);

  const FormalOptions &options() const { return taskOptions; }
  std::int32_t marker() const { return language.symbols; }
  std::int32_t padding() const { return language.symbols + 1; }

  /// `task`: `formal`, and `task_options`.
  Metadata metadata() const override;
  /// The options of the task that the model in a checkpoint was trained on.
  /// Throws Error, beginning with the path, when it was another task, or they
  /// are damaged.
  static FormalOptions readOptions(const std::filesystem::path &path);

protected:
  void draw(Random &random, const SequenceRow &row) const override;

private:
  FormalOptions taskOptions;
  const FormalLanguage &language;
};

} // namespace minrnn

#endif // MINRNN_TRAIN_FORMAL_H
