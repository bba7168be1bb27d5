//===- CellOps.cpp - Syntax and rules of cells ----------------------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dialect/Functions.h"
#include "dialect/MinRNN.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/Diagnostics.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/ADT/StringSwitch.h"

using namespace mlir;
using namespace minrnn::dialect;

bool minrnn::dialect::isIdentifier(StringRef name) {
  return !name.empty() && !llvm::isDigit(name.front()) &&
         llvm::all_of(name,
                      [](char c) { return llvm::isAlnum(c) || c == '_'; });
}

bool minrnn::dialect::isCellOperation(Operation *op) {
  return findFunction(op) ||
         isa<ProjectOp, ReadOp, ParameterOp, OutputOp, YieldOp, LerpOp,
             LogAddExp2Op, AffineOp, arith::ConstantOp, arith::AddFOp,
             arith::SubFOp, arith::MulFOp, arith::DivFOp, arith::NegFOp,
             arith::MaximumFOp, arith::MinimumFOp, arith::CmpFOp,
             arith::SelectOp, math::AbsFOp>(op);
}

bool minrnn::dialect::areComplements(Value x, Value y) {
  auto ofX = x.getDefiningOp<SigmoidOp>();
  auto ofY = y.getDefiningOp<SigmoidOp>();
  if (!ofX || !ofY)
    return false;
  auto isNegated = [](Value negation, Value of) {
    auto negated = negation.getDefiningOp<arith::NegFOp>();
    return negated && negated.getOperand() == of;
  };
  return isNegated(ofX.getOperand(), ofY.getOperand()) ||
         isNegated(ofY.getOperand(), ofX.getOperand());
}

bool minrnn::dialect::dependsOn(Value value, ValueRange others) {
  SmallVector<Value> pending = {value};
  llvm::SmallPtrSet<Value, 16> visited;
  while (!pending.empty()) {
    Value next = pending.pop_back_val();
    if (!visited.insert(next).second)
      continue;
    if (llvm::is_contained(others, next))
      return true;
    if (Operation *definition = next.getDefiningOp())
      llvm::append_range(pending, definition->getOperands());
  }
  return false;
}

/// What to write in place of an operation that is close to one of the language;
/// empty where there is nothing close.
static StringRef nearestInTheLanguage(StringRef name) {
  return llvm::StringSwitch<StringRef>(name)
      .Case("arith.maxnumf", "'arith.maximumf'")
      .Case("arith.minnumf", "'arith.minimumf'")
      .Case("math.exp2", "'math.exp' of x * ln 2")
      .Case("math.log1p", "'math.log' of 1 + x, or 'minrnn.softplus' where x "
                          "is an exponential")
      .Case("math.log2", "'math.log' of x, divided by ln 2")
      .Case("math.rsqrt", "1 divided by 'math.sqrt'")
      .Case("math.powf", "'arith.mulf' where the exponent is a small integer, "
                         "else, of a positive x, 'math.exp' of y * log x")
      .Case("math.fma", "'arith.mulf' and 'arith.addf'")
      .Case("math.clampf", "'arith.maximumf' and 'arith.minimumf'")
      .Default("");
}

//===----------------------------------------------------------------------===//
// CellOp
//===----------------------------------------------------------------------===//

YieldOp CellOp::getYield() {
  return cast<YieldOp>(getBody().front().getTerminator());
}

Value CellOp::getOutput() {
  for (auto output : getBody().getOps<OutputOp>())
    return output.getValue();
  return getYield().getOperand(0);
}

bool CellOp::hasSeparateOutput() {
  return !getBody().getOps<OutputOp>().empty();
}

SmallVector<StringRef> CellOp::getGateNames() {
  SmallVector<StringRef> names;
  for (auto project : getBody().getOps<ProjectOp>())
    if (isa<InputType>(project.getOperand().getType()) &&
        !llvm::is_contained(names, project.getGate()))
      names.push_back(project.getGate());
  return names;
}

std::vector<ProjectOp> CellOp::getRecurrentProjections() {
  std::vector<ProjectOp> projections;
  for (auto project : getBody().getOps<ProjectOp>())
    if (!isa<InputType>(project.getOperand().getType()) &&
        llvm::none_of(projections, [&](ProjectOp earlier) {
          return earlier.getGate() == project.getGate();
        }))
      projections.push_back(project);
  return projections;
}

SmallVector<Value> CellOp::getInnerValues() {
  SmallVector<Value> values;
  for (ProjectOp project : getRecurrentProjections())
    if (project.isInner() && !llvm::is_contained(values, project.getOperand()))
      values.push_back(project.getOperand());
  return values;
}

SmallVector<StringRef> CellOp::getParameterNames() {
  SmallVector<StringRef> names;
  for (auto parameter : getBody().getOps<ParameterOp>())
    if (!llvm::is_contained(names, parameter.getParameter()))
      names.push_back(parameter.getParameter());
  return names;
}

