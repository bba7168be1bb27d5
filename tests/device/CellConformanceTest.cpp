//===- CellConformanceTest.cpp - Every cell on every device ---------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Every cell of specs/cells and tests/device/cells, parallel and sequential,
// and RWKV-4 on every device: forward, backward and step, with resets and
// without, in both directions, with every optional argument and without, in
// both scan domains, in every io type and with recomputed states, against the
// reference of any cell. The other cells of the literature (tests/cells) are
// put to fewer calls, on the host.
//
//===----------------------------------------------------------------------===//

#include "minrnn/emulator_device.h"
#include "tests/device/CellCases.h"
#include "tests/device/CompiledCells.h"
#include "tests/device/OnDevice.h"
#include "tests/reference/HalfStorage.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <iostream>
#include <limits>
#include <map>
#include <set>
#include <string>
#include <tuple>
#include <vector>

using namespace minrnn;
using namespace minrnn::test;
using namespace minrnn::reference;
using compiler::ScanDomain;
using compiler::Schedule;

namespace {

/// The bits of two runs' arrays, which must be the same ones.
void expectSameBits(const NamedArrays &found, const NamedArrays &expected) {
  for (const auto &[name, values] : found) {
    const std::vector<float> &other = expected.at(name);
    ASSERT_EQ(values.size(), other.size()) << name;
    EXPECT_TRUE(values.empty() ||
                std::memcmp(values.data(), other.data(),
                            values.size() * sizeof(float)) == 0)
        << name;
  }
}

std::set<std::string> optionalOutputs(const KernelProgram &kernels,
                                      const char *entry) {
  std::set<std::string> names;
  for (const KernelArgument &argument :
       kernels.manifest().entry(entry).arguments)
    if (argument.isWritten() && argument.isOptional)
      names.insert(argument.name);
  return names;
}

/// Outputs that are not wanted change nothing in the others.
void expectTheSameWithFewerOutputs(const KernelProgram &kernels, EntryCall call,
                                   const Both &all) {
  call.unwanted = optionalOutputs(kernels, "forward");
  ASSERT_FALSE(call.unwanted.empty());
  const NamedArrays forward = kernels.forward(call);
  EXPECT_TRUE(forward.contains("output"));
  expectSameBits(forward, all.forward);
  addSaved(call, all.forward);
  call.unwanted = optionalOutputs(kernels, "backward");
  ASSERT_FALSE(call.unwanted.empty());
  const NamedArrays backward = kernels.backward(call);
  EXPECT_TRUE(backward.contains("d_preactivations"));
  expectSameBits(backward, all.backward);
}

/// Whether an array holds elements of the io type.
bool isStored(const std::string &name) {
  return name == "output" || name == "states" || name == "d_preactivations" ||
         name == "d_input";
}

/// `found` holds the numbers of `exact`, to the bit; those that are stored in
/// halves, rounded.
void expectStored(const NamedArrays &found, const NamedArrays &exact,
                  const std::string &ioType) {
  ASSERT_EQ(found.size(), exact.size());
  for (const auto &[name, numbers] : found) {
    const std::vector<float> &expected = exact.at(name);
    ASSERT_EQ(numbers.size(), expected.size()) << name;
    for (size_t i = 0; i < numbers.size(); ++i) {
      const float wanted =
          isStored(name) ? roundedTo(ioType, expected[i]) : expected[i];
      // (A state beyond the largest f16 is infinite, and no less.)
      if (std::isnan(wanted) && std::isnan(numbers[i]))
        continue;
      ASSERT_EQ(numbers[i], wanted)
          << name << "[" << i << "] of " << expected[i];
    }
  }
}

class CellOnDevice
    : public OnDevice,
      public testing::WithParamInterface<std::tuple<std::string, std::string>> {
protected:
  void SetUp() override {
    open(std::get<0>(GetParam()));
    if (IsSkipped() || HasFatalFailure())
      return;
    name = std::get<1>(GetParam());
    cell = parseCellFile(cellFile(name));
  }

  /// The cell's kernels by the domain of their scan, of which `auto` stands for
  /// one or the other by the target. (Not every cell has log space.)
  std::map<std::string, CompiledCell> compileInAllDomains() const {
    return compileInAllDomains(device, "f32", false);
  }
  std::map<std::string, CompiledCell>
  compileInAllDomains(const std::shared_ptr<Device> &owner,
                      const std::string &ioType, bool recompute,
                      Schedule schedule = Schedule::Carry) const {
    std::map<std::string, CompiledCell> compiled;
    for (ScanDomain scan :
         {ScanDomain::Auto, ScanDomain::Linear, ScanDomain::Log})
      try {
        CompiledCell made(owner, name,
                          {.scan = scan,
                           .ioType = ioType,
                           .recompute = recompute,
                           .schedule = schedule});
        std::string domain = made.load().manifest().scan;
        compiled.emplace(std::move(domain), std::move(made));
      } catch (const Refused &) {
        if (scan != ScanDomain::Log)
          throw;
      }
    return compiled;
  }

  /// What is stored in halves, and where: the emulator also shows a GPU that
  /// has an instruction to round to bf16.
  std::vector<std::pair<std::string, std::shared_ptr<Device>>> halves() const {
    std::vector<std::pair<std::string, std::shared_ptr<Device>>> list = {
        {"f16", device}, {"bf16", device}};
    if (device->name() == "emulator")
      list.emplace_back("bf16", EmulatorDevice::create({.target = "sm_80"}));
    return list;
  }

  void report(const std::string &what, const ErrorMetrics &metrics) const {
    std::cout << "measured: " << device->name() << ", " << name << ", " << what
              << ": largest relative error " << metrics.largestRelative
              << ", largest part of a bound " << metrics.largestShare << "\n";
    // (No cell here chooses by a number that is rounded.)
    EXPECT_EQ(metrics.unbounded, 0) << what;
  }

  /// One call of forward and backward, and on the host also step by step unless
  /// it is long, held to the reference. Gives what was found.
  Both expectAgrees(const KernelProgram &kernels, const Case &sample,
                    ErrorMetrics &metrics) const {
    const EntryCall call = callOf(cell, sample);
    const Both found = runBoth(kernels, call);
    try {
      const CallResults results = evaluate(cell, sample.call);
      compareWithReference(cell, kernels, sample, results, found, metrics);
      if (!runsPtx() && call.shape.time < 1000)
        compareStepsWithReference(sample, results, kernels.steps(call),
                                  metrics);
    } catch (const Fault &fault) {
      ADD_FAILURE() << fault.what();
    }
    return found;
  }

  /// All calls of one code. One report of a fault is enough.
  void expectAllAgree(const std::string &domain, const CompiledCell &compiled,
                      std::span<const int64_t> times = everyTime) const {
    ErrorMetrics metrics;
    uint64_t turn = 0;
    for (const Setting &setting : settings(compiled.load(), times)) {
      SCOPED_TRACE(testing::Message() << domain << ", " << describe(setting));
      const KernelProgram kernels = compiled.load(++turn);
      const Case sample = makeCase(cell, kernels, setting, 10 * turn);
      const Both found = expectAgrees(kernels, sample, metrics);
      if (turn % 3 == 0)
        expectTheSameWithFewerOutputs(kernels, callOf(cell, sample), found);
      if (HasFailure())
        return;
    }
    report(domain, metrics);
  }

  /// Half-precision kernels differ from the single-precision ones in storage
  /// alone. Whether this processor has all of them.
  bool storesHalves(Schedule schedule, std::span<const int64_t> times) const {
    const std::map<std::string, CompiledCell> full =
        compileInAllDomains(device, "f32", false, schedule);
    bool hasAll = true;
    for (const auto &[ioType, owner] : halves()) {
      std::map<std::string, CompiledCell> half;
      try {
        half = compileInAllDomains(owner, ioType, false, schedule);
      } catch (const Refused &refusal) {
        // Only f16, and only where the processor cannot convert it.
        EXPECT_TRUE(ioType == "f16" && !runsPtx()) << refusal.what();
        EXPECT_NE(std::string(refusal.what()).find("f16"), std::string::npos)
            << refusal.what();
        hasAll = false;
        continue;
      }
      EXPECT_EQ(half.size(), full.size());
      for (const auto &[domain, compiled] : half) {
        uint64_t turn = 0;
        for (const Setting &setting : settings(compiled.load(), times)) {
          SCOPED_TRACE(testing::Message()
                       << ioType << " of " << owner->target() << ", " << domain
                       << ", " << describe(setting));
          const KernelProgram kernels = compiled.load(++turn);
          const KernelProgram exact = full.at(domain).load();
          EXPECT_EQ(kernels.manifest().ioType, ioType);
          Case sample = makeCase(cell, kernels, setting, 10 * turn);
          roundInputs(sample, ioType);
          EntryCall call = callOf(cell, sample);
          const Both found = runBoth(kernels, call);
          expectStored(found.forward, exact.forward(call), ioType);
          // Both from the states as they were stored.
          addSaved(call, found.forward);
          expectStored(found.backward, exact.backward(call), ioType);
          if (HasFailure())
            return hasAll;
        }
      }
    }
    return hasAll;
  }

  std::string name;
  reference::ParsedCell cell;
};

TEST_P(CellOnDevice, AgreesWithTheReference) {
  for (const auto &[domain, compiled] : compileInAllDomains())
    expectAllAgree(domain, compiled);
}

/// Beyond 65,535 steps, too, which no counter of 16 bits holds.
TEST_P(CellOnDevice, LongSequencesAgreeWithTheReference) {
  for (const auto &[domain, compiled] : compileInAllDomains()) {
    const KernelProgram kernels = compiled.load(1);
    // One launch a step would take its time.
    if (kernels.isRecurrent())
      return;
    Setting setting;
    setting.shape = {1, 65601, 3};
    setting.options.nonNegativeInitial = true;
    SCOPED_TRACE(testing::Message() << domain << ", " << describe(setting));
    const Case sample = makeCase(cell, kernels, setting, 91);
    ErrorMetrics metrics;
    expectAgrees(kernels, sample, metrics);
    report(domain + ", long", metrics);
  }
}

/// Half-precision kernels differ from the single-precision ones in storage
/// alone.
TEST_P(CellOnDevice, StoresHalvesOfWhatItComputes) {
  if (!storesHalves(Schedule::Carry, everyTime))
    GTEST_SKIP() << "this processor does not convert f16; bf16 was tested";
}

/// Single steps, one after the other, are the sequence.
TEST_P(CellOnDevice, StepsAreTheSequence) {
  for (const auto &[domain, compiled] : compileInAllDomains()) {
    ErrorMetrics metrics;
    const KernelProgram kernels = compiled.load(3);
    for (bool everything : {false, true}) {
      Setting setting;
      setting.shape = {2, 12, 37};
      setting.options.bias = everything;
      setting.options.recurrentBias = everything;
      setting.options.reset = everything;
      setting.options.initial = everything;
      setting.options.nonNegativeInitial = kernels.manifest().scan == "log";
      SCOPED_TRACE(testing::Message() << domain << ", " << describe(setting));
      const Case sample = makeCase(cell, kernels, setting, 77);
      try {
        compareStepsWithReference(sample, evaluate(cell, sample.call),
                                  kernels.steps(callOf(cell, sample)), metrics);
      } catch (const Fault &fault) {
        FAIL() << fault.what();
      }
    }
    report(domain + ", steps", metrics);
  }
}

TEST_P(CellOnDevice, StepsStoreHalvesOfWhatTheyCompute) {
  const KernelProgram exact = CompiledCell(device, name).load();
  bool lacksHalves = false;
  for (const auto &[ioType, owner] : halves()) {
    std::optional<KernelProgram> kernels;
    try {
      kernels = CompiledCell(owner, name, {.ioType = ioType}).load(5);
    } catch (const Refused &refusal) {
      ASSERT_TRUE(ioType == "f16" && !runsPtx()) << refusal.what();
      lacksHalves = true;
      continue;
    }
    Setting setting;
    setting.shape = {2, 9, 37};
    setting.options.reset = true;
    setting.options.nonNegativeInitial = exact.manifest().scan == "log";
    Case sample = makeCase(cell, exact, setting, 78);
    roundInputs(sample, ioType);
    const EntryCall whole = callOf(cell, sample);
    std::vector<float> state = whole.inputs.at("initial");
    for (int64_t t = 0; t < setting.shape.time; ++t) {
      SCOPED_TRACE(testing::Message()
                   << ioType << " of " << owner->target() << ", step " << t);
      const EntryCall call = exact.stepCall(whole, t, state);
      NamedArrays run = kernels->run(Procedure::Step, call);
      expectStored(run, exact.run(Procedure::Step, call), ioType);
      if (HasFailure())
        return;
      state = std::move(run.at("last"));
    }
  }
  if (lacksHalves)
    GTEST_SKIP() << "this processor does not convert f16; bf16 was tested";
}

/// Backward from the states at tile boundaries alone holds the same bounds.
TEST_P(CellOnDevice, RecomputedStatesGiveTheSameGradients) {
  try {
    const CompiledCell inDefaultDomain(device, name, {.recompute = true});
    if (runsPtx())
      expectAllAgree("recomputed", inDefaultDomain);
    else
      for (const auto &[domain, compiled] :
           compileInAllDomains(device, "f32", true))
        expectAllAgree(domain + ", recomputed", compiled);
  } catch (const Refused &refusal) {
    EXPECT_NE(std::string(refusal.what()).find("sequential"), std::string::npos)
        << refusal.what();
    EXPECT_EQ(CompiledCell(device, name).load().manifest().kind, "sequential");
    return;
  }
  // In halves: every element written; and the output near, although the states
  // before each step are better here than those that were stored.
  const CompiledCell halves(device, name,
                            {.ioType = "bf16", .recompute = true});
  uint64_t turn = 0;
  for (const Setting &setting : settings(halves.load())) {
    SCOPED_TRACE(testing::Message() << "bf16, " << describe(setting));
    const KernelProgram kernels = halves.load(++turn);
    Case sample = makeCase(cell, kernels, setting, 10 * turn);
    roundInputs(sample, "bf16");
    const Both found = runBoth(kernels, callOf(cell, sample));
    const Estimates expected = evaluate(cell, sample.call).output;
    const std::vector<float> &output = found.forward.at("output");
    for (size_t i = 0; i < output.size(); ++i)
      ASSERT_NEAR(output[i], expected.value[i],
                  0x1p-8 * (1 + expected.magnitude[i]));
  }
}

/// Lengths around tiles (of 128 steps forward, of 64 backward), and beyond one
/// and two groups of 32 of these. (ModularScheduleTest has all of them.)
constexpr int64_t lookbackTimes[] = {0, 1, 65, 127, 2049, 4097};

/// The same where states are recomputed, in tiles of 64 steps either way.
constexpr int64_t recomputedTimes[] = {0, 63, 65, 2113};

/// Tiles that are blocks of their own hold the same bounds, in whatever order
/// the blocks run: each load has another seed.
TEST_P(CellOnDevice, LookbackAgreesWithTheReference) {
  if (!runsPtx())
    GTEST_SKIP() << "the schedule lookback is one of GPUs";
  if (CompiledCell(device, name).load().manifest().kind != "parallel")
    GTEST_SKIP() << "the cell is sequential";
  for (const auto &[domain, scan] :
       {std::pair{"linear", ScanDomain::Linear}, {"log", ScanDomain::Log}})
    try {
      const CompiledCell compiled(
          device, name, {.scan = scan, .schedule = Schedule::Lookback});
      expectAllAgree(std::string(domain) + ", lookback", compiled,
                     lookbackTimes);
      const CompiledCell recomputing(
          device, name,
          {.scan = scan, .recompute = true, .schedule = Schedule::Lookback});
      expectAllAgree(std::string(domain) + ", lookback, recomputed",
                     recomputing, recomputedTimes);
    } catch (const Refused &) {
      if (scan != ScanDomain::Log)
        throw;
    }
}

TEST_P(CellOnDevice, LookbackStoresHalvesOfWhatItComputes) {
  if (!runsPtx() ||
      CompiledCell(device, name).load().manifest().kind != "parallel")
    GTEST_SKIP() << "the schedule lookback is one of parallel cells on GPUs";
  constexpr int64_t times[] = {64, 129, 300};
  EXPECT_TRUE(storesHalves(Schedule::Lookback, times));
}

/// And gives the same bits in every run.
TEST_P(CellOnDevice, LookbackGivesTheSameBitsInEveryOrder) {
  if (!runsPtx() ||
      CompiledCell(device, name).load().manifest().kind != "parallel")
    GTEST_SKIP() << "the schedule lookback is one of parallel cells on GPUs";
  const CompiledCell compiled(device, name, {.schedule = Schedule::Lookback});
  Setting setting;
  setting.shape = {2, 2300, 33};
  setting.options.reset = true;
  setting.options.nonNegativeInitial = compiled.load().manifest().scan == "log";
  std::optional<Both> first;
  for (uint64_t seed : {0, 1, 2}) {
    const KernelProgram kernels = compiled.load(seed);
    const Case sample = makeCase(cell, kernels, setting, 81);
    const Both found = runBoth(kernels, callOf(cell, sample));
    if (!first)
      first = found;
    expectSameBits(found.forward, first->forward);
    expectSameBits(found.backward, first->backward);
  }
}

/// Where channels mix, the bounds grow with every step. After four of them one
/// bound in twenty, at most, is wider than a hundredth of its number; of the
/// sLSTM's one in four, for the errors of its stabiliser cancel and are counted
/// as if they did not.
constexpr int64_t fewTimes[] = {1, 2, 4, 65};

class CellOfTheLiterature : public CellOnDevice {};

TEST_P(CellOfTheLiterature, AgreesWithTheReference) {
  for (const auto &[domain, compiled] : compileInAllDomains())
    expectAllAgree(domain, compiled, fewTimes);
  if (CompiledCell(device, name).load().manifest().kind == "parallel")
    for (const auto &[domain, compiled] :
         compileInAllDomains(device, "f32", true))
      expectAllAgree(domain + ", recomputed", compiled, fewTimes);
}

/// All of these, and one of the literature whose exponentials are
/// of any size.
std::vector<std::string> cellNames() {
  std::vector<std::string> names = allCellNames();
  names.emplace_back("rwkv4");
  return names;
}

std::string
caseName(const testing::TestParamInfo<CellOnDevice::ParamType> &info) {
  return std::get<0>(info.param) + "_" + std::get<1>(info.param);
}

INSTANTIATE_TEST_SUITE_P(Devices, CellOnDevice,
                         testing::Combine(testing::ValuesIn(everyDevice()),
                                          testing::ValuesIn(cellNames())),
                         caseName);
INSTANTIATE_TEST_SUITE_P(
    Devices, CellOfTheLiterature,
    testing::Combine(testing::Values("host"),
                     testing::ValuesIn(literatureCellNames())),
    caseName);

} // namespace
