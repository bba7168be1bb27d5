//===- ParsedCell.cpp - A cell's text as a straight line of code ----------===//
//-------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tests/reference/ParsedCell.h"

#include "dialect/MinRNN.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/Matchers.h"
#include "mlir/Parser/Parser.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/TypeSwitch.h"

#include <algorithm>
#include <cmath>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <utility>

using namespace mlir;
using namespace minrnn::dialect;
using minrnn::reference::findFunction;
using minrnn::reference::Function;
using minrnn::reference::Instruction;
using minrnn::reference::Opcode;
using minrnn::reference::ParsedCell;
using minrnn::reference::ParsedProjection;
using minrnn::reference::Predicate;

namespace {

/// How a value depends on the states.
enum Degree { Free = 0, AffineInStates = 1, Other = 2 };

/// The place of `item` in `items`, put at their end if it is new.
template <typename Item> int placeOf(std::vector<Item> &items, Item item) {
  auto found = std::find(items.begin(), items.end(), item);
  if (found == items.end())
    found = items.insert(items.end(), std::move(item));
  return static_cast<int>(found - items.begin());
}

class Translation {
public:
  ParsedCell translate(CellOp cell);

private:
  void translate(mlir::Operation &op);
  void translate(ProjectOp project);
  /// What `op` is, without its operands.
  Instruction instructionFor(mlir::Operation &op);
  Degree degreeOf(const Instruction &instruction) const;
  int append(Instruction instruction);
  void append(Value value, Instruction instruction) {
    places[value] = append(std::move(instruction));
  }
  int call(std::string_view function, int operand) {
    return append({.operation = Opcode::Call,
                   .operands = {operand},
                   .function = findFunction(function)});
  }
  /// The operation's own value in a form that holds where the one it is written
  /// in loses everything, even in double; or -1.
  int stableForm(mlir::Operation &op);
  /// The quotient of two sigmoids or of two exponentials, or -1.
  int ratioOfTwo(arith::DivFOp quotient);
  /// log x, where x is a sigmoid or an exponential; else -1.
  int logarithm(Value x);

  ParsedCell parsed;
  std::vector<Degree> degrees;
  llvm::DenseMap<Value, int> places;
};

} // namespace

bool Predicate::holds(double x, double y) const {
  if (std::isnan(x) || std::isnan(y))
    return unordered;
  if (x < y)
    return less;
  return x > y ? greater : equal;
}

Predicate minrnn::reference::predicateOf(int64_t predicate) {
  using P = arith::CmpFPredicate;
  switch (static_cast<P>(predicate)) {
  case P::AlwaysFalse:
    return {};
  case P::OEQ:
    return {.equal = true};
  case P::OGT:
    return {.greater = true};
  case P::OGE:
    return {.equal = true, .greater = true};
  case P::OLT:
    return {.less = true};
  case P::OLE:
    return {.less = true, .equal = true};
  case P::ONE:
    return {.less = true, .greater = true};
  case P::ORD:
    return {.less = true, .equal = true, .greater = true};
  case P::UEQ:
    return {.equal = true, .unordered = true};
  case P::UGT:
    return {.greater = true, .unordered = true};
  case P::UGE:
    return {.equal = true, .greater = true, .unordered = true};
  case P::ULT:
    return {.less = true, .unordered = true};
  case P::ULE:
    return {.less = true, .equal = true, .unordered = true};
  case P::UNE:
    return {.less = true, .greater = true, .unordered = true};
  case P::UNO:
    return {.unordered = true};
  case P::AlwaysTrue:
    return {.less = true, .equal = true, .greater = true, .unordered = true};
  }
  throw std::invalid_argument("unknown predicate");
}

