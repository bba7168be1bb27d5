//===- BenchTest.cpp - What minrnn bench measures, and checks before ------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "minrnn/emulator_device.h"
#include "minrnn/error.h"
#include "minrnn/jit.h"
#include "runtime/core/ReadFile.h"
#include "runtime/tools/bench/Reference.h"
#include "runtime/tools/bench/Stopwatch.h"
#include "tests/TestFiles.h"

#include "gtest/gtest.h"
#include <cmath>
#include <limits>
#include <string>

using namespace minrnn;
using namespace minrnn::bench;
using namespace minrnn::test;

namespace {

std::string textOf(const std::string &cell) {
  return readFile(testFile(MINRNN_CELL_FOLDER) + "/" + cell + ".mlir");
}

CellKernels compile(const std::string &text, JitOptions options = {}) {
  options.useCache = false;
  return compileCell(text, "a test", options);
}

/// `text` with one part in place of another that is there.
std::string replaced(std::string text, const std::string &part,
                     const std::string &other) {
  const std::size_t at = text.find(part);
  EXPECT_NE(at, std::string::npos) << part;
  return text.replace(at, part.size(), other);
}

/// What the check of a layer of `cell` says, against steps of `reference`.
std::string check(const CellKernels &cell, const CellKernels &reference,
                  const LayerSizes &sizes) {
  const SampleNumbers numbers;
  MeasuredLayer layer(cell, sizes, numbers);
  return Reference(reference, numbers).check(layer).words;
}

void expectRefused(const CellKernels &cell, const CellKernels &reference,
                   const std::string &tensor) {
  try {
    check(cell, reference,
          {.batch = 2, .time = 40, .inputs = 5, .channels = 7});
    FAIL() << "a wrong result was not found";
  } catch (const Error &error) {
    const std::string words = error.what();
    for (const std::string &part :
         {std::string("at BxTxDxH = 2x40x5x7, compiled for host: wrong result, "
                      "so no time is given: tensor '") +
              tensor,
          std::string("', element ["), std::string("expected "),
          std::string("found ")})
      EXPECT_NE(words.find(part), std::string::npos) << words;
  }
}

TEST(Bench, EveryCellAgreesWithItsSteps) {
  for (const char *name : {"mingru", "minlstm", "rglru", "qrnn", "gru", "lstm"})
    for (const char *ioType : {"f32", "bf16"}) {
      const CellKernels cell = compile(textOf(name), {.ioType = ioType});
      EXPECT_EQ(check(cell, cell,
                      {.batch = 3, .time = 70, .inputs = 9, .channels = 9}),
                "all of it");
    }
}

TEST(Bench, TheEmulatorAgreesWithTheHost) {
  const std::string text = textOf("minlstm");
  const CellKernels cell = compile(
      text, {.scan = ScanDomain::Log, .device = EmulatorDevice::create()});
  EXPECT_EQ(check(cell, compile(text),
                  {.batch = 2, .time = 70, .inputs = 5, .channels = 33}),
            "all of it");
}

TEST(Bench, TheScheduleThatALayerTakesIsMeasured) {
  const std::string text = textOf("mingru");
  const SampleNumbers numbers;
  const LayerSizes fewRows{
      .batch = 1, .time = 1024, .inputs = 4, .channels = 5};
  const CellKernels host = compile(text);
  EXPECT_EQ(MeasuredLayer(host, fewRows, numbers).schedule(), "");
  struct Case {
    JitOptions options;
    const char *taken;
  };
  for (const Case &each :
       {Case{{}, "lookback"},
        {{.schedule = Schedule::Carry}, "carry"},
        {{.schedule = Schedule::Carry, .numWarps = 16}, "carry"}}) {
    JitOptions options = each.options;
    options.device = EmulatorDevice::create();
    const CellKernels cell = compile(text, options);
    MeasuredLayer layer(cell, fewRows, numbers);
    EXPECT_EQ(layer.schedule(), each.taken);
    const Checked checked = Reference(host, numbers).check(layer);
    EXPECT_EQ(checked.words, "all of it");
    layer.spoilResults();
    layer.run(Procedure::Forward, Extent::Kernels);
    EXPECT_NO_THROW(checkAgain(layer, checked));
  }
}

TEST(Bench, AWrongOutputIsRefused) {
  const std::string right = textOf("mingru");
  const std::string wrong =
      replaced(right, "minrnn.lerp %h, %g, %z", "minrnn.lerp %g, %h, %z");
  expectRefused(compile(wrong), compile(right), "output");
}

TEST(Bench, AWrongGradientIsRefused) {
  // Within the tolerance of bf16 the same output; but where k is about zero,
  // the slope of k + tanh(50 k) / 100 is one half more than that of k.
  const std::string right = textOf("mingru");
  const std::string wrong = replaced(right, "  %z = minrnn.sigmoid %k : f32\n",
                                     R"(
  %fifty = arith.constant 50.0 : f32
  %hundredth = arith.constant 0.01 : f32
  %steep = arith.mulf %k, %fifty : f32
  %step = math.tanh %steep : f32
  %little = arith.mulf %step, %hundredth : f32
  %near = arith.addf %k, %little : f32
  %z = minrnn.sigmoid %near : f32
)");
  expectRefused(compile(wrong, {.ioType = "bf16"}),
                compile(right, {.ioType = "bf16"}), "d_");
}

TEST(Bench, LongSequencesAreComparedInParts) {
  for (const char *ioType : {"f32", "bf16"}) {
    const CellKernels cell = compile(textOf("mingru"), {.ioType = ioType});
    EXPECT_EQ(check(cell, cell,
                    {.batch = 6, .time = 1000, .inputs = 160, .channels = 160}),
              "4 of 6 rows, 160 steps each at the start, in the middle and at "
              "the end; all of a layer of 4x160x16x160");
  }
}

TEST(Bench, WhatIsTimedIsWhatWasChecked) {
  const SampleNumbers numbers;
  const CellKernels cell = compile(textOf("mingru"));
  MeasuredLayer layer(cell, {.batch = 2, .time = 9, .inputs = 4, .channels = 4},
                      numbers);
  const Checked checked = Reference(cell, numbers).check(layer);
  EXPECT_NO_THROW(checkAgain(layer, checked));
  layer.spoilResults();
  EXPECT_THROW(checkAgain(layer, checked), Error);
  layer.run(Procedure::Forward, Extent::Kernels);
  EXPECT_NO_THROW(checkAgain(layer, checked));
}

TEST(Bench, StepsAreCompared) {
  const SampleNumbers numbers;
  const std::string right = textOf("gru");
  const LayerSizes sizes{.batch = 3, .time = 1, .inputs = 4, .channels = 5};
  const Reference reference(compile(right), numbers);
  EXPECT_EQ(reference.checkSteps(compile(right), sizes), "the first 8 tokens");
  const CellKernels wrong = compile(
      replaced(right, "minrnn.lerp %n, %h, %z", "minrnn.lerp %h, %n, %z"));
  EXPECT_THROW(reference.checkSteps(wrong, sizes), Error);
}

TEST(Bench, MismatchesAreSaidWithTheirPlace) {
  const Expected expected{{2, 2}, {1, 2, 3, 4}, 2.5};
  const auto with = [&](float last) {
    const std::vector<float> found = {1, 2, 3, last};
    return findMismatch(expected, found, 1e-3);
  };
  EXPECT_EQ(with(4), std::nullopt);
  EXPECT_EQ(with(4.006F), std::nullopt);
  EXPECT_EQ(with(4.5F), "element [1, 1]: expected 4, found 4.5");
  EXPECT_EQ(with(std::numeric_limits<float>::quiet_NaN()),
            "element [1, 1]: expected 4, found nan");
  EXPECT_EQ(findMismatch(expected, std::vector<float>(3), 1e-3),
            "expected 4 numbers, found 3");
}

TEST(Bench, BytesAreThoseOfTheProgram) {
  const SampleNumbers numbers;
  const LayerSizes sizes{.batch = 3, .time = 50, .inputs = 8, .channels = 16};
  const std::uint64_t elements = 3 * 50 * 16;
  const std::uint64_t row = 16 * sizeof(float);
  const auto expectBytes = [&](const char *cell, std::uint64_t gates) {
    const MeasuredLayer layer(compile(textOf(cell)), sizes, numbers);
    // Gates and bias in, h out.
    EXPECT_EQ(layer.bytes(Procedure::Forward, Extent::Kernels),
              4 * (gates + 1) * elements + gates * row);
    // Gates, bias, h and its gradient in; gradients of the gates and the sums
    // over time of each batch row out.
    EXPECT_EQ(layer.bytes(Procedure::Backward, Extent::Kernels),
              4 * (2 * gates + 2) * elements + gates * row + 3 * gates * row);
    // The product before: input and weight in, gates out.
    EXPECT_EQ(layer.bytes(Procedure::Forward, Extent::Whole) -
                  layer.bytes(Procedure::Forward, Extent::Kernels),
              4 * (3 * 50 * 8 + gates * 16 * 8 + gates * elements));
    EXPECT_TRUE(layer.isOneLaunch(Procedure::Forward, Extent::Kernels));
    EXPECT_FALSE(layer.isOneLaunch(Procedure::Forward, Extent::Whole));
  };
  expectBytes("mingru", 2);
  expectBytes("minlstm", 3);
}

TEST(Bench, SampleNumbersMakeExactProducts) {
  const SampleNumbers numbers;
  const LayerSizes sizes{.batch = 1, .time = 1, .inputs = 4096, .channels = 1};
  const auto x = numbers.of("input", sizes, 0, 4096);
  const auto w = numbers.of("weight", sizes, 0, 4096);
  float upwards = 0;
  float downwards = 0;
  double exact = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    upwards += x[i] * w[i];
    downwards += x[x.size() - 1 - i] * w[x.size() - 1 - i];
    exact += static_cast<double>(x[i]) * static_cast<double>(w[i]);
  }
  EXPECT_EQ(upwards, exact);
  EXPECT_EQ(downwards, exact);
  EXPECT_NE(exact, 0);
  // A part of them is the same part of the whole.
  const auto later = numbers.of("input", sizes, 1000, 10);
  for (std::size_t i = 0; i < later.size(); ++i)
    EXPECT_EQ(later[i], x[1000 + i]);
}

