//===- EveryOperationTest.cpp - No rule is forgotten ----------------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Goes over every operation of the cell language and every set of rules. Each
// operation has an example here, and each set either has a rule for it or a
// line here that says why it needs none. An operation that is added to the
// language fails these tests until both is so.
//
//===----------------------------------------------------------------------===//

#include "compiler/analysis/Interval.h"
#include "compiler/analysis/Recurrence.h"
#include "compiler/analysis/StepEvaluation.h"
#include "compiler/lowering/Passes.h"
#include "compiler/transforms/ReverseMode.h"
#include "compiler/transforms/Stabilize.h"
#include "tests/reference/Equations.h"
#include "tests/scan/ScanCell.h"

#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/PatternMatch.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Pass/PassManager.h"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <map>
#include <set>

using namespace minrnn;
using namespace minrnn::compiler;
using namespace minrnn::dialect;
using namespace mlir;

namespace {

/// Computes %v from %a and %b, which lie in (0, 1), and the state %h.
const std::map<std::string, std::string> &examples() {
  static const std::map<std::string, std::string> texts = {
      {"arith.addf", "%v = arith.addf %a, %b : f32"},
      {"arith.cmpf", "%c = arith.cmpf olt, %a, %b : f32\n"
                     "%v = arith.select %c, %a, %b : f32"},
      {"arith.constant", "%v = arith.constant 0.75 : f32"},
      {"arith.divf", "%v = arith.divf %a, %b : f32"},
      {"arith.maximumf", "%v = arith.maximumf %a, %b : f32"},
      {"arith.minimumf", "%v = arith.minimumf %a, %b : f32"},
      {"arith.mulf", "%v = arith.mulf %a, %b : f32"},
      {"arith.negf", "%v = arith.negf %a : f32"},
      {"arith.select", "%c = arith.cmpf olt, %a, %b : f32\n"
                       "%v = arith.select %c, %a, %b : f32"},
      {"arith.subf", "%v = arith.subf %a, %b : f32"},
      {"math.absf", "%v = math.absf %a : f32"},
      {"math.exp", "%v = math.exp %a : f32"},
      {"math.expm1", "%v = math.expm1 %a : f32"},
      {"math.log", "%v = math.log %a : f32"},
      {"math.sqrt", "%v = math.sqrt %a : f32"},
      {"math.tanh", "%v = math.tanh %a : f32"},
      {"minrnn.affine",
       "%v = minrnn.affine %a * %h + %b in (0, 1), (0, 1) : f32"},
      {"minrnn.lerp", "%v = minrnn.lerp %b, %a, %a : f32"},
      {"minrnn.logaddexp2", "%v = minrnn.logaddexp2 %a, %b : f32"},
      {"minrnn.output", "%v = arith.mulf %a, %a : f32"},
      {"minrnn.parameter", "%v = minrnn.parameter \"p\" : f32"},
      {"minrnn.positive", "%v = minrnn.positive %a : f32"},
      {"minrnn.project", "%v = minrnn.project %x \"v\" : f32"},
      {"minrnn.read", "%v = minrnn.read %x : f32"},
      {"minrnn.sigmoid", "%v = minrnn.sigmoid %w : f32"},
      {"minrnn.softplus", "%v = minrnn.softplus %a : f32"},
      {"minrnn.yield", "%v = arith.mulf %a, %a : f32"},
  };
  return texts;
}

/// Why a set of rules has none for an operation.
using Reasons = std::map<std::string, std::string>;

/// A cell around an example, and the values of it that the tests ask for.
struct Cell {
  OwningOpRef<ModuleOp> module;
  CellOp cell;
  /// The operation of the example, and the value %v.
  Operation *op = nullptr;
  Value v;
};

class EveryOperation : public testing::Test {
protected:
  /// Those that isCellOperation knows, of all that are registered.
  std::set<std::string> language() {
    context().loadAllAvailableDialects();
    std::set<std::string> names;
    for (RegisteredOperationName name : context().getRegisteredOperations()) {
      OperationState state(UnknownLoc::get(&context()), name);
      Operation *op = Operation::create(state);
      if (isCellOperation(op))
        names.insert(name.getStringRef().str());
      op->destroy();
    }
    return names;
  }

