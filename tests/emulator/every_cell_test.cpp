//===- every_cell_test.cpp - Every cell in every mode, judged -------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Every cell of specs/cells, parallel and sequential, as PTX for sm_75 on the
// emulator: forward, backward and step, with resets and without, in both
// directions, with every optional argument and with none, in both scan domains
// and with recomputed states, against the judge of any cell. Half-precision
// kernels are held to the single-precision ones: they differ in storage alone.
//
//===----------------------------------------------------------------------===//

#include "tests/TestFiles.h"
#include "tests/emulator/KernelProgram.h"
#include "tests/reference/CallSamples.h"
#include "tests/reference/Equations.h"
#include "tests/reference/HalfStorage.h"
#include "tests/reference/Samples.h"

#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <sstream>

using namespace minrnn::emulator;
using namespace minrnn::reference;
using JudgedProgram = minrnn::reference::Program;

namespace {

std::vector<std::string> allCellNames() {
  std::vector<std::string> names;
  for (const auto &file : std::filesystem::directory_iterator(
           minrnn::test::testFile(MINRNN_CELLS_FOLDER)))
    names.push_back(file.path().stem().string());
  std::sort(names.begin(), names.end());
  return names;
}

std::string readText(const std::filesystem::path &path) {
  std::ifstream file(path);
  std::stringstream text;
  text << file.rdbuf();
  if (!file)
    throw std::runtime_error("cannot read " + path.string());
  return text.str();
}

/// `variant` is auto, only_linear or recompute.
KernelProgram kernelsOf(const std::string &cell, const std::string &variant,
                        const std::string &ioType) {
  return KernelProgram(readText(minrnn::test::testFile(MINRNN_EMULATOR_CELLS) +
                                "/" + cell + "-" + variant + "-" + ioType +
                                ".ptx"));
}

JudgedProgram judgeOf(const std::string &cell) {
  return parseProgramFile(minrnn::test::testFile(MINRNN_CELLS_FOLDER) + "/" +
                          cell + ".mlir");
}

std::vector<float> narrow(const std::vector<double> &values) {
  return {values.begin(), values.end()};
}

/// One call of a cell, as the kernels and as the judge take it.
struct Case {
  Call judged;
  std::vector<double> dOutput;
  std::vector<double> dLast;
};

Case makeCase(const JudgedProgram &program, const Shape &shape,
              const CallOptions &options, bool hasDLast, uint64_t seed) {
  Case result;
  result.judged = sampleCall(program, shape, options, seed);
  auto states = static_cast<int64_t>(program.states.size());
  result.dOutput = widen(sampleNormal(shape.outputs(), seed + 1));
  if (hasDLast)
    result.dLast = widen(sampleNormal(shape.states() * states, seed + 2));
  return result;
}

EntryCall callOf(const JudgedProgram &program, const Case &sample) {
  const Call &judged = sample.judged;
  EntryCall call;
  call.shape = judged.shape;
  call.reverse = judged.reverse;
  call.reset = judged.reset;
  call.recurrentWeights = narrow(judged.recurrentWeight);
  call.inputs["preactivations"] = narrow(judged.preactivations);
  if (program.readsInput)
    call.inputs["input"] = narrow(judged.input);
  if (!program.parameters.empty())
    call.inputs["parameters"] = narrow(judged.parameters);
  auto optional = [&](const char *name, const std::vector<double> &values) {
    if (!values.empty())
      call.inputs[name] = narrow(values);
  };
  optional("bias", judged.bias);
  optional("recurrent_bias", judged.recurrentBias);
  optional("initial", judged.initial);
  return call;
}

/// Forward, and then backward on what forward gave.
struct Both {
  CellRun forward;
  CellRun backward;
};

Both runBoth(const KernelProgram &kernels, EntryCall call, const Case &sample,
             const LaunchOptions &options = {}) {
  Both both;
  both.forward = kernels.isRecurrent() ? kernels.forwardInSteps(call, options)
                                       : kernels.run("forward", call, options);
  for (const char *name : {"output", "trajectory", "boundaries", "recurrent"})
    if (auto found = both.forward.outputs.find(name);
        found != both.forward.outputs.end())
      call.inputs[name] = found->second;
  call.inputs["d_output"] = narrow(sample.dOutput);
  if (!sample.dLast.empty())
    call.inputs["d_last"] = narrow(sample.dLast);
  both.backward = kernels.isRecurrent()
                      ? kernels.backwardInSteps(call, options)
                      : kernels.run("backward", call, options);
  return both;
}

/// A GPU's exponential takes its argument times log2 e, rounded, besides the
/// two units in the last place of ex2.approx that the judge counts: another
/// error of the size of those it knows.
constexpr double deviceSafety = 2 * safety;

/// Every element within `deviceSafety` times the judge's bound of its error;
/// numbers below 1e-30 may be flushed to zero. `carriesLogarithms` says that
/// even an initial state has been through a logarithm and an exponential.
void expectWithin(const CellRun &run, const char *name, const Judged &expected,
                  double &worst, bool carriesLogarithms = false) {
  auto found = run.outputs.find(name);
  if (found == run.outputs.end())
    return;
  ASSERT_EQ(found->second.size(), expected.value.size()) << name;
  for (size_t i = 0; i < expected.value.size(); ++i) {
    double error = std::fabs(found->second[i] - expected.value[i]);
    double allowed = deviceSafety * expected.error[i] + 1e-30;
    if (carriesLogarithms)
      allowed += 4 * unitRoundoff * std::fabs(expected.value[i]);
    ASSERT_TRUE(error <= allowed)
        << name << "[" << i << "] is " << found->second[i] << ", expected "
        << expected.value[i] << "; off by " << error << ", allowed " << allowed;
    double size = std::fabs(expected.value[i]);
    if (size > 1e-3 && size > 0.1 * expected.magnitude[i])
      worst = std::max(worst, error / size);
  }
}

void checkCase(const JudgedProgram &program, const KernelProgram &kernels,
               const Case &sample, const LaunchOptions &options,
               double &worst) {
  CallResults expected = evaluate(program, sample.judged);
  CallGradients gradients =
      differentiate(program, sample.judged, sample.dOutput, sample.dLast);
  Both runs = runBoth(kernels, callOf(program, sample), sample, options);
  expectWithin(runs.forward, "output", expected.output, worst);
  expectWithin(runs.forward, "trajectory", expected.trajectory, worst);
  expectWithin(runs.forward, "last", expected.last, worst,
               sample.judged.logarithmic);
  expectWithin(runs.backward, "d_preactivations", gradients.preactivations,
               worst);
  expectWithin(runs.backward, "d_input", gradients.input, worst);
  expectWithin(runs.backward, "d_recurrent", gradients.recurrent, worst);
  expectWithin(runs.backward, "d_bias", gradients.bias, worst);
  expectWithin(runs.backward, "d_recurrent_bias", gradients.recurrentBias,
               worst);
  expectWithin(runs.backward, "d_parameters", gradients.parameters, worst);
  expectWithin(runs.backward, "d_initial", gradients.initial, worst);
}

/// The calls that every cell is put to.
struct Setting {
  Shape shape;
  CallOptions options;
  bool dLast = true;
};

std::vector<Setting> settings(bool isRecurrent, bool isLog) {
  std::vector<Setting> all;
  unsigned turn = 0;
  for (int64_t time : {0, 1, 2, 31, 33, 64, 65, 130})
    for (bool reset : {false, true})
      for (bool reverse : {false, true}) {
        if (isRecurrent && time > 33)
          continue;
        Setting setting;
        setting.shape = {1 + turn % 3, time, turn % 2 ? 3 : 37};
        setting.options.reset = reset;
        setting.options.reverse = reverse;
        setting.options.initial = turn % 3 != 1;
        setting.options.bias = turn % 4 != 2;
        setting.options.recurrentBias = turn % 4 != 3;
        setting.options.hostile = turn % 5 == 4;
        setting.options.nonNegativeInitial = isLog;
        setting.dLast = turn % 3 != 2;
        all.push_back(setting);
        ++turn;
      }
  return all;
}

class EveryCell : public testing::TestWithParam<std::string> {};

} // namespace

