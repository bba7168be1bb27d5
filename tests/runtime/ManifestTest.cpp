//===- ManifestTest.cpp - Reading manifests -------------------------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "minrnn/manifest.h"

#include "minrnn/error.h"
#include "tests/runtime/HandWrittenMinGru.h"

#include "gtest/gtest.h"
#include <functional>
#include <nlohmann/json.hpp>

using namespace minrnn;
using Json = nlohmann::json;

namespace {

/// What parsing `json` throws; empty when it does not throw.
std::string errorOf(const std::string &json) {
  try {
    parseManifest(json, "cell.json");
  } catch (const Error &error) {
    return error.what();
  }
  return {};
}

/// The error after `change` was made to a good manifest.
std::string errorAfter(const std::function<void(Json &)> &change) {
  Json json = Json::parse(test::handWrittenMinGruManifest());
  change(json);
  return errorOf(json.dump());
}

void expectMentions(const std::string &error, const std::string &expected) {
  EXPECT_NE(error.find(expected), std::string::npos)
      << "found the error: '" << error << "'";
}

TEST(Manifest, ReadsEveryField) {
  const Manifest manifest =
      parseManifest(test::handWrittenMinGruManifest(), "cell.json");
  EXPECT_EQ(manifest.cell, "mingru");
  EXPECT_EQ(manifest.kind, "parallel");
  EXPECT_EQ(manifest.target, "host");
  EXPECT_EQ(manifest.ioType, "f32");
  EXPECT_EQ(manifest.scan, "linear");
  EXPECT_EQ(manifest.gates, (std::vector<std::string>{"z", "h"}));
  EXPECT_EQ(manifest.states, (std::vector<std::string>{"h"}));
  const KernelEntry &backward = manifest.entry("backward");
  EXPECT_EQ(backward.symbol, "mingru_backward");
  EXPECT_EQ(backward.tileChannels, 16);
  ASSERT_EQ(backward.arguments.size(), 14U);
  EXPECT_EQ(backward.arguments[2].name, "reset");
  EXPECT_EQ(backward.arguments[2].element, Element::U8);
  EXPECT_EQ(backward.arguments[8].name, "d_bias_rows");
  EXPECT_TRUE(backward.arguments[8].isOptional);
  EXPECT_TRUE(backward.arguments[8].isWritten());
  EXPECT_EQ(backward.arguments[8].axes,
            (std::vector<Axis>{Axis::Batch, Axis::Gates, Axis::Channels}));
  EXPECT_FALSE(backward.arguments[10].isTensor());
  EXPECT_THROW(manifest.entry("sideways"), Error);
  EXPECT_TRUE(manifest.outputIsState());
  EXPECT_FALSE(manifest.readsInput());
  EXPECT_EQ(manifest.size(Axis::Gates), 2);
  EXPECT_EQ(manifest.size(Axis::Inner), 0);
  EXPECT_EQ(manifest.stateIndex("h"), 0);
  EXPECT_THROW(manifest.stateIndex("y"), Error);
}

TEST(Manifest, IsWrittenAsItIsRead) {
  const std::string json = test::handWrittenMinGruManifest();
  EXPECT_EQ(Json::parse(writeManifest(parseManifest(json, "cell.json"))),
            Json::parse(json));
}

TEST(Manifest, SaysWhetherMathIsFast) {
  Manifest manifest =
      parseManifest(test::handWrittenMinGruManifest(), "cell.json");
  EXPECT_EQ(manifest.math, Math::Precise);
  EXPECT_EQ(writeManifest(manifest).find("\"math\""), std::string::npos);
  manifest.math = Math::Fast;
  EXPECT_EQ(parseManifest(writeManifest(manifest), "cell.json").math,
            Math::Fast);
  expectMentions(errorAfter([](Json &json) { json["math"] = "quick"; }),
                 "'math' must be");
}

TEST(Manifest, CountsTilesWithoutOverflow) {
  KernelEntry entry;
  entry.tileChannels = 16;
  EXPECT_EQ(entry.tileCount(3, 7, 0), 0);
  EXPECT_EQ(entry.tileCount(0, 7, 40), 0);
  EXPECT_EQ(entry.tileCount(3, 7, 16), 3);
  EXPECT_EQ(entry.tileCount(3, 7, 17), 6);
  constexpr std::int64_t largest = std::numeric_limits<std::int64_t>::max();
  EXPECT_THROW(entry.tileCount(largest, 7, largest), Error);
  EXPECT_THROW(entry.tileCount(1, 7, -1), Error);
}

TEST(Manifest, IgnoresKeysItDoesNotKnow) {
  EXPECT_EQ(errorAfter([](Json &json) {
              json["colour"] = "blue";
              json["entries"][0]["registers"] = 40;
            }),
            "");
}

TEST(Manifest, SaysWhatIsWrong) {
  expectMentions(errorOf("{"), "cell.json: the manifest is no valid JSON");
  expectMentions(errorOf(R"({"format": 1, "format": 2})"),
                 "cell.json: the manifest holds the key 'format' twice");
  expectMentions(errorOf(std::string(100'000, '[')),
                 "cell.json: the manifest is nested deeper than 64 levels");
  expectMentions(errorOf("[1]"), "expected an object, found array");
  expectMentions(errorAfter([](Json &json) { json.erase("gates"); }),
                 "the key 'gates' is missing");
  expectMentions(errorAfter([](Json &json) { json["version"] = 1; }),
                 "version 1 is not the one this runtime reads, which is 3");
  expectMentions(errorAfter([](Json &json) { json["version"] = "2"; }),
                 "'version' must be an integer");
  expectMentions(errorAfter([](Json &json) { json["format"] = "other"; }),
                 "'format' must be 'minrnn-kernel', found 'other'");
  expectMentions(errorAfter([](Json &json) { json["gates"] = {"z", "z"}; }),
                 "holds 'z' twice");
  expectMentions(errorAfter([](Json &json) { json["gates"] = {"z", 3}; }),
                 "'gates' must be an array of strings");
  expectMentions(errorAfter([](Json &json) {
                   json["entries"][1]["tile"]["channels"] = 0;
                 }),
                 "entry 'backward', tile: 'channels' must be at least 1");
  expectMentions(
      errorAfter([](Json &json) {
        json["entries"][0]["arguments"][2]["type"] = "f64*";
      }),
      "the type of argument 'reset' must be 'f32*', 'f32*' (the io type), "
      "'i8*', 'i32*' or 'i64', found 'f64*'");
  expectMentions(
      errorAfter([](Json &json) { json["entries"][0]["grid"] = "batch"; }),
      "the one rule this runtime knows for such tiles; found 'batch'");
  expectMentions(errorAfter([](Json &json) { json["target"] = "sm_75"; }),
                 "the key 'block' is missing");
  expectMentions(errorAfter([](Json &json) { json["scan"] = "cubic"; }),
                 "'scan' must be 'log', 'linear' or 'none', found 'cubic'");
  expectMentions(
      errorAfter([](Json &json) { json["scan"] = "none"; }),
      "'scan' must be 'none' for a sequential cell and for no other; "
      "found 'none' for a parallel one");
  expectMentions(errorAfter([](Json &json) { json["kind"] = "sideways"; }),
                 "'kind' must be 'parallel' or 'sequential'");
  expectMentions(errorAfter([](Json &json) { json["io_type"] = "f64"; }),
                 "'io_type' must be 'f32', 'f16' or 'bf16', found 'f64'");
  expectMentions(errorAfter([](Json &json) { json["states"] = Json::array(); }),
                 "'states' must name one state at least");
  expectMentions(errorAfter([](Json &json) { json["output"] = "z"; }),
                 "'output' must be 'h' or 'y', found 'z'");
  const auto withRecurrent = [](const char *name, const char *state) {
    return errorAfter([&](Json &json) {
      json["recurrent"] = {{{"name", name}, {"state", state}}};
    });
  };
  expectMentions(withRecurrent("u", "c"),
                 "recurrent 0: the gate 'u' projects the state 'c', which the "
                 "cell does not have");
  expectMentions(withRecurrent("z", "h"), "holds 'z' twice");
  expectMentions(withRecurrent("u", "h"),
                 "a cell that projects a state or a value computed within the "
                 "step must be 'sequential', found 'parallel'");
}

/// The same of a cell that projects a state and a value computed within the
/// step.
Json projecting() {
  Json json = Json::parse(test::handWrittenMinGruManifest());
  json["kind"] = "sequential";
  json["scan"] = "none";
  json["recurrent"] = {{{"name", "hf"}, {"state", "h"}},
                       {{"name", "hn"}, {"inner", 0}, {"stage", 0}}};
  return json;
}

TEST(Manifest, ReadsWhatIsProjectedWithinTheStep) {
  const Manifest manifest = parseManifest(projecting().dump(), "cell.json");
  EXPECT_EQ(manifest.size(Axis::Inner), 1);
  ASSERT_EQ(manifest.recurrent.size(), 2U);
  EXPECT_EQ(manifest.recurrent[0].state, "h");
  EXPECT_EQ(manifest.recurrent[0].inner, std::nullopt);
  EXPECT_EQ(manifest.recurrent[1].name, "hn");
  EXPECT_EQ(manifest.recurrent[1].state, "");
  EXPECT_EQ(manifest.recurrent[1].inner, 0);
}

TEST(Manifest, SaysWhatIsWrongOfWhatIsProjectedWithinTheStep) {
  const auto errorWith = [](const std::function<void(Json &)> &change) {
    Json json = projecting();
    change(json["recurrent"][1]);
    return errorOf(json.dump());
  };
  expectMentions(errorWith([](Json &gate) { gate["state"] = "h"; }),
                 "recurrent 1: the gate 'hn' must have either 'state' or "
                 "'inner'; it has both");
  expectMentions(errorWith([](Json &gate) { gate.erase("inner"); }),
                 "recurrent 1: the gate 'hn' must have either 'state' or "
                 "'inner'; it has neither");
  expectMentions(errorWith([](Json &gate) { gate["inner"] = "f"; }),
                 "'inner' must be an integer");
  // The order of first use leaves no place out.
  for (const int place : {-1, 1})
    expectMentions(
        errorWith([&](Json &gate) { gate["inner"] = place; }),
        "the gate 'hn' projects the value at place " + std::to_string(place) +
            " of 'inner', expected one from 0 to 0, in the order of first use");
}

TEST(Manifest, SaysWhatIsWrongWithItsProgram) {
  const auto errorWith = [](const std::function<void(Json &)> &change) {
    return errorAfter([&](Json &json) { change(json["program"]); });
  };
  expectMentions(errorWith([](Json &program) { program.erase("step"); }),
                 "the key 'step' is missing");
  expectMentions(
      errorWith([](Json &program) { program["tensors"][1]["name"] = "bias"; }),
      "its program has two tensors called 'bias'");
  expectMentions(
      errorWith([](Json &program) { program["forward"][0]["op"] = "divide"; }),
      "'op' holds 'divide', which this release does not know");
  expectMentions(errorWith([](Json &program) {
                   program["forward"][0].erase("transpose_b");
                 }),
                 "its program 'forward' operation 0 multiplies matrices that "
                 "do not fit");
  expectMentions(errorWith([](Json &program) {
                   program["forward"][1]["arguments"].erase("output");
                 }),
                 "its program 'forward' operation 1 launches 'forward' without "
                 "'output'");
  expectMentions(errorWith([](Json &program) {
                   program["forward"][1]["arguments"]["output"] = "weight";
                 }),
                 "launches 'forward' with 'weight' for 'output', which has "
                 "other axes or elements");
}

TEST(Manifest, EveryTruncationIsAnError) {
  const std::string json = test::handWrittenMinGruManifest();
  for (std::size_t length = 0; length < json.size(); length += 7)
    EXPECT_NE(errorOf(json.substr(0, length)), "") << "length " << length;
}

std::string asComment(const std::string &json) {
  std::string comment = "// minrnn-manifest-begin\n// ";
  for (const char character : json) {
    comment += character;
    if (character == '\n')
      comment += "// ";
  }
  return comment + "\n// minrnn-manifest-end\n";
}

TEST(Manifest, ReadsTheCommentOfAPtxFile) {
  const std::string ptx = asComment(test::handWrittenMinGruManifest()) +
                          "//\n.version 7.5\n.target sm_75\n";
  EXPECT_EQ(parseManifestOfPtx(ptx, "kernel.ptx").cell, "mingru");
}

TEST(Manifest, RefusesPtxWithoutAWholeManifest) {
  const std::string comment = asComment(test::handWrittenMinGruManifest());
  const auto errorOfPtx = [](const std::string &ptx) -> std::string {
    try {
      parseManifestOfPtx(ptx, "kernel.ptx");
    } catch (const Error &error) {
      return error.what();
    }
    return {};
  };
  expectMentions(errorOfPtx(".version 7.5\n"), "carries no manifest");
  expectMentions(errorOfPtx(""), "carries no manifest");
  expectMentions(errorOfPtx(comment.substr(0, comment.size() - 10)),
                 "the manifest is cut off");
  expectMentions(errorOfPtx("// minrnn-manifest-begin\n.version 7.5\n"),
                 "does not begin with '// '");
}

} // namespace
