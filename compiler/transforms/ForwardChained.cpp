//===- ForwardChained.cpp - What is projected within the step -------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compiler/transforms/ForwardChained.h"
#include "compiler/transforms/Passes.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"

using namespace mlir;
using namespace minrnn::compiler;
using namespace minrnn::dialect;

/// Reads the module's list of projections, where it has one.
static FailureOr<ForwardChained> readProjections(ModuleOp module) {
  ForwardChained result;
  auto projections = module->getAttrOfType<ArrayAttr>(kRecurrentAttribute);
  if (!projections)
    return result;
  llvm::SmallDenseSet<int64_t> places;
  for (Attribute attribute : projections) {
    auto projection = dyn_cast<DictionaryAttr>(attribute);
    auto state = projection ? projection.getAs<StringAttr>(kProjectedState)
                            : StringAttr();
    auto place = projection ? projection.getAs<IntegerAttr>(kProjectedChained)
                            : IntegerAttr();
    if (!state == !place) {
      module.emitOpError("expects each of '")
          << kRecurrentAttribute << "' to have either a '" << kProjectedState
          << "' or the place of a '" << kProjectedChained << "' value, found "
          << attribute;
      return failure();
    }
    result.isChained.push_back(place != nullptr);
    if (place)
      places.insert(place.getInt());
  }
  result.values = static_cast<int64_t>(places.size());
  for (int64_t place = 0; place < result.values; ++place)
    if (!places.contains(place)) {
      module.emitOpError("expects the '")
          << kProjectedChained << "' values of '" << kRecurrentAttribute
          << "' to be counted from 0 on; there is no " << place;
      return failure();
    }
  return result;
}

FailureOr<ForwardChained>
minrnn::compiler::findForwardChained(ModuleOp module, SequentialScanOp step,
                                     int64_t firstProduct) {
  FailureOr<ForwardChained> result = readProjections(module);
  if (failed(result))
    return failure();
  auto function = module.lookupSymbol<func::FuncOp>(kForwardChainedName);
  if (!function != (result->values == 0)) {
    module.emitOpError("expects a function '")
        << kForwardChainedName << "' where '" << kRecurrentAttribute
        << "' has a '" << kProjectedChained << "' value, and only there";
    return failure();
  }
  if (!function)
    return result;

  auto loops = llvm::to_vector(function.getOps<SequentialScanOp>());
  SequentialScanOp loop =
      loops.size() == 1 ? loops.front() : SequentialScanOp();
  auto fits = [&](auto count) { return count(loop) == count(step); };
  bool isOfTheStep =
      loop && !loop.getReverse() && loop.getSums().empty() &&
      fits([](SequentialScanOp op) { return op.getStateCount(); }) &&
      fits([](SequentialScanOp op) {
        return stepValueCount(op.getSequences().getTypes());
      }) &&
      fits([](SequentialScanOp op) {
        return packedValueCount(op.getParameters().getTypes());
      }) &&
      stepValueCount(loop.getOutputs().getTypes()) == result->values;
  if (!isOfTheStep) {
    function.emitOpError(
        "expects one minrnn.sequential_scan with the values, parameters "
        "and states of 'step' that stores ")
        << result->values << " values, those that are projected";
    return failure();
  }
  Block &body = loop.getBody().front();
  int64_t states = loop.getStateCount();
  ValueRange yielded = body.getTerminator()->getOperands();
  if (!llvm::equal(yielded.take_front(states),
                   body.getArguments().take_back(states))) {
    loop.emitOpError("expects to yield the states as they are");
    return failure();
  }
  SmallVector<Value> products;
  for (auto [index, isChained] : llvm::enumerate(result->isChained)) {
    size_t place = static_cast<size_t>(firstProduct) + index;
    if (place >= body.getNumArguments()) {
      module.emitOpError("expects as many of '")
          << kRecurrentAttribute << "' as 'step' has recurrent products";
      return failure();
    }
    if (isChained)
      products.push_back(body.getArgument(place));
  }
  for (Value value : yielded.drop_front(states))
    if (dependsOn(value, products)) {
      loop.emitOpError("expects values that hang on no projection of one "
                       "another");
      return failure();
    }
  result->loop = loop;
  return result;
}
