//===- ToolCellsTest.cpp - `minrnn run` on every kind of cell -------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Whole files in and out, held to the published equations in double and to
// central differences of them.
//
//===----------------------------------------------------------------------===//

#include "tests/runtime/ReferenceRecurrent.h"
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
  ReferenceRun (*reference)(const ReferenceLayer &layer);
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

  static ReferenceLayer layerOf(const NamedCell &cell, Tensors &tensors,
                                bool reverse) {
    ReferenceLayer layer;
    layer.batch = batch;
    layer.time = time;
    layer.inputs = static_cast<std::size_t>(cell.inputs);
    layer.channels = channels;
    layer.x = tensors["x"];
    const auto append = [&](Numbers &to, const std::string &name) {
      const Numbers &from = tensors[name];
      to.insert(to.end(), from.begin(), from.end());
    };
    for (const std::string &gate : cell.gates) {
      append(layer.weight, gate + ".weight");
      append(layer.bias, gate + ".bias");
    }
    for (const std::string &gate : cell.recurrent) {
      append(layer.recurrentWeight, gate + ".weight");
      append(layer.recurrentBias, gate + ".bias");
    }
    for (const std::string &parameter : cell.parameters)
      append(layer.parameters, parameter);
    layer.initial = interleave(cell, tensors, "", "0");
    layer.reset.assign(tensors.reset.begin(), tensors.reset.end());
    layer.reverse = reverse;
    return layer;
  }

  /// [B, S, H] of one [B, H] a state.
  static Numbers interleave(const NamedCell &cell, Tensors &tensors,
                            const std::string &before,
                            const std::string &after) {
    Numbers packed;
    for (std::int64_t row = 0; row < batch; ++row)
      for (const std::string &state : cell.states) {
        const Numbers &from =
            tensors[std::string(before).append(state).append(after)];
        packed.insert(packed.end(), from.begin() + row * channels,
                      from.begin() + (row + 1) * channels);
      }
    return packed;
  }

  void expectAgrees(const NamedCell &cell, Tensors tensors, bool reverse) {
    tensors.write(file("in"));
    const Outcome outcome = minrnn("run " + this->cell(cell.name) + " --in " +
                                   file("in") + " --out " + file("out") +
                                   " --grad" + (reverse ? " --reverse" : ""));
    ASSERT_EQ(outcome.status, 0) << outcome.err;
    const SafetensorsReader out(file("out"));
    const auto read = [&](const std::string &name) {
      return out.readFloats(name, out.info(name).shape);
    };
    const ReferenceRun expected =
        cell.reference(layerOf(cell, tensors, reverse));
    expectClose(read(cell.output), expected.output, 1e-5, 1e-6, cell.output);
    const std::size_t states = cell.states.size();
    const auto expectState = [&](const std::string &name, std::size_t state,
                                 const Numbers &packed) {
      Numbers one;
      for (std::size_t at = state * channels; at < packed.size();
           at += states * channels)
        one.insert(one.end(), packed.data() + at,
                   packed.data() + at + channels);
      expectClose(read(name), one, 1e-5, 1e-6, name);
    };
    std::size_t count = 1;
    for (std::size_t s = 0; s < states; ++s) {
      const std::string &state = cell.states[s];
      expectState(state, s, expected.trajectory);
      expectState(state + "_last", s, expected.last);
      count += state == cell.output ? 1 : 2;
    }

    const auto loss = [&] {
      const ReferenceRun run = cell.reference(layerOf(cell, tensors, reverse));
      return weightedSum(run.output, tensors["d" + cell.output]) +
             weightedSum(run.last, interleave(cell, tensors, "d", "_last"));
    };
    for (auto &[name, tensor] : tensors.byName) {
      if (name == "d" + cell.output || name.ends_with("_last"))
        continue;
      ++count;
      EXPECT_EQ(out.info("d_" + name).shape, tensor.shape);
      expectClose(read("d_" + name), centralDifferences(tensor.values, loss),
                  1e-4, 2e-6, "d_" + name);
    }
    EXPECT_EQ(out.tensors().size(), count);
  }

  void check(const NamedCell &cell) {
    Tensors tensors = tensorsOf(cell);
    expectAgrees(cell, tensors, false);
    expectAgrees(cell, tensors, true);
    tensors.resetShape = {batch, time};
    tensors.reset = std::string("\0\1\0\0\2\1\0\0\1\0", batch * time);
    expectAgrees(cell, tensors, false);
    expectAgrees(cell, tensors, true);
  }
};

NamedCell lstmNames() {
  return {"lstm",
          {"ii", "if", "ig", "io"},
          {"hi", "hf", "hg", "ho"},
          {},
          {"h", "c"},
          "h",
          3,
          lstm};
}
NamedCell sruNames() {
  return {"sru", {"f", "r", "c"}, {}, {"v_f", "v_r"}, {"c"}, "y", 4, sru};
}

TEST_F(ToolCells, Gru) {
  check(
      {"gru", {"ir", "iz", "in"}, {"hr", "hz", "hn"}, {}, {"h"}, "h", 3, gru});
}
TEST_F(ToolCells, Lstm) { check(lstmNames()); }
TEST_F(ToolCells, Mgu) {
  check({"mgu", {"if", "in"}, {"hf", "hn"}, {}, {"h"}, "h", 3, mgu});
}
TEST_F(ToolCells, Sru) { check(sruNames()); }
TEST_F(ToolCells, Qrnn) {
  check({"qrnn", {"z", "f", "o"}, {}, {}, {"c"}, "y", 3, qrnn});
}
TEST_F(ToolCells, RgLru) {
  check({"rglru", {"a", "x"}, {}, {"lambda"}, {"h"}, "h", 4, rglru});
}
TEST_F(ToolCells, IndRnn) {
  check({"indrnn", {"h"}, {}, {"u"}, {"h"}, "h", 3, indrnn});
}

TEST_F(ToolCells, TakesAStateWithoutTheOther) {
  Tensors tensors = tensorsOf(lstmNames());
  for (const char *name : {"h0", "dc_last"})
    tensors.byName.erase(name);
  tensors.write(file("in"));
  const Outcome outcome = minrnn("run " + cell("lstm") + " --in " + file("in") +
                                 " --out " + file("out") + " --grad");
  ASSERT_EQ(outcome.status, 0) << outcome.err;
  const SafetensorsReader out(file("out"));
  EXPECT_FALSE(out.contains("d_h0"));
  EXPECT_TRUE(out.contains("d_c0"));
  for (const char *name : {"h0", "dc_last"})
    tensors[name] = Numbers(batch * channels);
  const ReferenceRun expected = lstm(layerOf(lstmNames(), tensors, false));
  expectClose(out.readFloats("h", out.info("h").shape), expected.output, 1e-5,
              1e-6, "h");
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