void CellOp::getAsmBlockArgumentNames(Region &region,
                                      OpAsmSetValueNameFn setName) {
  if (region.empty() || region.getNumArguments() == 0)
    return;
  SmallVector<StringRef> stateNames(
      getStateNames().getAsValueRange<StringAttr>());
  setName(region.getArgument(0), "x");
  for (auto [argument, name] :
       llvm::zip(region.getArguments().drop_front(), stateNames))
    setName(argument, name);
}

ParseResult CellOp::parse(OpAsmParser &parser, OperationState &result) {
  Builder &builder = parser.getBuilder();
  StringAttr name;
  if (parser.parseSymbolName(name, getSymNameAttrName(result.name),
                             result.attributes))
    return failure();

  SmallVector<OpAsmParser::Argument> arguments;
  if (parser.parseArgumentList(arguments, OpAsmParser::Delimiter::Paren,
                               /*allowType=*/true))
    return failure();
  SMLoc inputLocation =
      arguments.empty() ? parser.getNameLoc() : arguments[0].ssaName.location;
  if (arguments.size() != 1)
    return parser.emitError(inputLocation)
           << "expects one input, '(%x: !minrnn.input)', found "
           << arguments.size() << " arguments";

  SmallVector<OpAsmParser::Argument> states;
  if (parser.parseKeyword("state",
                          " and the cell's states, 'state(%h: f32)'") ||
      parser.parseArgumentList(states, OpAsmParser::Delimiter::Paren,
                               /*allowType=*/true))
    return failure();
  SmallVector<Attribute> stateNames;
  for (OpAsmParser::Argument &state : states) {
    StringRef stateName = state.ssaName.name.drop_front();
    if (!isIdentifier(stateName)) // C3
      return parser.emitError(state.ssaName.location)
             << "expects a state's name to be an identifier, for tensors are "
                "called after it; found '"
             << stateName << "'";
    stateNames.push_back(builder.getStringAttr(stateName));
    arguments.push_back(state);
  }
  result.addAttribute(getStateNamesAttrName(result.name),
                      builder.getArrayAttr(stateNames));
  if (parser.parseOptionalAttrDictWithKeyword(result.attributes))
    return failure();

  Region *body = result.addRegion();
  SMLoc bodyLocation = parser.getCurrentLocation();
  if (parser.parseRegion(*body, arguments))
    return failure();
  // Here, before MLIR's own check, which would speak of blocks and terminators.
  if (body->getBlocks().size() > 1) {
    Block &second = *std::next(body->begin());
    InFlightDiagnostic diagnostic =
        second.empty() ? parser.emitError(bodyLocation)
                       : mlir::emitError(second.front().getLoc());
    return diagnostic << "expects one list of equations, for a step does not "
                         "branch; found a second block, which begins here. "
                         "Where one of two values is to be chosen, write "
                         "'arith.select'"; // C4
  }
  if (body->empty() || body->back().empty() ||
      !body->back().back().hasTrait<OpTrait::IsTerminator>())
    return parser.emitError(bodyLocation)
           << "expects a body that ends in minrnn.yield"; // C4
  return success();
}

void CellOp::print(OpAsmPrinter &printer) {
  printer << ' ';
  printer.printSymbolName(getSymName());
  printer << '(';
  printer.printRegionArgument(getInput());
  printer << ") state(";
  llvm::interleaveComma(getStates(), printer, [&](BlockArgument state) {
    printer.printRegionArgument(state);
  });
  printer << ')';
  printer.printOptionalAttrDictWithKeyword(
      (*this)->getAttrs(), {getSymNameAttrName(), getStateNamesAttrName()});
  printer << ' ';
  printer.printRegion(getBody(), /*printEntryBlockArgs=*/false);
}

LogicalResult CellOp::verify() {
  auto arguments = getBody().getArguments();
  if (arguments.empty() || !isa<InputType>(arguments[0].getType())) // C1
    return emitOpError("expects its first argument to be the input vector, of "
                       "type '!minrnn.input'");
  if (getStates().empty()) // C2
    return emitOpError("expects a state, 'state(%h: f32)'; without one there "
                       "is nothing to recur on");
  for (BlockArgument state : getStates())
    if (!state.getType().isF32()) // C2
      return emitOpError("expects state #")
             << state.getArgNumber() - 1 << " to be 'f32', found "
             << state.getType();

  if (getStateNames().size() != getStates().size()) // C3
    return emitOpError("expects a name for each of its ")
           << getStates().size() << " states, found " << getStateNames().size();
  llvm::StringSet<> seen;
  for (StringRef name : getStateNames().getAsValueRange<StringAttr>()) {
    if (!isIdentifier(name)) // C3
      return emitOpError("expects a state's name to be an identifier, found '")
             << name << "'";
    if (!seen.insert(name).second) // C3
      return emitOpError("expects its states' names to differ, found '")
             << name << "' twice";
  }

  // Here and not in verifyRegions, so that it comes before MLIR's own words
  // about blocks and terminators.
  Block &block = getBody().front();
  if (block.empty() || !isa<YieldOp>(block.back())) { // C4
    InFlightDiagnostic diagnostic =
        emitOpError("expects its body to end in 'minrnn.yield', which hands "
                    "on the next state");
    if (!block.empty())
      diagnostic.attachNote(block.back().getLoc()) << "the body ends here";
    return diagnostic;
  }
  return success();
}