int Translation::append(Instruction instruction) {
  Degree degree = degreeOf(instruction);
  instruction.regroups = degree == AffineInStates;
  auto isConstant = [&](int operand) {
    const Instruction &of = parsed.instructions[operand];
    return of.operation == Opcode::Constant || of.isFolded;
  };
  instruction.isFolded = !instruction.operands.empty() &&
                         llvm::all_of(instruction.operands, isConstant);
  parsed.instructions.push_back(std::move(instruction));
  degrees.push_back(degree);
  return static_cast<int>(degrees.size()) - 1;
}

int Translation::logarithm(Value x) {
  if (auto exponential = x.getDefiningOp<math::ExpOp>())
    return places.at(exponential.getOperand());
  auto sigmoid = x.getDefiningOp<SigmoidOp>();
  if (!sigmoid)
    return -1;
  // log sigmoid(k) = -softplus(-k)
  int negated = append({.operation = Opcode::Negate,
                        .operands = {places.at(sigmoid.getOperand())}});
  int softplus = call("minrnn.softplus", negated);
  return append({.operation = Opcode::Negate, .operands = {softplus}});
}

int Translation::ratioOfTwo(arith::DivFOp quotient) {
  // (c x) / (d y) = exp(log x - log y) c / d
  auto split = [&](Value value, int &factor) {
    auto product = value.getDefiningOp<arith::MulFOp>();
    if (!product)
      return value;
    Value other = product.getLhs();
    Value number = product.getRhs();
    if (other.getDefiningOp<arith::ConstantOp>())
      std::swap(other, number);
    if (!number.getDefiningOp<arith::ConstantOp>())
      return value;
    factor = places.at(number);
    return other;
  };
  int above = -1;
  int below = -1;
  Value x = split(quotient.getLhs(), above);
  Value y = split(quotient.getRhs(), below);
  bool areSigmoids =
      x.getDefiningOp<SigmoidOp>() && y.getDefiningOp<SigmoidOp>();
  bool areExponentials =
      x.getDefiningOp<math::ExpOp>() && y.getDefiningOp<math::ExpOp>();
  if (!areSigmoids && !areExponentials)
    return -1;
  int logX = logarithm(x);
  int logY = logarithm(y);
  int difference =
      append({.operation = Opcode::Subtract, .operands = {logX, logY}});
  int ratio = call("math.exp", difference);
  if (above >= 0)
    ratio = append({.operation = Opcode::Multiply, .operands = {ratio, above}});
  if (below >= 0)
    ratio = append({.operation = Opcode::Divide, .operands = {ratio, below}});
  return ratio;
}

int Translation::stableForm(mlir::Operation &op) {
  if (auto difference = dyn_cast<arith::SubFOp>(op)) {
    // 1 - sigmoid(k) = sigmoid(-k), 1 - tanh(k) = 2 sigmoid(-2 k)
    mlir::Operation *gate = difference.getRhs().getDefiningOp();
    if (!isa_and_nonnull<SigmoidOp, math::TanhOp>(gate) ||
        !matchPattern(difference.getLhs(), m_OneFloat()) ||
        parsed.instructions[places.at(gate->getResult(0))].isFolded)
      return -1;
    int argument = append({.operation = Opcode::Negate,
                           .operands = {places.at(gate->getOperand(0))}});
    if (isa<SigmoidOp>(gate))
      return call("minrnn.sigmoid", argument);
    int two = append({.operation = Opcode::Constant, .constant = 2});
    argument =
        append({.operation = Opcode::Multiply, .operands = {argument, two}});
    int share = call("minrnn.sigmoid", argument);
    return append({.operation = Opcode::Multiply, .operands = {share, two}});
  }
  if (auto root = dyn_cast<math::SqrtOp>(op)) {
    // sqrt(x) = exp(log x / 2)
    int log = logarithm(root.getOperand());
    if (log < 0)
      return -1;
    int half = append({.operation = Opcode::Constant, .constant = 0.5});
    int exponent =
        append({.operation = Opcode::Multiply, .operands = {log, half}});
    return call("math.exp", exponent);
  }
  auto quotient = dyn_cast<arith::DivFOp>(op);
  if (!quotient)
    return -1;
  if (int ratio = ratioOfTwo(quotient); ratio >= 0)
    return ratio;
  // x / (x + y) = sigmoid(log x - log y)
  auto sum = quotient.getRhs().getDefiningOp<arith::AddFOp>();
  Value x = quotient.getLhs();
  if (!sum || (x != sum.getLhs() && x != sum.getRhs()))
    return -1;
  int logX = logarithm(x);
  int logY = logarithm(x == sum.getLhs() ? sum.getRhs() : sum.getLhs());
  if (logX < 0 || logY < 0)
    return -1;
  int difference =
      append({.operation = Opcode::Subtract, .operands = {logX, logY}});
  return call("minrnn.sigmoid", difference);
}

