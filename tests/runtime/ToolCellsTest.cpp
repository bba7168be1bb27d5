//===- ToolCellsTest.cpp - What `minrnn run` takes of a cell --------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Files whose tensors are absent, empty or wrong. (What is computed of whole
// ones is tests/device/RunOnDevicesTest.cpp's.)
//
//===----------------------------------------------------------------------===//

#include "tests/runtime/ReferenceLayers.h"
#include "tests/runtime/Tool.h"

#include "gtest/gtest.h"

using namespace minrnn;
using namespace minrnn::test;

namespace {

constexpr std::int64_t batch = 2;
constexpr std::int64_t time = 5;
constexpr std::int64_t channels = 4;

/// A cell as `minrnn run` names its tensors.
struct NamedCell {
  const char *name;
  std::vector<std::string> gates;
  std::vector<std::string> recurrent;
  std::vector<std::string> parameters;
  std::vector<std::string> states;
  std::string output;
  std::int64_t inputs;
};

class ToolCells : public Tool {
protected:
  /// Everything that the cell can take but resets.
  static Tensors tensorsOf(const NamedCell &cell) {
    Tensors tensors;
    std::uint64_t seed = 1;
    tensors.put("x", {batch, time, cell.inputs}, seed++);
    for (const std::string &gate : cell.gates) {
      tensors.put(gate + ".weight", {channels, cell.inputs}, seed++);
      tensors.put(gate + ".bias", {channels}, seed++);
    }
    for (const std::string &gate : cell.recurrent) {
      tensors.put(gate + ".weight", {channels, channels}, seed++);
      tensors.put(gate + ".bias", {channels}, seed++);
    }
    for (const std::string &parameter : cell.parameters)
      tensors.put(parameter, {channels}, seed++);
    tensors.put("d" + cell.output, {batch, time, channels}, seed++);
    for (const std::string &state : cell.states) {
      tensors.put(state + "0", {batch, channels}, seed++);
      tensors.put("d" + state + "_last", {batch, channels}, seed++);
    }
    return tensors;
  }
};

NamedCell lstmNames() {
  return {"lstm",
          {"ii", "if", "ig", "io"},
          {"hi", "hf", "hg", "ho"},
          {},
          {"h", "c"},
          "h",
          3};
}
NamedCell sruNames() {
  return {"sru", {"f", "r", "c"}, {}, {"v_f", "v_r"}, {"c"}, "y", 4};
}

TEST_F(ToolCells, TakesAStateWithoutTheOther) {
  Tensors tensors = tensorsOf(lstmNames());
  const auto run = [&](const std::string &out) {
    tensors.write(file("in"));
    const Outcome outcome =
        minrnn("run " + cell("lstm") + " --in " + file("in") + " --out " +
               file(out) + " --grad");
    EXPECT_EQ(outcome.status, 0) << outcome.err;
  };
  for (const char *name : {"h0", "dc_last"})
    tensors[name] = Numbers(batch * channels);
  run("zero");
  for (const char *name : {"h0", "dc_last"})
    tensors.byName.erase(name);
  run("absent");
  const SafetensorsReader absent(file("absent"));
  const SafetensorsReader zero(file("zero"));
  EXPECT_FALSE(absent.contains("d_h0"));
  EXPECT_EQ(absent.tensors().size() + 1, zero.tensors().size());
  for (const auto &[name, info] : absent.tensors())
    EXPECT_EQ(absent.readFloats(name, info.shape),
              zero.readFloats(name, info.shape))
        << name;
}

TEST_F(ToolCells, SumsARecurrentProjectionBeforeItRounds) {
  // The terms of the product cancel but for a little; in f32 that little would
  // be off by 1/256.
  Tensors tensors;
  tensors.byName["x"] = {{1, 1, 1}, {0}};
  tensors.byName["if.weight"] = {{3, 1}, {0, 0, 0}};
  tensors.byName["in.weight"] = {{3, 1}, {0, 0, 0}};
  tensors.byName["in.bias"] = {{3}, {30, 30, 30}};
  // tanh(30) is 1.
  tensors.byName["hf.weight"] = {
      {3, 3}, {160000, 0.7421875, -160000, 0, 0, 0, 0, 0, 0}};
  tensors.byName["hn.weight"] = {{3, 3}, Numbers(9)};
  tensors.byName["h0"] = {{1, 3}, {0.5, 0.5, 0.5}};
  tensors.write(file("in"));
  const Outcome outcome = minrnn("run " + cell("mgu") + " --in " + file("in") +
                                 " --out " + file("out"));
  ASSERT_EQ(outcome.status, 0) << outcome.err;
  const float h = SafetensorsReader(file("out"))
                      .readFloats("h", std::vector<std::int64_t>{1, 1, 3})[0];
  const double f = sigmoid(0.37109375);
  EXPECT_NEAR(h, (1 - f) * 0.5 + f, 1e-6);
}

TEST_F(ToolCells, TakesNoStep) {
  Tensors tensors = tensorsOf(lstmNames());
  tensors.put("x", {batch, 0, 3}, 1);
  tensors.put("dh", {batch, 0, channels}, 1);
  tensors.write(file("in"));
  const Outcome outcome = minrnn("run " + cell("lstm") + " --in " + file("in") +
                                 " --out " + file("out") + " --grad");
  ASSERT_EQ(outcome.status, 0) << outcome.err;
  const SafetensorsReader out(file("out"));
  const std::vector<std::int64_t> state = {batch, channels};
  EXPECT_EQ(out.readFloats("c_last", state), toFloats(tensors["c0"]));
  EXPECT_EQ(out.readFloats("d_h0", state), toFloats(tensors["dh_last"]));
  EXPECT_EQ(out.readFloats("d_hi.weight", {{channels, channels}}),
            std::vector<float>(channels * channels));
}

TEST_F(ToolCells, RefusesBadTensors) {
  const auto errorAfter = [&](const NamedCell &named, const auto &change) {
    Tensors tensors = tensorsOf(named);
    change(tensors);
    tensors.write(file("in"));
    return minrnn("run " + cell(named.name) + " --in " + file("in") +
                  " --out " + file("out") + " --grad");
  };
  expectError(
      errorAfter(lstmNames(), [](Tensors &t) { t.byName.erase("hf.weight"); }),
      "tensor 'hf.weight' is missing");
  expectError(
      errorAfter(lstmNames(),
                 [](Tensors &t) { t.put("hf.weight", {channels, 3}, 1); }),
      "tensor 'hf.weight': expected shape [4, 4], found [4, 3]");
  expectError(errorAfter(lstmNames(),
                         [](Tensors &t) { t.put("c0", {1, channels}, 1); }),
              "tensor 'c0': expected shape [2, 4], found [1, 4]");
  expectError(
      errorAfter(lstmNames(),
                 [](Tensors &t) { t.put("dc", {batch, time, channels}, 1); }),
      "tensor 'dc' is not an input of cell 'lstm', which has c0, "
      "dc_last, dh, dh_last, ");
  expectError(errorAfter(sruNames(), [](Tensors &t) { t.byName.erase("v_r"); }),
              "tensor 'v_r' is missing");
  expectError(errorAfter(sruNames(), [](Tensors &t) { t.byName.erase("dy"); }),
              "tensor 'dy' is missing");
  expectError(
      errorAfter(sruNames(), [](Tensors &t) { t["v_f"][2] = INFINITY; }),
      "tensor 'v_f': element [2] is inf");
  expectError(errorAfter(sruNames(),
                         [](Tensors &t) { t.put("x", {batch, time, 3}, 1); }),
              "cell 'sru' reads its channel of the input, so that x must be as "
              "wide as the hidden state: found 'x' [2, 5, 3] and 'f.weight' "
              "[4, 4]");
  expectError(errorAfter(sruNames(),
                         [](Tensors &t) { t.put("reset", {batch, time}, 1); }),
              "tensor 'reset': expected dtype U8 or BOOL, found F32");
  expectError(errorAfter(sruNames(),
                         [](Tensors &t) {
                           t.resetShape = {batch, 1};
                           t.reset = std::string(batch, '\1');
                         }),
              "tensor 'reset': expected shape [2, 5], found [2, 1]");
  expectError(errorAfter(lstmNames(),
                         [](Tensors &t) {
                           for (double &w : t["hg.weight"])
                             w = 3e38;
                           for (double &h : t["h0"])
                             h = 10;
                         }),
              "the projections are too large for f32");
}

} // namespace
