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

int64_t ScanOp::valuesPerStep(TypeRange sequences) {
  int64_t count = 0;
  for (Type type : sequences)
    count += cast<RankedTensorType>(type).getRank() == 4 ? gateCount(type) : 1;
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

LogicalResult SumTimeOp::verify() {
  if (gateCount(getSequence().getType()) != gateCount(getType())) // S2
    return emitOpError("expects one gate axis, found ")
           << gateCount(getSequence().getType()) << " gates in the operand and "
           << gateCount(getType()) << " in the result";
  return success();
}

//===----------------------------------------------------------------------===//
// ScanOp and StepOp
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

static LogicalResult verifyBias(Operation *op, Value bias, int64_t gates) {
  if (bias && gateCount(bias.getType()) != gates) // S5
    return op->emitOpError("expects a bias for each of ")
           << gates << " gates, found " << gateCount(bias.getType());
  return success();
}

LogicalResult ScanOp::verify() {
  for (Type type : llvm::concat<const Type>(getSequences().getTypes(),
                                            getOutputs().getTypes()))
    if (cast<RankedTensorType>(type).getRank() == 4 &&
        ShapedType::isDynamic(gateCount(type)))
      return emitOpError("expects gate axes of static size, found ") << type;
  int64_t values = valuesPerStep(getSequences().getTypes());
  if (failed(verifyScalarRegion(*this, getElement(), "element", values, 2)))
    return failure(); // S3
  if (failed(verifyScalarRegion(*this, getOutput(), "output", values + 2,
                                valuesPerStep(getOutputs().getTypes()))))
    return failure(); // S4
  int64_t gates = 0;
  for (Type type : getSequences().getTypes())
    if (cast<RankedTensorType>(type).getRank() == 4) {
      gates = gateCount(type);
      break;
    }
  return verifyBias(*this, getBias(), gates); // S5
}

LogicalResult StepOp::verify() {
  int64_t gates = gateCount(getPreactivations().getType());
  if (ShapedType::isDynamic(gates))
    return emitOpError("expects a gate axis of static size, found ")
           << getPreactivations().getType();
  if (failed(verifyScalarRegion(*this, getBody(), "body", gates + 1, 1)))
    return failure();                         // S6
  return verifyBias(*this, getBias(), gates); // S5
}
