//===- ModularScheduleTest.cpp - Every schedule gives the walk's bits -----===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The kernels of linear scans, in tiles of every shape, whole and in pieces,
// with resets, against time, with states recomputed, forward and backward, on
// an emulator whose arithmetic is exact: they must give the same bits as a
// serial walk. No tolerance hides a term that is wrong.
//
// Not held to it: scans in log space, whose sum is no ring's; the arithmetic
// within a step, which the walk takes from the kernels (CellConformanceTest
// holds it to the reference); halves, which differ from f32 in storage alone
// (there as well); matrix products.
//
//===----------------------------------------------------------------------===//

#include "compiler/pipeline/Compile.h"
#include "minrnn/emulator_device.h"
#include "runtime/core/ReadFile.h"
#include "runtime/device/PtxKernels.h"
#include "runtime/emulator/ModularArithmetic.h"
#include "specs/contract/Tensors.h"
#include "tests/device/CellCases.h"
#include "tests/device/CompiledCells.h"
#include "tests/device/ModularWalk.h"
#include "tests/reference/Samples.h"

#include "mlir/Pass/Pass.h"
#include "mlir/Pass/PassInstrumentation.h"
#include "mlir/Pass/PassManager.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <iostream>
#include <memory>
#include <span>
#include <sstream>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

using namespace minrnn;
using namespace minrnn::test;
using emulator::fromInteger;
using emulator::toInteger;
using reference::sampleNormal;

namespace {

/// The tiles of a GPU kernel, as the pass that makes it is asked for them.
struct TileShape {
  int64_t warps;
  int64_t stepsPerThread;

  std::string text() const {
    return std::to_string(warps) + " warps of " +
           std::to_string(stepsPerThread) + " steps a thread";
  }
};

constexpr TileShape oneStep = {1, 1};
constexpr TileShape tileShapes[] = {{8, 8}, {16, 8}, {3, 5}, {2, 2}};
/// Of lookback, which takes twice the steps forward: with the first, the
/// longest call has several groups of 32 tiles.
constexpr TileShape lookbackShapes[] = {{2, 1}, {3, 5}, {8, 8}};

/// Asks the pass for such tiles before it runs.
class ShapeTiles : public mlir::PassInstrumentation {
public:
  explicit ShapeTiles(TileShape shape) : shape(shape) {}

