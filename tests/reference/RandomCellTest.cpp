//===- RandomCellTest.cpp - Are random cells well-formed and varied? ------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tests/reference/RandomCell.h"
#include "tests/reference/Samples.h"
#include "tests/reference/Shrink.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <iostream>
#include <map>

using namespace minrnn::reference;

namespace {

constexpr uint64_t cellCount = 1000;

/// Every mnemonic of the cell language but for `yield`, which is in every cell.
const char *const mnemonics[] = {
    "minrnn.project",    "minrnn.read",     "minrnn.parameter", "minrnn.output",
    "minrnn.sigmoid",    "minrnn.positive", "minrnn.softplus",  "minrnn.lerp",
    "minrnn.logaddexp2", "minrnn.affine",   "arith.constant",   "arith.addf",
    "arith.subf",        "arith.mulf",      "arith.divf",       "arith.negf",
    "arith.maximumf",    "arith.minimumf",  "arith.cmpf",       "arith.select",
    "math.exp",          "math.expm1",      "math.log",         "math.tanh",
    "math.sqrt",         "math.absf"};

bool holds(const Predicate &predicate, float x, float y) {
  if (x < y)
    return predicate.less;
  return x > y ? predicate.greater : predicate.equal;
}

/// A cell as anyone would compute it in single precision: what the bounds must
/// admit.
float valueInSingle(const ParsedCell &parsed, const Instruction &instruction,
                    const std::vector<float> &values) {
  auto at = [&](int operand) { return values[instruction.operands[operand]]; };
  float x = instruction.operands.empty() ? 0 : at(0);
  switch (instruction.operation) {
  case Opcode::State:
  case Opcode::Gate:
  case Opcode::Recurrent:
  case Opcode::Read:
  case Opcode::Parameter:
    break;
  case Opcode::Constant:
    return static_cast<float>(instruction.constant);
  case Opcode::Add:
    return x + at(1);
  case Opcode::Subtract:
    return x - at(1);
  case Opcode::Multiply:
    return x * at(1);
  case Opcode::Divide:
    return x / at(1);
  case Opcode::Negate:
    return -x;
  case Opcode::Maximum:
    return std::max(x, at(1));
  case Opcode::Minimum:
    return std::min(x, at(1));
  case Opcode::Compare:
    return holds(instruction.predicate, x, at(1)) ? 1 : 0;
  case Opcode::Select:
    return x != 0 ? at(1) : at(2);
  case Opcode::Absolute:
    return std::abs(x);
  case Opcode::Call:
    return instruction.function->inSingle(x);
  case Opcode::Lerp: {
    const Instruction &weight = parsed.instructions[instruction.operands[2]];
    float keep = weight.calls("minrnn.sigmoid")
                     ? sigmoid(-values[weight.operands[0]])
                     : 1 - at(2);
    return keep * x + at(2) * at(1);
  }
  case Opcode::LogAddExp2:
    return std::max(x, at(1)) +
           std::log1p(std::exp2(-std::abs(x - at(1)))) / std::log(2.0F);
  case Opcode::Affine:
    return x * at(1) + at(2);
  }
  throw std::invalid_argument("a leaf has no value of its own");
}

struct SingleResults {
  std::vector<float> output; // [B, T, H]
  std::vector<float> inner;  // [B, T, C, H]
};

/// What a plain loop in single precision makes of a call. One instruction after
/// the other, each in all channels.
SingleResults resultsInSingle(const ParsedCell &parsed, const Call &call) {
  int64_t channels = call.shape.channels;
  int64_t time = call.shape.time;
  auto states = static_cast<int64_t>(parsed.states.size());
  auto gates = static_cast<int64_t>(parsed.gates.size());
  auto inner = static_cast<int64_t>(parsed.inner.size());
  SingleResults results;
  results.output.resize(call.shape.outputs());
  results.inner.resize(call.shape.outputs() * inner);
  for (int64_t row = 0; row < call.shape.batch; ++row) {
    std::vector<float> before(states * channels);
    for (size_t i = 0; i < before.size() && !call.initial.empty(); ++i)
      before[i] = static_cast<float>(call.initial[row * states * channels + i]);
    for (int64_t position = 0; position < time; ++position) {
      int64_t t = call.reverse ? time - 1 - position : position;
      int64_t step = row * time + t;
      if (!call.reset.empty() && call.reset[step] != 0)
        before.assign(before.size(), 0);
      std::vector<std::vector<float>> values(channels);
      auto projected = [&](int64_t r, int64_t from) {
        const ParsedProjection &projection = parsed.recurrent[r];
        return projection.isInner()
                   ? values[from][parsed.inner[projection.inner]]
                   : before[projection.state * channels + from];
      };
      auto leafOf = [&](const Instruction &instruction, int64_t channel) {
        int64_t i = instruction.index;
        double leaf = 0;
        if (instruction.operation == Opcode::State) {
          leaf = before[i * channels + channel];
        } else if (instruction.operation == Opcode::Gate) {
          leaf = call.preactivations[(step * gates + i) * channels + channel];
          if (!call.bias.empty())
            leaf += call.bias[i * channels + channel];
        } else if (instruction.operation == Opcode::Recurrent) {
          float sum = 0;
          for (int64_t from = 0; from < channels; ++from)
            sum +=
                static_cast<float>(
                    call.recurrentWeight[(i * channels + channel) * channels +
                                         from]) *
                projected(i, from);
          if (!call.recurrentBias.empty())
            sum +=
                static_cast<float>(call.recurrentBias[i * channels + channel]);
          leaf = sum;
        } else if (instruction.operation == Opcode::Read) {
          leaf = call.input[step * channels + channel];
        } else if (instruction.operation == Opcode::Parameter) {
          leaf = call.parameters[i * channels + channel];
        } else {
          leaf = valueInSingle(parsed, instruction, values[channel]);
        }
        return static_cast<float>(leaf);
      };
      for (const Instruction &instruction : parsed.instructions)
        for (int64_t channel = 0; channel < channels; ++channel)
          values[channel].push_back(leafOf(instruction, channel));
      for (int64_t channel = 0; channel < channels; ++channel) {
        const std::vector<float> &all = values[channel];
        results.output[step * channels + channel] = all[parsed.output];
        for (int64_t c = 0; c < inner; ++c)
          results.inner[(step * inner + c) * channels + channel] =
              all[parsed.inner[c]];
        for (int64_t s = 0; s < states; ++s)
          before[s * channels + channel] = all[parsed.next[s]];
      }
    }
  }
  return results;
}

Call callOf(const ParsedCell &parsed, const RandomCell &cell, RandomRun run) {
  run.options.nonNegativeInitial = cell.isNonNegative;
  return sampleCall(parsed, run.shape, run.options, run.seed);
}

} // namespace

