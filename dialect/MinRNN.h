//===- MinRNN.h - The minrnn dialect ----------------------------*- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_DIALECT_MINRNN_H
#define MINRNN_DIALECT_MINRNN_H

#include "minrnn/manifest.h"
#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/IR/SymbolTable.h"
#include "mlir/Interfaces/ControlFlowInterfaces.h"
#include "mlir/Interfaces/InferTypeOpInterface.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

#include "dialect/MinRNNDialect.h.inc"

#define GET_TYPEDEF_CLASSES
#include "dialect/MinRNNTypes.h.inc"

#define GET_ATTRDEF_CLASSES
#include "dialect/MinRNNAttributes.h.inc"

namespace minrnn::dialect {

/// The number of scalars that one step of `sequences` holds: one for each gate
/// of a tensor [batch, time, gate, channel], one for a tensor without gates.
int64_t stepValueCount(mlir::TypeRange sequences);

/// The number of scalars that one channel of `tensors` holds, of [gate,
/// channel] or [batch, gate, channel] each.
int64_t packedValueCount(mlir::TypeRange tensors);

} // namespace minrnn::dialect

#define GET_OP_CLASSES
#include "dialect/MinRNNOps.h.inc"

namespace minrnn::dialect {

/// Whether `name` can name a gate or a state: a letter or underscore, then
/// letters, digits and underscores. Tensors are called after it, so it must be
/// plain.
bool isIdentifier(llvm::StringRef name);

/// Gives `region` its block, with `count` arguments of type f32, and moves the
/// builder to it.
mlir::Block *startScalarRegion(mlir::OpBuilder &builder, mlir::Region &region,
                               size_t count, mlir::Location location);

/// Gives `scan` the algebra of affine maps: elements (a, b) of s -> a s + b.
void setLinearAlgebra(ScanOp scan);

/// The same maps in logarithms: elements (log2 a, log2 b), states log2 s.
void setLogAlgebra(ScanOp scan);

/// `linear` or `log` where the algebra of `scan` is that one; else empty.
llvm::StringRef algebraName(ScanOp scan);

/// Whether `x` and `y` are sigmoid(k) and sigmoid(-k), in either order: two
/// weights, both above zero, whose sum is one.
bool areComplements(mlir::Value x, mlir::Value y);

/// Whether `value` is one of `others`, or computed from one.
bool dependsOn(mlir::Value value, mlir::ValueRange others);

/// What an operation of a program sees: a tensor, or the part that a
/// `minrnn.view` takes.
MatrixView viewOf(mlir::Value buffer);

/// Whether `op` may stand in a cell's body (rule C5).
bool isCellOperation(mlir::Operation *op);

} // namespace minrnn::dialect

#endif // MINRNN_DIALECT_MINRNN_H
