//===- CheckpointTest.cpp - Models in files -------------------------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "minrnn/train/checkpoint.h"

#include "minrnn/error.h"
#include "minrnn/safetensors.h"
#include "minrnn/train/character_model.h"
#include "runtime/core/ReadFile.h"
#include "tests/runtime/TemporaryFolder.h"
#include "tests/train/SmallTraining.h"

#include "gtest/gtest.h"
#include <algorithm>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>

using namespace minrnn;
using namespace minrnn::test;

namespace {

/// The training options of a checkpoint, as text.
constexpr const char *quickTrainingJson =
    R"({"batch":8,"context":16,"steps":150,"learning_rate":0.01,)"
    R"("final_fraction":0.1,"warmup_steps":10,"weight_decay":0.1,"clip":1.0,)"
    R"("seed":1,"evaluate_every":60})";

/// What a model of the characters a, b and c says of itself.
Metadata metadataOf(const LanguageModel &model) {
  Metadata metadata = model.metadata();
  metadata["vocabulary"] = Vocabulary::ofText("abc").toJson();
  return metadata;
}

TEST(Checkpoint, ResumesToTheVerySameWeights) {
  const TemporaryFolder folder;
  const std::filesystem::path path = folder.path() / "model.safetensors";
  const SmallTask text(learnableText());
  const std::int64_t vocabulary = text.vocabulary();

  LanguageModel straight = smallModel(vocabulary);
  AdamW adamWOfWhole = adamWOf(straight);
  Trainer whole(straight, text.task, adamWOfWhole, quickTraining());
  for (int i = 0; i < 6; ++i)
    whole.step();

  LanguageModel first({vocabulary, 2, 6, 2}, handWrittenMinGru(), "the cell");
  first.initialise(3);
  AdamW adamWOfHalf = adamWOf(first);
  Trainer half(first, text.task, adamWOfHalf, quickTraining());
  for (int i = 0; i < 3; ++i)
    half.step();
  CheckpointInfo written{.training = half.options(),
                         .validation = Validation{2, 1.25},
                         .bestValidation = Validation{1, 0.5},
                         .metadata = first.metadata()};
  written.metadata.merge(text.task.metadata());
  writeCheckpoint(path, written, first, adamWOfHalf);

  const auto &[info, source, vocabularyRead] = readCharacterModelInfo(path);
  EXPECT_EQ(info.metadata, written.metadata);
  EXPECT_EQ(source.cellSource, "the cell");
  EXPECT_EQ(source.cellName, "mingru");
  EXPECT_EQ(info.stepsDone, 3);
  EXPECT_EQ(info.validation.value().step, 2);
  EXPECT_EQ(info.validation.value().loss, 1.25);
  EXPECT_EQ(info.bestValidation.value().step, 1);
  EXPECT_EQ(info.bestValidation.value().loss, 0.5);
  EXPECT_EQ(vocabularyRead.toJson(), text.corpus.vocabulary.toJson());
  LanguageModel second(source.options, handWrittenMinGru());
  AdamW adamWOfRest = adamWOf(second);
  Trainer rest(second, text.task, adamWOfRest, info.training);
  readCheckpoint(path, second, &adamWOfRest);
  for (int i = 0; i < 3; ++i)
    rest.step();
  EXPECT_TRUE(std::ranges::equal(straight.parameters().onHost(),
                                 second.parameters().onHost()));
}

TEST(Checkpoint, RefusesWhatIsNone) {
  const TemporaryFolder folder;
  const std::filesystem::path path = folder.path() / "tensors.safetensors";
  writeSafetensors(path, {});
  EXPECT_THROW(readCheckpointInfo(path), Error);
  writeSafetensors(path, {},
                   {{"format", "minrnn-checkpoint"}, {"version", "2"}});
  EXPECT_THROW(readCheckpointInfo(path), Error);
  LanguageModel model = smallModel(5);
  EXPECT_THROW(readCheckpoint(path, model, nullptr), Error);
  // The path stands in front once.
  writeSafetensors(path, {},
                   {{"format", "minrnn-checkpoint"},
                    {"version", "1"},
                    {"training", quickTrainingJson},
                    {"progress", "{\"steps_done\":1}"},
                    {"cell_source", "the cell"},
                    {"cell_name", "mingru"}});
  EXPECT_EQ(readCheckpointInfo(path).stepsDone, 1);
  try {
    readLanguageModelInfo(path);
    FAIL() << "a checkpoint without a model";
  } catch (const Error &error) {
    EXPECT_EQ(error.what(),
              path.string() + ": the metadata entry 'model' is missing; "
                              "expected a checkpoint that minrnn train wrote");
  }
}

TEST(Checkpoint, RefusesAnIoTypeThatIsNone) {
  const TemporaryFolder folder;
  const std::filesystem::path path = folder.path() / "model.safetensors";
  LanguageModel model = smallModel(3);
  AdamW adamW = adamWOf(model);
  CheckpointInfo info{.training = quickTraining(),
                      .metadata = metadataOf(model)};
  info.metadata.erase("io_type");
  writeCheckpoint(path, info, model, adamW);
  EXPECT_EQ(readLanguageModelInfo(path).ioType, "f32");
  info.metadata["io_type"] = "f8";
  writeCheckpoint(path, info, model, adamW);
  try {
    readLanguageModelInfo(path);
    FAIL() << "a checkpoint of f8";
  } catch (const Error &error) {
    EXPECT_EQ(error.what(), path.string() + ": expected an element type f32, "
                                            "f16 or bf16, found 'f8'");
  }
}

TEST(Checkpoint, RefusesSizesThatAreNotThoseOfItsTensors) {
  const TemporaryFolder folder;
  const std::filesystem::path path = folder.path() / "model.safetensors";
  LanguageModel model = smallModel(3);
  AdamW adamW = adamWOf(model);
  const auto writeAndRead = [&](auto change) {
    CheckpointInfo info{.metadata = metadataOf(model)};
    LanguageModelOptions options = model.options();
    change(options);
    info.metadata["model"] =
        "{\"vocabulary\":" + std::to_string(options.vocabulary) +
        ",\"layers\":" + std::to_string(options.layers) +
        ",\"width\":" + std::to_string(options.width) +
        ",\"expansion\":" + std::to_string(options.expansion) + "}";
    writeCheckpoint(path, info, model, adamW);
    readCharacterModelInfo(path);
  };
  EXPECT_NO_THROW(writeAndRead([](LanguageModelOptions &) {}));
  constexpr std::int64_t huge = std::int64_t{1} << 40;
  EXPECT_THROW(writeAndRead([](auto &m) { m.layers = huge; }), Error);
  EXPECT_THROW(writeAndRead([](auto &m) { m.layers = 0; }), Error);
  EXPECT_THROW(writeAndRead([](auto &m) { m.width = huge; }), Error);
  EXPECT_THROW(writeAndRead([](auto &m) { m.expansion = huge; }), Error);
  EXPECT_THROW(writeAndRead([](auto &m) { m.vocabulary = huge; }), Error);
}

/// A checkpoint of a small model after no step, and what is written to it.
class CheckpointOfASmallModel : public testing::Test {
protected:
  void write() { writeCheckpoint(path, info, model, adamW); }