TEST(RandomCells, AreWellFormedAndUseTheWholeLanguage) {
  std::map<std::string, int> cellsWith;
  std::map<int, int> cellsOfStates;
  int affine = 0;
  int nonNegative = 0;
  int projecting = 0;
  size_t largest = 0;
  size_t operations = 0;
  for (uint64_t seed = 0; seed < cellCount; ++seed) {
    RandomCell cell = randomCell(seed);
    std::string text = cell.text();
    ParsedCell parsed;
    ASSERT_NO_THROW(parsed = parseCell(text)) << "seed " << seed << "\n"
                                              << text;
    for (const char *mnemonic : mnemonics)
      cellsWith[mnemonic] += text.find(mnemonic) != std::string::npos ? 1 : 0;
    ++cellsOfStates[cell.states];
    affine += cell.isAffine ? 1 : 0;
    nonNegative += cell.isNonNegative ? 1 : 0;
    projecting += parsed.recurrent.empty() ? 0 : 1;
    largest = std::max(largest, cell.operations.size());
    operations += cell.operations.size();
  }
  std::cout << "measured: of " << cellCount << " cells " << affine
            << " affine, of these " << nonNegative << " non-negative, "
            << projecting << " projecting a state; " << operations / cellCount
            << " operations each, at most " << largest << "\n";
  for (auto [states, count] : cellsOfStates)
    std::cout << "measured: " << count << " of " << states << " states\n";
  for (const char *mnemonic : mnemonics) {
    std::cout << "measured: " << cellsWith[mnemonic] << " with " << mnemonic
              << "\n";
    EXPECT_GE(cellsWith[mnemonic], 20) << mnemonic;
  }
  EXPECT_LE(largest, 25U);
  EXPECT_EQ(cellsOfStates.size(), 3U);
  EXPECT_GT(affine, 400);
  EXPECT_LT(affine, 600);
  EXPECT_GT(projecting, 100);
}