  void runBeforePass(mlir::Pass *pass, mlir::Operation * /*op*/) override {
    if (pass->getArgument() != "minrnn-lower-to-gpu")
      return;
    const std::string options =
        "warps=" + std::to_string(shape.warps) +
        " steps-per-thread=" + std::to_string(shape.stepsPerThread);
    // (`compile` sees whether it took them.)
    (void)pass->initializeOptions(
        options, [](const llvm::Twine &) { return mlir::failure(); });
  }

private:
  TileShape shape;
};

std::string compile(const std::string &cell, TileShape shape,
                    bool recompute = false,
                    Schedule schedule = Schedule::Carry) {
  compiler::CompileOptions options;
  options.scan = compiler::ScanDomain::Linear;
  options.schedule = schedule;
  if (recompute)
    options.recompute = compiler::Recompute::All;
  options.instrument = [&](mlir::PassManager &passes) {
    passes.addInstrumentation(std::make_unique<ShapeTiles>(shape));
  };
  compiler::Compilation result = compiler::compileCell(
      readFile(cellFile(cell)), cell, compiler::Stage::PTX, options);
  if (result.outcome != compiler::Outcome::Done)
    throw std::runtime_error(result.diagnostics);
  const Manifest manifest = parseManifestOfPtx(result.output, "the PTX");
  if (manifest.kind == "parallel" &&
      manifest.entry("forward").block[1] != shape.warps)
    throw std::runtime_error("the pass did not take " + shape.text());
  return result.output;
}

KernelProgram load(const std::string &ptx, uint64_t seed = 0) {
  return {parseManifestOfPtx(ptx, "the PTX"),
          std::make_shared<PtxKernels>(
              EmulatorDevice::create({.seed = seed, .modularArithmetic = true}),
              ptx),
          [](float x, float y) {
            return fromInteger(toInteger(x) + toInteger(y));
          }};
}

/// `count` steps of a call from position `first` on, without what they start
/// from.
EntryCall pieceOf(const KernelProgram &kernels, const EntryCall &whole,
                  int64_t first, int64_t count) {
  EntryCall piece = whole;
  piece.shape.time = count;
  const auto cut = [&](auto &values) {
    const int64_t width =
        std::ssize(values) / (whole.shape.batch * whole.shape.time);
    std::remove_cvref_t<decltype(values)> part;
    for (int64_t row = 0; row < whole.shape.batch; ++row) {
      const auto from =
          values.begin() + (row * whole.shape.time + first) * width;
      part.insert(part.end(), from, from + count * width);
    }
    values = std::move(part);
  };
  for (auto &[name, values] : piece.inputs)
    if (const ProgramTensor *tensor = kernels.manifest().program.find(name);
        tensor != nullptr && tensor->has(Axis::Time))
      cut(values);
  if (!piece.reset.empty())
    cut(piece.reset);
  piece.inputs.erase("initial");
  piece.inputs.erase("d_last");
  return piece;
}

/// Writes the numbers of a piece to their places in the whole; those without an
/// axis of time are added to it.
void putPiece(const EntryCall &whole, int64_t first, int64_t count,
              const NamedArrays &piece, NamedArrays &all) {
  const auto &[batch, time, channels] = whole.shape;
  for (const auto &[name, values] : piece) {
    const bool hasTime = findContractTensor(name)->has(Axis::Time);
    std::vector<float> &target = all[name];
    target.resize(hasTime ? values.size() / count * time : values.size());
    const int64_t width = std::ssize(values) / (batch * (hasTime ? count : 1));
    for (int64_t row = 0; row < batch; ++row)
      for (int64_t i = 0; hasTime && i < count * width; ++i)
        target[(row * time + first) * width + i] =
            values[row * count * width + i];
    for (size_t i = 0; !hasTime && i < values.size(); ++i)
      target[i] = fromInteger(toInteger(target[i]) + toInteger(values[i]));
  }
}

/// An input of a call; empty where it is absent.
std::vector<float> inputOf(const EntryCall &call, const std::string &name) {
  const auto found = call.inputs.find(name);
  return found == call.inputs.end() ? std::vector<float>() : found->second;
}

/// Forward and backward in pieces of these lengths, the state carried on and
/// the gradient carried back.
Both runInPieces(const KernelProgram &kernels, const EntryCall &whole,
                 const std::vector<int64_t> &lengths) {
  struct Piece {
    int64_t first, count;
    EntryCall call;
  };
  std::vector<Piece> pieces;
  Both all;
  int64_t done = 0;
  std::vector<float> state = inputOf(whole, "initial");
  for (int64_t count : lengths) {
    const int64_t first =
        whole.reverse ? whole.shape.time - done - count : done;
    done += count;
    EntryCall call = pieceOf(kernels, whole, first, count);
    if (!state.empty())
      call.inputs["initial"] = state;
    NamedArrays found = kernels.forward(call);
    state = found.at("last");
    addSaved(call, found);
    pieces.push_back({first, count, std::move(call)});
    found.erase("last");
    found.erase("checkpoints");
    putPiece(whole, first, count, found, all.forward);
  }
  all.forward["last"] = state;
  std::vector<float> gradient = inputOf(whole, "d_last");
  for (auto piece = pieces.rbegin(); piece != pieces.rend(); ++piece) {
    if (!gradient.empty())
      piece->call.inputs["d_last"] = gradient;
    NamedArrays found = kernels.backward(piece->call);
    gradient = found.at("d_initial");
    found.erase("d_initial");
    putPiece(whole, piece->first, piece->count, found, all.backward);
  }
  all.backward["d_initial"] = gradient;
  return all;
}

/// Lengths of pieces that make up `time`: at, before and behind the ends of
/// tiles.
std::vector<int64_t> piecesOf(int64_t time, TileShape shape) {
  const int64_t tile = shape.warps * shape.stepsPerThread;
  std::vector<int64_t> lengths;
  for (int64_t wanted : {tile, int64_t{1}, tile + 1, tile - 1, time}) {
    const int64_t length = std::min(wanted, time);
    if (length > 0)
      lengths.push_back(length);
    time -= length;
  }
  return lengths;
}

/// The name of an array that is not the walk's, and the first place where it is
/// not; empty where there is none. (`backward` shows whether checkpoints are
/// right.)
std::string differenceOf(const NamedArrays &found, const NamedArrays &walked) {
  for (const auto &[name, values] : found) {
    if (name == "checkpoints")
      continue;
    const std::vector<float> &expected = walked.at(name);
    if (values.size() != expected.size())
      return name;
    for (size_t i = 0; i < values.size(); ++i)
      if (toInteger(values[i]) != toInteger(expected[i]))
        return name + "[" + std::to_string(i) + "]";
  }
  return "";
}

/// Whether no product of coefficients can become zero in so many steps: all are
/// odd.
bool areOdd(const std::vector<uint32_t> &coefficients) {
  return std::ranges::all_of(coefficients,
                             [](uint32_t one) { return one % 2 == 1; });
}

/// A call whose coefficients are odd, if the cell has such: each step of each
/// channel is taken from one of several samples in which it is.
EntryCall sampleCall(const reference::ParsedCell &program,
                     const KernelProgram &serial, const Setting &setting,
                     uint64_t seed) {
  EntryCall call =
      callOf(program, makeCase(program, serial, setting, 100 * seed));
  if (serial.manifest().kind != "parallel")
    return call;
  const std::vector<uint8_t> reset = std::exchange(call.reset, {});
  const int64_t channels = setting.shape.channels;
  const int64_t states = serial.manifest().size(Axis::States);
  const int64_t gates = serial.manifest().size(Axis::Gates);
  std::vector<float> &chosen = call.inputs.at("preactivations");
  for (uint64_t other = 1; other < 12; ++other) {
    const std::vector<uint32_t> coefficients =
        ModularWalk(serial, call).stateMaps().slopes;
    if (areOdd(coefficients))
      break;
    const std::vector<float> fresh =
        sampleNormal(std::ssize(chosen), 100 * seed + other, 2);
    for (int64_t i = 0; i < std::ssize(coefficients); ++i) {
      const int64_t row = i / (states * channels), channel = i % channels;
      for (int64_t gate = 0; coefficients[i] % 2 == 0 && gate < gates; ++gate) {
        const int64_t place = (row * gates + gate) * channels + channel;
        chosen[place] = fresh[place];
      }
    }
  }
  call.reset = reset;
  return call;
}

/// A call, and what the walk gives for it.
struct Question {
  EntryCall call;
  std::string text;
  Both walked;

