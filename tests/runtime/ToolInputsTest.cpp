//===- ToolInputsTest.cpp - Inputs and results gone wrong -----------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "minrnn/safetensors.h"
#include "tests/runtime/Tool.h"

#include <array>
#include <cmath>
#include <string>

using namespace minrnn;
using namespace minrnn::test;

namespace {

/// `minrnn run` on cells of one channel, which are written here.
class ToolInputs : public Tool {
protected:
  /// A cell whose gate `z` is %k and whose state is %h; `body` from the third
  /// line of the file on.
  void writeCell(const std::string &body) const {
    std::ofstream(file("cell.mlir"), std::ios::binary)
        << "minrnn.cell @c(%x: !minrnn.input) state(%h: f32) {\n"
           "  %k = minrnn.project %x \"z\" : f32\n"
        << body << "}\n";
  }
  void writeRoot() const {
    writeCell("  %s = math.sqrt %k : f32\n"
              "  minrnn.yield %s : f32\n");
  }

  /// One row whose projection is `x`.
  static Tensors inputOf(const Numbers &x) {
    Tensors tensors;
    tensors.byName["x"] = {{1, static_cast<std::int64_t>(x.size()), 1}, x};
    tensors.byName["z.weight"] = {{1, 1}, {1}};
    return tensors;
  }

  Outcome run(const Tensors &tensors, const std::string &more = "") const {
    tensors.write(file("in"));
    std::filesystem::remove(file("out"));
    return minrnn("run " + file("cell.mlir") + " --in " + file("in") +
                  " --out " + file("out") + " " + more);
  }

  std::vector<float> result(const std::string &name) const {
    const SafetensorsReader out(file("out"));
    return out.readFloats(name, out.info(name).shape);
  }

  /// Exit 1, no file, and these words.
  void expectRefused(const Outcome &outcome, const std::string &words) const {
    EXPECT_EQ(outcome.status, 1);
    EXPECT_NE(outcome.err.find(words), std::string::npos)
        << outcome.err.substr(0, 600);
    EXPECT_NE(outcome.err.find("error: "), std::string::npos);
    EXPECT_FALSE(std::filesystem::exists(file("out")));
  }