TEST(RandomCells, AreTheSameInEveryRunAndOnEveryMachine) {
  EXPECT_EQ(randomCell(7).text(), randomCell(7).text());
  EXPECT_NE(randomCell(7).text(), randomCell(8).text());
  // Pinned (FNV-1a): should the generator change, so do the cells that a seed
  // in a report stands for.
  auto hashOf = [](const RandomCellOptions &options) {
    uint64_t hash = 0xcbf29ce484222325;
    for (uint64_t seed = 0; seed < 100; ++seed)
      for (char c :
           randomCell(seed, options).text() + describe(randomRun(seed)))
        hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
    return hash;
  };
  EXPECT_EQ(hashOf({}), 14162553254568890914U);
  EXPECT_EQ(hashOf({.inner = true}), 14247407371740597856U);
  EXPECT_EQ(hashOf({.hostile = true}), 11766313539818393561U);
}

/// How many products of inner values stand behind one another at most.
static int stagesOf(const ParsedCell &parsed) {
  std::vector<int> stages;
  for (const Instruction &instruction : parsed.instructions) {
    int most = 0;
    for (int operand : instruction.operands)
      most = std::max(most, stages[operand]);
    if (instruction.operation == Opcode::Recurrent)
      if (int inner = parsed.recurrent[instruction.index].inner; inner >= 0)
        most = stages[parsed.inner[inner]] + 1;
    stages.push_back(most);
  }
  return *std::ranges::max_element(stages);
}

TEST(RandomCells, ChainSomeProjectionsIfTheyMay) {
  int chaining = 0, ofTwoValues = 0, ofStatesToo = 0, shared = 0, twice = 0;
  int behind = 0, changed = 0;
  std::array<int, 3> ofStages = {};
  for (uint64_t seed = 0; seed < cellCount; ++seed) {
    std::string without = randomCell(seed).text();
    EXPECT_TRUE(parseCell(without).inner.empty());
    RandomCell cell = randomCell(seed, {.inner = true});
    EXPECT_LE(cell.operations.size(), 25U);
    ParsedCell parsed;
    ASSERT_NO_THROW(parsed = parseCell(cell.text())) << "seed " << seed << "\n"
                                                     << cell.text();
    changed += cell.text() != without ? 1 : 0;
    if (parsed.inner.empty())
      continue;
    EXPECT_FALSE(cell.isAffine);
    ++chaining;
    ASSERT_LE(stagesOf(parsed), 3);
    ++ofStages[stagesOf(parsed) - 1];
    ofTwoValues += parsed.inner.size() == 2 ? 1 : 0;
    auto ofValues =
        std::ranges::count_if(parsed.recurrent, &ParsedProjection::isInner);
    shared += ofValues > std::ssize(parsed.inner) ? 1 : 0;
    ofStatesToo += ofValues < std::ssize(parsed.recurrent) ? 1 : 0;
    behind += parsed.recurrent.back().isInner() ? 0 : 1;
    twice += std::ranges::count_if(parsed.instructions,
                                   [](const Instruction &instruction) {
                                     return instruction.operation ==
                                            Opcode::Recurrent;
                                   }) > std::ssize(parsed.recurrent)
                 ? 1
                 : 0;
  }
  std::cout << "measured: of " << cellCount << " cells " << chaining
            << " chaining, of these " << ofTwoValues << " two values, "
            << shared << " with two projections of one, " << twice
            << " with a projection twice, " << ofStatesToo
            << " that project a state too, " << behind
            << " of them behind the others\n";
  EXPECT_GT(chaining, 30);
  EXPECT_LT(chaining, 125);
  // The others are as they were, but for a few that were drawn anew.
  EXPECT_LE(changed, chaining + 10);
  for (int some : {ofTwoValues, ofStatesToo, shared, twice, behind}) {
    EXPECT_GE(some, 3);
    EXPECT_LT(some, chaining);
  }
  for (int cells : ofStages)
    EXPECT_GE(cells, 3);
}

