//===- ProgramOps.cpp - Syntax and rules of programs ----------------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dialect/MinRNN.h"
#include "dialect/ProgramSyntax.h"
#include "specs/contract/Tensors.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/Builders.h"
#include "llvm/ADT/StringSet.h"

using namespace mlir;
using namespace minrnn;
using namespace minrnn::dialect;

//===----------------------------------------------------------------------===//
// Syntax
//===----------------------------------------------------------------------===//

ParseResult minrnn::dialect::parseKeyword(OpAsmParser &parser,
                                          StringAttr &word) {
  StringRef text;
  if (parser.parseKeyword(&text))
    return failure();
  word = parser.getBuilder().getStringAttr(text);
  return success();
}

void minrnn::dialect::printKeyword(OpAsmPrinter &printer, Operation *,
                                   StringAttr word) {
  printer << word.getValue();
}

ParseResult minrnn::dialect::parseAxes(OpAsmParser &parser, ArrayAttr &axes) {
  SmallVector<Attribute> names;
  auto parseAxis = [&]() -> ParseResult {
    StringAttr name;
    int64_t size = 0;
    if (OptionalParseResult isSize = parser.parseOptionalInteger(size);
        isSize.has_value() ? *isSize : parseKeyword(parser, name))
      return failure();
    names.push_back(name ? name
                         : parser.getBuilder().getStringAttr(Twine(size)));
    return success();
  };
  if (parser.parseCommaSeparatedList(OpAsmParser::Delimiter::Square, parseAxis))
    return failure();
  axes = parser.getBuilder().getArrayAttr(names);
  return success();
}

void minrnn::dialect::printAxes(OpAsmPrinter &printer, Operation *,
                                ArrayAttr axes) {
  printer << '[';
  llvm::interleaveComma(axes.getAsValueRange<StringAttr>(), printer);
  printer << ']';
}

ParseResult minrnn::dialect::parseLaunchArguments(
    OpAsmParser &parser, ArrayAttr &names,
    SmallVectorImpl<OpAsmParser::UnresolvedOperand> &tensors) {
  SmallVector<Attribute> found;
  auto parseArgument = [&]() -> ParseResult {
    StringAttr name;
    if (parser.parseAttribute(name) || parser.parseEqual() ||
        parser.parseOperand(tensors.emplace_back()))
      return failure();
    found.push_back(name);
    return success();
  };
  if (parser.parseCommaSeparatedList(OpAsmParser::Delimiter::Paren,
                                     parseArgument))
    return failure();
  names = parser.getBuilder().getArrayAttr(found);
  return success();
}

void minrnn::dialect::printLaunchArguments(OpAsmPrinter &printer, Operation *,
                                           ArrayAttr names,
                                           OperandRange tensors) {
  printer << '(';
  llvm::interleaveComma(
      llvm::zip_equal(names, tensors), printer, [&](auto pair) {
        printer << std::get<0>(pair) << " = " << std::get<1>(pair);
      });
  printer << ')';
}

//===----------------------------------------------------------------------===//
// The program
//===----------------------------------------------------------------------===//

int64_t ProgramOp::getSize(Axis axis) {
  switch (axis) {
  case Axis::Gates:
    return static_cast<int64_t>(getGates().size());
  case Axis::Recurrent:
    return static_cast<int64_t>(getRecurrent().size());
  case Axis::Parameters:
    return static_cast<int64_t>(getParameters().size());
  case Axis::States:
    return static_cast<int64_t>(getStates().size());
  case Axis::Inner: {
    int64_t size = 0;
    for (const RecurrentProjection &gate : getProjections())
      size = std::max(size, gate.inner ? *gate.inner + 1 : 0);
    return size;
  }
  default:
    assert(namelessSize(axis) && "the axis' size hangs on the call");
    return namelessSize(axis);
  }
}

bool ProgramOp::outputIsState() {
  return getStates().size() == 1 &&
         cast<StringAttr>(getStates()[0]).getValue() == getOutput();
}

std::vector<RecurrentProjection> ProgramOp::getProjections() {
  std::vector<RecurrentProjection> gates;
  for (auto fields : getRecurrent().getAsRange<DictionaryAttr>()) {
    RecurrentProjection &gate = gates.emplace_back();
    gate.name = fields.getAs<StringAttr>("name").str();
    if (auto state = fields.getAs<StringAttr>("state"))
      gate.state = state.str();
    if (auto place = fields.getAs<IntegerAttr>("inner"))
      gate.inner = place.getInt();
    if (auto stage = fields.getAs<IntegerAttr>("stage"))
      gate.stage = stage.getInt();
  }
  return gates;
}

bool ProgramOp::hasTensor(StringRef name) {
  return llvm::any_of(getBody().getOps<TensorOp>(), [&](TensorOp tensor) {
    return tensor.getName() == name;
  });
}

