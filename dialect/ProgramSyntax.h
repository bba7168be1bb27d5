//===- ProgramSyntax.h - Syntax of programs ---------------------*- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The `custom<...>` directives of MinRNNProgramOps.td.
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_DIALECT_PROGRAMSYNTAX_H
#define MINRNN_DIALECT_PROGRAMSYNTAX_H

#include "mlir/IR/OpImplementation.h"

namespace minrnn::dialect {

/// `saved`: a word without quotes.
mlir::ParseResult parseKeyword(mlir::OpAsmParser &parser,
                               mlir::StringAttr &word);
void printKeyword(mlir::OpAsmPrinter &printer, mlir::Operation *op,
                  mlir::StringAttr word);

/// `[batch, time, channels]`.
mlir::ParseResult parseAxes(mlir::OpAsmParser &parser, mlir::ArrayAttr &axes);
void printAxes(mlir::OpAsmPrinter &printer, mlir::Operation *op,
               mlir::ArrayAttr axes);

/// `("initial" = %carried, "last" = %carried)`.
mlir::ParseResult parseLaunchArguments(
    mlir::OpAsmParser &parser, mlir::ArrayAttr &names,
    llvm::SmallVectorImpl<mlir::OpAsmParser::UnresolvedOperand> &tensors);
void printLaunchArguments(mlir::OpAsmPrinter &printer, mlir::Operation *op,
                          mlir::ArrayAttr names, mlir::OperandRange tensors);

} // namespace minrnn::dialect

#endif // MINRNN_DIALECT_PROGRAMSYNTAX_H