  /// The message with which writing fails; the file stays as it was.
  std::string refusal() {
    const bool exists = std::filesystem::exists(path);
    const std::string before = exists ? readFile(path) : "";
    std::string message;
    try {
      write();
    } catch (const Error &error) {
      message = error.what();
    }
    EXPECT_EQ(std::filesystem::exists(path), exists);
    if (exists) {
      EXPECT_EQ(readFile(path), before);
    }
    // Nothing half-written is left either.
    EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder.path()),
                            std::filesystem::directory_iterator()),
              exists ? 1 : 0);
    return message;
  }

  /// Replaces a part of the file's bytes by as many others.
  void patch(const std::string &what, const std::string &by) {
    ASSERT_EQ(what.size(), by.size());
    std::string bytes = readFile(path);
    const std::size_t at = bytes.find(what);
    ASSERT_NE(at, std::string::npos);
    std::ofstream(path, std::ios::binary) << bytes.replace(at, what.size(), by);
  }

  std::string infoError() {
    try {
      readCheckpointInfo(path);
    } catch (const Error &error) {
      return error.what();
    }
    return {};
  }

  TemporaryFolder folder;
  std::filesystem::path path = folder.path() / "model.safetensors";
  LanguageModel model = smallModel(3, 1);
  AdamW adamW = adamWOf(model);
  CheckpointInfo info{.metadata = metadataOf(model)};
};

