//===- ScanAlgebra.cpp - How the elements of a scan compose ---------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The algebras that have a name. A scan holds its algebra as regions, so that
// nothing asks for the name but the syntax, which is shorter with it.
//
//===----------------------------------------------------------------------===//

#include "dialect/ScanAlgebra.h"
#include "dialect/LogOfZero.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/OperationSupport.h"

using namespace mlir;
using namespace minrnn::dialect;

/// Builds a region that yields what `body` makes of each of `states` groups of
/// arguments: group i is made of the arguments of state i in each of the
/// `operands` lists of `size` values a state.
static void buildForEachState(
    Region &region, Location location, int64_t states, int64_t operands,
    int64_t size,
    llvm::function_ref<SmallVector<Value>(OpBuilder &, ValueRange)> body) {
  OpBuilder builder(location.getContext());
  Block *block =
      startScalarRegion(builder, region, operands * states * size, location);
  SmallVector<Value> yielded;
  for (int64_t state = 0; state < states; ++state) {
    SmallVector<Value> arguments;
    for (int64_t operand = 0; operand < operands; ++operand)
      llvm::append_range(
          arguments,
          block->getArguments().slice((operand * states + state) * size, size));
    llvm::append_range(yielded, body(builder, arguments));
  }
  YieldOp::create(builder, location, yielded);
}

/// `pair` for each state.
static SmallVector<float> repeat(std::pair<float, float> pair, int64_t states) {
  SmallVector<float> values;
  for (int64_t state = 0; state < states; ++state)
    values.append({pair.first, pair.second});
  return values;
}

static void buildLinear(AlgebraParts parts, int64_t states, Location location) {
  buildForEachState(
      parts.combine, location, states, /*operands=*/2, /*size=*/2,
      [&](OpBuilder &builder, ValueRange element) -> SmallVector<Value> {
        auto multiply = [&](Value x, Value y) -> Value {
          return arith::MulFOp::create(builder, location, x, y);
        };
        Value a = multiply(element[2], element[0]);
        Value kept = multiply(element[2], element[1]);
        return {a, arith::AddFOp::create(builder, location, kept, element[3])};
      });
  parts.identity =
      DenseF32ArrayAttr::get(location.getContext(), repeat({1, 0}, states));
}

/// The logarithms of the states.
static void buildEncode(Region &region, int64_t states, Location location) {
  OpBuilder builder(location.getContext());
  Block *block = startScalarRegion(builder, region, states, location);
  // (Constants stand where canonicalisation puts them: first, and once.)
  Value zero =
      arith::ConstantOp::create(builder, location, builder.getF32FloatAttr(0));
  Value logOfZero = arith::ConstantOp::create(
      builder, location, builder.getF32FloatAttr(kLogOfZero));
  SmallVector<Value> yielded;
  for (Value state : block->getArguments()) {
    // A zero state has no logarithm; a negative one has a NaN, which is right.
    Value isZero = arith::CmpFOp::create(
        builder, location, arith::CmpFPredicate::OEQ, state, zero);
    Value logarithm = math::Log2Op::create(builder, location, state);
    yielded.push_back(arith::SelectOp::create(builder, location, isZero,
                                              logOfZero, logarithm));
  }
  YieldOp::create(builder, location, yielded);
}

static void buildLog(AlgebraParts parts, int64_t states, Location location) {
  buildForEachState(
      parts.combine, location, states, /*operands=*/2, /*size=*/2,
      [&](OpBuilder &builder, ValueRange element) -> SmallVector<Value> {
        auto add = [&](Value x, Value y) -> Value {
          return arith::AddFOp::create(builder, location, x, y);
        };
        Value a = add(element[2], element[0]);
        Value kept = add(element[2], element[1]);
        return {a, LogAddExp2Op::create(builder, location, kept.getType(), kept,
                                        element[3])};
      });
  buildEncode(parts.encode, states, location);
  buildForEachState(
      parts.decode, location, states, /*operands=*/1, /*size=*/1,
      [&](OpBuilder &builder, ValueRange state) -> SmallVector<Value> {
        return {math::Exp2Op::create(builder, location, state.front())};
      });
  parts.identity = DenseF32ArrayAttr::get(location.getContext(),
                                          repeat({0, kLogOfZero}, states));
}

namespace {

struct NamedAlgebra {
  StringLiteral name;
  void (*build)(AlgebraParts parts, int64_t states, Location location);
};

} // namespace

static constexpr NamedAlgebra kAlgebras[] = {{"linear", buildLinear},
                                             {"log", buildLog}};

void minrnn::dialect::buildAlgebra(StringRef name, AlgebraParts parts,
                                   int64_t states, Location location) {
  for (Region *region : {&parts.combine, &parts.encode, &parts.decode})
    region->getBlocks().clear();
  for (const NamedAlgebra &algebra : kAlgebras)
    if (algebra.name == name)
      algebra.build(parts, states, location);
}

/// Gives `scan` the algebra of that name.
static void setAlgebra(ScanOp scan, StringRef name) {
  DenseF32ArrayAttr identity;
  buildAlgebra(
      name, {scan.getCombine(), scan.getEncode(), scan.getDecode(), identity},
      scan.getStateCount(), scan.getLoc());
  scan.setIdentityAttr(identity);
}

void minrnn::dialect::setLinearAlgebra(ScanOp scan) {
  setAlgebra(scan, "linear");
}

void minrnn::dialect::setLogAlgebra(ScanOp scan) { setAlgebra(scan, "log"); }

StringRef minrnn::dialect::algebraName(ScanOp scan) {
  for (const NamedAlgebra &algebra : kAlgebras) {
    Region combine, encode, decode;
    DenseF32ArrayAttr identity;
    algebra.build({combine, encode, decode, identity}, scan.getStateCount(),
                  scan.getLoc());
    auto isSame = [](Region &x, Region &y) {
      return OperationEquivalence::isRegionEquivalentTo(
          &x, &y, OperationEquivalence::IgnoreLocations);
    };
    if (identity == scan.getIdentityAttr() &&
        isSame(combine, scan.getCombine()) &&
        isSame(encode, scan.getEncode()) && isSame(decode, scan.getDecode()))
      return algebra.name;
  }
  return "";
}