TEST_P(EveryCell, AgreesWithTheJudge) {
  JudgedProgram program = judgeOf(GetParam());
  for (const char *variant : {"auto", "only_linear"}) {
    KernelProgram kernels = kernelsOf(GetParam(), variant, "f32");
    double worst = 0;
    uint64_t seed = 1;
    for (const Setting &setting :
         settings(kernels.isRecurrent(), kernels.scan() == "log")) {
      SCOPED_TRACE(testing::Message()
                   << variant << ", T " << setting.shape.time << ", reset "
                   << setting.options.reset << ", reverse "
                   << setting.options.reverse << ", hostile "
                   << setting.options.hostile);
      Case sample = makeCase(program, setting.shape, setting.options,
                             setting.dLast, 10 * seed);
      sample.judged.logarithmic = kernels.scan() == "log";
      LaunchOptions options;
      options.seed = seed++;
      checkCase(program, kernels, sample, options, worst);
      if (HasFatalFailure())
        return;
    }
    std::cout << "figure: " << GetParam() << " " << kernels.scan()
              << ": largest relative error " << worst << "\n";
  }
}

TEST_P(EveryCell, StoresHalvesOfWhatItComputes) {
  JudgedProgram program = judgeOf(GetParam());
  KernelProgram full = kernelsOf(GetParam(), "auto", "f32");
  for (const std::string ioType : {"f16", "bf16"}) {
    KernelProgram half = kernelsOf(GetParam(), "auto", ioType);
    ASSERT_EQ(half.ioType(), ioType);
    uint64_t seed = 1;
    for (const Setting &setting :
         settings(full.isRecurrent(), full.scan() == "log")) {
      SCOPED_TRACE(testing::Message() << ioType << ", T " << setting.shape.time
                                      << ", seed " << seed);
      Case sample = makeCase(program, setting.shape, setting.options,
                             setting.dLast, 10 * seed++);
      // Single precision on the numbers as they are stored in half.
      auto store = [&](std::vector<double> &values) {
        for (double &value : values)
          value = roundedTo(ioType, float(value));
      };
      store(sample.judged.preactivations);
      store(sample.judged.input);
      store(sample.dOutput);
      EntryCall call = callOf(program, sample);
      Both found = runBoth(half, call, sample);
      CellRun forward = full.isRecurrent() ? full.forwardInSteps(call)
                                           : full.run("forward", call);
      call.inputs["d_output"] = narrow(sample.dOutput);
      if (!sample.dLast.empty())
        call.inputs["d_last"] = narrow(sample.dLast);
      for (const char *name : {"output", "trajectory", "recurrent"})
        if (auto saved = found.forward.outputs.find(name);
            saved != found.forward.outputs.end())
          call.inputs[name] = saved->second;
      CellRun backward = full.isRecurrent() ? full.backwardInSteps(call)
                                            : full.run("backward", call);
      auto expectStored = [&](const CellRun &run, const CellRun &exact,
                              const char *name, bool isStored) {
        if (!run.outputs.count(name))
          return;
        const std::vector<float> &numbers = run.outputs.at(name);
        const std::vector<float> &expected = exact.outputs.at(name);
        for (size_t i = 0; i < numbers.size(); ++i) {
          float wanted =
              isStored ? roundedTo(ioType, expected[i]) : expected[i];
          // (A state beyond the largest f16 is infinite, and no less.)
          if (std::isnan(wanted) && std::isnan(numbers[i]))
            continue;
          ASSERT_EQ(numbers[i], wanted)
              << name << "[" << i << "] of " << expected[i];
        }
      };
      for (const char *name : {"output", "trajectory"})
        expectStored(found.forward, forward, name, true);
      expectStored(found.forward, forward, "last", false);
      for (const char *name : {"d_preactivations", "d_input"})
        expectStored(found.backward, backward, name, true);
      for (const char *name : {"d_recurrent", "d_bias", "d_recurrent_bias",
                               "d_parameters", "d_initial"})
        expectStored(found.backward, backward, name, false);
      if (HasFatalFailure())
        return;
    }
  }
}