  std::string noteAt(const std::string &place, const std::string &words) const {
    return "\n" + file("cell.mlir") + ":" + place + ": note: " + words + "\n";
  }
};

constexpr const char *remedy = "; --allow-non-finite goes on with a warning";

TEST_F(ToolInputs, SaysWhereNaNBegins) {
  writeRoot();
  const Tensors tensors = inputOf({1, 4, -1, 9, -2});
  const std::string first = "is nan, the first in time that is not finite";
  for (const char *mode :
       {"", "--by-steps", "--recompute all", "--io-type bf16",
        "--device emulator", "--device emulator --by-steps"})
    expectRefused(run(tensors, mode),
                  "result 'h': element [0, 2, 0] " + first + remedy +
                      noteAt("3:8", "this gives nan of -1"));
  // Time runs the other way.
  expectRefused(run(tensors, "--reverse"),
                "result 'h': element [0, 4, 0] " + first + remedy +
                    noteAt("3:8", "this gives nan of -2") +
                    "  %s = math.sqrt %k : f32\n       ^\n");
}

TEST_F(ToolInputs, WritesWhatIsNotFiniteOnRequest) {
  writeRoot();
  const Outcome outcome = run(inputOf({1, 4, -1, 9}), "--allow-non-finite");
  EXPECT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_EQ(outcome.err,
            "minrnn: warning: result 'h': element [0, 2, 0] is nan, the first "
            "in time that is not finite" +
                noteAt("3:8", "this gives nan of -1") +
                "  %s = math.sqrt %k : f32\n       ^\n");
  const std::vector<float> h = result("h");
  ASSERT_EQ(h.size(), 4U);
  EXPECT_EQ(h[1], 2);
  EXPECT_TRUE(std::isnan(h[2]));
  // Nothing is said of what is finite.
  EXPECT_EQ(run(inputOf({1, 4}), "--allow-non-finite").err, "");
}

TEST_F(ToolInputs, NamesTheOperationThatCounts) {
  // The division by zero is not taken; infinity only passes the sum.
  writeCell("  %zero = arith.constant 0.0 : f32\n"
            "  %one = arith.constant 1.0 : f32\n"
            "  %is = arith.cmpf oeq, %k, %zero : f32\n"
            "  %q = arith.divf %one, %k : f32\n"
            "  %g = arith.select %is, %zero, %q : f32\n"
            "  %e = math.exp %k : f32\n"
            "  %n = arith.addf %g, %e : f32\n"
            "  minrnn.yield %n : f32\n");
  expectRefused(run(inputOf({0, 100})),
                std::string("result 'h': element [0, 1, 0] is inf, the first "
                            "in time that is not finite") +
                    remedy + noteAt("8:8", "this gives inf of 100"));
  // Both operands, and the state before the step.
  writeCell("  %n = arith.divf %k, %h : f32\n"
            "  minrnn.yield %n : f32\n");
  expectRefused(run(inputOf({3})),
                std::string("result 'h': element [0, 0, 0] is inf, the first "
                            "in time that is not finite") +
                    remedy + noteAt("3:8", "this gives inf of 3 and 0"));
  // A reset gives zero states.
  Tensors tensors = inputOf({3, 6, 5});
  tensors.byName["h0"] = {{1, 1}, {1.5}};
  tensors.resetShape = {1, 3};
  tensors.reset = std::string("\0\0\1", 3);
  expectRefused(run(tensors),
                std::string("result 'h': element [0, 2, 0] is inf, the first "
                            "in time that is not finite") +
                    remedy + noteAt("3:8", "this gives inf of 5 and 0"));
}

TEST_F(ToolInputs, NamesTheOperationWithinAChain) {
  writeCell("  %e = math.exp %k : f32\n"
            "  %u = minrnn.project %e \"u\" : f32 -> f32\n"
            "  %s = math.tanh %u : f32\n"
            "  minrnn.yield %s : f32\n");
  Tensors tensors = inputOf({3, 100});
  tensors.byName["u.weight"] = {{1, 1}, {1}};
  for (const char *mode : {"", "--by-steps"})
    expectRefused(run(tensors, mode),
                  std::string("what 'u' projects: element [0, 1, 0] is inf, "
                              "the first in time that is not finite") +
                      remedy + noteAt("3:8", "this gives inf of 100"));
  // The projection of a state that is NaN is no projection too large.
  writeCell("  %u = minrnn.project %h \"u\" : f32 -> f32\n"
            "  %a = arith.addf %k, %u : f32\n"
            "  %s = math.log %a : f32\n"
            "  minrnn.yield %s : f32\n");
  tensors = inputOf({3, -9, 3, 3});
  tensors.byName["u.weight"] = {{1, 1}, {1}};
  expectRefused(run(tensors),
                std::string("result 'h': element [0, 1, 0] is nan, the first "
                            "in time that is not finite") +
                    remedy + "\n" + file("cell.mlir") +
                    ":5:8: note: this gives nan of -");
}

TEST_F(ToolInputs, SaysWhatIsTooLargeForTheIoType) {
  writeCell("  %c = arith.constant 300.0 : f32\n"
            "  %n = arith.mulf %c, %k : f32\n"
            "  minrnn.yield %n : f32\n");
  const Tensors tensors = inputOf({1, 300, 2});
  for (const char *mode : {"--io-type f16", "--io-type f16 --by-steps"})
    expectRefused(run(tensors, mode),
                  std::string("result 'h': element [0, 1, 0] is inf, the first "
                              "in time that is not finite; it is too large for "
                              "f16") +
                      remedy);
}

TEST_F(ToolInputs, SaysWhereAGradientStopsBeingFinite) {
  writeRoot();
  Tensors tensors = inputOf({0, 4, 0, 1});
  tensors.byName["dh"] = {{1, 4, 1}, {1, 1, 1, 1}};
  const std::string first =
      ", the first in backward's order that is not finite";
  const Outcome outcome = run(tensors, "--grad");
  EXPECT_EQ(outcome.status, 1);
  EXPECT_NE(outcome.err.find("result 'd_x': element [0, 2, 0] is "),
            std::string::npos)
      << outcome.err;
  EXPECT_NE(outcome.err.find(first), std::string::npos) << outcome.err;
  const Outcome reversed = run(tensors, "--grad --reverse --allow-non-finite");
  EXPECT_EQ(reversed.status, 0);
  EXPECT_NE(reversed.err.find("result 'd_x': element [0, 0, 0] is "),
            std::string::npos)
      << reversed.err;
  EXPECT_TRUE(std::isfinite(result("d_x")[1]));
}

TEST_F(ToolInputs, NamesAnInputThatIsNotFiniteFirst) {
  writeRoot();
  const Tensors tensors = inputOf({1, NAN, -1});
  const std::string words =
      file("in") + ": tensor 'x': element [0, 1, 0] is nan; inputs must be "
                   "finite";
  expectRefused(run(tensors), words + remedy);
  const Outcome allowed = run(tensors, "--allow-non-finite");
  EXPECT_EQ(allowed.status, 0);
  EXPECT_EQ(allowed.err, "minrnn: warning: " + words + "\n");
}

TEST_F(ToolInputs, SingleStepsStoreWhatTheWholeRunStores) {
  writeCell("  %z = minrnn.sigmoid %k : f32\n"
            "  %n = minrnn.lerp %h, %k, %z : f32\n"
            "  minrnn.yield %n : f32\n");
  const Tensors tensors = inputOf({0.3, -0.7, 1.1, 0.2});
  for (const std::string type : {"f16", "bf16"}) {
    ASSERT_EQ(run(tensors, "--io-type " + type).status, 0);
    const std::vector<float> whole = result("h");
    const std::vector<float> last = result("h_last");
    ASSERT_EQ(run(tensors, "--by-steps --io-type " + type).status, 0);
    EXPECT_EQ(result("h"), whole) << type;
    // The carried state is f32 in both.
    EXPECT_EQ(result("h_last"), last) << type;
    EXPECT_NE(last[0], whole[3]) << type;
  }
}

TEST_F(ToolInputs, SaysWhatItConverts) {
  writeRoot();
  const std::string header =
      R"({"x":{"dtype":"F16","shape":[1,2,1],"data_offsets":[0,4]},)"
      R"("z.weight":{"dtype":"F64","shape":[1,1],"data_offsets":[4,12]}})";
  const std::uint64_t length = header.size();
  const std::array<std::uint16_t, 2> halves = {0x4400, 0x4880}; // 4 and 9
  const double weight = 1;
  {
    std::ofstream stream(file("in"), std::ios::binary);
    stream.write(reinterpret_cast<const char *>(&length), sizeof length);
    stream << header;
    stream.write(reinterpret_cast<const char *>(halves.data()), sizeof halves);
    stream.write(reinterpret_cast<const char *>(&weight), sizeof weight);
  }
  for (const char *type : {"f32", "f16", "bf16"}) {
    const Outcome outcome =
        minrnn("run " + file("cell.mlir") + " --in " + file("in") + " --out " +
               file("out") + " --io-type " + type);
    EXPECT_EQ(outcome.status, 0) << outcome.err;
    EXPECT_EQ(outcome.err, "minrnn: note: converted to f32: 'x' from F16, "
                           "'z.weight' from F64\n");
    EXPECT_EQ(result("h"), (std::vector<float>{2, 3}));
  }
}

TEST_F(ToolInputs, RefusesNestingWithItsPlace) {
  const std::string deep = std::string(10'000, '[') + std::string(10'000, ']');
  const std::string cell =
      "minrnn.cell @c(%x: !minrnn.input) state(%h: f32) {\n"
      "  %k = minrnn.project %x \"z\" : f32\n"
      "  %s = minrnn.sigmoid %k {a = " +
      deep +
      "} : f32\n"
      "  minrnn.yield %s : f32\n}\n";
  std::ofstream(file("cell.mlir")) << cell;
  expectRefused(run(inputOf({1})),
                file("cell.mlir") + ":3:157: error: expects nesting of at most "
                                    "128 levels, found more");
  // What a checkpoint holds as its cell is read the same way.
  std::string text;
  for (int i = 0; i < 100; ++i)
    text += "to be or not to be, ";
  std::ofstream(file("text")) << text;
  ASSERT_EQ(minrnn("train text --data " + file("text") +
                   " --width 4 --layers 1 --expansion 1 --context 8 --batch 2 "
                   "--steps 1 --eval-every 1 --threads 1 --checkpoint " +
                   file("model"))
                .status,
            0);
  const SafetensorsReader model(file("model"));
  std::map<std::string, std::string, std::less<>> metadata = model.metadata();
  metadata["cell_source"] = cell;
  metadata.erase("checksum");
  std::vector<std::vector<float>> data;
  for (const auto &[name, info] : model.tensors())
    data.push_back(model.readFloats(name, info.shape));
  std::vector<TensorToWrite> tensors;
  for (const auto &[name, info] : model.tensors())
    tensors.push_back({name, info.shape, data[tensors.size()]});
  writeSafetensors(file("deep"), tensors, metadata);
  for (const std::string &command :
       {"sample --checkpoint " + file("deep"), "train text --steps 2 --data " +
                                                   file("text") + " --resume " +
                                                   file("deep")}) {
    const Outcome outcome = minrnn(command);
    EXPECT_EQ(outcome.status, 1);
    EXPECT_NE(outcome.err.find(":3:157: error: expects nesting of at most"),
              std::string::npos)
        << outcome.err.substr(0, 300);
  }
  // As its metadata is.
  metadata["cell_source"] = "";
  metadata["model"] = std::string(100'000, '[');
  writeSafetensors(file("deep"), tensors, metadata);
  expectError(minrnn("sample --checkpoint " + file("deep")),
              "the metadata is nested deeper than 64 levels");
}

TEST_F(ToolInputs, SkipsAByteOrderMark) {
  writeRoot();
  const std::string cell = readFile(file("cell.mlir"));
  std::ofstream(file("cell.mlir"), std::ios::binary) << "\xEF\xBB\xBF" << cell;
  ASSERT_EQ(run(inputOf({4})).status, 0);
  EXPECT_EQ(result("h"), std::vector<float>{2});
  expectRefused(run(inputOf({-4})),
                std::string("result 'h': element [0, 0, 0] is nan, the first "
                            "in time that is not finite") +
                    remedy + noteAt("3:8", "this gives nan of -4"));
  std::ofstream(file("cell.mlir"), std::ios::binary)
      << std::string("\xFF\xFEm\0", 4);
  expectRefused(run(inputOf({4})),
                file("cell.mlir") +
                    ": error: expects text in UTF-8, found UTF-16; save the "
                    "file as UTF-8\n");
}

} // namespace
