//===- RunOnDevicesTest.cpp - `minrnn run` on every device ----------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Whole files in and out, by the command line: every cell on every device, with
// gradients, backwards in time, by single steps, in both scan domains, held to
// the reference; and in halves, held to what the host writes.
//
//===----------------------------------------------------------------------===//

#include "tests/device/CompiledCells.h"
#include "tests/device/OnDevice.h"
#include "tests/reference/RunReference.h"
#include "tests/runtime/Tool.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <iostream>
#include <optional>
#include <string>
#include <tuple>

using namespace minrnn;
using namespace minrnn::test;

namespace {

using ExpectedTensors = std::map<std::string, reference::Estimates>;

/// A file for `minrnn run`, and what is to be written.
class RunCase {
public:
  explicit RunCase(const std::string &name)
      : cell(reference::parseCellFile(cellFile(name))) {
    std::uint64_t seed = 1;
    tensors.put("x", {batch, time, channels}, seed++);
    std::vector<std::string> gates = cell.gates;
    for (const reference::ParsedProjection &gate : cell.recurrent)
      gates.push_back(gate.name);
    for (const std::string &gate : gates) {
      tensors.put(gate + ".weight", {channels, channels}, seed++, 0.5);
      // One gate without a bias.
      if (seed % 7 != 0)
        tensors.put(gate + ".bias", {channels}, seed++, 0.5);
    }
    for (const std::string &parameter : cell.parameters)
      tensors.put(parameter, {channels}, seed++, 0.5);
    for (const std::string &state : cell.states) {
      tensors.put(state + "0", {batch, channels}, seed++);
      // In log space a state must not be negative.
      for (double &number : tensors[state + "0"])
        number = std::abs(number);
    }
  }

  /// Adds the gradients that come in; a mask with some marks.
  void addGradients() {
    hasGradients = true;
    tensors.put("d" + (cell.hasSeparateOutput ? "y" : cell.states[0]),
                {batch, time, channels}, 71);
    for (const std::string &state : cell.states)
      tensors.put("d" + state + "_last", {batch, channels}, 72);
  }
  void addReset() {
    tensors.resetShape = {batch, time};
    tensors.reset = std::string(batch * time, '\0');
    for (const std::size_t place : {0, 4, 10, 11, 17})
      tensors.reset[place] = '\3';
  }
  /// Leaves out what may be absent.
  void removeOptionalTensors() {
    std::erase_if(tensors.byName, [&](const auto &tensor) {
      const std::string &name = tensor.first;
      return name.ends_with(".bias") || name.ends_with("_last") ||
             std::ranges::find(cell.states, name.substr(0, name.size() - 1)) !=
                 cell.states.end();
    });
  }

  void write(const std::string &path) const { tensors.write(path); }

  ExpectedTensors expected(bool reverse, bool logarithmic,
                           const std::string &ioType) const {
    reference::FileTensors file;
    for (const auto &[name, tensor] : tensors.byName)
      file[name] = tensor.values;
    if (!tensors.reset.empty())
      file["reset"].assign(tensors.reset.begin(), tensors.reset.end());
    return reference::expectedRun(cell, file,
                                  {.inputs = channels,
                                   .shape = {batch, time, channels},
                                   .reverse = reverse,
                                   .logarithmic = logarithmic,
                                   .ioType = ioType,
                                   .gradients = hasGradients});
  }

private:
  static constexpr std::int64_t batch = 2;
  static constexpr std::int64_t time = 9;
  /// As many channels as inputs, for the cells that read theirs.
  static constexpr std::int64_t channels = 5;

