//===- ScanOps.cpp - Syntax and rules of cells over sequences -------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dialect/Functions.h"
#include "dialect/MinRNN.h"
#include "dialect/ProgramSyntax.h"
#include "dialect/ScanAlgebra.h"

#include "mlir/IR/Builders.h"
#include "llvm/ADT/SmallPtrSet.h"

using namespace mlir;
using namespace minrnn::dialect;

/// Parses `(%a, %b) { ... }`: a region whose arguments are all f32.
static ParseResult parseScalarRegion(OpAsmParser &parser, Region &region) {
  SmallVector<OpAsmParser::Argument> arguments;
  if (parser.parseArgumentList(arguments, OpAsmParser::Delimiter::Paren))
    return failure();
  for (OpAsmParser::Argument &argument : arguments)
    argument.type = parser.getBuilder().getF32Type();
  SMLoc location = parser.getCurrentLocation();
  if (parser.parseRegion(region, arguments))
    return failure();
  if (region.empty())
    return parser.emitError(location)
           << "expects a body that ends in minrnn.yield";
  return success();
}

static void printScalarRegion(OpAsmPrinter &printer, Operation *,
                              Region &region) {
  printer << '(';
  llvm::interleaveComma(region.getArguments(), printer,
                        [&](BlockArgument argument) { printer << argument; });
  printer << ") ";
  printer.printRegion(region, /*printEntryBlockArgs=*/false);
}

/// `states(%a, %b) { ... }`, or nothing.
static ParseResult parseOptionalScalarRegion(OpAsmParser &parser,
                                             Region &region) {
  if (failed(parser.parseOptionalKeyword("states")))
    return success();
  return parseScalarRegion(parser, region);
}

static void printOptionalScalarRegion(OpAsmPrinter &printer, Operation *op,
                                      Region &region) {
  if (region.empty())
    return;
  printer << "states ";
  printScalarRegion(printer, op, region);
  printer << ' ';
}

/// `linear`, `log`, or the regions themselves:
/// `(...) { ... } identity [...] encode(...) { ... } decode(...) { ... }`.
static ParseResult parseAlgebra(OpAsmParser &parser, Region &combine,
                                DenseF32ArrayAttr &identity, Region &encode,
                                Region &decode, Type initial) {
  StringRef name;
  if (succeeded(parser.parseOptionalKeyword(&name, {"linear", "log"}))) {
    // (Where the states have no number, the verifier says so.)
    auto tensor = dyn_cast<RankedTensorType>(initial);
    bool isKnown = tensor && tensor.getRank() == 3 && !tensor.isDynamicDim(1);
    buildAlgebra(name, {combine, encode, decode, identity},
                 isKnown ? tensor.getDimSize(1) : 0,
                 parser.getEncodedSourceLoc(parser.getNameLoc()));
    return success();
  }
  SMLoc location = parser.getCurrentLocation();
  if (succeeded(parser.parseOptionalKeyword(&name)))
    return parser.emitError(location)
           << "expects 'linear', 'log' or a region '(...) { ... }'";
  if (parseScalarRegion(parser, combine) || parser.parseKeyword("identity"))
    return failure();
  identity = dyn_cast_or_null<DenseF32ArrayAttr>(
      DenseF32ArrayAttr::parse(parser, Type()));
  if (!identity)
    return failure();
  if (failed(parser.parseOptionalKeyword("encode")))
    return success();
  return failure(parseScalarRegion(parser, encode) ||
                 parser.parseKeyword("decode") ||
                 parseScalarRegion(parser, decode));
}

static void printAlgebra(OpAsmPrinter &printer, ScanOp scan, Region &combine,
                         DenseF32ArrayAttr identity, Region &encode,
                         Region &decode, Type) {
  if (StringRef name = algebraName(scan); !name.empty()) {
    printer << name;
    return;
  }
  printScalarRegion(printer, scan, combine);
  printer << " identity ";
  identity.print(printer);
  if (encode.empty())
    return;
  printer << " encode ";
  printScalarRegion(printer, scan, encode);
  printer << " decode ";
  printScalarRegion(printer, scan, decode);
}

/// `(0, 1]`: within an operation an interval needs no quotes.
static ParseResult parseInterval(OpAsmParser &parser, IntervalAttr &interval) {
  interval = IntervalAttr::parseBare(parser);
  return success(static_cast<bool>(interval));
}

