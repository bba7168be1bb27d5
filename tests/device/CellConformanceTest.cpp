//===- CellConformanceTest.cpp - Every cell on every device, judged -------===//
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
// judge of any cell.
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

namespace {

class CellOnDevice
    : public OnDevice,
      public testing::WithParamInterface<std::tuple<std::string, std::string>> {
protected:
  void SetUp() override {
    open(std::get<0>(GetParam()));
    if (IsSkipped() || HasFatalFailure())
      return;
    cell = std::get<1>(GetParam());
    program = parseProgramFile(cellFile(cell));
  }

  /// The cell's kernels by the domain of their scan, each code once. (Log space
  /// is what `auto` stands for on a GPU, but not on the host, and not every
  /// cell has it.)
  std::map<std::string, CompiledCell> compileInAllDomains() const {
    return compileInAllDomains(device, "f32");
  }
  std::map<std::string, CompiledCell>
  compileInAllDomains(const std::shared_ptr<Device> &owner,
                      const std::string &ioType) const {
    std::map<std::string, CompiledCell> compiled;
    for (auto [name, scan] : {std::pair{"auto", ScanDomain::Auto},
                              {"linear", ScanDomain::Linear},
                              {"log", ScanDomain::Log}})
      try {
        CompiledCell made(owner, cell, {.scan = scan, .ioType = ioType});
        bool isNew = true;
        for (const auto &[other, known] : compiled)
          isNew &= known.code() != made.code();
        if (isNew)
          compiled.emplace(name, std::move(made));
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

  void report(const std::string &what, const Bounds &bounds) const {
    std::cout << "figure: " << device->name() << ", " << cell << ", " << what
              << ": largest relative error " << bounds.largestRelative
              << ", largest part of a bound " << bounds.largestShare << "\n";
  }

  std::string cell;
  reference::Program program;
};

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
    if (argument.isWritten && argument.isOptional)
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

/// Of values[B, T, width], the step `t`.
template <typename Element>
std::vector<Element> stepOf(const std::vector<Element> &values,
                            const Shape &shape, int64_t t, int64_t width) {
  std::vector<Element> rows;
  for (int64_t row = 0; row < shape.batch; ++row) {
    auto from = values.begin() + (row * shape.time + t) * width;
    rows.insert(rows.end(), from, from + width);
  }
  return rows;
}

Judged stepOf(const Judged &judged, const Shape &shape, int64_t t,
              int64_t width) {
  return {stepOf(judged.value, shape, t, width),
          stepOf(judged.magnitude, shape, t, width),
          stepOf(judged.error, shape, t, width)};
}

/// The call of `step` for the step `t` of a sequence; every second one in
/// place, where there is a place. No `initial` is zero.
EntryCall stepCall(const reference::Program &program,
                   const KernelProgram &kernels, const EntryCall &whole,
                   const std::vector<float> &previous, int64_t t) {
  const Shape &shape = whole.shape;
  const auto gates = static_cast<int64_t>(program.gates.size());
  const auto states = program.states.size();
  EntryCall call = whole;
  call.shape.time = 1;
  call.inputs.erase("initial");
  call.inputs["preactivations"] = stepOf(whole.inputs.at("preactivations"),
                                         shape, t, gates * shape.channels);
  if (program.readsInput)
    call.inputs["input"] =
        stepOf(whole.inputs.at("input"), shape, t, shape.channels);
  if (!whole.reset.empty())
    call.reset = stepOf(whole.reset, shape, t, 1);
  if (!previous.empty()) {
    call.inputs["initial"] = previous;
    if (t % 2 == 1)
      call.inPlace = {{"last", "initial"}};
  }
  if (program.recurrent.empty())
    return call;
  // Poison, for `forward_inner0` reads the products of the states alone.
  std::vector<float> products(program.recurrent.size() *
                                  size_t(shape.batch * shape.channels),
                              std::numeric_limits<float>::quiet_NaN());
  // U times what is projected: operands[B, count, H].
  const auto addProducts = [&](bool ofInner, size_t count,
                               const std::vector<float> &operands) {
    const int64_t width = shape.channels;
    StepProducts{shape.batch, width, kernels.projections(), ofInner}
        .multiply<float>(
            call.recurrentWeights.data(),
            {operands.data(), static_cast<int64_t>(count) * width},
            {products.data(),
             static_cast<int64_t>(program.recurrent.size()) * width});
  };
  addProducts(/*ofInner=*/false, states,
              previous.empty()
                  ? std::vector<float>(states * size_t(shape.states()), 0.0F)
                  : previous);
  call.inputs["recurrent"] = products;
  if (program.inner.empty())
    return call;
  EntryCall before = call;
  before.reverse = false;
  before.inPlace.clear();
  before.unwanted = {"last"};
  addProducts(/*ofInner=*/true, program.inner.size(),
              kernels.run("forward_inner0", before).at("inner"));
  call.inputs["recurrent"] = products;
  return call;
}

TEST_P(CellOnDevice, AgreesWithTheJudge) {
  for (const auto &[domain, compiled] : compileInAllDomains()) {
    Bounds bounds;
    uint64_t turn = 0;
    for (const Setting &setting : settings(compiled.load())) {
      SCOPED_TRACE(testing::Message() << domain << ", " << describe(setting));
      const KernelProgram kernels = compiled.load(++turn);
      const Case sample = makeCase(program, kernels, setting, 10 * turn);
      const EntryCall call = callOf(program, sample);
      const Both found = runBoth(kernels, call);
      bounds.expectAgrees(program, kernels, sample, found);
      if (turn % 3 == 0)
        expectTheSameWithFewerOutputs(kernels, call, found);
      if (HasFailure())
        return; // One report of a fault is enough.
    }
    report(domain, bounds);
  }
}

/// Beyond 65,535 steps, too, which no counter of 16 bits holds.
TEST_P(CellOnDevice, LongSequencesAgreeWithTheJudge) {
  for (const auto &[domain, compiled] : compileInAllDomains()) {
    const KernelProgram kernels = compiled.load(1);
    // One launch a step would take its time.
    if (kernels.isRecurrent())
      return;
    Setting setting;
    setting.shape = {1, 65601, 3};
    setting.options.nonNegativeInitial = true;
    SCOPED_TRACE(testing::Message() << domain << ", " << describe(setting));
    const Case sample = makeCase(program, kernels, setting, 91);
    Bounds bounds;
    bounds.expectAgrees(program, kernels, sample,
                        runBoth(kernels, callOf(program, sample)));
    report(domain + ", long", bounds);
  }
}

/// Half-precision kernels differ from the single-precision ones in storage
/// alone.
TEST_P(CellOnDevice, StoresHalvesOfWhatItComputes) {
  const std::map<std::string, CompiledCell> full = compileInAllDomains();
  bool lacksHalves = false;
  for (const auto &[ioType, owner] : halves()) {
    std::map<std::string, CompiledCell> half;
    try {
      half = compileInAllDomains(owner, ioType);
    } catch (const Refused &refusal) {
      // Only f16, and only where the processor cannot convert it.
      ASSERT_TRUE(ioType == "f16" && !runsPtx()) << refusal.what();
      ASSERT_NE(std::string(refusal.what()).find("f16"), std::string::npos)
          << refusal.what();
      lacksHalves = true;
      continue;
    }
    ASSERT_EQ(half.size(), full.size());
    for (const auto &[domain, compiled] : half) {
      uint64_t turn = 0;
      for (const Setting &setting : settings(compiled.load())) {
        SCOPED_TRACE(testing::Message()
                     << ioType << " of " << owner->target() << ", " << domain
                     << ", " << describe(setting));
        const KernelProgram kernels = compiled.load(++turn);
        const KernelProgram exact = full.at(domain).load();
        ASSERT_EQ(kernels.manifest().ioType, ioType);
        Case sample = makeCase(program, kernels, setting, 10 * turn);
        roundInputs(sample, ioType);
        EntryCall call = callOf(program, sample);
        const Both found = runBoth(kernels, call);
        expectStored(found.forward, exact.forward(call), ioType);
        // Both from the states as they were stored.
        addSaved(call, found.forward);
        expectStored(found.backward, exact.backward(call), ioType);
        if (HasFailure())
          return;
      }
    }
  }
  if (lacksHalves)
    GTEST_SKIP() << "this processor does not convert f16; bf16 was tested";
}

/// Single steps, one after the other, are the sequence.
TEST_P(CellOnDevice, StepsAreTheSequence) {
  for (const auto &[domain, compiled] : compileInAllDomains()) {
    Bounds bounds;
    const KernelProgram kernels = compiled.load(3);
    for (bool everything : {false, true}) {
      Setting setting;
      setting.shape = {2, 12, 37};
      setting.options.bias = everything;
      setting.options.recurrentBias = everything;
      setting.options.reset = everything;
      setting.options.initial = everything;
      setting.options.nonNegativeInitial = kernels.manifest().scan == "log";
      const Case sample = makeCase(program, kernels, setting, 77);
      const CallResults expected = evaluate(program, sample.judged);
      const EntryCall whole = callOf(program, sample);
      const Shape &shape = setting.shape;
      const auto states = static_cast<int64_t>(program.states.size());
      std::vector<float> state;
      if (everything)
        state = whole.inputs.at("initial");
      for (int64_t t = 0; t < shape.time; ++t) {
        SCOPED_TRACE(testing::Message() << domain << ", step " << t << " of "
                                        << describe(setting));
        NamedArrays run =
            kernels.run("step", stepCall(program, kernels, whole, state, t));
        bounds.expectWithin(
            run, "last",
            stepOf(expected.states, shape, t, states * shape.channels));
        bounds.expectWithin(run, "output",
                            stepOf(expected.output, shape, t, shape.channels));
        if (HasFailure())
          return;
        state = std::move(run.at("last"));
      }
    }
    report(domain + ", steps", bounds);
  }
}

TEST_P(CellOnDevice, StepsStoreHalvesOfWhatTheyCompute) {
  const KernelProgram exact = CompiledCell(device, cell).load();
  bool lacksHalves = false;
  for (const auto &[ioType, owner] : halves()) {
    std::optional<KernelProgram> kernels;
    try {
      kernels = CompiledCell(owner, cell, {.ioType = ioType}).load(5);
    } catch (const Refused &refusal) {
      ASSERT_TRUE(ioType == "f16" && !runsPtx()) << refusal.what();
      lacksHalves = true;
      continue;
    }
    Setting setting;
    setting.shape = {2, 9, 37};
    setting.options.reset = true;
    setting.options.nonNegativeInitial = exact.manifest().scan == "log";
    Case sample = makeCase(program, exact, setting, 78);
    roundInputs(sample, ioType);
    const EntryCall whole = callOf(program, sample);
    std::vector<float> state = whole.inputs.at("initial");
    for (int64_t t = 0; t < setting.shape.time; ++t) {
      SCOPED_TRACE(testing::Message()
                   << ioType << " of " << owner->target() << ", step " << t);
      const EntryCall call = stepCall(program, exact, whole, state, t);
      NamedArrays run = kernels->run("step", call);
      expectStored(run, exact.run("step", call), ioType);
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
  for (const std::string ioType : {"f32", "bf16"}) {
    std::optional<CompiledCell> compiled;
    try {
      compiled.emplace(device, cell,
                       CellOptions{.ioType = ioType, .recompute = true});
    } catch (const Refused &refusal) {
      EXPECT_NE(std::string(refusal.what()).find("sequential"),
                std::string::npos)
          << refusal.what();
      EXPECT_EQ(CompiledCell(device, cell).load().manifest().kind,
                "sequential");
      return;
    }
    Bounds bounds;
    uint64_t turn = 0;
    for (const Setting &setting : settings(compiled->load())) {
      SCOPED_TRACE(testing::Message() << ioType << ", " << describe(setting));
      const KernelProgram kernels = compiled->load(++turn);
      Case sample = makeCase(program, kernels, setting, 10 * turn);
      roundInputs(sample, ioType);
      const Both found = runBoth(kernels, callOf(program, sample));
      if (ioType == "f32") {
        bounds.expectAgrees(program, kernels, sample, found);
      } else {
        // Every element written; and the output near, although the states
        // before each step are better here than those that were stored.
        const Judged expected = evaluate(program, sample.judged).output;
        const std::vector<float> &output = found.forward.at("output");
        for (size_t i = 0; i < output.size(); ++i)
          ASSERT_NEAR(output[i], expected.value[i],
                      0x1p-8 * (1 + expected.magnitude[i]));
      }
      if (HasFailure())
        return;
    }
    report(ioType + ", recomputed", bounds);
  }
}

/// All of these, and one of the literature whose exponentials are
/// of any size.
std::vector<std::string> judgedCellNames() {
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
                                          testing::ValuesIn(judgedCellNames())),
                         caseName);

} // namespace
