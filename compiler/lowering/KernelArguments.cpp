//===- KernelArguments.cpp - The argument block of an entry ---------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compiler/lowering/KernelArguments.h"
#include "compiler/lowering/Passes.h"
#include "compiler/transforms/EntryTensors.h"
#include "compiler/transforms/Passes.h"
#include "dialect/MinRNN.h"
#include "specs/contract/Tensors.h"

#include "mlir/IR/Builders.h"

using namespace mlir;
using namespace minrnn::compiler;
using namespace minrnn::dialect;

int64_t EntryArgument::bytesPerElement() const {
  if (!llvm::is_contained(axes, Axis::Time) ||
      !llvm::is_contained(axes, Axis::Channels))
    return 0; // (The boundaries of a tile are nothing beside its steps.)
  return packed * (type == "f32" ? 4 : 2);
}

SmallVector<Value> minrnn::compiler::entryTensors(func::FuncOp function) {
  SmallVector<Value> tensors(function.getArguments());
  llvm::append_range(tensors, function.front().getTerminator()->getOperands());
  return tensors;
}

/// The names of the tensors that `entryTensors` lists; a name that is missing
/// is empty.
static SmallVector<StringRef> entryTensorNames(func::FuncOp function) {
  auto nameOf = [](DictionaryAttr attributes) -> StringRef {
    auto name = attributes ? attributes.getAs<StringAttr>(kTensorNameAttribute)
                           : StringAttr();
    return name ? name.getValue() : StringRef();
  };
  SmallVector<StringRef> names;
  for (unsigned index = 0; index < function.getNumArguments(); ++index)
    names.push_back(nameOf(function.getArgAttrDict(index)));
  for (unsigned index = 0; index < function.getNumResults(); ++index)
    names.push_back(nameOf(function.getResultAttrDict(index)));
  return names;
}

std::vector<EntryArgument>
minrnn::compiler::kernelArguments(func::FuncOp function, StringRef ioType) {
  bool isStep = function.getName() == kStepName;
  std::vector<EntryArgument> arguments;
  SmallVector<Value> tensors = entryTensors(function);
  size_t results = function.getNumResults();
  bool isRecurrent = false;
  for (auto [index, name] : llvm::enumerate(entryTensorNames(function))) {
    const ProgramTensor *tensor = findContractTensor(name.str());
    EntryArgument argument;
    argument.name = name.str();
    auto type = cast<RankedTensorType>(tensors[index].getType());
    for (auto [axis, extent] : llvm::zip(tensor->axes, type.getShape())) {
      // (A kernel reads its own channel of the input.)
      if (!isStep || axis != Axis::Time)
        argument.axes.push_back(axis == Axis::Inputs ? Axis::Channels : axis);
      if (!ShapedType::isDynamic(extent))
        argument.packed = extent;
    }
    argument.element = tensor->element;
    argument.type = elementType(tensor->element, ioType);
    // A scratch tensor that no operation takes is the schedule's, to work in.
    bool isWorkspace =
        tensor->role == Role::Scratch && tensors[index].use_empty();
    argument.access = index >= tensors.size() - results ? Access::Write
                      : isWorkspace                     ? Access::ReadWrite
                                                        : Access::Read;
    // The states of every step need not be stored by the forward pass, but have
    // to be there for the backward one; nor need a step's output, which may be
    // the state.
    argument.isOptional =
        argument.access == Access::Write
            ? tensor->isOptional || name.ends_with("_rows") ||
                  name.ends_with("_tiles") || name == "states" ||
                  (isStep && name == "output")
            : tensor->isOptional && tensor->element != Element::IO;
    isRecurrent |= name == "recurrent";
    arguments.push_back(std::move(argument));
  }
  SmallVector<const char *> sizes = {"batch"};
  if (!isStep)
    sizes.push_back("time");
  sizes.push_back("channels");
  if (!isStep)
    sizes.push_back("reverse");
  if (!isStep && isRecurrent)
    sizes.append({"first", "count"});
  for (const char *name : sizes)
    arguments.emplace_back().name = name;
  return arguments;
}