TEST(RandomCells, AreHostileIfTheyMay) {
  int hostile = 0;
  std::map<std::string, int> formulas;
  for (uint64_t seed = 0; seed < cellCount; ++seed) {
    RandomCell cell = randomCell(seed, {.hostile = true});
    EXPECT_LE(cell.operations.size(), 25U);
    for (Spelling spelling : {Spelling::AsWritten, Spelling::Stable})
      ASSERT_NO_THROW(parseCell(cell.text(spelling))) << "seed " << seed << "\n"
                                                      << cell.text(spelling);
    if (!cell.isHostile) {
      // The others are as they were.
      EXPECT_EQ(cell.text(), randomCell(seed).text());
      continue;
    }
    ++hostile;
    for (const RandomOperation &operation : cell.operations)
      if (operation.mnemonic == byHand)
        ++formulas[operation.detail];
  }
  std::cout << "measured: of " << cellCount << " cells " << hostile
            << " hostile\n";
  EXPECT_GT(hostile, 250);
  EXPECT_LT(hostile, 450);
  for (const FormulaByHand &formula : formulasByHand())
    EXPECT_GE(formulas[std::string(formula.name)], 3) << formula.name;
}

TEST(FormulasByHand, AreTheSameNumberInBothSpellings) {
  for (const FormulaByHand &formula : formulasByHand()) {
    std::vector<std::string> operands;
    std::string projections;
    for (int i = 0; i < formula.operands; ++i) {
      operands.push_back("%k" + std::to_string(i));
      // The third stands for the first.
      projections += "  " + operands.back() + " = minrnn.project %x \"g" +
                     std::to_string(i % 2) + "\" : f32\n";
    }
    auto outputOf = [&](Spelling spelling) {
      ParsedCell parsed =
          parseCell("minrnn.cell @c(%x: !minrnn.input) state(%h: f32) {\n" +
                    projections + textOf(formula, spelling, "%r", operands) +
                    "  minrnn.yield %r : f32\n}\n");
      return evaluate(parsed, sampleCall(parsed, {2, 20, 3}, {}, 7)).output;
    };
    Estimates written = outputOf(Spelling::AsWritten);
    Estimates estimates = outputOf(Spelling::Stable);
    for (size_t i = 0; i < estimates.value.size(); ++i)
      EXPECT_NEAR(written.value[i], estimates.value[i], 1e-12) << formula.name;
  }
}

namespace {

/// How near the bounds of what was compared are.
struct BoundFigures {
  int64_t numbers = 0;
  int64_t sharp = 0;
  double worst = 0;

  void hold(const std::vector<float> &found, const Estimates &estimates) {
    ASSERT_EQ(found.size(), estimates.value.size());
    for (size_t i = 0; i < found.size(); ++i) {
      double difference = std::abs(found[i] - estimates.value[i]);
      ASSERT_LE(difference, safety * estimates.error[i])
          << "at " << i << ": " << estimates.value[i];
      if (difference > 0)
        worst = std::max(worst, difference / estimates.error[i]);
      sharp += estimates.error[i] <= 1e-4 * largestState ? 1 : 0;
    }
    numbers += static_cast<int64_t>(found.size());
  }
  double share() const {
    return static_cast<double>(sharp) / static_cast<double>(numbers);
  }
  void print(const char *what) const {
    std::cout << "measured: bounds below 1e-4 of the largest state at "
              << share() << " of " << numbers << " " << what << "; worst error "
              << worst << " of its bound\n";
  }
};

class RandomCellBounds : public testing::TestWithParam<bool> {};

} // namespace