/// Rule B1, of one of `recurrent`; `places` is how many values computed within
/// the step the ones before it project.
static LogicalResult verifyProjection(ProgramOp program, Attribute attribute,
                                      int64_t &places) {
  auto fields = dyn_cast<DictionaryAttr>(attribute);
  auto state = fields ? fields.getAs<StringAttr>("state") : StringAttr();
  auto place = fields ? fields.getAs<IntegerAttr>("inner") : IntegerAttr();
  if (!fields || !fields.getAs<StringAttr>("name") || !state == !place)
    return program.emitOpError("expects each of 'recurrent' to have a name, "
                               "and either a 'state' or the place of an "
                               "'inner' value, found ")
           << attribute;
  if (state && !llvm::is_contained(program.getStates(), state))
    return program.emitOpError("expects a projection of one of the states, "
                               "found ")
           << attribute;
  if (!place)
    return success();
  if (place.getInt() < 0 || place.getInt() > places)
    return program.emitOpError("expects places of inner values to be counted "
                               "from 0 in the order of first use, found ")
           << attribute;
  auto stage = fields.getAs<IntegerAttr>("stage");
  if (!stage || stage.getInt() < 0)
    return program.emitOpError("expects an inner value to have a 'stage' from "
                               "0 on, found ")
           << attribute;
  places = std::max(places, place.getInt() + 1);
  return success();
}

/// Rule B2, of one tensor.
static LogicalResult verifyTensor(TensorOp tensor, ProgramOp program) {
  for (StringRef axis : tensor.getAxes().getAsValueRange<StringAttr>())
    if (!findAxis(axis))
      return tensor.emitOpError("expects known axes, found '") << axis << "'";
  if (tensor.getAxes().empty())
    return tensor.emitOpError("expects one axis at least");
  if (!findElement(tensor.getElement()))
    return tensor.emitOpError("expects elements io, f32, u8 or i32, found '")
           << tensor.getElement() << "'";
  std::optional<Role> role = findRole(tensor.getRole());
  if (!role)
    return tensor.emitOpError("expects the role input, parameter, output, "
                              "saved, gradient or scratch, found '")
           << tensor.getRole() << "'";
  if ((role == Role::Gradient) != tensor.getOf().has_value() ||
      (tensor.getOf() && !program.hasTensor(*tensor.getOf())))
    return tensor.emitOpError("expects to be 'of' a tensor of the program "
                              "where it is a gradient, and only there");
  return success();
}

LogicalResult ProgramOp::verify() {
  if (getKind() != "parallel" && getKind() != "sequential") // B1
    return emitOpError("expects the kind parallel or sequential, found '")
           << getKind() << "'";
  if (getStates().empty()) // B1
    return emitOpError("expects one state at least");
  int64_t places = 0;
  for (Attribute gate : getRecurrent())
    if (failed(verifyProjection(*this, gate, places)))
      return failure(); // B1
  llvm::StringSet<> names;
  for (TensorOp tensor : getBody().getOps<TensorOp>()) {
    if (!names.insert(tensor.getName()).second) // B2
      return tensor.emitOpError("expects another name: there is a tensor '")
             << tensor.getName() << "' before it";
    if (failed(verifyTensor(tensor, *this)))
      return failure(); // B2
  }
  for (Operation &op : getBody().front()) {
    auto procedure = dyn_cast<ProcedureOp>(op);
    if (!procedure) {
      if (!isa<TensorOp>(op)) // B2
        return op.emitOpError("expects to stand in a procedure");
      continue;
    }
    if (!findProcedure(procedure.getName()) ||
        !names.insert(("procedure " + procedure.getName()).str()).second) // B2
      return procedure.emitOpError("expects to be forward, backward or step, "
                                   "or one of the first two under lookback, "
                                   "once each, found '")
             << procedure.getName() << "'";
  }
  return success();
}

//===----------------------------------------------------------------------===//
// Tensors and operations
//===----------------------------------------------------------------------===//

void TensorOp::getAsmResultNames(function_ref<void(Value, StringRef)> setName) {
  setName(getResult(), getName());
}

ProgramTensor TensorOp::getTensor() {
  ProgramTensor tensor;
  tensor.name = getName().str();
  for (StringRef axis : getAxes().getAsValueRange<StringAttr>())
    tensor.axes.push_back(*findAxis(axis));
  tensor.element = *findElement(getElement());
  tensor.role = *findRole(getRole());
  tensor.of = getOf().value_or("").str();
  tensor.isOptional = getOptional();
  return tensor;
}

MatrixView minrnn::dialect::viewOf(Value buffer) {
  MatrixView view;
  if (auto op = buffer.getDefiningOp<ViewOp>()) {
    if (auto range = op.getRange(); range && range->size() == 2)
      view.range = {(*range)[0], (*range)[1]};
    view.steps = findSteps(op.getSteps()).value_or(Steps::All);
    buffer = op.getTensor();
  }
  view.tensor = buffer.getDefiningOp<TensorOp>().getName().str();
  return view;
}

/// The tensor behind a buffer, whose axes and elements are known; else nothing,
/// for the program's own verifier says what is wrong.
static std::optional<ProgramTensor> tensorOf(Value buffer) {
  if (auto view = buffer.getDefiningOp<ViewOp>())
    buffer = view.getTensor();
  auto op = buffer.getDefiningOp<TensorOp>();
  if (!op || !findElement(op.getElement()) || !findRole(op.getRole()) ||
      op.getAxes().empty() ||
      !llvm::all_of(op.getAxes().getAsValueRange<StringAttr>(),
                    [](StringRef axis) { return findAxis(axis); }))
    return std::nullopt;
  return op.getTensor();
}