SmallVector<Value> minrnn::compiler::leadingSequences(ScanOp scan,
                                                      int64_t values) {
  SmallVector<Value> sequences;
  for (Value sequence : scan.getSequences()) {
    if (values <= 0)
      break;
    sequences.push_back(sequence);
    values -= stepValueCount(sequence.getType());
  }
  assert(values == 0 && "the values do not end with a sequence");
  return sequences;
}

/// Checks what a kernel whose tiles of time are blocks of their own asks of
/// `function`, and that no other has sums of tiles.
static LogicalResult verifyTiles(func::FuncOp function) {
  bool hasTiles = looksBack(function);
  auto scan = findOnly<ScanOp>(function);
  if (hasTiles) {
    for (StringRef name : kLookbackScratch)
      if (!findArgument(function, name))
        return function.emitOpError("expects the scratch tensors of the "
                                    "schedule lookback together, found no '")
               << name << "'";
    if (!scan)
      return function.emitOpError("expects a minrnn.scan where there are "
                                  "scratch tensors of the schedule lookback");
    int64_t found =
        stepValueCount(findArgument(function, kSummaries).getType());
    if (found != scan.getElementSize())
      return function.emitOpError("expects 'summaries' to hold the ")
             << scan.getElementSize() << " values of an element, found "
             << found;
  }
  if (!scan)
    return success();
  int64_t rank = hasTiles ? 4 : 3;
  for (Value sum : scan.getSums())
    if (cast<RankedTensorType>(sum.getType()).getRank() != rank)
      return scan.emitOpError("expects sums over ")
             << (hasTiles ? "a tile, of 4 axes" : "all of time, of 3 axes")
             << ", found " << sum.getType();
  return success();
}

LogicalResult minrnn::compiler::verifyEntry(func::FuncOp function) {
  StringRef name = function.getName();
  StringRef stage = name;
  int64_t number = 0;
  StringRef scheduled = name;
  scheduled.consume_back(kLookbackSuffix);
  bool isInner = (stage.consume_front(kForwardInnerName) ||
                  stage.consume_front(kBackwardInnerName)) &&
                 !stage.getAsInteger(10, number);
  if (!isInner && name != kStepName &&
      !llvm::is_contained({kForwardName, kBackwardName}, scheduled))
    return function.emitOpError(
        "expects an entry, called 'forward' or 'backward', with '_lookback' "
        "behind it or without, 'step', or 'forward_inner' or 'backward_inner' "
        "with the number of a stage");
  if (!function.getBody().hasOneBlock() ||
      llvm::count_if(function.front(),
                     llvm::IsaPred<ScanOp, SequentialScanOp>) != 1)
    return function.emitOpError(
        "expects one minrnn.scan or minrnn.sequential_scan");

  SmallVector<Value> tensors = entryTensors(function);
  Builder builder(function.getContext());
  for (auto [tensor, tensorName] :
       llvm::zip_equal(tensors, entryTensorNames(function))) {
    const ProgramTensor *known = findContractTensor(tensorName);
    if (!known)
      return function.emitOpError("expects each tensor to carry the name that "
                                  "specs/abi.md gives it, as '")
             << kTensorNameAttribute << "'; found '" << tensorName << "'";
    auto type = dyn_cast<RankedTensorType>(tensor.getType());
    Type element = elementTypeOf(*known, builder);
    if (!type || type.getElementType() != element ||
        type.getRank() != static_cast<int64_t>(known->axes.size()))
      return function.emitOpError("expects the tensor '")
             << tensorName << "' to have " << known->axes.size() << " axes of "
             << element << ", found " << tensor.getType();
  }
  if (failed(verifyTiles(function)))
    return failure();
  if (auto scan = findOnly<ScanOp>(function); scan && scan.getTaken()) {
    int64_t read = scan.getStates().getNumArguments() -
                   packedValueCount(scan.getParameters().getTypes());
    for (Value sequence : scan.getSequences())
      if (read > 0)
        read -= stepValueCount(sequence.getType());
    if (read != 0)
      return scan.emitOpError("expects 'states' to take all values of the "
                              "sequences that it takes values of");
  }
  for (Operation &op : function.front().without_terminator()) {
    if (!isa<ScanOp, SequentialScanOp, DelayOp>(op))
      continue;
    // Only a sequence may be a delayed one.
    size_t sequences = 0;
    if (auto scan = dyn_cast<ScanOp>(op))
      sequences = scan.getSequences().size();
    else if (auto loop = dyn_cast<SequentialScanOp>(op))
      sequences = loop.getSequences().size();
    for (auto [index, operand] : llvm::enumerate(op.getOperands()))
      if (!llvm::is_contained(tensors, operand) &&
          !(index < sequences && operand.getDefiningOp<DelayOp>()))
        return op.emitOpError("expects operands that are arguments of '")
               << name << "' or returned by it";
    if (isa<DelayOp>(op)) {
      auto scan = findOnly<ScanOp>(function);
      auto loop = findOnly<SequentialScanOp>(function);
      if (scan ? !scan.getReverse() : !loop.getReverse())
        return op.emitOpError("expects a reverse recurrence around it, for "
                              "which the states of the forward pass are there");
      continue;
    }
    for (Value result : op.getResults())
      if (!llvm::is_contained(tensors, result))
        return op.emitOpError("expects '") << name << "' to return its results";
  }
  // Each tensor has one pointer.
  llvm::SmallPtrSet<Value, 16> seen;
  for (auto [tensor, tensorName] :
       llvm::zip_equal(tensors, entryTensorNames(function)))
    if (!seen.insert(tensor).second)
      return function.emitOpError("expects to return each tensor once, and no "
                                  "argument; found another use of one as '")
             << tensorName << "'";
  return success();
}

