//===- ScanOps.cpp - Syntax and rules of cells over sequences -------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dialect/MinRNN.h"

#include "mlir/IR/Builders.h"

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

LogicalResult PackedProjectionOp::verify() {
  auto expected = static_cast<int64_t>(getGates().size());
  int64_t inWeight =
      cast<RankedTensorType>(getWeight().getType()).getDimSize(0);
  if (inWeight != expected || gateCount(getType()) != expected) // S1
    return emitOpError("expects a gate axis of size ")
           << expected << ", one for each gate, found " << inWeight
           << " in the weight and " << gateCount(getType()) << " in the result";
  return success();
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

LogicalResult ScanOp::verify() {
  if (failed(verifyAxes(*this)))
    return failure(); // S5
  for (Value boundaries : {getTaken(), getBoundaries()})
    if (boundaries && ShapedType::isDynamic(gateCount(boundaries.getType())))
      return emitOpError("expects gate axes of static size, found ")
             << boundaries.getType(); // S5
  int64_t values = getValueCount();
  int64_t states = getStateCount();
  if (failed(verifyScalarRegion(*this, getElement(), "element", values,
                                2 * states)))
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
    if (failed(verifyScalarRegion(*this, getStates(), "states", found,
                                  2 * getRecomputedCount())))
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