TEST(Bench, QuantilesLieBetweenSamples) {
  EXPECT_EQ(median({3, 1, 2}), 2);
  EXPECT_EQ(median({4, 1, 2, 3}), 2.5);
  EXPECT_EQ(quantile({5, 1, 2, 3, 4}, 0.25), 2);
  EXPECT_EQ(quantile({7}, 0.75), 7);
  EXPECT_THROW(quantile({}, 0.5), Error);
}

TEST(Bench, SubjectsTakeTurns) {
  std::string order;
  std::vector<Subject> subjects;
  for (const char name : {'a', 'b'})
    subjects.push_back({[&order, name] {
      order += name;
      return static_cast<double>(order.size());
    }});
  measureInTurn(subjects, {.seconds = 0, .leastRuns = 3, .warmUps = 1});
  EXPECT_EQ(order, "abababab");
  // The warm-up does not count.
  EXPECT_EQ(subjects[0].samples, (Samples{3, 5, 7}));
  EXPECT_EQ(subjects[1].samples, (Samples{4, 6, 8}));
}

TEST(Bench, WhatIsTimedRunsOnce) {
  Stopwatch watch(std::make_shared<HostDevice>(1), /*coldCaches=*/true);
  int runs = 0;
  EXPECT_GE(watch.secondsOf([&] { ++runs; }), 0);
  EXPECT_GE(watch.secondsUntilDone([&] { ++runs; }), 0);
  EXPECT_EQ(runs, 2);
  EXPECT_GT(watch.secondsOfCopy(1 << 20), 0);
}

} // namespace