TEST_F(CheckpointOfASmallModel, IsNeverReplacedByOneThatIsNotFinite) {
  model.parameters().onHost()[7] = NAN;
  EXPECT_EQ(
      refusal(),
      "training diverged: after step 0 tensor 'embedding.weight': element "
      "[1, 1] is nan; use a lower learning rate; no checkpoint was "
      "written");
  model.parameters().onHost()[7] = 1;
  adamW.setStepsDone(40);
  write();
  const std::string kept =
      "; use a lower learning rate; " + path.string() + " still holds step 40";
  adamW.setStepsDone(41);
  const std::string diverged = "training diverged: after step 41 ";

  const PlannedTensor &scale = parameterOf(model, "norm.weight");
  const auto last = static_cast<std::size_t>(scale.offset + scale.count - 1);
  model.parameters().onHost()[last] = -INFINITY;
  EXPECT_EQ(refusal(),
            diverged + "tensor 'norm.weight': element [5] is -inf" + kept);
  model.parameters().onHost()[last] = 1;
  adamW.secondMoment().onHost()[last] = INFINITY;
  EXPECT_EQ(refusal(), diverged +
                           "tensor 'optimizer.second_moment.norm.weight': "
                           "element [5] is inf" +
                           kept);
  adamW.firstMoment().onHost()[0] = NAN;
  EXPECT_EQ(refusal(), diverged +
                           "tensor 'optimizer.first_moment.embedding.weight': "
                           "element [0, 0] is nan" +
                           kept);
  info.validation = Validation{41, NAN};
  EXPECT_EQ(refusal(), diverged + "the validation loss is nan" + kept);
  info.validation.reset();
  info.bestValidation = Validation{41, -INFINITY};
  EXPECT_EQ(refusal(), diverged + "the best validation loss is -inf" + kept);
  info.bestValidation.reset();
  info.training.weightDecay = NAN;
  EXPECT_EQ(refusal(), diverged + "the weight decay is nan" + kept);

  std::ofstream(path) << "no checkpoint";
  EXPECT_EQ(refusal(), diverged +
                           "the weight decay is nan; use a lower "
                           "learning rate; " +
                           path.string() + " is left as it was");
}

TEST_F(CheckpointOfASmallModel, SaysWhatStaysWhenItCannotBeWritten) {
  write();
  info.metadata["cell_source"] = "\xFF";
  try {
    write();
    FAIL() << "no valid UTF-8";
  } catch (const Error &error) {
    EXPECT_TRUE(std::string(error.what())
                    .ends_with("; " + path.string() + " still holds step 0"))
        << error.what();
  }
}

TEST_F(CheckpointOfASmallModel, RefusesNumbersThatAreNotFinite) {
  model.parameters().onHost()[7] = 12345.678F;
  write();
  const auto bytesOf = [](float number) {
    return std::string(reinterpret_cast<const char *>(&number), sizeof number);
  };
  patch("\"checksum\"", "\"unknowns\"");
  patch(bytesOf(12345.678F), bytesOf(INFINITY));
  try {
    readCheckpoint(path, model, nullptr);
    FAIL() << "an infinite weight was read";
  } catch (const Error &error) {
    EXPECT_NE(std::string(error.what())
                  .find("tensor 'embedding.weight': element [1, 1] is inf"),
              std::string::npos)
        << error.what();
  }
}