static void printInterval(OpAsmPrinter &printer, Operation *,
                          IntervalAttr interval) {
  printer << interval.str();
}

#define GET_OP_CLASSES
#include "dialect/MinRNNOps.cpp.inc"

Block *minrnn::dialect::startScalarRegion(OpBuilder &builder, Region &region,
                                          size_t count, Location location) {
  SmallVector<Type> types(count, builder.getF32Type());
  SmallVector<Location> locations(count, location);
  return builder.createBlock(&region, {}, types, locations);
}

//===----------------------------------------------------------------------===//
// Gate axes
//===----------------------------------------------------------------------===//

/// The size of the gate axis: the last but one.
static int64_t gateCount(Type type) {
  auto tensor = cast<RankedTensorType>(type);
  return tensor.getDimSize(tensor.getRank() - 2);
}

int64_t minrnn::dialect::stepValueCount(TypeRange sequences) {
  int64_t count = 0;
  for (Type type : sequences)
    count += cast<RankedTensorType>(type).getRank() == 4 ? gateCount(type) : 1;
  return count;
}

int64_t minrnn::dialect::packedValueCount(TypeRange tensors) {
  int64_t count = 0;
  for (Type type : tensors)
    count += gateCount(type);
  return count;
}

LogicalResult DelayOp::verify() {
  int64_t values = stepValueCount(getSequence().getType());
  int64_t states = packedValueCount(getInitial().getType());
  if (values != states) // S2
    return emitOpError("expects a value in a step for each initial state, "
                       "found ")
           << values << " values and " << states << " states";
  return success();
}

//===----------------------------------------------------------------------===//
// ScanOp and SequentialScanOp
//===----------------------------------------------------------------------===//

/// Checks that `region` takes `arguments` scalars and yields `results`.
static LogicalResult verifyScalarRegion(Operation *op, Region &region,
                                        StringRef name, int64_t arguments,
                                        int64_t results) {
  if (static_cast<int64_t>(region.getNumArguments()) != arguments)
    return op->emitOpError("expects '")
           << name << "' to take " << arguments << " scalars, found "
           << region.getNumArguments();
  for (BlockArgument argument : region.getArguments())
    if (!argument.getType().isF32())
      return op->emitOpError("expects '")
             << name << "' to take scalars of type 'f32', found "
             << argument.getType();
  Block &block = region.front();
  auto yield = block.empty() ? YieldOp() : dyn_cast<YieldOp>(block.back());
  if (!yield)
    return op->emitOpError("expects '") << name << "' to end in 'minrnn.yield'";
  if (static_cast<int64_t>(yield.getNumOperands()) != results)
    return op->emitOpError("expects '")
           << name << "' to yield " << results << " values, found "
           << yield.getNumOperands();
  return success();
}

/// Rule S5, for a scan of either kind.
template <typename Recurrence> static LogicalResult verifyAxes(Recurrence op) {
  auto isDynamic = [](Type type, bool hasGates) {
    return hasGates && ShapedType::isDynamic(gateCount(type));
  };
  for (Type type : llvm::concat<const Type>(op.getSequences().getTypes(),
                                            op.getOutputs().getTypes()))
    if (isDynamic(type, cast<RankedTensorType>(type).getRank() == 4))
      return op.emitOpError("expects gate axes of static size, found ") << type;
  for (Type type : llvm::concat<const Type>(op.getParameters().getTypes(),
                                            op.getSums().getTypes()))
    if (isDynamic(type, true))
      return op.emitOpError("expects gate axes of static size, found ") << type;
  Type initial = op.getInitial().getType();
  if (isDynamic(initial, true))
    return op.emitOpError("expects gate axes of static size, found ")
           << initial;
  if (op.getLast().getType() != initial)
    return op.emitOpError("expects the last states to be as the initial ones, "
                          "of type ")
           << initial << ", found " << op.getLast().getType();
  return success();
}

SmallVector<int64_t> ScanOp::getOffsetPlaces() {
  int64_t states = getStateCount();
  int64_t size = getElementSize() / std::max<int64_t>(states, 1);
  SmallVector<int64_t> places;
  for (int64_t state = 0; state < states; ++state)
    places.push_back((state + 1) * size - 1);
  return places;
}