  static std::string textOf(const std::string &name, bool addsToTheState) {
    return "minrnn.cell @c(%x: !minrnn.input) state(%h: f32) {\n"
           "%k = minrnn.project %x \"k\" : f32\n"
           "%l = minrnn.project %x \"l\" : f32\n"
           "%w = minrnn.project %x \"w\" : f32\n"
           "%a = minrnn.sigmoid %k : f32\n"
           "%b = minrnn.sigmoid %l : f32\n" +
           examples().at(name) + "\n" +
           (addsToTheState ? "%ah = arith.mulf %a, %h : f32\n"
                             "%n = arith.addf %ah, %v : f32\n"
                           : "%n = arith.mulf %v, %h : f32\n") +
           "minrnn.output %v : f32\n"
           "minrnn.yield %n : f32\n}\n";
  }

  Cell parse(const std::string &name) {
    Cell cell;
    cell.module = parseSourceString<ModuleOp>(textOf(name, false), &context());
    EXPECT_TRUE(cell.module);
    cell.cell = *cell.module->getOps<CellOp>().begin();
    auto output = *cell.cell.getBody().getOps<OutputOp>().begin();
    cell.v = output->getOperand(0);
    // Behind the five that make %a and %b.
    for (Operation &op :
         llvm::drop_begin(cell.cell.getBody().front().getOperations(), 5))
      if (!cell.op && op.getName().getStringRef() == name)
        cell.op = &op;
    EXPECT_TRUE(cell.op);
    return cell;
  }

  /// Expects `has`, of an operation's example, to be true of all operations but
  /// those with a reason, and false of these.
  void expectRules(const Reasons &reasons,
                   const std::function<bool(const std::string &)> &has) {
    for (const std::string &name : language()) {
      SCOPED_TRACE(name);
      ASSERT_TRUE(examples().contains(name)) << "has no example in this test";
      if (structure.contains(name))
        continue;
      EXPECT_EQ(has(name), !reasons.contains(name))
          << (reasons.contains(name)
                  ? "has a rule, though: " + reasons.at(name)
                  : std::string("has no rule, and no reason stands here"));
    }
    for (const auto &[name, reason] : reasons)
      EXPECT_TRUE(examples().contains(name)) << name;
  }

  MLIRContext &context() { return compiler.getContext(); }

  /// They name values, and compute none.
  const std::set<std::string> structure = {"minrnn.output", "minrnn.yield"};
  scan::ScanCompiler compiler;
};

} // namespace

TEST_F(EveryOperation, HasAnExample) {
  std::set<std::string> names;
  for (const auto &[name, text] : examples())
    names.insert(name);
  EXPECT_EQ(names, language());
}

TEST_F(EveryOperation, HasAnInterval) {
  expectRules(
      {{"arith.cmpf", "a truth value"},
       {"minrnn.affine", "carries the intervals of its parts"},
       {"minrnn.parameter", "may be any number"},
       {"minrnn.project", "may be any number"},
       {"minrnn.read", "may be any number"}},
      [&](const std::string &name) {
        Cell cell = parse(name);
        if (!cell.op->getResult(0).getType().isF32())
          return false;
        Interval interval = IntervalAnalysis().get(cell.op->getResult(0));
        return std::isfinite(interval.lower) || std::isfinite(interval.upper);
      });
}

