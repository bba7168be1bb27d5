//===- EntryTensors.cpp - The tensors of an entry, by name ----------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compiler/transforms/EntryTensors.h"
#include "compiler/transforms/Passes.h"
#include "specs/contract/Tensors.h"

#include "mlir/IR/Builders.h"

using namespace mlir;
using namespace minrnn;
using namespace minrnn::compiler;
using namespace minrnn::dialect;

ProgramOp minrnn::compiler::findProgram(ModuleOp module) {
  auto programs = llvm::to_vector(module.getOps<ProgramOp>());
  if (programs.size() == 1)
    return programs.front();
  module.emitOpError("expects one minrnn.program, found ")
      << programs.size() << "; run minrnn-fuse-gates first";
  return {};
}

Type minrnn::compiler::elementTypeOf(const ProgramTensor &tensor,
                                     Builder &builder) {
  if (tensor.element == Element::U8 || tensor.element == Element::I32)
    return builder.getIntegerType(tensor.element == Element::U8 ? 8 : 32);
  return builder.getF32Type();
}

func::FuncOp minrnn::compiler::createEntry(OpBuilder &builder,
                                           Location location, StringRef entry,
                                           ProgramOp program,
                                           ArrayRef<StringRef> arguments,
                                           ArrayRef<StringRef> results) {
  auto typeOf = [&](StringRef name) -> Type {
    const ProgramTensor &tensor = *findContractTensor(name);
    SmallVector<int64_t> extents;
    for (Axis axis : tensor.axes)
      extents.push_back(isPacked(axis) ? program.getSize(axis)
                        : axis == Axis::Time && entry == kStepName
                            ? 1
                            : ShapedType::kDynamic);
    return RankedTensorType::get(extents, elementTypeOf(tensor, builder));
  };
  auto function = func::FuncOp::create(
      builder, location, entry,
      builder.getFunctionType(llvm::map_to_vector(arguments, typeOf),
                              llvm::map_to_vector(results, typeOf)));
  for (auto [index, name] : llvm::enumerate(arguments))
    function.setArgAttr(index, kTensorNameAttribute,
                        builder.getStringAttr(name));
  for (auto [index, name] : llvm::enumerate(results))
    function.setResultAttr(index, kTensorNameAttribute,
                           builder.getStringAttr(name));
  function.addEntryBlock();
  return function;
}

EquationTensors::EquationTensors(ProgramOp program, bool readsInput)
    : sequences({"preactivations"}), parameters({"bias"}) {
  if (readsInput)
    sequences.push_back("input");
  if (program.getSize(Axis::Recurrent) != 0) {
    sequences.push_back("recurrent");
    parameters.push_back("recurrent_bias");
  }
  if (program.getSize(Axis::Parameters) != 0)
    parameters.push_back("parameters");
}

SmallVector<StringRef> EquationTensors::arguments() const {
  SmallVector<StringRef> names = sequences;
  llvm::append_range(names, parameters);
  names.push_back("reset");
  return names;
}

StringRef minrnn::compiler::contractName(const Twine &name) {
  const ProgramTensor *tensor = findContractTensor(name.str());
  assert(tensor && "no such tensor in the contract");
  return tensor->name;
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

bool minrnn::compiler::looksBack(func::FuncOp function) {
  return llvm::any_of(kLookbackScratch, [&](StringRef name) {
    return static_cast<bool>(findArgument(function, name));
  });
}