LogicalResult ViewOp::verify() {
  if (!getTensor().getDefiningOp<TensorOp>()) // B3
    return emitOpError("expects a part of a tensor, found one of another part");
  std::optional<Steps> steps = findSteps(getSteps());
  if (!steps) // B3
    return emitOpError("expects steps all, current, first, later or earlier, "
                       "found '")
           << getSteps() << "'";
  if (getRange() && getRange()->size() != 2) // B3
    return emitOpError("expects a range of a begin and a count, found ")
           << getRange()->size() << " numbers";
  if (steps == Steps::Current && !(*this)->getParentOfType<ForTimeOp>()) // B3
    return emitOpError("takes the current step outside a loop over time");
  auto program = (*this)->getParentOfType<ProgramOp>();
  std::optional<ProgramTensor> tensor = tensorOf(getTensor());
  if (!program || !tensor)
    return success();
  std::string fault = checkView(viewOf(getResult()), *tensor, [&](Axis axis) {
    return program.getSize(axis);
  });
  if (!fault.empty()) // B3
    return emitOpError(fault);
  return success();
}

LogicalResult ProductOp::verify() {
  auto program = (*this)->getParentOfType<ProgramOp>();
  std::optional<ProgramTensor> tensors[] = {tensorOf(getResult()),
                                            tensorOf(getA()), tensorOf(getB())};
  if (!program || !llvm::all_of(tensors, [](auto &t) { return t.has_value(); }))
    return success();
  std::string fault = checkProduct(
      ProductOperation{viewOf(getResult()), viewOf(getA()), viewOf(getB()),
                       getTransposeA(), getTransposeB(), getAccumulate()},
      [&](std::string_view name) -> const ProgramTensor * {
        for (auto &tensor : tensors)
          if (tensor->name == name)
            return &*tensor;
        return nullptr;
      },
      [&](Axis axis) { return program.getSize(axis); });
  if (!fault.empty()) // B4
    return emitOpError(fault);
  return success();
}

LogicalResult SumOp::verify() {
  std::optional<ProgramTensor> result = tensorOf(getResult());
  std::optional<ProgramTensor> operand = tensorOf(getOperand());
  if (result && operand && !isSumOf(*result, *operand)) // B5
    return emitOpError("expects the axes of the operand without the batch, "
                       "found '")
           << result->name << "' for '" << operand->name << "'";
  return success();
}

LogicalResult CopyOp::verify() {
  std::optional<ProgramTensor> result = tensorOf(getResult());
  std::optional<ProgramTensor> operand = tensorOf(getOperand());
  if (result && operand && !isCopyOf(*result, *operand)) // B6
    return emitOpError("expects the same axes and elements, found '")
           << result->name << "' for '" << operand->name << "'";
  return success();
}

LogicalResult LaunchOp::verify() {
  if (getNames().size() != getTensors().size()) // B7
    return emitOpError("expects a name for each tensor, found ")
           << getNames().size() << " for " << getTensors().size();
  llvm::StringSet<> names;
  for (auto [attribute, buffer] : llvm::zip_equal(getNames(), getTensors())) {
    StringRef name = cast<StringAttr>(attribute).getValue();
    if (!names.insert(name).second) // B7
      return emitOpError("gives two tensors for '") << name << "'";
    const ProgramTensor *argument = findContractTensor(name);
    if (!argument) // B7
      return emitOpError("expects arguments that are tensors of the contract, "
                         "found '")
             << name << "'";
    std::optional<ProgramTensor> tensor = tensorOf(buffer);
    if (!buffer.getDefiningOp<TensorOp>() ||
        (tensor && (tensor->element != argument->element ||
                    !canStandFor(tensor->axes, argument->axes)))) // B7
      return emitOpError("expects a tensor with the axes and elements of '")
             << name << "'";
  }
  auto module = (*this)->getParentOfType<ModuleOp>();
  auto function =
      module ? module.lookupSymbol<func::FuncOp>(getEntry()) : func::FuncOp();
  if (!function)
    return success();
  llvm::StringSet<> known;
  auto learn = [&](DictionaryAttr attributes) {
    if (auto name = attributes ? attributes.getAs<StringAttr>("minrnn.name")
                               : StringAttr())
      known.insert(name.getValue());
  };
  for (unsigned i = 0; i < function.getNumArguments(); ++i)
    learn(function.getArgAttrDict(i));
  for (unsigned i = 0; i < function.getNumResults(); ++i)
    learn(function.getResultAttrDict(i));
  for (StringRef name : getNames().getAsValueRange<StringAttr>())
    if (!known.contains(name)) // B7
      return emitOpError("gives '")
             << name << "', which the function '" << getEntry()
             << "' neither takes nor returns";
  return success();
}

LogicalResult ForTimeOp::verify() {
  if ((*this)->getParentOfType<ForTimeOp>()) // B8
    return emitOpError("expects to be in no other loop");
  return success();
}