namespace {
/// Rule C9: who has which name, of the tensors that are called after a cell's
/// input, output, states, gates and parameters, and of their gradients.
class TensorNames {
public:
  /// Gives `tensor` to `owner`. Where it is taken already, emits an error that
  /// names both.
  LogicalResult claim(const Twine &tensor, const Twine &owner, Location at) {
    auto [entry, isNew] = owners.try_emplace(tensor.str(), owner.str());
    if (isNew)
      return success();
    return emitError(at) << "'minrnn.cell' op expects its tensors' names to "
                         << "differ, found '" << tensor << "' for "
                         << entry->second << " and for " << owner
                         << "; call one of them otherwise";
  }
  /// The same of a tensor and of its gradient `d_...`.
  LogicalResult claimBoth(const Twine &tensor, const Twine &owner,
                          Location at) {
    return success(
        succeeded(claim(tensor, owner, at)) &&
        succeeded(claim("d_" + tensor, "the gradient of " + owner, at)));
  }

private:
  llvm::StringMap<std::string> owners;
};
} // namespace

/// Rule C9: no two tensors of a cell share a name.
static LogicalResult verifyTensorNames(CellOp cell) {
  TensorNames names;
  Location at = cell.getLoc();
  SmallVector<StringRef> states(
      cell.getStateNames().getAsValueRange<StringAttr>());
  // Without minrnn.output the output is the first state, by its name.
  bool hasOutput = cell.hasSeparateOutput();
  if (failed(names.claim("__metadata__", "the header of a safetensors file",
                         at)) ||
      failed(names.claim("reset", "the mask of resets", at)) ||
      failed(names.claimBoth("x", "the input", at)) ||
      (hasOutput && failed(names.claim("y", "the output", at))) ||
      failed(names.claim("d" + (hasOutput ? "y" : states.front()),
                         "the gradient of the output", at)))
    return failure();
  for (auto [name, argument] : llvm::zip_equal(states, cell.getStates())) {
    std::string owner = ("the state '" + name + "'").str();
    Location there = argument.getLoc();
    if (failed(names.claim(name, owner, there)) ||
        failed(names.claimBoth(name + "0", owner, there)) ||
        failed(names.claim(name + "_last", owner, there)) ||
        failed(names.claim("d" + name + "_last", "the gradient of " + owner,
                           there)))
      return failure();
  }
  llvm::StringSet<> gates;
  llvm::StringSet<> parameters;
  for (Operation &op : cell.getBody().front()) {
    auto project = dyn_cast<ProjectOp>(op);
    auto parameter = dyn_cast<ParameterOp>(op);
    if (project && gates.insert(project.getGate()).second &&
        failed(names.claimBoth(project.getGate() + ".weight",
                               "the projection '" + project.getGate() + "'",
                               op.getLoc())))
      return failure();
    if (parameter && parameters.insert(parameter.getParameter()).second &&
        failed(names.claimBoth(
            parameter.getParameter(),
            "the parameter '" + parameter.getParameter() + "'", op.getLoc())))
      return failure();
  }
  return success();
}

