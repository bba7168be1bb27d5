//===- EntryTensors.cpp - The tensors of an entry, by name ----------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compiler/transforms/EntryTensors.h"
#include "compiler/transforms/Passes.h"

#include "mlir/IR/Builders.h"

using namespace mlir;
using namespace minrnn::compiler;
using llvm::StringLiteral;

static constexpr StringLiteral kPacked[] = {"batch", "time", "gates",
                                            "channels"};
static constexpr StringLiteral kSequence[] = {"batch", "time", "channels"};
static constexpr StringLiteral kRecurrent[] = {"batch", "time", "recurrent",
                                               "channels"};
static constexpr StringLiteral kChained[] = {"batch", "time", "chained",
                                             "channels"};
static constexpr StringLiteral kTrajectory[] = {"batch", "time", "states",
                                                "channels"};
static constexpr StringLiteral kBoundaries[] = {"batch", "tiles", "states",
                                                "channels"};
static constexpr StringLiteral kMask[] = {"batch", "time"};
static constexpr StringLiteral kStates[] = {"batch", "states", "channels"};
static constexpr StringLiteral kBias[] = {"gates", "channels"};
static constexpr StringLiteral kRecurrentBias[] = {"recurrent", "channels"};
static constexpr StringLiteral kParameters[] = {"parameters", "channels"};
static constexpr StringLiteral kBiasRows[] = {"batch", "gates", "channels"};
static constexpr StringLiteral kRecurrentRows[] = {"batch", "recurrent",
                                                   "channels"};
static constexpr StringLiteral kParameterRows[] = {"batch", "parameters",
                                                   "channels"};

static constexpr EntryTensor kTensors[] = {
    {"preactivations", kPacked, false, true},
    {"input", kSequence, false, true},
    {"recurrent", kRecurrent},
    {"bias", kBias, true},
    {"recurrent_bias", kRecurrentBias, true},
    {"parameters", kParameters},
    {"reset", kMask, true},
    {"initial", kStates, true},
    {"previous", kStates, true},
    {"output", kSequence, false, true},
    {"trajectory", kTrajectory, true, true},
    {"boundaries", kBoundaries},
    {"chained", kChained},
    {"last", kStates, true},
    {"next", kStates},
    {"d_output", kSequence, false, true},
    {"d_chained", kChained},
    {"d_last", kStates, true},
    {"d_preactivations", kPacked, false, true},
    {"d_input", kSequence, true, true},
    {"d_recurrent", kRecurrent},
    {"d_bias", kBiasRows, true},
    {"d_recurrent_bias", kRecurrentRows, true},
    {"d_parameters", kParameterRows, true},
    {"d_initial", kStates, true},
};

const EntryTensor *minrnn::compiler::findEntryTensor(StringRef name) {
  const auto *found = llvm::find_if(
      kTensors, [&](const EntryTensor &tensor) { return tensor.name == name; });
  return found == std::end(kTensors) ? nullptr : found;
}

RankedTensorType minrnn::compiler::entryTensorType(MLIRContext *context,
                                                   StringRef name,
                                                   const PackedAxes &axes,
                                                   bool isStep) {
  SmallVector<int64_t> extents;
  for (StringRef axis : findEntryTensor(name)->axes) {
    int64_t extent = ShapedType::kDynamic;
    if (axis == "gates")
      extent = axes.gates;
    else if (axis == "recurrent")
      extent = axes.recurrent;
    else if (axis == "parameters")
      extent = axes.parameters;
    else if (axis == "states")
      extent = axes.states;
    else if (axis == "chained")
      extent = axes.chained;
    else if (axis == "time" && isStep)
      extent = 1;
    extents.push_back(extent);
  }
  Builder builder(context);
  Type element =
      name == "reset" ? Type(builder.getI8Type()) : Type(builder.getF32Type());
  return RankedTensorType::get(extents, element);
}

func::FuncOp minrnn::compiler::createEntry(
    OpBuilder &builder, Location location, StringRef entry,
    const PackedAxes &axes, ArrayRef<std::pair<StringRef, Type>> others,
    ArrayRef<StringRef> arguments, ArrayRef<StringRef> results) {
  bool isStep = entry == kStepName;
  auto typeOf = [&](StringRef name) -> Type {
    for (auto [other, type] : others)
      if (other == name)
        return type;
    return entryTensorType(builder.getContext(), name, axes, isStep);
  };
  auto function = func::FuncOp::create(
      builder, location, entry,
      builder.getFunctionType(
          llvm::to_vector(llvm::map_range(arguments, typeOf)),
          llvm::to_vector(llvm::map_range(results, typeOf))));
  for (auto [index, name] : llvm::enumerate(arguments))
    function.setArgAttr(index, kTensorNameAttribute,
                        builder.getStringAttr(name));
  for (auto [index, name] : llvm::enumerate(results))
    function.setResultAttr(index, kTensorNameAttribute,
                           builder.getStringAttr(name));
  function.addEntryBlock();
  return function;
}

EquationTensors::EquationTensors(const PackedAxes &axes, bool readsInput)
    : sequences({"preactivations"}), parameters({"bias"}) {
  if (readsInput)
    sequences.push_back("input");
  if (axes.recurrent != 0) {
    sequences.push_back("recurrent");
    parameters.push_back("recurrent_bias");
  }
  if (axes.parameters != 0)
    parameters.push_back("parameters");
}

SmallVector<StringRef> EquationTensors::arguments() const {
  SmallVector<StringRef> names = sequences;
  llvm::append_range(names, parameters);
  names.push_back("reset");
  return names;
}

StringRef minrnn::compiler::gradientName(StringRef name) {
  return findEntryTensor(("d_" + name).str())->name;
}

Value minrnn::compiler::findArgument(func::FuncOp function, StringRef name) {
  for (BlockArgument argument : function.getArguments()) {
    auto attribute = function.getArgAttrOfType<StringAttr>(
        argument.getArgNumber(), kTensorNameAttribute);
    if (attribute && attribute.getValue() == name)
      return argument;
  }
  return {};
}
