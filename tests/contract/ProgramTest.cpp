//===- ProgramTest.cpp - Programs: written, read, printed and checked -----===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "minrnn/error.h"
#include "minrnn/manifest.h"
#include "specs/contract/Tensors.h"

#include "gtest/gtest.h"
#include <functional>
#include <set>

using namespace minrnn;

namespace {

/// An argument that is a tensor of the contract, with all its axes.
KernelArgument argument(std::string_view name, bool isWritten = false,
                        bool isOptional = false) {
  const ProgramTensor &tensor = *findContractTensor(name);
  return {tensor.name, tensor.axes, tensor.element,
          isWritten ? Access::Write : Access::Read, isOptional};
}

/// A cell that projects its state (gate q) and a value computed within the step
/// (gate v), with a program that has every kind of operation. It is no whole
/// layer.
Manifest projecting() {
  Manifest manifest{.compiler = "a test",
                    .cell = "projecting",
                    .kind = "sequential",
                    .target = "sm_75",
                    .ioType = "bf16",
                    .scan = "none",
                    .gates = {"z"},
                    .recurrent = {{"q", "h"}, {"v", "", 0, 0}},
                    .parameters = {},
                    .states = {"h"},
                    .output = "h",
                    .entries = {},
                    .program = {}};
  KernelEntry &entry = manifest.entries.emplace_back();
  entry.name = entry.symbol = "forward";
  entry.block = {256, 1, 1};
  entry.tileChannels = 256;
  entry.arguments = {argument("preactivations"),
                     argument("initial", false, true), argument("output", true),
                     argument("last", true, true)};
  entry.arguments.emplace_back().name = "batch";
  Program &program = manifest.program;
  for (const char *name :
       {"preactivations", "input", "weight", "recurrent", "recurrent_weight",
        "bias", "initial", "output", "last", "carried", "d_bias_rows", "d_bias",
        "d_recurrent", "d_recurrent_weight"})
    program.tensors.push_back(*findContractTensor(name));
  const PackedRange first{0, 1};
  TimeLoop loop;
  loop.body = {{ProductOperation{.result = {"recurrent", first, Steps::Current},
                                 .a = {"carried"},
                                 .b = {"recurrent_weight", first},
                                 .transposeB = true}},
               {LaunchOperation{"forward",
                                {{"initial", "carried"},
                                 {"last", "carried"},
                                 {"output", "output"},
                                 {"preactivations", "preactivations"}}}}};
  program.forward = {{ProductOperation{.result = {"preactivations"},
                                       .a = {"input"},
                                       .b = {"weight"},
                                       .transposeB = true}},
                     {CopyOperation{"carried", "initial"}},
                     {loop},
                     {CopyOperation{"last", "carried"}}};
  program.backward = {
      {TimeLoop{.isAdjoint = true, .body = {}}},
      {FillOperation{{"d_recurrent", std::nullopt, Steps::First}}},
      {ProductOperation{.result = {"d_recurrent_weight", first},
                        .a = {"d_recurrent", first, Steps::Later},
                        .b = {"output", std::nullopt, Steps::Earlier},
                        .transposeA = true,
                        .accumulate = true}},
      {SumOperation{"d_bias", "d_bias_rows"}}};
  return manifest;
}

TEST(Program, IsReadAsItWasWritten) {
  const std::string json = writeManifest(projecting());
  const Manifest read = parseManifest(json, "cell.json");
  EXPECT_EQ(writeManifest(read), json);
  EXPECT_EQ(printProgram(read.program), printProgram(projecting().program));
  // What the text does not say.
  ASSERT_EQ(read.program.tensors.size(), projecting().program.tensors.size());
  for (std::size_t i = 0; i < read.program.tensors.size(); ++i) {
    const ProgramTensor &tensor = read.program.tensors[i];
    const ProgramTensor expected = projecting().program.tensors[i];
    EXPECT_EQ(tensor.name, expected.name);
    EXPECT_EQ(tensor.axes, expected.axes) << tensor.name;
    EXPECT_EQ(tensor.element, expected.element) << tensor.name;
    EXPECT_EQ(tensor.role, expected.role) << tensor.name;
    EXPECT_EQ(tensor.of, expected.of) << tensor.name;
    EXPECT_EQ(tensor.isOptional, expected.isOptional) << tensor.name;
  }
  EXPECT_EQ(read.recurrent[1].inner, 0);
  EXPECT_EQ(read.recurrent[1].stage, 0);
  EXPECT_EQ(read.entry("forward").block, projecting().entries[0].block);
}

TEST(Program, IsPrintedOneOperationALine) {
  EXPECT_EQ(printProgram(projecting().program),
            "forward:\n"
            "  preactivations = input weight^T\n"
            "  carried = initial\n"
            "  for time:\n"
            "    recurrent[0:1]{current} = carried recurrent_weight[0:1]^T\n"
            "    launch forward(initial = carried, last = carried, output, "
            "preactivations)\n"
            "  last = carried\n"
            "backward:\n"
            "  for time, adjoint:\n"
            "  d_recurrent{first} = 0\n"
            "  d_recurrent_weight[0:1] += d_recurrent[0:1]{later}^T "
            "output{earlier}\n"
            "  d_bias = sum over batch of d_bias_rows\n"
            "step:\n");
}

/// What is wrong after `change` was made to a good manifest.
std::string faultAfter(const std::function<void(Manifest &)> &change) {
  Manifest manifest = projecting();
  change(manifest);
  return checkProgram(manifest);
}

/// The same of a change to the operation at `index` of `forward`.
template <typename Operation>
std::string faultIn(std::size_t index,
                    const std::function<void(Operation &)> &change) {
  return faultAfter([&](Manifest &manifest) {
    change(std::get<Operation>(manifest.program.forward.at(index).what));
  });
}

/// The same of the operation at `index` within its loop.
template <typename Operation>
std::string faultInLoop(std::size_t index,
                        const std::function<void(Operation &)> &change) {
  return faultIn<TimeLoop>(2, [&](TimeLoop &loop) {
    change(std::get<Operation>(loop.body.at(index).what));
  });
}

TEST(CheckProgram, FindsNothingWrong) {
  EXPECT_EQ(checkProgram(projecting()), "");
}

TEST(CheckProgram, SaysWhatIsWrongWithTensors) {
  EXPECT_EQ(faultAfter([](Manifest &manifest) {
              manifest.program.tensors[1].name = "bias";
            }),
            "has two tensors called 'bias'");
  EXPECT_EQ(faultAfter([](Manifest &manifest) {
              manifest.program.tensors[11].of = "biases";
            }),
            "has a gradient 'd_bias' of 'biases', which is no tensor of it");
}

TEST(CheckProgram, SaysWhatIsWrongWithViews) {
  const auto faultOfResult = [](const MatrixView &view) {
    return faultIn<ProductOperation>(
        0, [&](ProductOperation &op) { op.result = view; });
  };
  EXPECT_EQ(faultOfResult({"gates"}),
            "'forward' operation 0 names 'gates', which is no tensor of it");
  EXPECT_EQ(faultOfResult({"preactivations", std::nullopt, Steps::Current}),
            "'forward' operation 0 takes the current step of 'preactivations' "
            "outside a loop over time");
  EXPECT_EQ(faultOfResult({"input", PackedRange{0, 1}}),
            "'forward' operation 0 takes a range of 'input', which has no "
            "packed axis");
  EXPECT_EQ(faultOfResult({"carried", std::nullopt, Steps::First}),
            "'forward' operation 0 takes steps of 'carried', which has no axis "
            "'time'");
  for (const auto &[begin, count] : std::initializer_list<PackedRange>{
           {1, 2}, {3, 1}, {-1, 1}, {0, 0}, {0, 3}, {1, INT64_MAX}})
    EXPECT_EQ(faultInLoop<ProductOperation>(0,
                                            [&](ProductOperation &op) {
                                              op.result.range =
                                                  PackedRange{begin, count};
                                            }),
              "'forward' operation 2 operation 0 takes " +
                  std::to_string(count) + " places from " +
                  std::to_string(begin) +
                  " on of 'recurrent', which has 2 along 'recurrent'");
  EXPECT_EQ(faultAfter([](Manifest &manifest) {
              manifest.program.step = {{FillOperation{{"gates"}}}};
            }),
            "'step' operation 0 names 'gates', which is no tensor of it");
}

TEST(CheckProgram, SaysWhichMatricesDoNotFit) {
  EXPECT_EQ(faultIn<ProductOperation>(
                0, [](ProductOperation &op) { op.transposeB = false; }),
            "'forward' operation 0 multiplies matrices that do not fit: the "
            "columns of the first and the rows of the second are inputs and "
            "channels");
  EXPECT_EQ(faultIn<ProductOperation>(
                0, [](ProductOperation &op) { op.a.steps = Steps::First; }),
            "'forward' operation 0 multiplies matrices that do not fit: the "
            "rows of the result and of the first are batch x time and batch");
  EXPECT_EQ(faultInLoop<ProductOperation>(
                0, [](ProductOperation &op) { op.b.range.reset(); }),
            "'forward' operation 2 operation 0 multiplies matrices that do not "
            "fit: the columns of the result and of the second are channels and "
            "2 x channels");
  EXPECT_EQ(
      faultAfter([](Manifest &manifest) {
        std::get<ProductOperation>(manifest.program.backward[2].what).b.steps =
            Steps::All;
      }),
      "'backward' operation 2 multiplies matrices that do not fit: the "
      "columns of the first and the rows of the second are (batch x "
      "time) - 1 and batch x time");
}

TEST(CheckProgram, SaysWhatIsWrongWithSumsAndCopies) {
  const auto faultOfSum = [](const SumOperation &sum) {
    return faultAfter(
        [&](Manifest &manifest) { manifest.program.backward[3] = {sum}; });
  };
  EXPECT_EQ(faultOfSum({"d_bias", "rows"}),
            "'backward' operation 3 names 'rows', which is no tensor of it");
  EXPECT_EQ(faultOfSum({"last", "d_bias_rows"}),
            "'backward' operation 3 sums 'd_bias_rows' to 'last', which is not "
            "the same without the batch");
  EXPECT_EQ(faultOfSum({"d_bias", "weight"}),
            "'backward' operation 3 sums 'weight' to 'd_bias', which is not "
            "the same without the batch");
  const auto faultOfCopy = [](const CopyOperation &copy) {
    return faultIn<CopyOperation>(1, [&](CopyOperation &op) { op = copy; });
  };
  EXPECT_EQ(faultOfCopy({"copy", "initial"}),
            "'forward' operation 1 names 'copy', which is no tensor of it");
  EXPECT_EQ(faultOfCopy({"output", "initial"}),
            "'forward' operation 1 copies 'initial' to 'output', which has "
            "other axes or elements");
  EXPECT_EQ(faultOfCopy({"recurrent", "preactivations"}),
            "'forward' operation 1 copies 'preactivations' to 'recurrent', "
            "which has other axes or elements");
}

TEST(CheckProgram, SaysWhatIsWrongWithLaunches) {
  const std::string place = "'forward' operation 2 operation 1 ";
  const auto fault = [](const std::function<void(LaunchOperation &)> &change) {
    return faultInLoop<LaunchOperation>(1, change);
  };
  EXPECT_EQ(fault([](LaunchOperation &op) { op.entry = "sideways"; }),
            place + "launches 'sideways', which is no entry");
  for (const char *name : {"bias", "batch"})
    EXPECT_EQ(
        fault([&](LaunchOperation &op) { op.arguments[0].argument = name; }),
        place + "launches 'forward' with an argument '" + name +
            "', which it does not take");
  EXPECT_EQ(fault([](LaunchOperation &op) { op.arguments[0].tensor = "h0"; }),
            place + "names 'h0', which is no tensor of it");
  EXPECT_EQ(
      fault([](LaunchOperation &op) { op.arguments[1].argument = "initial"; }),
      place + "launches 'forward' with two tensors for 'initial'");
  EXPECT_EQ(fault([](LaunchOperation &op) { op.arguments[0].tensor = "bias"; }),
            place + "launches 'forward' with 'bias' for 'initial', which has "
                    "other axes or elements");
  EXPECT_EQ(fault([](LaunchOperation &op) {
              op.arguments.erase(op.arguments.begin() + 2);
            }),
            place + "launches 'forward' without 'output'");
  // One that may be null may be left out.
  EXPECT_EQ(fault([](LaunchOperation &op) {
              op.arguments.erase(op.arguments.begin() + 1);
            }),
            "");
}

TEST(CheckProgram, ComparesWhatElementsAre) {
  // f32 stands for io where io is f32.
  for (const bool isSame : {true, false}) {
    const std::string fault = faultAfter([&](Manifest &manifest) {
      manifest.ioType = isSame ? "f32" : "bf16";
      manifest.program.tensors[7].element = Element::F32; // output
    });
    EXPECT_EQ(fault.empty(), isSame) << fault;
  }
}

TEST(CheckProgram, RefusesALoopInAnother) {
  EXPECT_EQ(faultIn<TimeLoop>(
                2, [](TimeLoop &loop) { loop.body.push_back({TimeLoop{}}); }),
            "'forward' operation 2 operation 2 has a loop over time in "
            "another");
}

TEST(ContractTensors, HaveNamesOfTheirOwnAndGradientsTheirs) {
  std::set<std::string> names;
  for (const auto &[tensor, condition, about] : contractTensors()) {
    EXPECT_TRUE(names.insert(tensor.name).second) << tensor.name;
    EXPECT_FALSE(tensor.axes.empty()) << tensor.name;
    EXPECT_EQ(tensor.role == Role::Gradient, !tensor.of.empty()) << tensor.name;
    if (tensor.role != Role::Gradient)
      continue;
    EXPECT_EQ(tensor.name, "d_" + tensor.of);
    const ProgramTensor *of = findContractTensor(tensor.of);
    ASSERT_NE(of, nullptr) << tensor.name;
    EXPECT_EQ(tensor.axes, of->axes) << tensor.name;
  }
}

} // namespace
