//===- SeriesTest.cpp - Sequences of numbers, and regression on them ------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "minrnn/train/series.h"

#include "minrnn/error.h"
#include "minrnn/train/objective.h"
#include "tests/runtime/Comparison.h"
#include "tests/runtime/TemporaryFolder.h"
#include "tests/train/SmallTraining.h"

#include "gtest/gtest.h"
#include <cmath>
#include <fstream>
#include <set>

using namespace minrnn;
using namespace minrnn::test;

namespace {

using Floats = std::vector<float>;

SeriesData table(const std::string &text, const SeriesOptions &options) {
  return SeriesData::fromCsv(text, "table.csv", options);
}

TEST(SeriesData, ReadsATableAsOneSequence) {
  const SeriesData data =
      table(" a, b ,c\r\n1,2,3\n\n4,5,6\n-7e1,8,9", {.targets = {"b"}});
  EXPECT_EQ(data.inputs, (std::vector<std::string>{"a", "c"}));
  EXPECT_EQ(data.targets, std::vector<std::string>{"b"});
  ASSERT_EQ(data.sequences.size(), 1U);
  const Series &one = data.sequences[0];
  EXPECT_EQ(one.time, 3);
  EXPECT_EQ(one.inputs, (Floats{1, 3, 4, 6, -70, 9}));
  EXPECT_EQ(one.targets, (Floats{2, 5, 8}));
}

TEST(SeriesData, LooksAheadWithinASequence) {
  const SeriesData data =
      table("s,x\n1,10\n1,11\n1,12\n2,20\n3,30\n3,31\n1,40\n1,41\n",
            {.targets = {"x"}, .sequence = "s", .horizon = 1});
  // What is to be predicted is an input, too; a row alone has nothing ahead;
  // the same number later is another sequence.
  EXPECT_EQ(data.inputs, std::vector<std::string>{"x"});
  ASSERT_EQ(data.sequences.size(), 3U);
  EXPECT_EQ(data.sequences[0].inputs, (Floats{10, 11}));
  EXPECT_EQ(data.sequences[0].targets, (Floats{11, 12}));
  EXPECT_EQ(data.sequences[1].inputs, Floats{30});
  EXPECT_EQ(data.sequences[1].targets, Floats{31});
  EXPECT_EQ(data.sequences[2].targets, Floats{41});
}

TEST(SeriesData, SaysWhatIsWrongWithATable) {
  const auto expectError = [](const std::string &text,
                              const SeriesOptions &options,
                              const std::string &message) {
    try {
      table(text, options);
      FAIL() << "expected: " << message;
    } catch (const Error &error) {
      EXPECT_EQ(error.what(), message);
    }
  };
  const SeriesOptions ofB{.targets = {"b"}};
  expectError("", ofB,
              "table.csv: expected a line of column names, found nothing");
  expectError("a,b\n1,2\n1\n", ofB,
              "table.csv:3: expected 2 numbers, one for each column, found 1");
  expectError("a,b\n1,2\n\n1,x\n", ofB,
              "table.csv:4: expected a number in column 'b', found 'x'");
  for (const std::string number : {"nan", "inf", "1e99", "", "1 2", "+"})
    EXPECT_THROW(table("a,b\n1," + number + "\n", ofB), Error) << number;
  expectError("a,a\n", ofB, "table.csv:1: column 'a' is there twice");
  expectError("a,\n", ofB, "table.csv:1: column 2 has no name");
  expectError("a,c\n1,2\n", ofB,
              "table.csv: expected a column 'b', found the columns a, c");
  expectError("a,b\n1,2\n", {},
              "table.csv: expected the columns to predict, of a, b");
  expectError("b\n1\n", ofB,
              "table.csv: no column is left to predict from; expected others "
              "than the targets, or a horizon");
}

TEST(SeriesData, ReadsSafetensorsWithAMask) {
  const TemporaryFolder folder;
  const std::filesystem::path path = folder.path() / "series.safetensors";
  const Floats inputs = {1, 2, 3, 4, NAN, 6, 7, 8};
  const Floats targets = {10, 20, INFINITY, 40};
  const std::vector<std::uint8_t> mask = {1, 1, 0, 1};
  const auto write = [&](bool masked) {
    // (The project writes no bytes.)
    std::string header =
        R"({"inputs":{"dtype":"F32","shape":[2,2,2],"data_offsets":[0,32]},)"
        R"("targets":{"dtype":"F32","shape":[2,2,1],"data_offsets":[32,48]})";
    if (masked)
      header +=
          R"(,"mask":{"dtype":"U8","shape":[2,2],"data_offsets":[48,52]})";
    header += "}";
    std::ofstream file(path, std::ios::binary);
    const std::uint64_t length = header.size();
    const auto put = [&](const void *bytes, std::size_t count) {
      file.write(static_cast<const char *>(bytes),
                 static_cast<std::streamsize>(count));
    };
    put(&length, sizeof(length));
    put(header.data(), header.size());
    put(inputs.data(), 32);
    put(targets.data(), 16);
    if (masked)
      put(mask.data(), 4);
    file.close();
    return SeriesData::fromSafetensors(path);
  };
  const SeriesData data = write(true);
  ASSERT_EQ(data.sequences.size(), 2U);
  EXPECT_EQ(data.sequences[0].inputs, (Floats{1, 2, 3, 4}));
  EXPECT_EQ(data.sequences[0].mask, (std::vector<std::uint8_t>{1, 1}));
  // What does not count may be anything.
  EXPECT_EQ(data.sequences[1].inputs, (Floats{0, 6, 7, 8}));
  EXPECT_EQ(data.sequences[1].targets, (Floats{0, 40}));
  EXPECT_THROW(write(false), Error);
}

/// A table of `rows` rows: t, and t^2 to predict.
std::string squares(int rows) {
  std::string text = "t,square\n";
  for (int t = 0; t < rows; ++t)
    text += std::to_string(t) + "," + std::to_string(t * t) + "\n";
  return text;
}

TEST(SeriesTask, ScalesByWhatIsTrainedOn) {
  const SeriesOptions options{.targets = {"square"}};
  const SeriesTask task(table(squares(20), options), options);
  EXPECT_EQ(task.trainingSteps(), 18);
  EXPECT_EQ(task.validationSteps(), 2);
  // The mean and the deviation of 0 .. 17.
  const double mean = 8.5;
  const double deviation = std::sqrt((18.0 * 18 - 1) / 12);
  const Batch batch = task.validationBatch({.batch = 4, .context = 3}, 0);
  EXPECT_EQ(batch.batch, 1);
  EXPECT_EQ(batch.time, 3);
  EXPECT_EQ(batch.mask, (std::vector<std::uint8_t>{1, 1, 0}));
  EXPECT_EQ(batch.counted(), 2);
  EXPECT_NEAR(batch.numbers[0], (18 - mean) / deviation, 1e-6);
  EXPECT_NEAR(batch.numbers[1], (19 - mean) / deviation, 1e-6);
  EXPECT_EQ(batch.numbers[2], 0);
  // An error of one deviation, in the target's own unit.
  double squaresMean = 0;
  double squaresOfSquares = 0;
  for (int t = 0; t < 18; ++t) {
    squaresMean += t * t / 18.0;
    squaresOfSquares += static_cast<double>(t * t) * t * t / 18.0;
  }
  Floats outputs = batch.numberTargets;
  for (float &output : outputs)
    output += 1;
  std::vector<double> sums(1);
  task.addMetrics(batch, outputs, sums);
  EXPECT_NEAR(sums[0] / 2,
              std::sqrt(squaresOfSquares - squaresMean * squaresMean), 1e-4);
  EXPECT_EQ(task.metricNames(), std::vector<std::string>{"mae(square)"});
}

TEST(SeriesTask, WindowsAreOfEverySequenceAndStayWithinIt) {
  std::string text = "s,x,y\n";
  for (int s = 0; s < 5; ++s)
    for (int t = 0; t < 3 + 4 * s; ++t)
      text += std::to_string(s) + "," + std::to_string(100 * s + t) + "," +
              std::to_string(-(100 * s + t)) + "\n";
  const SeriesOptions options{.targets = {"y"}, .sequence = "s"};
  const SeriesTask task(table(text, options), options);
  EXPECT_EQ(task.trainingSteps(), 3 + 7 + 11 + 15);
  EXPECT_EQ(task.validationSteps(), 19);
  std::set<int> seen;
  for (std::uint64_t step = 0; step < 200; ++step) {
    const Batch batch = task.trainingBatch(3, 8, 1, step);
    const Batch again = task.trainingBatch(3, 8, 1, step);
    ASSERT_EQ(batch.numbers, again.numbers);
    ASSERT_EQ(batch.mask.size(), 24U);
    for (std::size_t row = 0; row < 3; ++row) {
      // y is -x, and both are scaled alike: consecutive, and of one sequence.
      std::size_t length = 0;
      for (std::size_t t = 0; t < 8; ++t) {
        const std::size_t i = row * 8 + t;
        ASSERT_NEAR(batch.numbers[i], -batch.numberTargets[i], 1e-5);
        if (batch.mask[i] == 0)
          continue;
        ASSERT_EQ(t, length) << "a gap";
        ++length;
      }
      ASSERT_GE(length, 3U);
      seen.insert(static_cast<int>(length));
    }
  }
  // Short sequences are filled up: 3 and 7 of 8.
  EXPECT_EQ(seen, (std::set<int>{3, 7, 8}));
  // A validation sees each step once.
  const EvaluationOptions all{.batch = 2, .context = 8};
  std::int64_t counted = 0;
  for (std::int64_t i = 0; i < task.validationBatches(all); ++i)
    counted += task.validationBatch(all, i).counted();
  EXPECT_EQ(counted, 19);
  EXPECT_EQ(task.validationBatches({.batch = 1, .context = 8, .positions = 8}),
            1);
}

TEST(SeriesTask, RefusesTooLittle) {
  const SeriesOptions options{.targets = {"square"}};
  EXPECT_THROW(SeriesTask(table(squares(9), options), options), Error);
  EXPECT_THROW(SeriesTask(table("t,square\n", options), options), Error);
  EXPECT_THROW(SeriesTask(table(squares(20), options), options, {}), Error);
}

TEST(SeriesTask, AModelOfNumbersLearnsARunningMean) {
  // y is an exponential mean of x, which a cell can be.
  std::string text = "x,y\n";
  Random random(1);
  double mean = 0;
  for (int t = 0; t < 3000; ++t) {
    const double x = random.normal();
    mean += 0.2 * (x - mean);
    text += std::to_string(x) + "," + std::to_string(mean) + "\n";
  }
  const SeriesOptions options{.targets = {"y"}};
  const SeriesTask task(table(text, options), options);
  LanguageModel model({.layers = 1,
                       .width = 16,
                       .expansion = 2,
                       .inputs = task.inputs(),
                       .outputs = task.targets()},
                      handWrittenMinGru());
  model.initialise(1);
  AdamW adamW = adamWOf(model);
  TrainingOptions training = quickTraining();
  training.context = 64;
  training.steps = 300;
  Trainer trainer(model, task, adamW, training);
  // Saying the mean is worth 1.
  EXPECT_NEAR(trainer.evaluate()->loss, 1, 0.5);
  for (int step = 0; step < 300; ++step)
    trainer.step();
  EXPECT_LT(trainer.evaluate()->loss, 0.05);
}

} // namespace