TEST_F(EveryOperation, IsAffineInAnOperandOrSaysWhyNot) {
  const std::string notAffine = "no affine function of an operand";
  const std::string leaf = "has no operand that may be a state";
  expectRules({{"arith.cmpf", notAffine},
               {"arith.constant", leaf},
               {"arith.maximumf", notAffine},
               {"arith.minimumf", notAffine},
               {"math.absf", notAffine},
               {"math.exp", notAffine},
               {"math.expm1", notAffine},
               {"math.log", notAffine},
               {"math.sqrt", notAffine},
               {"math.tanh", notAffine},
               {"minrnn.logaddexp2", notAffine},
               {"minrnn.parameter", leaf},
               {"minrnn.positive", notAffine},
               {"minrnn.project", "of a state mixes the channels"},
               {"minrnn.read", leaf},
               {"minrnn.sigmoid", notAffine},
               {"minrnn.softplus", notAffine}},
              [&](const std::string &name) {
                bool isAffine = false;
                size_t count = parse(name).op->getNumOperands();
                for (size_t i = 0; i < count; ++i) {
                  Cell cell = parse(name);
                  if (!cell.op->getOperand(i).getType().isF32())
                    continue;
                  Value state = cell.cell.getBody().getArgument(1);
                  cell.op->setOperand(i, state);
                  OpBuilder builder(
                      cell.cell.getBody().front().getTerminator());
                  RecurrenceAnalysis analysis(state, {},
                                              Projections::OfAnything, builder);
                  bool solved = analysis.solve(cell.v).has_value();
                  EXPECT_NE(solved, analysis.reason().has_value());
                  isAffine |= solved;
                }
                return isAffine;
              });
}

TEST_F(EveryOperation, HasADerivative) {
  const std::string leaf = "an argument of the scan's region";
  Reasons reasons = {{"arith.cmpf", "a truth value has no gradient"},
                     {"arith.constant", "has no operand"},
                     {"minrnn.affine", "its parts are the scan's element"},
                     {"minrnn.parameter", leaf},
                     {"minrnn.project", leaf},
                     {"minrnn.read", leaf}};
  ScopedDiagnosticHandler quiet(&context(), [](Diagnostic &) {});
  expectRules(reasons, [&](const std::string &name) {
    if (reasons.contains(name))
      return false;
    Cell cell = parse(name);
    OpBuilder builder(cell.cell.getBody().front().getTerminator());
    ReverseMode reverse(builder);
    reverse.accumulate(cell.v, cell.cell.getBody().getArgument(1));
    return succeeded(reverse.visit(cell.op));
  });
}

TEST_F(EveryOperation, HasALogarithm) {
  const std::string evaluated = "the logarithm of its value is taken";
  const std::string negative =
      "may be negative, and then scans in linear space";
  expectRules(
      {{"arith.cmpf", "a truth value"},
       {"arith.maximumf", evaluated},
       {"arith.minimumf", evaluated},
       {"arith.negf", negative},
       {"arith.subf", negative},
       {"math.absf", evaluated},
       {"math.expm1", evaluated},
       {"math.log", negative},
       {"math.tanh", evaluated},
       {"minrnn.affine", "its parts have"},
       {"minrnn.logaddexp2", evaluated},
       {"minrnn.parameter", negative},
       {"minrnn.project", negative},
       {"minrnn.read", negative},
       {"minrnn.softplus", evaluated + ", but where it is small"}},
      [&](const std::string &name) {
        if (name == "arith.cmpf" || name == "minrnn.affine")
          return false;
        auto proven = compiler.prove(textOf(name, /*addsToTheState=*/true));
        auto scans = compiler.inDomain(
            *compiler.scans(*proven, /*recompute=*/false), /*inLogSpace=*/true);
        if (!scans)
          return false;
        // Of the very value of the operation.
        bool takesLogarithm = false;
        scans->walk([&](math::Log2Op logarithm) {
          Operation *of = logarithm.getOperand().getDefiningOp();
          takesLogarithm |= of && of->getName().getStringRef() == name;
        });
        return !takesLogarithm;
      });
}

