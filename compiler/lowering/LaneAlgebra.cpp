//===- LaneAlgebra.cpp - The algebra of a scan, on lanes ------------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compiler/lowering/LaneAlgebra.h"

using namespace mlir;
using namespace minrnn::compiler;

auto LaneAlgebra::identity() -> Element {
  Element identity;
  for (float value : scan.getIdentity())
    identity.push_back(lanes.number(value));
  return identity;
}

auto LaneAlgebra::compose(const Element &first, const Element &second)
    -> Element {
  Element both = first;
  llvm::append_range(both, second);
  return lanes.inlineRegion(scan.getCombine(), both);
}

SmallVector<Value> LaneAlgebra::apply(const Element &element,
                                      ValueRange carried) {
  // The states are the offsets of a first element, whose coefficients do not
  // enter those of the result.
  SmallVector<int64_t> offsets = scan.getOffsetPlaces();
  SmallVector<Value> both(elementSize());
  for (auto [place, state] : llvm::zip_equal(offsets, carried))
    both[place] = state;
  llvm::append_range(both, element);
  return lanes.inlineResults(scan.getCombine(), both, offsets);
}

SmallVector<Value> LaneAlgebra::encode(ValueRange plain) {
  return encodes() ? lanes.inlineRegion(scan.getEncode(), plain)
                   : SmallVector<Value>(plain);
}

SmallVector<Value> LaneAlgebra::decode(ValueRange carried) {
  return encodes() ? lanes.inlineRegion(scan.getDecode(), carried)
                   : SmallVector<Value>(carried);
}

IRMapping LaneAlgebra::prepare(ArrayRef<Value> values) {
  SmallVector<Value> arguments(values);
  arguments.resize(scan.getOutput().getNumArguments());
  IRMapping prepared;
  lanes.inlineKnown(scan.getOutput(), arguments, prepared);
  return prepared;
}

SmallVector<Value> LaneAlgebra::replay(ArrayRef<Value> values,
                                       const Element &element,
                                       SmallVectorImpl<Value> &states,
                                       IRMapping prepared) {
  SmallVector<Value> arguments(values);
  llvm::append_range(arguments, decode(states));
  states = apply(element, states);
  llvm::append_range(arguments, decode(states));
  return lanes.inlineRest(scan.getOutput(), arguments, prepared);
}