Degree Translation::degreeOf(const Instruction &instruction) const {
  auto degree = [&](int operand) {
    return degrees[instruction.operands[operand]];
  };
  Degree highest = Free;
  for (int operand : instruction.operands)
    highest = std::max(highest, degrees[operand]);
  switch (instruction.operation) {
  case Opcode::State:
    return AffineInStates;
  case Opcode::Recurrent: // mixes the channels
    return Other;
  case Opcode::Add:
  case Opcode::Subtract:
  case Opcode::Negate:
    return highest;
  case Opcode::Multiply:
    return degree(0) == Free || degree(1) == Free ? highest : Other;
  case Opcode::Divide:
    return degree(1) == Free ? highest : Other;
  case Opcode::Select:
    return degree(0) == Free ? highest : Other;
  case Opcode::Lerp:
    return degree(2) == Free ? highest : Other;
  case Opcode::Affine:
    return highest;
  default:
    return highest == Free ? Free : Other;
  }
}

Instruction Translation::instructionFor(mlir::Operation &op) {
  auto plain = [](Opcode operation) {
    return Instruction{.operation = operation};
  };
  if (const Function *function = findFunction(op.getName().getStringRef()))
    return {.operation = Opcode::Call, .function = function};
  return llvm::TypeSwitch<mlir::Operation *, Instruction>(&op)
      .Case([&](ParameterOp parameter) {
        return Instruction{.operation = Opcode::Parameter,
                           .index = placeOf(parsed.parameters,
                                            parameter.getParameter().str())};
      })
      .Case([&](arith::ConstantOp constant) {
        double number = 0;
        if (auto value = dyn_cast<FloatAttr>(constant.getValue()))
          number = value.getValueAsDouble();
        else
          number = cast<BoolAttr>(constant.getValue()).getValue() ? 1 : 0;
        return Instruction{.operation = Opcode::Constant, .constant = number};
      })
      .Case([&](arith::CmpFOp compare) {
        return Instruction{.operation = Opcode::Compare,
                           .predicate = minrnn::reference::predicateOf(
                               static_cast<int64_t>(compare.getPredicate()))};
      })
      .Case([&](arith::AddFOp) { return plain(Opcode::Add); })
      .Case([&](arith::SubFOp) { return plain(Opcode::Subtract); })
      .Case([&](arith::MulFOp) { return plain(Opcode::Multiply); })
      .Case([&](arith::DivFOp) { return plain(Opcode::Divide); })
      .Case([&](arith::NegFOp) { return plain(Opcode::Negate); })
      .Case([&](arith::MaximumFOp) { return plain(Opcode::Maximum); })
      .Case([&](arith::MinimumFOp) { return plain(Opcode::Minimum); })
      .Case([&](arith::SelectOp) { return plain(Opcode::Select); })
      .Case([&](math::AbsFOp) { return plain(Opcode::Absolute); })
      .Case([&](LerpOp) { return plain(Opcode::Lerp); })
      .Case([&](LogAddExp2Op) { return plain(Opcode::LogAddExp2); })
      .Case([&](AffineOp) { return plain(Opcode::Affine); })
      .Default([](mlir::Operation *unknown) -> Instruction {
        throw std::invalid_argument("the reference does not know " +
                                    unknown->getName().getStringRef().str());
      });
}