TEST_F(EveryOperation, IsStabilisedWhereItMayLoseDigits) {
  const std::string exact = "loses no digits of its operands";
  const std::string leaf = "is a leaf";
  std::set<std::string> roots;
  RewritePatternSet patterns(&context());
  addNegationRules(patterns);
  addGateRules(patterns);
  addExponentialRules(patterns);
  addLogarithmRules(patterns);
  for (const auto &pattern : patterns.getNativePatterns())
    if (auto root = pattern->getRootKind())
      roots.insert(root->getStringRef().str());
  expectRules({{"arith.cmpf", exact},
               {"arith.constant", leaf},
               {"arith.maximumf", exact},
               {"arith.minimumf", exact},
               {"arith.select", exact},
               {"math.absf", exact},
               {"math.exp", "of a logarithm: a rule of any operation's"},
               {"math.expm1", "is the stable form"},
               {"minrnn.affine", "the analysis that writes it comes later"},
               {"minrnn.logaddexp2", "is the stable form"},
               {"minrnn.parameter", leaf},
               {"minrnn.positive", "is the stable form"},
               {"minrnn.project", leaf},
               {"minrnn.read", leaf},
               {"minrnn.sigmoid", "is the stable form"},
               {"minrnn.softplus", "is the stable form"}},
              [&](const std::string &name) { return roots.contains(name); });
}

TEST_F(EveryOperation, IsExpandedOrAnInstruction) {
  const std::string instruction = "is an instruction";
  const std::string leaf = "is an argument of the kernel";
  Reasons reasons = {{"arith.addf", instruction},
                     {"arith.cmpf", instruction},
                     {"arith.constant", instruction},
                     {"arith.divf", instruction},
                     {"arith.mulf", instruction},
                     {"arith.negf", instruction},
                     {"arith.select", instruction},
                     {"arith.subf", instruction},
                     {"minrnn.affine", "its parts are the scan's element"},
                     {"minrnn.parameter", leaf},
                     {"minrnn.project", leaf},
                     {"minrnn.read", leaf}};
  for (const char *target : {"gpu", "host"})
    expectRules(reasons, [&](const std::string &name) {
      Cell cell = parse(name);
      PassManager passes(&context());
      passes.enableVerifier(false);
      ExpandMathPassOptions options;
      options.target = target;
      passes.addPass(createExpandMathPass(options));
      Operation *definition = cell.v.getDefiningOp();
      definition->setAttr("test.example", UnitAttr::get(&context()));
      EXPECT_TRUE(succeeded(passes.run(*cell.module)));
      bool isThere = false;
      cell.module->walk(
          [&](Operation *op) { isThere |= op->hasAttr("test.example"); });
      return !isThere;
    });
}

TEST_F(EveryOperation, IsTheSameToExplanationAndReference) {
  expectRules({}, [&](const std::string &name) {
    Cell cell = parse(name);
    StepValues values;
    std::map<std::string, double> numbers = {
        {"k", 0.5}, {"l", -0.25}, {"w", 0.625}, {"v", 0.75}};
    for (const auto &[gate, number] : numbers)
      values.projections[gate] = static_cast<float>(number);
    values.parameters["p"] = 0.375;
    values.input = 1.25;
    values.states = {2};
    double explained = StepEvaluation(cell.cell, values)[cell.v];

    reference::ParsedCell parsed =
        reference::parseCell(textOf(name, false), context());
    reference::Call call;
    call.shape = {1, 1, 1};
    for (const std::string &gate : parsed.gates)
      call.preactivations.push_back(numbers.at(gate));
    call.input.assign(parsed.readsInput ? 1 : 0, 1.25);
    call.parameters.assign(parsed.parameters.size(), 0.375);
    call.initial = {2};
    double expected = reference::evaluate(parsed, call).output.value[0];
    EXPECT_NEAR(explained, expected, 1e-6);
    // Zero is what an operation without a rule gives.
    return expected != 0 && explained != 0;
  });
}