LogicalResult minrnn::compiler::verifyIOType(ModuleOp module,
                                             StringRef ioType) {
  if (ioType == "f32" || ioType == "f16" || ioType == "bf16")
    return success();
  return module.emitError("expects the io type f32, f16 or bf16, found '")
         << ioType << "'";
}

void minrnn::compiler::attachArguments(Operation *kernel,
                                       ArrayRef<EntryArgument> arguments) {
  Builder builder(kernel->getContext());
  SmallVector<Attribute> list;
  for (const EntryArgument &argument : arguments) {
    SmallVector<Attribute> shape;
    for (Axis axis : argument.axes)
      shape.push_back(builder.getStringAttr(axisName(axis)));
    SmallVector<NamedAttribute> fields = {
        builder.getNamedAttr("name", builder.getStringAttr(argument.name)),
        builder.getNamedAttr("element", builder.getStringAttr(argument.type)),
        builder.getNamedAttr("shape", builder.getArrayAttr(shape))};
    if (argument.access == Access::ReadWrite)
      fields.push_back(builder.getNamedAttr("read", builder.getUnitAttr()));
    if (argument.access != Access::Read)
      fields.push_back(builder.getNamedAttr("written", builder.getUnitAttr()));
    if (argument.isOptional)
      fields.push_back(builder.getNamedAttr("optional", builder.getUnitAttr()));
    list.push_back(builder.getDictionaryAttr(fields));
  }
  kernel->setAttr(kArgumentsAttribute, builder.getArrayAttr(list));
}

std::vector<minrnn::KernelArgument>
minrnn::compiler::attachedArguments(Operation *kernel) {
  std::vector<KernelArgument> arguments;
  for (auto fields : kernel->getAttrOfType<ArrayAttr>(kArgumentsAttribute)
                         .getAsRange<DictionaryAttr>()) {
    KernelArgument &argument = arguments.emplace_back();
    argument.name = fields.getAs<StringAttr>("name").str();
    for (StringRef axis :
         fields.getAs<ArrayAttr>("shape").getAsValueRange<StringAttr>())
      argument.axes.push_back(*findAxis(axis));
    if (const ProgramTensor *tensor = findContractTensor(argument.name))
      argument.element = tensor->element;
    if (fields.contains("written"))
      argument.access =
          fields.contains("read") ? Access::ReadWrite : Access::Write;
    argument.isOptional = fields.contains("optional");
  }
  return arguments;
}