TEST_P(EveryCell, StepsAreTheSequence) {
  JudgedProgram program = judgeOf(GetParam());
  KernelProgram kernels = kernelsOf(GetParam(), "auto", "f32");
  Shape shape{2, 12, 37};
  CallOptions options;
  options.reset = true;
  options.nonNegativeInitial = kernels.scan() == "log";
  Case sample = makeCase(program, shape, options, false, 77);
  sample.judged.logarithmic = kernels.scan() == "log";
  CallResults expected = evaluate(program, sample.judged);
  EntryCall whole = callOf(program, sample);
  auto states = static_cast<int64_t>(program.states.size());
  auto gates = static_cast<int64_t>(program.gates.size());
  std::vector<float> state = narrow(sample.judged.initial);
  double worst = 0;
  // [B, T, width] at step t.
  auto at = [&](const std::vector<float> &values, int64_t t, int64_t width) {
    std::vector<float> rows;
    for (int64_t row = 0; row < shape.batch; ++row) {
      auto from = values.begin() + (row * shape.time + t) * width;
      rows.insert(rows.end(), from, from + width);
    }
    return rows;
  };
  for (int64_t t = 0; t < shape.time; ++t) {
    EntryCall call = whole;
    call.shape.time = 1;
    call.inputs.erase("initial");
    call.inputs["previous"] = state;
    call.inputs["preactivations"] =
        at(whole.inputs.at("preactivations"), t, gates * shape.channels);
    if (program.readsInput)
      call.inputs["input"] = at(whole.inputs.at("input"), t, shape.channels);
    call.reset.clear();
    for (int64_t row = 0; row < shape.batch; ++row)
      call.reset.push_back(whole.reset[row * shape.time + t]);
    // The products as the caller forms them, of the states before any reset.
    std::vector<float> products;
    for (int64_t row = 0; row < shape.batch; ++row)
      for (size_t r = 0; r < program.recurrent.size(); ++r)
        for (int64_t to = 0; to < shape.channels; ++to) {
          double sum = 0;
          for (int64_t from = 0; from < shape.channels; ++from)
            sum += double(whole.recurrentWeights[(r * shape.channels + to) *
                                                     shape.channels +
                                                 from]) *
                   state[(row * states + program.recurrent[r].state) *
                             shape.channels +
                         from];
          products.push_back(float(sum));
        }
    if (!products.empty())
      call.inputs["recurrent"] = products;
    if (t % 2)
      call.inPlace = {{"next", "previous"}};
    CellRun run = kernels.run("step", call);
    state = run.outputs.at("next");
    auto judgedAt = [&](const Judged &judged, int64_t width) {
      Judged rows;
      for (int64_t row = 0; row < shape.batch; ++row)
        for (int64_t i = 0; i < width; ++i) {
          int64_t from = (row * shape.time + t) * width + i;
          rows.value.push_back(judged.value[from]);
          rows.magnitude.push_back(judged.magnitude[from]);
          rows.error.push_back(judged.error[from]);
        }
      return rows;
    };
    expectWithin(run, "next",
                 judgedAt(expected.trajectory, states * shape.channels), worst);
    expectWithin(run, "output", judgedAt(expected.output, shape.channels),
                 worst);
    if (HasFatalFailure())
      return;
  }
}