LogicalResult CellOp::verifyRegions() {
  Block &block = getBody().front();
  YieldOp yield = getYield();
  if (yield.getNumOperands() != getStates().size()) { // C4
    InFlightDiagnostic diagnostic = yield.emitOpError("expects one value for "
                                                      "each of the cell's ");
    diagnostic << getStates().size() << " states, found "
               << yield.getNumOperands();
    diagnostic.attachNote(getLoc()) << "the states are declared here";
    return diagnostic;
  }

  llvm::StringMap<ProjectOp> gates;
  OutputOp output;
  for (Operation &op : block) {
    if (!isCellOperation(&op)) { // C5
      StringRef nearest = nearestInTheLanguage(op.getName().getStringRef());
      InFlightDiagnostic diagnostic =
          op.emitOpError("is not an operation of the cell language; ");
      if (nearest.empty())
        diagnostic << "see specs/dialect.md for those that are";
      else
        diagnostic << "in its place, write " << nearest;
      return diagnostic;
    }
    for (Type type : op.getResultTypes())
      if (!type.isF32() && !type.isInteger(1)) // C5
        return op.emitOpError("computes ")
               << type << " in a cell, which expects 'f32'";
    if (auto another = dyn_cast<OutputOp>(op)) {
      if (output) { // C8
        InFlightDiagnostic diagnostic =
            another.emitOpError("expects to be the only one of its cell");
        diagnostic.attachNote(output.getLoc()) << "the first one is here";
        return diagnostic;
      }
      output = another;
    }
    auto project = dyn_cast<ProjectOp>(op);
    if (!project)
      continue;
    auto [entry, isNew] = gates.try_emplace(project.getGate(), project);
    if (!isNew && entry->second.getOperand() != project.getOperand()) { // C6
      InFlightDiagnostic diagnostic =
          project.emitOpError("expects gate \"")
          << project.getGate() << "\" to project one operand, for it has one "
          << "weight; found a second operand, of type "
          << project.getOperand().getType();
      diagnostic.attachNote(entry->second.getLoc())
          << "the first one is projected here, of type "
          << entry->second.getOperand().getType();
      return diagnostic;
    }
  }
  if (getInput().use_empty()) // C7
    return emitOpError("expects at least one 'minrnn.project' or 'minrnn.read' "
                       "of its input; without one the cell reads no input");
  return verifyTensorNames(*this); // C9
}

//===----------------------------------------------------------------------===//
// ProjectOp
//===----------------------------------------------------------------------===//

ParseResult ProjectOp::parse(OpAsmParser &parser, OperationState &result) {
  OpAsmParser::UnresolvedOperand operand;
  std::string gate;
  Type type;
  if (parser.parseOperand(operand) || parser.parseString(&gate) ||
      parser.parseOptionalAttrDict(result.attributes) ||
      parser.parseColonType(type))
    return failure();
  result.addAttribute(getGateAttrName(result.name),
                      parser.getBuilder().getStringAttr(gate));
  if (succeeded(parser.parseOptionalArrow())) {
    if (parser.parseType(result.types.emplace_back()))
      return failure();
    return parser.resolveOperand(operand, type, result.operands);
  }
  // `: f32` alone is short for `: !minrnn.input -> f32`. To who forgot the
  // arrow, MLIR would speak of a type that stands nowhere in the text.
  result.addTypes(type);
  bool isOfAnotherType = false;
  LogicalResult resolved = [&] {
    ScopedDiagnosticHandler watch(
        parser.getContext(), [&](Diagnostic &diagnostic) {
          isOfAnotherType |= StringRef(diagnostic.str()).contains("type");
          return success(isOfAnotherType);
        });
    return parser.resolveOperand(operand, InputType::get(parser.getContext()),
                                 result.operands);
  }();
  if (isOfAnotherType)
    return parser.emitError(operand.location)
           << "expects the input where one type stands alone; a value of the "
              "step is projected with both, 'minrnn.project "
           << operand.name << " \"" << gate << "\" : f32 -> f32'"; // P2
  return resolved;
}

void ProjectOp::print(OpAsmPrinter &printer) {
  printer << ' ' << getOperand() << ' ' << getGateAttr();
  printer.printOptionalAttrDict((*this)->getAttrs(), {getGateAttrName()});
  printer << " : ";
  if (!isa<InputType>(getOperand().getType()))
    printer << getOperand().getType() << " -> ";
  printer << getType();
}

LogicalResult ProjectOp::verify() {
  if (!isIdentifier(getGate())) // P1
    return emitOpError("expects the gate's name to be an identifier, for its "
                       "tensors are called after it; found \"")
           << getGate() << "\"";
  return success();
}

//===----------------------------------------------------------------------===//
// ParameterOp
//===----------------------------------------------------------------------===//

LogicalResult ParameterOp::verify() {
  if (!isIdentifier(getParameter())) // R1
    return emitOpError("expects the parameter's name to be an identifier, for "
                       "its tensor is called after it; found \"")
           << getParameter() << "\"";
  return success();
}

//===----------------------------------------------------------------------===//
// AffineOp
//===----------------------------------------------------------------------===//

LogicalResult AffineOp::verify() {
  auto cell = dyn_cast_or_null<CellOp>((*this)->getParentOp());
  auto state = dyn_cast<BlockArgument>(getState());
  if (!cell || !state || state.getOwner() != &cell.getBody().front() ||
      state.getArgNumber() == 0) // A1
    return emitOpError("expects its second operand to be a state of the cell "
                       "around it");
  for (Value part : {getCoefficient(), getOffset()})
    if (dependsOn(part, cell.getStates())) // A1
      return emitOpError("expects its coefficient and offset to be free of "
                         "every state");
  return success();
}
