//===- MinRNN.cpp - The minrnn dialect ------------------------------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dialect/MinRNN.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/DialectImplementation.h"
#include "llvm/ADT/TypeSwitch.h"

#include "dialect/MinRNNDialect.cpp.inc"

#define GET_TYPEDEF_CLASSES
#include "dialect/MinRNNTypes.cpp.inc"

#define GET_ATTRDEF_CLASSES
#include "dialect/MinRNNAttributes.cpp.inc"

void minrnn::dialect::MinRNNDialect::initialize() {
  addTypes<
#define GET_TYPEDEF_LIST
#include "dialect/MinRNNTypes.cpp.inc"
      >();
  addAttributes<
#define GET_ATTRDEF_LIST
#include "dialect/MinRNNAttributes.cpp.inc"
      >();
  addOperations<
#define GET_OP_LIST
#include "dialect/MinRNNOps.cpp.inc"
      >();
}

mlir::Operation *minrnn::dialect::MinRNNDialect::materializeConstant(
    mlir::OpBuilder &builder, mlir::Attribute value, mlir::Type type,
    mlir::Location location) {
  return mlir::arith::ConstantOp::materialize(builder, value, type, location);
}