/// Whether an offset that `combine` yields depends on a coefficient of the
/// first element.
static bool mixesCoefficients(ScanOp scan) {
  SmallVector<int64_t> offsets = scan.getOffsetPlaces();
  Operation *yield = scan.getCombine().front().getTerminator();
  SmallVector<Value> pending;
  for (int64_t offset : offsets)
    pending.push_back(yield->getOperand(offset));
  llvm::SmallPtrSet<Value, 16> visited;
  while (!pending.empty()) {
    Value value = pending.pop_back_val();
    if (!visited.insert(value).second)
      continue;
    if (auto argument = dyn_cast<BlockArgument>(value)) {
      int64_t place = argument.getArgNumber();
      if (place < scan.getElementSize() && !llvm::is_contained(offsets, place))
        return true;
      continue;
    }
    llvm::append_range(pending, value.getDefiningOp()->getOperands());
  }
  return false;
}

/// Rules S8 and S9.
static LogicalResult verifyAlgebra(ScanOp scan) {
  int64_t states = scan.getStateCount();
  int64_t arguments = scan.getCombine().getNumArguments();
  int64_t size = scan.getElementSize();
  if (arguments % 2 != 0 || size < 2 * states ||
      (states != 0 && size % states != 0)) // S8
    return scan.emitOpError("expects 'combine' to take two elements, each of "
                            "two values or more for each of ")
           << states << " states, found " << arguments << " scalars";
  if (failed(verifyScalarRegion(scan, scan.getCombine(), "combine", 2 * size,
                                size)))
    return failure();                                          // S8
  if (static_cast<int64_t>(scan.getIdentity().size()) != size) // S8
    return scan.emitOpError("expects 'identity' to hold ")
           << size << " numbers, found " << scan.getIdentity().size();
  if (mixesCoefficients(scan)) // S8
    return scan.emitOpError("expects no offset that 'combine' yields to depend "
                            "on a coefficient of the first element");
  Region &encode = scan.getEncode();
  Region &decode = scan.getDecode();
  if (encode.empty() != decode.empty()) // S9
    return scan.emitOpError("expects 'encode' and 'decode' together");
  if (encode.empty())
    return success();
  if (failed(verifyScalarRegion(scan, encode, "encode", states, states)))
    return failure();                                                // S9
  return verifyScalarRegion(scan, decode, "decode", states, states); // S9
}

LogicalResult ScanOp::verify() {
  if (failed(verifyAxes(*this)))
    return failure(); // S5
  for (Value boundaries : {getTaken(), getBoundaries()})
    if (boundaries && ShapedType::isDynamic(gateCount(boundaries.getType())))
      return emitOpError("expects gate axes of static size, found ")
             << boundaries.getType(); // S5
  if (failed(verifyAlgebra(*this)))
    return failure();
  int64_t values = getValueCount();
  int64_t states = getStateCount();
  if (failed(verifyScalarRegion(*this, getElement(), "element", values,
                                getElementSize())))
    return failure(); // S3
  bool recomputes = static_cast<bool>(getTaken());
  if (recomputes == getStates().empty() || (recomputes && !getReverse())) // S7
    return emitOpError("expects boundaries and a region 'states' together, in "
                       "a reverse scan");
  if (recomputes) {
    int64_t parameters = packedValueCount(getParameters().getTypes());
    int64_t most = values - getRecomputedCount();
    int64_t found = getStates().getNumArguments();
    if (found < parameters || found > most) // S7
      return emitOpError("expects 'states' to take leading values and the ")
             << parameters << " parameters, at most " << most
             << " scalars, found " << found;
    if (getRecomputedCount() != states) // S7
      return emitOpError("expects boundaries of ")
             << states << " states, as it has itself, found "
             << getRecomputedCount();
    if (failed(verifyScalarRegion(*this, getStates(), "states", found,
                                  getElementSize())))
      return failure(); // S7
  }
  return verifyScalarRegion(*this, getOutput(), "output", // S4
                            values + 2 * states, getResultCount());
}

LogicalResult SequentialScanOp::verify() {
  if (failed(verifyAxes(*this)))
    return failure(); // S5
  int64_t states = getStateCount();
  return verifyScalarRegion(*this, getBody(), "body", // S6
                            getValueCount() + states,
                            states + getResultCount());
}
