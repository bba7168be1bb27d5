//===- ToolTest.cpp - The command line of minrnn --------------------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tests/runtime/Tool.h"

#include "tests/runtime/ReferenceLayers.h"

#include "gtest/gtest.h"
#include <fstream>

using namespace minrnn;
using namespace minrnn::test;

namespace {

constexpr std::int64_t batch = 2;
constexpr std::int64_t time = 7;
constexpr std::int64_t inputs = 3;
constexpr std::int64_t channels = 5;

/// Everything that minGRU can take.
Tensors minGruTensors() {
  Tensors tensors;
  tensors.put("x", {batch, time, inputs}, 1);
  tensors.put("z.weight", {channels, inputs}, 2);
  tensors.put("z.bias", {channels}, 3);
  tensors.put("h.weight", {channels, inputs}, 4);
  tensors.put("h.bias", {channels}, 5);
  tensors.put("h0", {batch, channels}, 6);
  for (double &h : tensors["h0"])
    h = std::abs(h);
  tensors.put("dh", {batch, time, channels}, 7);
  tensors.put("dh_last", {batch, channels}, 8);
  return tensors;
}

Numbers concatenate(const Numbers &a, const Numbers &b) {
  Numbers both = a;
  both.insert(both.end(), b.begin(), b.end());
  return both;
}

Numbers minGruOutput(Tensors &tensors) {
  return minGru(batch, time, channels,
                linear(batch * time, inputs, 2 * channels, tensors["x"],
                       concatenate(tensors["z.weight"], tensors["h.weight"])),
                concatenate(tensors["z.bias"], tensors["h.bias"]),
                tensors["h0"]);
}

TEST_F(Tool, RunGivesOutputsAndEveryGradient) {
  Tensors tensors = minGruTensors();
  tensors.write(file("in"));
  for (const char *scan : {"auto", "log", "linear"}) {
    const Outcome outcome = minrnn(
        "run " + cell("mingru") + " --in " + file("in") + " --out " +
        file("out") + " --grad --threads 2 --device host --scan " + scan);
    ASSERT_EQ(outcome.status, 0) << outcome.err;
    const SafetensorsReader out(file("out"));
    EXPECT_EQ(out.tensors().size(), 8U);
    const auto read = [&](const std::string &name) {
      return out.readFloats(name, out.info(name).shape);
    };
    const Numbers output = minGruOutput(tensors);
    expectClose(read("h"), output, 1e-5, 1e-30, "h");
    Numbers last;
    for (std::int64_t row = 0; row < batch; ++row) {
      const auto begin = output.begin() + (row * time + time - 1) * channels;
      last.insert(last.end(), begin, begin + channels);
    }
    expectClose(read("h_last"), last, 1e-5, 1e-30, "h_last");
    const auto loss = [&] {
      const Numbers h = minGruOutput(tensors);
      double sum = weightedSum(h, tensors["dh"]);
      for (std::int64_t row = 0; row < batch; ++row)
        for (std::int64_t j = 0; j < channels; ++j)
          sum += h[(row * time + time - 1) * channels + j] *
                 tensors["dh_last"][row * channels + j];
      return sum;
    };
    for (const char *name :
         {"x", "z.weight", "z.bias", "h.weight", "h.bias", "h0"}) {
      EXPECT_EQ(out.info("d_" + std::string(name)).shape,
                tensors.byName[name].shape);
      expectClose(read("d_" + std::string(name)),
                  centralDifferences(tensors[name], loss), 1e-4, 1e-6, name);
    }
  }
}

TEST_F(Tool, RunTakesWhatIsOptionalAsZero) {
  Tensors tensors = minGruTensors();
  for (const char *name : {"z.bias", "h0", "dh", "dh_last"})
    tensors.byName.erase(name);
  tensors.write(file("in"));
  const Outcome outcome = minrnn("run " + cell("mingru") + " --in " +
                                 file("in") + " --out " + file("out"));
  ASSERT_EQ(outcome.status, 0) << outcome.err;
  tensors["z.bias"] = Numbers(channels);
  tensors["h0"] = Numbers(batch * channels);
  const SafetensorsReader out(file("out"));
  EXPECT_EQ(out.tensors().size(), 2U);
  expectClose(
      out.readFloats("h", std::vector<std::int64_t>{batch, time, channels}),
      minGruOutput(tensors), 1e-5, 1e-30, "h");
}

TEST_F(Tool, RunSumsAProjectionBeforeItRounds) {
  // The terms of the projection cancel but for a little; in f32 that little
  // would be off by 1/256.
  Tensors tensors;
  tensors.byName["x"] = {{1, 1, 3}, {1, 1, 1}};
  tensors.byName["z.weight"] = {{1, 3}, {80000, 0.37109375, -80000}};
  tensors.byName["h.weight"] = {{1, 3}, {0, 0, 0}};
  tensors.write(file("in"));
  ASSERT_EQ(minrnn("run " + cell("mingru") + " --in " + file("in") + " --out " +
                   file("out"))
                .status,
            0);
  const float h = SafetensorsReader(file("out"))
                      .readFloats("h", std::vector<std::int64_t>{1, 1, 1})[0];
  EXPECT_NEAR(h, sigmoid(0.37109375) * 0.5, 1e-6);
}

TEST_F(Tool, RunTakesEmptyTensors) {
  for (const auto &[b, t, d, c] : {std::array<std::int64_t, 4>{0, 4, 3, 5},
                                   {2, 0, 3, 5},
                                   {2, 4, 0, 5},
                                   {2, 4, 3, 0},
                                   {0, 0, 0, 0}}) {
    Tensors tensors;
    tensors.put("x", {b, t, d}, 1);
    tensors.put("z.weight", {c, d}, 2);
    tensors.put("h.weight", {c, d}, 3);
    tensors.put("z.bias", {c}, 4);
    tensors.put("h0", {b, c}, 5);
    tensors.put("dh", {b, t, c}, 6);
    tensors.write(file("in"));
    const Outcome outcome =
        minrnn("run " + cell("mingru") + " --in " + file("in") + " --out " +
               file("out") + " --grad --scan linear");
    ASSERT_EQ(outcome.status, 0) << outcome.err;
    const SafetensorsReader out(file("out"));
    EXPECT_EQ(out.info("h").shape, (std::vector<std::int64_t>{b, t, c}));
    if (t == 0) {
      EXPECT_EQ(out.readFloats("h_last", std::vector<std::int64_t>{b, c}),
                toFloats(tensors["h0"]));
    }
    const std::vector<float> dWeight =
        out.readFloats("d_z.weight", std::vector<std::int64_t>{c, d});
    if (b * t == 0) {
      EXPECT_EQ(dWeight, std::vector<float>(dWeight.size(), 0.0F));
    }
  }
}

TEST_F(Tool, RunRefusesBadTensors) {
  const auto errorAfter = [&](const auto &change,
                              const std::string &more = "--grad") {
    Tensors tensors = minGruTensors();
    change(tensors);
    tensors.write(file("in"));
    Outcome outcome = minrnn("run " + cell("mingru") + " --in " + file("in") +
                             " --out " + file("out") + " " + more);
    EXPECT_FALSE(std::filesystem::exists(file("out")));
    return outcome;
  };
  expectError(errorAfter([](Tensors &t) { t.byName.erase("x"); }),
              "tensor 'x' is missing");
  expectError(errorAfter([](Tensors &t) { t.byName.erase("h.weight"); }),
              "tensor 'h.weight' is missing");
  expectError(errorAfter([](Tensors &t) { t.byName.erase("dh"); }),
              "tensor 'dh' is missing");
  expectError(errorAfter([](Tensors &t) { t.put("f.weight", {5, 3}, 1); }),
              "tensor 'f.weight' is not an input of cell 'mingru', which has "
              "dh, dh_last, h.bias, h.weight, h0, reset, x, z.bias, z.weight");
  expectError(errorAfter([](Tensors &) {}, ""),
              "tensor 'dh' is not read without --grad");
  expectError(errorAfter([](Tensors &t) { t.put("h.weight", {5, 4}, 1); }),
              "tensor 'h.weight': expected shape [5, 3], found [5, 4]");
  expectError(errorAfter([](Tensors &t) { t.put("x", {7, 3}, 1); }),
              "tensor 'x': expected shape [B, T, D], found [7, 3]");
  expectError(errorAfter([](Tensors &t) { t.put("h0", {5, 2}, 1); }),
              "tensor 'h0': expected shape [2, 5], found [5, 2]");
  expectError(errorAfter([](Tensors &t) { t["z.weight"][4] = NAN; }),
              "tensor 'z.weight': element [1, 1] is nan");
  expectError(errorAfter([](Tensors &t) { t["x"][22] = -INFINITY; }),
              "tensor 'x': element [1, 0, 1] is -inf");
  expectError(
      errorAfter([](Tensors &t) { t["h0"][6] = -0.5; }, "--grad --scan log"),
      "tensor 'h0': element [1, 1] is -0.5; an initial state must not "
      "be negative");
  expectError(errorAfter([](Tensors &t) {
                for (double &w : t["h.weight"])
                  w = 3e38;
                for (double &x : t["x"])
                  x = 10;
              }),
              "the projections are too large for f32");
}

TEST_F(Tool, RunRefusesBadFiles) {
  minGruTensors().write(file("in"));
  const std::string in = " --in " + file("in");
  const std::string out = " --out " + file("out");
  const std::string run = "run " + cell("mingru");
  expectError(minrnn(run + " --in " + file("absent") + out),
              "cannot be opened");
  std::ofstream(file("empty")) << "";
  expectError(minrnn(run + " --in " + file("empty") + out), "is empty");
  std::filesystem::copy(file("in"), file("cut"));
  std::filesystem::resize_file(file("cut"),
                               std::filesystem::file_size(file("in")) - 4);
  expectError(minrnn(run + " --in " + file("cut") + out), "but the file holds");
  expectError(minrnn("run " + file("absent.mlir") + in + out), "cannot read");
  EXPECT_EQ(minrnn("run " + file("empty") + in + out).status, 1);
  expectError(minrnn(run + in + " --grad --out " + file("no/such/out")),
              "cannot write");
  expectError(minrnn(run + in + " --grad --out " + folder.path().string()),
              "cannot write");
  expectError(minrnn(run + in + " --grad --out /dev/full"), "cannot write");
}

TEST_F(Tool, UsageErrorsExitWithTwo) {
  minGruTensors().write(file("in"));
  expectError(minrnn(""), "subcommand is required", 2);
  expectError(minrnn("fly"), "", 2);
  expectError(minrnn("run " + cell("mingru")), "--in is required", 2);
  const std::string run =
      "run " + cell("mingru") + " --in " + file("in") + " --out " + file("out");
  expectError(minrnn(run + " --scan cubic"), "--scan", 2);
  expectError(minrnn(run + " --device abacus"), "--device", 2);
  expectError(minrnn(run + " --threads 0"), "--threads", 2);
  expectError(minrnn(run + " --fast"), "--fast", 2);
  expectError(minrnn("train text --data x --steps -3"), "--steps", 2);
  expectError(minrnn("train text --data x --resume y --width 3"), "--", 2);
  EXPECT_EQ(minrnn("--help").status, 0);
  EXPECT_EQ(minrnn("--version").out, "minrnn " MINRNN_VERSION "\n");
  EXPECT_EQ(minrnn("devices").status, 0);
}

TEST_F(Tool, ReadsNumbersAsTheyAreWritten) {
  const std::string train = "train text --data " + file("absent");
  const std::string sample = "sample --checkpoint " + file("absent");
  const auto expectRefusal =
      [&](const std::string &command, const std::string &option,
          const std::string &number, const std::string &expected) {
        expectError(minrnn(command + " " + option + " '" + number + "'"),
                    option + ": expected " + expected +
                        " in decimal digits, found '" + number + "'",
                    2);
      };
  const std::string seeds = "a whole number from 0 to 18446744073709551615";
  for (const char *number : {"18446744073709551616", "-1", "1e9", " 5", "5 ",
                             "+5", "0x10", "5.0", "", "five"}) {
    expectRefusal(train, "--seed", number, seeds);
    expectRefusal(train, "--steps", number,
                  "a whole number from 1 to 1099511627776");
  }
  expectRefusal(sample, "--seed", "-1", seeds);
  expectRefusal(sample, "--length", "99999999999999999999",
                "a whole number from 0 to 1099511627776");
  expectRefusal(sample, "--temperature", "-1e-9", "a number from 0 to 1000");
  expectRefusal(sample, "--threads", "4294967297",
                "a whole number from 1 to 4096");
  expectRefusal(train, "--threads", "4294967297",
                "a whole number from 1 to 4096");
  expectRefusal(train, "--warmup", "-1",
                "a whole number from 0 to 1099511627776");
  expectRefusal(train, "--layers", "010001", "a whole number from 1 to 10000");
  for (const char *number : {"1e400", "nan", "inf", "0x1p3", " 1", "1,5"})
    expectRefusal(train, "--clip", number, "a number");
  EXPECT_EQ(minrnn(train + " --seed 1 --seed 2").status, 2);
  // Zeros in front make no octal number: the command gets to its file.
  expectError(minrnn(sample + " --threads 010 --length 0010"), "absent");
  EXPECT_NE(minrnn("sample --help").out.find("--temperature X=0.8"),
            std::string::npos);
}

TEST_F(Tool, TrainsResumesAndSamples) {
  std::string text;
  for (int i = 0; i < 300; ++i)
    text += "to be or not to be, ";
  std::ofstream(file("text")) << text;
  const std::string checkpoint = file("model.safetensors");
  const std::string common = "train text --data " + file("text") +
                             " --width 32 --expansion 2 --context 24 "
                             "--batch 8 --eval-every 40 --warmup 10 "
                             "--threads 1";
  const Outcome whole = minrnn(common +
                               " --steps 80 --learning-rate 1e-2"
                               " --cell minlstm --checkpoint " +
                               checkpoint);
  ASSERT_EQ(whole.status, 0) << whole.err;
  EXPECT_NE(whole.out.find("step 40/80"), std::string::npos) << whole.out;
  EXPECT_NE(whole.out.find("step 80/80"), std::string::npos) << whole.out;
  EXPECT_NE(whole.out.find("600 for validation"), std::string::npos)
      << whole.out;

  const Outcome resumed =
      minrnn("train text --data " + file("text") +
             " --steps 120 --threads 1 --resume " + checkpoint);
  ASSERT_EQ(resumed.status, 0) << resumed.err;
  EXPECT_NE(resumed.out.find("resumed after step 80"), std::string::npos);
  EXPECT_NE(resumed.out.find("step 120/120"), std::string::npos);

  const std::string sample = "sample --checkpoint " + checkpoint +
                             " --prompt 'or not' --temperature 0 --length 34";
  const Outcome sampled = minrnn(sample);
  ASSERT_EQ(sampled.status, 0) << sampled.err;
  EXPECT_EQ(sampled.out, "or not to be, to be or not to be, to be \n");
  EXPECT_EQ(minrnn(sample + " --seed 4").out, minrnn(sample + " --seed 4").out);
  expectError(
      minrnn("sample --checkpoint " + checkpoint + " --prompt 'Q'"),
      "--prompt: the character 'Q' (U+0051) at line 1, column 1 is not in "
      "the vocabulary");
  expectError(minrnn("train text --data " + file("absent")), "absent");
  expectError(minrnn("train text --cell vanilla --data " + file("text")),
              "neither a file nor a built-in cell (gru, indrnn, lstm, mgu, "
              "mingru, minlstm, minlstm_unnormalized, qrnn, rglru, sru)");
  expectError(minrnn("train text --data " + file("text") +
                     " --checkpoint /no/such/folder/model"),
              "cannot write");
  expectError(minrnn("sample --checkpoint " + file("text")), "damaged");
}

} // namespace