TEST_P(RandomCellBounds, HoldWhatSinglePrecisionMakesOfTameCells) {
  bool inner = GetParam();
  BoundFigures outputs;
  BoundFigures values;
  // Few cells chain, and the others are those of the other run.
  uint64_t count = inner ? 8 * cellCount : cellCount;
  for (uint64_t seed = 0; seed < count; ++seed) {
    RandomCell cell = randomCell(seed, {.inner = inner});
    ParsedCell parsed = parseCell(cell.text());
    if (parsed.inner.empty() == inner)
      continue;
    RandomRun run = randomRun(seed);
    run.shape.channels = std::min<int64_t>(run.shape.channels, 5);
    SCOPED_TRACE(testing::Message()
                 << "seed " << seed << ", " << describe(run) << "\n"
                 << cell.text());
    Call call = callOf(parsed, cell, run);
    CallResults results = evaluate(parsed, call);
    for (double state : results.states.value)
      ASSERT_LE(std::abs(state), largestState * (1 + 1e-6));
    for (double value : results.inner.value)
      ASSERT_LE(std::abs(value), largestState * (1 + 1e-6));
    for (double output : results.output.value)
      ASSERT_LE(std::abs(output), 1e5);
    SingleResults found = resultsInSingle(parsed, call);
    ASSERT_NO_FATAL_FAILURE(outputs.hold(found.output, results.output));
    ASSERT_NO_FATAL_FAILURE(values.hold(found.inner, results.inner));

    std::vector<double> dOutput =
        widen(sampleNormal(run.shape.outputs(), run.seed + 1));
    CallGradients gradients = differentiate(parsed, call, dOutput, {});
    for (const Estimates &estimates :
         {gradients.preactivations, gradients.inner})
      for (double gradient : estimates.value)
        ASSERT_TRUE(std::isfinite(gradient));
  }
  // A bound that admits anything tests nothing.
  outputs.print("outputs");
  EXPECT_GT(outputs.share(), 0.95);
  if (inner) {
    values.print("inner values");
    EXPECT_GT(values.share(), 0.95);
  }
}

INSTANTIATE_TEST_SUITE_P(OfCells, RandomCellBounds, testing::Bool(),
                         [](const auto &info) {
                           return info.param ? "Chaining" : "NotChaining";
                         });

TEST(Shrinking, FindsTheSmallestCell) {
  // A fault that needs a division, two steps and a reset.
  Fails fails = [](const Example &example) {
    return example.cell.text().find("arith.divf") != std::string::npos &&
           example.run.shape.time >= 2 && example.run.options.reset;
  };
  int tried = 0;
  for (uint64_t seed = 0; seed < 60; ++seed) {
    Example example{randomCell(seed), randomRun(seed)};
    if (!fails(example))
      continue;
    ++tried;
    Example small = shrink(example, fails);
    SCOPED_TRACE(small.cell.text());
    EXPECT_TRUE(fails(small));
    EXPECT_NO_THROW(parseCell(small.cell.text()));
    EXPECT_EQ(small.run.shape.time, 2);
    EXPECT_EQ(small.run.shape.batch, 0);
    EXPECT_EQ(small.run.shape.channels, 0);
    EXPECT_TRUE(small.run.options.reset);
    EXPECT_FALSE(small.run.options.bias);
    EXPECT_EQ(small.cell.states, 1);
    EXPECT_EQ(small.cell.output, -1);
    // A projection, for a cell needs one, and the division.
    EXPECT_EQ(small.cell.operations.size(), 2U);
  }
  EXPECT_GT(tried, 2);
}

TEST(Shrinking, LeavesAProjectionOfAValue) {
  Fails fails = [](const Example &example) {
    return !parseCell(example.cell.text()).inner.empty();
  };
  int tried = 0;
  for (uint64_t seed = 0; seed < 100; ++seed) {
    Example example{randomCell(seed, {.inner = true}), randomRun(seed)};
    if (!fails(example))
      continue;
    ++tried;
    Example small = shrink(example, fails);
    SCOPED_TRACE(small.cell.text());
    EXPECT_TRUE(fails(small));
    EXPECT_EQ(small.cell.states, 1);
    // One of the input, for a cell needs one, and that of its value.
    EXPECT_EQ(small.cell.operations.size(), 2U);
  }
  EXPECT_GT(tried, 2);
}