void Translation::translate(mlir::Operation &op) {
  if (isa<OutputOp, YieldOp>(op))
    return;
  if (auto read = dyn_cast<ReadOp>(op)) {
    parsed.readsInput = true;
    return append(read, {.operation = Opcode::Read});
  }
  if (auto project = dyn_cast<ProjectOp>(op))
    return translate(project);
  if (int stable = stableForm(op); stable >= 0) {
    places[op.getResult(0)] = stable;
    return;
  }
  Instruction instruction = instructionFor(op);
  for (Value operand : op.getOperands())
    instruction.operands.push_back(places.at(operand));
  append(op.getResult(0), std::move(instruction));
}

void Translation::translate(ProjectOp project) {
  if (isa<InputType>(project.getOperand().getType()))
    return append(project,
                  {.operation = Opcode::Gate,
                   .index = placeOf(parsed.gates, project.getGate().str())});
  ParsedProjection projection{.name = project.getGate().str()};
  if (auto state = dyn_cast<BlockArgument>(project.getOperand())) {
    projection.state = static_cast<int>(state.getArgNumber()) - 1;
  } else {
    projection.inner = placeOf(parsed.inner, places.at(project.getOperand()));
  }
  auto &known = parsed.recurrent;
  auto found = llvm::find_if(known, [&](const ParsedProjection &other) {
    return other.name == projection.name;
  });
  if (found == known.end())
    found = known.insert(known.end(), projection);
  append(project, {.operation = Opcode::Recurrent,
                   .index = static_cast<int>(found - known.begin())});
}

ParsedCell Translation::translate(CellOp cell) {
  parsed.name = cell.getSymName().str();
  for (BlockArgument state : cell.getBody().getArguments().drop_front()) {
    auto index = static_cast<int>(state.getArgNumber()) - 1;
    auto name = cast<StringAttr>(cell.getStateNames()[index]);
    parsed.states.push_back(name.str());
    append(state, {.operation = Opcode::State, .index = index});
  }
  mlir::Operation *terminator = nullptr;
  for (mlir::Operation &op : cell.getBody().front()) {
    translate(op);
    if (isa<OutputOp>(op)) {
      parsed.hasSeparateOutput = true;
      parsed.output = places.at(op.getOperand(0));
    }
    terminator = &op;
  }
  for (Value next : terminator->getOperands())
    parsed.next.push_back(places.at(next));
  if (!parsed.hasSeparateOutput)
    parsed.output = parsed.next.front();
  return std::move(parsed);
}

ParsedCell minrnn::reference::parseCell(std::string_view text) {
  DialectRegistry registry;
  registry.insert<MinRNNDialect>();
  MLIRContext context(registry, MLIRContext::Threading::DISABLED);
  return parseCell(text, context);
}

ParsedCell minrnn::reference::parseCell(std::string_view text,
                                        MLIRContext &context) {
  std::string message;
  ScopedDiagnosticHandler handler(&context, [&](Diagnostic &diagnostic) {
    message += diagnostic.str() + "\n";
  });
  OwningOpRef<ModuleOp> module = parseSourceString<ModuleOp>(text, &context);
  if (!module)
    throw std::invalid_argument("no cell: " + message);
  auto cells = module->getOps<CellOp>();
  if (!llvm::hasSingleElement(cells))
    throw std::invalid_argument("expected a text of one cell");
  return Translation().translate(*cells.begin());
}

ParsedCell minrnn::reference::parseCellFile(const std::string &path) {
  std::ifstream file(path);
  if (!file)
    throw std::invalid_argument("cannot read " + path);
  std::ostringstream text;
  text << file.rdbuf();
  return parseCell(text.str());
}