  reference::ParsedCell cell;
  Tensors tensors;
  bool hasGradients = false;
};

class RunOnDevice
    : public Tool,
      public testing::WithParamInterface<std::tuple<std::string, std::string>> {
protected:
  void SetUp() override {
    std::tie(device, name) = GetParam();
    try {
      target = openDevice(device, 0, {emulatorFactory()});
    } catch (const Error &error) {
      GTEST_SKIP() << error.what();
    }
  }

  /// What `minrnn run` writes.
  std::map<std::string, std::vector<float>>
  run(const std::string &on, const std::string &options) const {
    const std::string out = file("out-" + on);
    const Outcome outcome =
        minrnn("run " + cellFile(name) + " --in " + file("in") + " --out " +
               out + " --device " + on + options);
    EXPECT_EQ(outcome.status, 0) << options << ": " << outcome.err;
    EXPECT_EQ(outcome.out, "");
    std::map<std::string, std::vector<float>> tensors;
    if (outcome.status != 0)
      return tensors;
    const SafetensorsReader reader(out);
    for (const auto &[tensor, info] : reader.tensors())
      tensors[tensor] = reader.readFloats(tensor, info.shape);
    return tensors;
  }

  /// Whether cells of this io type can be compiled for the processor.
  bool hostHas(const std::string &ioType) const {
    try {
      const CompiledCell made(openDevice("host"), name, {.ioType = ioType});
      return !made.code().empty();
    } catch (const Refused &) {
      return false;
    }
  }

  /// Whether `--scan=auto` is in log space there.
  bool isLogarithmic(const std::string &on) const {
    return CompiledCell(on == device ? target
                                     : openDevice(on, 0, {emulatorFactory()}),
                        name)
               .load()
               .manifest()
               .scan == "log";
  }

  void expectAgrees(const std::map<std::string, std::vector<float>> &found,
                    const ExpectedTensors &all) {
    EXPECT_EQ(found.size(), all.size());
    try {
      for (const auto &[tensor, expected] : all)
        reference::compareRun(tensor, found.at(tensor), expected, metrics);
    } catch (const std::exception &fault) {
      ADD_FAILURE() << fault.what();
    }
  }

  std::string device;
  std::string name;
  std::shared_ptr<Device> target;
  reference::ErrorMetrics metrics;
};

TEST_P(RunOnDevice, AgreesWithTheReference) {
  for (const bool reset : {false, true})
    for (const bool reverse : {false, true})
      for (const char *scan : {"auto", "linear"})
        for (const bool bySteps : {false, true}) {
          const std::string options =
              std::string(bySteps ? " --grad --by-steps" : " --grad") +
              (reverse ? " --reverse" : "") + " --scan " + scan;
          SCOPED_TRACE(options + (reset ? ", with resets" : ""));
          RunCase sample(name);
          sample.addGradients();
          if (reset)
            sample.addReset();
          else if (reverse)
            sample.removeOptionalTensors();
          sample.write(file("in"));
          // (A step has no scan, but may take logarithms.)
          const bool logarithmic =
              std::string(scan) == "auto" && isLogarithmic(device);
          expectAgrees(run(device, options),
                       sample.expected(reverse, logarithmic, "f32"));
          if (HasFailure())
            return;
        }
  std::cout << "measured: minrnn run on " << device << ", " << name
            << ": largest part of a bound " << metrics.largestShare << "\n";
}

class RunBesideTheHost : public RunOnDevice {};

/// In halves a number may fall to either side on two devices, and backward
/// starts from the numbers as they fell.
TEST_P(RunBesideTheHost, WritesTheSameHalves) {
  for (const std::string ioType : {"f16", "bf16"}) {
    if (!hostHas(ioType))
      continue;
    const std::string options = " --grad --reverse --io-type " + ioType;
    SCOPED_TRACE(options);
    RunCase sample(name);
    sample.addGradients();
    sample.addReset();
    sample.write(file("in"));
    const ExpectedTensors bounds = sample.expected(
        true, isLogarithmic(device) || isLogarithmic("host"), ioType);
    const auto found = run(device, options);
    const auto expected = run("host", options);
    ASSERT_EQ(found.size(), bounds.size());
    ASSERT_EQ(expected.size(), bounds.size());
    /// One unit in the last place.
    const double unit = ioType == "f16" ? 0x1p-10 : 0x1p-7;
    for (const auto &[tensor, bound] : bounds)
      for (std::size_t i = 0; i < bound.value.size(); ++i) {
        double allowed = 2 * reference::safety * bound.error[i];
        if (tensor.starts_with("d_"))
          allowed += unit * bound.magnitude[i];
        else if (!tensor.ends_with("_last"))
          allowed += unit * std::abs(bound.value[i]);
        const double difference =
            std::abs(double{found.at(tensor)[i]} - expected.at(tensor)[i]);
        ASSERT_TRUE(difference <= allowed)
            << tensor << "[" << i << "] is " << found.at(tensor)[i]
            << ", on the host " << expected.at(tensor)[i] << ", allowed "
            << allowed;
        metrics.largestShare =
            std::max(metrics.largestShare, difference / allowed);
      }
  }
  std::cout << "measured: minrnn run on " << device << ", " << name
            << " in halves: largest part of what is allowed "
            << metrics.largestShare << "\n";
}

std::string
caseName(const testing::TestParamInfo<RunOnDevice::ParamType> &info) {
  return std::get<0>(info.param) + "_" + std::get<1>(info.param);
}

INSTANTIATE_TEST_SUITE_P(Devices, RunOnDevice,
                         testing::Combine(testing::ValuesIn(everyDevice()),
                                          testing::ValuesIn(allCellNames())),
                         caseName);
INSTANTIATE_TEST_SUITE_P(Devices, RunBesideTheHost,
                         testing::Combine(testing::ValuesIn(devicesOfPtx()),
                                          testing::ValuesIn(allCellNames())),
                         caseName);

TEST_F(Tool, ListsTheDevices) {
  std::string expected;
  for (const DeviceReport &report : listDevices({emulatorFactory()}))
    expected += report.name + (report.usable ? ": " : ": not usable: ") +
                report.text + "\n";
  const Outcome outcome = minrnn("devices");
  EXPECT_EQ(outcome.status, 0);
  EXPECT_EQ(outcome.out, expected);
  EXPECT_EQ(outcome.err, "");
  EXPECT_NE(expected.find("emulator: runs the PTX of sm_75 on the processor, "
                          "with checks; correct, not fast; "),
            std::string::npos);
}

TEST_F(Tool, SaysWhyADeviceCannotBeUsed) {
  RunCase("mingru").write(file("in"));
  bool isTested = false;
  for (const DeviceReport &report : listDevices({emulatorFactory()})) {
    if (report.usable)
      continue;
    isTested = true;
    expectError(minrnn("run " + cell("mingru") + " --in " + file("in") +
                       " --out " + file("out") + " --device " + report.name),
                report.text);
  }
  if (!isTested)
    GTEST_SKIP() << "every device can be used here";
}

TEST_F(Tool, PrintsWhatTheEmulatorCounted) {
  RunCase sample("mingru");
  sample.addGradients();
  sample.write(file("in"));
  const std::string command = "run " + cell("mingru") + " --in " + file("in") +
                              " --out " + file("out") + " --grad --stats";
  const Outcome outcome = minrnn(command + " --device emulator");
  ASSERT_EQ(outcome.status, 0) << outcome.err;
  std::istringstream lines(outcome.out);
  std::string line;
  std::getline(lines, line);
  std::istringstream head(line);
  std::string first;
  std::string second;
  std::string third;
  head >> first >> second >> third;
  EXPECT_EQ(first, "forward");
  EXPECT_EQ(second, "backward");
  EXPECT_EQ(third, "sum_rows");
  EXPECT_TRUE((head >> std::ws).eof());
  // 2 rows of 9 steps of 5 channels, with two gates: f32 in, f32 out; also the
  // initial and the last states, and the one bias that there is with zeros for
  // the other. (Of the output backward needs what came before each step: all
  // but the last. It leaves each row's gradients of the biases, which are
  // summed.)
  const std::map<std::string, std::vector<std::string>> known = {
      {"launches", {"1", "1", "1"}},
      {"blocks", {"2", "2", "1"}},
      {"bytes read, needed", {"800", "1,520", "80"}},
      {"bytes written, needed", {"400", "840", "40"}},
      {"atomics", {"0", "0", "0"}},
      {"shared bank conflicts", {"0", "0", "0"}}};
  const std::vector<std::string> names = {"launches",
                                          "blocks",
                                          "threads",
                                          "bytes read, needed",
                                          "bytes read, moved",
                                          "bytes written, needed",
                                          "bytes written, moved",
                                          "atomics",
                                          "shared accesses of warps",
                                          "shared bank conflicts",
                                          "special functions",
                                          "instructions of warps",
                                          "instructions of threads",
                                          "divergent branches",
                                          "barriers of blocks"};
  for (const std::string &name : names) {
    ASSERT_TRUE(std::getline(lines, line)) << name;
    EXPECT_EQ(line.rfind(name + "  ", 0), 0U) << line;
    std::istringstream row(line.substr(name.size()));
    row >> first >> second >> third;
    EXPECT_TRUE((row >> std::ws).eof()) << line;
    for (const std::string &number : {first, second, third})
      EXPECT_EQ(number.find_first_not_of("0123456789,"), std::string::npos)
          << line;
    if (auto found = known.find(name); found != known.end()) {
      EXPECT_EQ((std::vector{first, second, third}), found->second) << line;
    }
  }
  EXPECT_FALSE(std::getline(lines, line)) << line;

  const std::string refusal = "minrnn: error: --stats counts what the emulator "
                              "runs; add --device emulator\n";
  expectError(minrnn(command), refusal);
  for (const std::string &other : everyDevice()) {
    std::string elsewhere = command;
    elsewhere.append(" --device ").append(other);
    if (other != "emulator")
      expectError(minrnn(elsewhere), refusal);
  }
}

} // namespace