  std::string differenceOf(const Both &found) const {
    const std::string first = ::differenceOf(found.forward, walked.forward);
    return first.empty() ? ::differenceOf(found.backward, walked.backward)
                         : first;
  }
};

/// Beside and beyond the ends of tiles of 4, 15, 64 and 128 steps, and of the
/// two times as many that whole tiles of `forward` may have; those of
/// `backward` may have half.
constexpr int64_t times[] = {63, 130, 33, 65, 259, 128, 31, 15, 45, 1};
constexpr int64_t fewTimes[] = {13, 31, 16, 20};

class ModularSchedule : public testing::Test {
protected:
  explicit ModularSchedule(const std::string &cell)
      : cell(cell), program(reference::parseCellFile(cellFile(cell))),
        serial(load(compile(cell, oneStep))) {}

  bool isParallel() const { return serial.manifest().kind == "parallel"; }

  /// Calls of every length, with resets and without, in both directions, with
  /// the optional arguments and without.
  std::vector<Question> ask(std::span<const int64_t> lengths) const {
    std::vector<Question> questions;
    const auto add = [&](EntryCall call, const Setting &setting) {
      const ModularWalk walk(serial, call);
      Both walked{walk.forward(), walk.backward()};
      questions.push_back(
          {std::move(call), describe(setting), std::move(walked)});
    };
    uint64_t turn = 0;
    for (int64_t time : lengths) {
      Setting setting;
      setting.shape = {2, time, turn % 3 == 2 ? 33 : 3};
      setting.options.reset = turn % 2 == 1;
      setting.options.reverse = turn % 4 >= 2;
      setting.options.initial = turn % 5 != 4;
      setting.options.bias = turn % 5 != 3;
      setting.dLast = turn % 5 != 2;
      add(sampleCall(program, serial, setting, ++turn), setting);
    }
    // The longest with a state to start from, and with a mask that resets
    // nothing: behind a reset no coefficient shows.
    for (const bool isMasked : {false, true}) {
      Setting setting;
      setting.shape = {2, std::ranges::max(lengths), 3};
      setting.options.initial = true;
      setting.options.reset = isMasked;
      EntryCall call = sampleCall(program, serial, setting, ++turn);
      std::ranges::fill(call.reset, uint8_t{0});
      add(std::move(call), setting);
    }
    return questions;
  }

