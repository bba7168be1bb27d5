//===- ManifestTest.cpp - Reading manifests -------------------------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "minrnn/manifest.h"

#include "minrnn/error.h"
#include "tests/runtime/HandWrittenCells.h"
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
  EXPECT_EQ(backward.arguments[2].type, "i8*");
  EXPECT_EQ(backward.arguments[8].name, "d_bias");
  EXPECT_TRUE(backward.arguments[8].optional);
  EXPECT_EQ(backward.arguments[8].access, "write");
  EXPECT_EQ(backward.arguments[8].shape,
            (std::vector<std::string>{"batch", "gates", "channels"}));
  EXPECT_FALSE(backward.arguments[10].isArray());
  EXPECT_THROW(manifest.entry("sideways"), Error);
}

TEST(Manifest, ReadsWhatOtherCellsHave) {
  const Manifest lstm = test::handWrittenLstm().manifest();
  EXPECT_EQ(lstm.kind, "sequential");
  EXPECT_EQ(lstm.scan, "none");
  EXPECT_EQ(lstm.states, (std::vector<std::string>{"h", "c"}));
  EXPECT_FALSE(lstm.plain);
  EXPECT_EQ(lstm.output, "h");
  EXPECT_FALSE(lstm.readsInput());
  ASSERT_EQ(lstm.recurrent.size(), 4U);
  EXPECT_EQ(lstm.recurrent[1].name, "hf");
  EXPECT_EQ(lstm.recurrent[1].state, "h");
  EXPECT_EQ(lstm.stateIndex("c"), 1);
  EXPECT_THROW(lstm.stateIndex("y"), Error);
  const Manifest sru = test::handWrittenSru().manifest();
  EXPECT_EQ(sru.parameters, (std::vector<std::string>{"v_f", "v_r"}));
  EXPECT_TRUE(sru.recurrent.empty());
  EXPECT_FALSE(sru.plain);
  EXPECT_EQ(sru.output, "y");
  EXPECT_TRUE(sru.readsInput());
}

TEST(Manifest, CountsTilesWithoutOverflow) {
  KernelEntry entry;
  entry.tileChannels = 16;
  EXPECT_EQ(entry.tileCount(3, 0), 0);
  EXPECT_EQ(entry.tileCount(0, 40), 0);
  EXPECT_EQ(entry.tileCount(3, 16), 3);
  EXPECT_EQ(entry.tileCount(3, 17), 6);
  constexpr std::int64_t largest = std::numeric_limits<std::int64_t>::max();
  EXPECT_THROW(entry.tileCount(largest, largest), Error);
  EXPECT_THROW(entry.tileCount(1, -1), Error);
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
                 "version 1 is not the one this runtime reads, which is 2");
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
      "the type of argument 'reset' must be 'f32*', 'f16*', 'bf16*', "
      "'i8*' or 'i64', found 'f64*'");
  expectMentions(
      errorAfter([](Json &json) { json["entries"][0]["grid"] = "batch"; }),
      "the one rule this runtime knows; found 'batch'");
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
  expectMentions(errorAfter([](Json &json) { json["plain"] = false; }),
                 "'plain' must be true for a cell of 1 states with the output "
                 "'h'");
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

TEST(Manifest, ReadsWhatIsProjectedWithinTheStep) {
  const Manifest mgu = test::handWrittenMgu().manifest();
  EXPECT_EQ(mgu.chained(), 1);
  ASSERT_EQ(mgu.recurrent.size(), 2U);
  EXPECT_EQ(mgu.recurrent[0].state, "h");
  EXPECT_EQ(mgu.recurrent[0].chained, std::nullopt);
  EXPECT_EQ(mgu.recurrent[1].name, "hn");
  EXPECT_EQ(mgu.recurrent[1].state, "");
  EXPECT_EQ(mgu.recurrent[1].chained, 0);
  EXPECT_EQ(mgu.entry("forward_chained").symbol, "mgu_forward_chained");
  EXPECT_EQ(test::handWrittenKnot().manifest().chained(), 2);
  EXPECT_EQ(test::handWrittenLstm().manifest().chained(), 0);
}

TEST(Manifest, SaysWhatIsWrongOfWhatIsProjectedWithinTheStep) {
  const auto errorOfMgu = [](const std::function<void(Json &)> &change) {
    Json json = Json::parse(test::handWrittenMguManifest());
    change(json);
    return errorOf(json.dump());
  };
  EXPECT_EQ(errorOfMgu([](Json &) {}), "");
  expectMentions(
      errorOfMgu([](Json &json) { json["recurrent"][1]["state"] = "h"; }),
      "recurrent 1: the gate 'hn' must have either 'state' or 'chained'; it "
      "has both");
  expectMentions(
      errorOfMgu([](Json &json) { json["recurrent"][1].erase("chained"); }),
      "recurrent 1: the gate 'hn' must have either 'state' or 'chained'; it "
      "has neither");
  expectMentions(
      errorOfMgu([](Json &json) { json["recurrent"][1]["chained"] = "f"; }),
      "'chained' must be an integer");
  // The order of first use leaves no place out.
  for (const int place : {-1, 1})
    expectMentions(
        errorOfMgu(
            [&](Json &json) { json["recurrent"][1]["chained"] = place; }),
        "the gate 'hn' projects the value at place " + std::to_string(place) +
            " of 'chained', expected one from 0 to 0, in the order of first "
            "use");
  for (const char *name : {"forward_chained", "backward_chained"}) {
    expectMentions(errorOfMgu([&](Json &json) {
                     for (Json &entry : json["entries"])
                       if (entry["name"] == name)
                         entry["name"] = "another";
                   }),
                   "the entry '" + std::string(name) +
                       "' is missing, although a gate projects a value "
                       "computed within the step");
    expectMentions(errorAfter([&](Json &json) {
                     Json entry = json["entries"][0];
                     entry["name"] = name;
                     json["entries"].push_back(entry);
                   }),
                   "the entry '" + std::string(name) +
                       "' is there, although no gate projects a value "
                       "computed within the step");
  }
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
