//===- LaneAlgebra.h - The algebra of a scan, on lanes ----------*- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_COMPILER_LOWERING_LANEALGEBRA_H
#define MINRNN_COMPILER_LOWERING_LANEALGEBRA_H

#include "compiler/lowering/LaneBuilder.h"

#include "mlir/IR/IRMapping.h"

namespace minrnn::compiler {

/// What a step, or several in a row, do to the states: the values of an element
/// of `minrnn.scan`.
using Element = llvm::SmallVector<mlir::Value>;

/// Copies the regions of a scan's algebra for lanes.
class LaneAlgebra {
public:
  LaneAlgebra(dialect::ScanOp scan, LaneBuilder &lanes)
      : scan(scan), lanes(lanes) {}

  /// The number of values in an element.
  int64_t elementSize() const { return scan.getElementSize(); }
  /// The element that leaves every state as it is.
  Element identity();
  /// The element that does `first` and then `second`.
  Element compose(const Element &first, const Element &second);
  /// The carried states after `element`.
  llvm::SmallVector<mlir::Value> apply(const Element &element,
                                       mlir::ValueRange carried);

  /// Whether carried states are others than the plain ones.
  bool encodes() const { return !scan.getEncode().empty(); }
  /// From plain states to carried ones, and back.
  llvm::SmallVector<mlir::Value> encode(mlir::ValueRange plain);
  llvm::SmallVector<mlir::Value> decode(mlir::ValueRange carried);

  /// Computes of what `output` yields all that depends on no state, from the
  /// `values` of a step: for `replay`.
  mlir::IRMapping prepare(llvm::ArrayRef<mlir::Value> values);
  /// Takes one step, from the carried `states`, which become those after it;
  /// returns what `output` yields. `values` are those of the step, `prepared`
  /// what is computed of it already.
  llvm::SmallVector<mlir::Value>
  replay(llvm::ArrayRef<mlir::Value> values, const Element &element,
         llvm::SmallVectorImpl<mlir::Value> &states,
         mlir::IRMapping prepared = {});

private:
  mutable dialect::ScanOp scan;
  LaneBuilder &lanes;
};

} // namespace minrnn::compiler

#endif // MINRNN_COMPILER_LOWERING_LANEALGEBRA_H