/// A checkpoint is refused with a sentence that begins with its path.
void expectRefusal(const std::filesystem::path &path, const std::string &how) {
  try {
    requireWhole(path);
    FAIL() << "a checkpoint was read that was " << how;
  } catch (const Error &error) {
    EXPECT_TRUE(std::string(error.what()).starts_with(path.string() + ": "))
        << how << ": " << error.what();
  }
}

TEST_F(CheckpointOfASmallModel, IsRefusedWhenItIsCutAtAnyByte) {
  write();
  const std::string bytes = readFile(path);
  for (std::size_t length = bytes.size(); length-- > 0;) {
    std::filesystem::resize_file(path, length);
    expectRefusal(path, "cut after " + std::to_string(length) + " bytes");
  }
}

TEST_F(CheckpointOfASmallModel, IsRefusedWhenAnyByteIsAnother) {
  info.validation = Validation{0, 1.25};
  info.gradientNorms = {0.5, 0.25};
  write();
  const std::string bytes = readFile(path);
  // The name of the checksum itself, without which nothing is checked, and the
  // spaces behind the header say nothing.
  const std::size_t name = bytes.find("\"checksum\"");
  ASSERT_NE(name, std::string::npos);
  std::uint64_t headerBytes = 0;
  std::memcpy(&headerBytes, bytes.data(), sizeof headerBytes);
  const std::size_t headerEnd = sizeof headerBytes + headerBytes;
  const auto put = [&](std::size_t at, char byte) {
    std::fstream(path, std::ios::binary | std::ios::in | std::ios::out)
        .seekp(static_cast<std::streamoff>(at))
        .put(byte);
  };
  for (std::size_t at = 0; at < bytes.size(); ++at) {
    if ((at > name && at <= name + 8) ||
        (at > headerEnd - 8 && at < headerEnd && bytes[at] == ' '))
      continue;
    put(at, static_cast<char>(bytes[at] ^ (1 << (at % 8))));
    expectRefusal(path, "changed at byte " + std::to_string(at));
    put(at, bytes[at]);
  }
}

TEST_F(CheckpointOfASmallModel, HasAnotherChecksumWhenItsContentIsAnother) {
  write();
  const std::string one = SafetensorsReader(path).metadata().at("checksum");
  write();
  EXPECT_EQ(SafetensorsReader(path).metadata().at("checksum"), one);
  std::swap(model.parameters().onHost()[0], model.parameters().onHost()[1]);
  write();
  EXPECT_NE(SafetensorsReader(path).metadata().at("checksum"), one);
  // Those of before there was one are read without.
  patch("\"checksum\"", "\"chechsum\"");
  EXPECT_NO_THROW(readCheckpoint(path, model, nullptr));
}

TEST_F(CheckpointOfASmallModel, SaysThatANullIsNoNumber) {
  const std::string hint =
      " that is not a number: the training that wrote it had diverged. Go on "
      "from an earlier checkpoint, or train afresh with a lower learning rate";
  info.validation = Validation{0, 1.25};
  write();
  patch("\\\"validation_loss\\\":1.25", "\\\"validation_loss\\\":null");
  EXPECT_EQ(infoError(), path.string() + ": holds a validation loss" + hint);
  info.training.clip = 1234;
  write();
  patch("\\\"clip\\\":1234.0", "\\\"clip\\\":  null");
  EXPECT_EQ(infoError(), path.string() + ": holds a clip" + hint);
}

TEST_F(CheckpointOfASmallModel, ReadsThoseFromBeforeTheBestWasNoted) {
  info.validation = Validation{7, 1.25};
  adamW.setStepsDone(7);
  write();
  // As they were written: the loss after the last step, and no more.
  patch("\\\"validation_step\\\"", "\\\"unknown_stepdon\\\"");
  patch("\\\"evaluate_characters\\\"", "\\\"unknown_option_name\\\"");
  const CheckpointInfo read = readCheckpointInfo(path);
  EXPECT_EQ(read.validation.value().step, 7);
  EXPECT_EQ(read.bestValidation.value().loss, 1.25);
  EXPECT_EQ(read.training.evaluatePositions,
            TrainingOptions().evaluatePositions);
}

} // namespace