INSTANTIATE_TEST_SUITE_P(Emulator, EveryCell, testing::ValuesIn(allCellNames()),
                         [](const auto &info) { return info.param; });

/// Backward from the states at tile boundaries alone holds the same bounds.
TEST(Recomputed, StatesGiveTheSameGradients) {
  for (const char *cell :
       {"mingru", "minlstm", "minlstm_unnormalized", "qrnn", "rglru"}) {
    JudgedProgram program = judgeOf(cell);
    for (const char *ioType : {"f32", "bf16"}) {
      KernelProgram kernels = kernelsOf(cell, "recompute", ioType);
      uint64_t seed = 1;
      double worst = 0;
      for (Setting setting : settings(false, kernels.scan() == "log")) {
        SCOPED_TRACE(testing::Message()
                     << cell << " " << ioType << ", T " << setting.shape.time
                     << ", reset " << setting.options.reset << ", reverse "
                     << setting.options.reverse);
        Case sample = makeCase(program, setting.shape, setting.options,
                               setting.dLast, 10 * seed++);
        sample.judged.logarithmic = kernels.scan() == "log";
        if (std::string(ioType) == "f32") {
          checkCase(program, kernels, sample, {}, worst);
        } else {
          // In half precision: that it runs, with every element written; and
          // that what is not stored in halves is near, although the states
          // before each step are better here than those that were stored.
          Both runs = runBoth(kernels, callOf(program, sample), sample);
          CallResults expected = evaluate(program, sample.judged);
          for (size_t i = 0; i < expected.output.value.size(); ++i)
            ASSERT_NEAR(runs.forward.outputs.at("output")[i],
                        expected.output.value[i],
                        0x1p-5 * (1 + expected.output.magnitude[i]));
        }
        if (HasFatalFailure())
          return;
      }
      std::cout << "figure: " << cell << " " << ioType
                << " recomputed: largest relative error " << worst << "\n";
    }
  }
}