  /// Puts kernels in tiles of `shape` to all questions, whole and in pieces.
  void expectAnswers(const std::vector<Question> &questions, TileShape shape,
                     bool recompute,
                     Schedule schedule = Schedule::Carry) const {
    const std::string ptx = compile(cell, shape, recompute, schedule);
    uint64_t seed = 0;
    for (const Question &question : questions) {
      SCOPED_TRACE(testing::Message()
                   << shape.text() << (recompute ? ", recomputed, " : ", ")
                   << question.text);
      const KernelProgram kernels = load(ptx, seed++);
      ASSERT_EQ(question.differenceOf(runBoth(kernels, question.call)), "");
      const auto lengths = piecesOf(question.call.shape.time, shape);
      ASSERT_EQ(
          question.differenceOf(runInPieces(kernels, question.call, lengths)),
          "")
          << "in pieces";
    }
  }

  std::string cell;
  reference::ParsedCell program;
  /// In tiles of one step.
  KernelProgram serial;
};

//===----------------------------------------------------------------------===//
// Every schedule
//===----------------------------------------------------------------------===//

class ModularScheduleOfCell : public ModularSchedule,
                              public testing::WithParamInterface<std::string> {
protected:
  ModularScheduleOfCell() : ModularSchedule(GetParam()) {}
};

class ModularScheduleOfParallelCell : public ModularScheduleOfCell {};

TEST_P(ModularScheduleOfCell, GivesTheBitsOfTheWalk) {
  const std::vector<Question> questions = ask(times);
  // The kernels of a sequential cell know no tiles.
  const std::span shapes(tileShapes, isParallel() ? std::size(tileShapes) : 1);
  for (TileShape shape : shapes)
    expectAnswers(questions, shape, /*recompute=*/false);
}

TEST_P(ModularScheduleOfParallelCell, RecomputedStatesGiveTheBitsOfTheWalk) {
  const std::vector<Question> questions = ask(times);
  for (TileShape shape : {tileShapes[0], tileShapes[2]})
    expectAnswers(questions, shape, /*recompute=*/true);
}

/// Blocks that are tiles of time, in an order of their own.
TEST_P(ModularScheduleOfParallelCell, LookbackGivesTheBitsOfTheWalk) {
  const std::vector<Question> questions = ask(times);
  for (TileShape shape : lookbackShapes)
    expectAnswers(questions, shape, /*recompute=*/false, Schedule::Lookback);
}

TEST_P(ModularScheduleOfParallelCell, LookbackRecomputesTheBitsOfTheWalk) {
  const std::vector<Question> questions = ask(times);
  for (TileShape shape : {lookbackShapes[0], lookbackShapes[1]})
    expectAnswers(questions, shape, /*recompute=*/true, Schedule::Lookback);
}

TEST_P(ModularScheduleOfCell, StepsAreTheWalk) {
  for (const Question &question : ask(fewTimes))
    EXPECT_EQ(
        differenceOf(serial.steps(question.call), question.walked.forward), "")
        << question.text;
}

/// The gradient goes back by the very coefficients by which the state went
/// forward.
TEST_P(ModularScheduleOfParallelCell, GradientsHaveTheCoefficientsOfTheStates) {
  for (const Question &question : ask(fewTimes)) {
    const ModularWalk walk(serial, question.call);
    EXPECT_EQ(walk.gradientMaps().slopes, walk.stateMaps().slopes)
        << question.text;
  }
}

std::string nameOf(const testing::TestParamInfo<std::string> &info) {
  return info.param;
}

using Names = std::vector<std::string>;

Names parallelCells() {
  return {"mingru", "minlstm", "qrnn", "rglru", "rwkv4"};
}

Names otherParallelCells() {
  return {"ema",      "gateloop", "hgrn",
          "lru_real", "mamba",    "mega_ema",
          "qrnn_f",   "qrnn_ifo", "minlstm_unnormalized",
          "s5_real",  "sru_v1",   "t_rnn"};
}

INSTANTIATE_TEST_SUITE_P(Cells, ModularScheduleOfCell,
                         testing::ValuesIn(parallelCells()), nameOf);
INSTANTIATE_TEST_SUITE_P(Cells, ModularScheduleOfParallelCell,
                         testing::ValuesIn(parallelCells()), nameOf);
INSTANTIATE_TEST_SUITE_P(SequentialCells, ModularScheduleOfCell,
                         testing::ValuesIn(Names{"indrnn", "sru"}), nameOf);
INSTANTIATE_TEST_SUITE_P(OtherCells, ModularScheduleOfCell,
                         testing::ValuesIn(otherParallelCells()), nameOf);
INSTANTIATE_TEST_SUITE_P(OtherCells, ModularScheduleOfParallelCell,
                         testing::ValuesIn(otherParallelCells()), nameOf);

//===----------------------------------------------------------------------===//
// Faults that it must find
//===----------------------------------------------------------------------===//

/// PTX with one instruction changed.
struct Mutant {
  std::string ptx;
  /// The line as it was.
  std::string line;
};

/// The name of the instruction in a line of PTX and its operands, the result
/// first.
std::vector<std::string> wordsOf(const std::string &line) {
  std::vector<std::string> words;
  std::stringstream text(line.substr(0, line.find(';')));
  for (std::string word; text >> word;)
    words.push_back(word.substr(0, word.find(',')));
  return words;
}

/// What becomes of an instruction on f32 that loses a term or a factor or
/// chooses the other operand; empty for any other.
std::string mutationOf(const std::string &line) {
  const std::vector<std::string> words = wordsOf(line);
  const std::string zero = "0f00000000";
  if (words.size() < 4 || words[3] == zero)
    return "";
  if (words[0] == "fma.rn.f32")
    return "fma.rn.f32 " + words[1] + ", " + words[2] + ", " + words[3] + ", " +
           zero + ";";
  if (words[0] == "selp.f32")
    return "selp.f32 " + words[1] + ", " + words[3] + ", " + words[2] + ", " +
           words[4] + ";";
  for (const char *name : {"add.f32", "add.rn.f32", "mul.f32", "mul.rn.f32"})
    if (words[0] == name)
      return "mov.b32 " + words[1] + ", " + words[2] + ";";
  return "";
}

std::vector<Mutant> mutantsOf(const std::string &ptx,
                              const std::string &entry) {
  std::vector<Mutant> mutants;
  size_t begin = ptx.find(".entry " + entry);
  const size_t end = std::min(ptx.find(".entry ", begin + 1), ptx.size());
  for (size_t next = 0; begin < end; begin = next + 1) {
    next = std::min(ptx.find('\n', begin), end);
    const std::string line = ptx.substr(begin, next - begin);
    const std::string changed = mutationOf(line);
    if (changed.empty())
      continue;
    std::string text = ptx;
    text.replace(begin, line.size(), changed);
    mutants.push_back({std::move(text), line});
  }
  return mutants;
}

/// Whether states are recomputed, the entry, and the schedule.
using MutatedEntry = std::tuple<bool, std::string, Schedule>;

class ModularScheduleOfMutants
    : public ModularSchedule,
      public testing::WithParamInterface<MutatedEntry> {
protected:
  ModularScheduleOfMutants() : ModularSchedule("mingru") {}

  void expectAreFound(size_t distance) const {
    const auto &[recompute, entry, schedule] = GetParam();
    const TileShape shape =
        schedule == Schedule::Lookback ? lookbackShapes[0] : tileShapes[0];
    const std::vector<Question> questions = ask(times);
    const std::vector<Mutant> mutants =
        mutantsOf(compile(cell, shape, recompute, schedule), entry);
    ASSERT_GT(mutants.size(), 100U);
    std::cout << "measured: " << mutants.size() << " mutants\n";
    for (size_t i = 0; i < mutants.size(); i += distance) {
      const KernelProgram kernels = load(mutants[i].ptx);
      EXPECT_TRUE(std::ranges::any_of(
          questions,
          [&](const Question &question) {
            return !question.differenceOf(runBoth(kernels, question.call))
                        .empty();
          }))
          << "not missed: " << mutants[i].line;
    }
  }
};

TEST_P(ModularScheduleOfMutants, AreFound) { expectAreFound(13); }
TEST_P(ModularScheduleOfMutants, AreFoundEachOfThem) { expectAreFound(1); }

std::string nameOfMutated(const testing::TestParamInfo<MutatedEntry> &info) {
  const auto &[recompute, entry, schedule] = info.param;
  return entry + (recompute ? "_recomputed" : "") +
         (schedule == Schedule::Lookback ? "_lookback" : "");
}

INSTANTIATE_TEST_SUITE_P(
    Entries, ModularScheduleOfMutants,
    testing::Combine(testing::Bool(), testing::Values("forward", "backward"),
                     testing::Values(Schedule::Carry, Schedule::Lookback)),
    nameOfMutated);

} // namespace
