//===- LaneBuilder.h - Math for one lane or a vector of lanes ---*- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A lane is one channel. On a GPU a thread computes one lane, in f32; on the
// host an instruction computes several, in vector<Nxf32>. The code of the two
// differs in its types alone.
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_COMPILER_LOWERING_LANEBUILDER_H
#define MINRNN_COMPILER_LOWERING_LANEBUILDER_H

#include "dialect/MinRNN.h"

#include "mlir/IR/Builders.h"

namespace minrnn::compiler {

/// One element of a recurrence, as it is carried: (a, b) in linear space,
/// (log2 a, log2 b) in log space.
struct Element {
  mlir::Value coefficient;
  mlir::Value offset;
};

/// Builds arithmetic on lanes. Multiplications and additions may contract into
/// fused multiply-adds: they carry MLIR's `contract` flag.
class LaneBuilder {
public:
  /// `lane` is f32 or vector<Nxf32>; `roundsToBF16`: the target has an
  /// instruction that rounds to bf16.
  LaneBuilder(mlir::OpBuilder &builder, mlir::Location location,
              mlir::Type lane, bool roundsToBF16)
      : builder(builder), location(location), lane(lane),
        roundsToBF16(roundsToBF16) {}

  mlir::Type type() const { return lane; }
  mlir::Value number(double value);
  mlir::Value add(mlir::Value x, mlir::Value y);
  mlir::Value mul(mlir::Value x, mlir::Value y);
  mlir::Value select(mlir::Value condition, mlir::Value x, mlir::Value y);
  /// A scalar in every lane.
  mlir::Value splat(mlir::Value scalar);

  /// From lanes as they are stored to f32, and back, rounding to nearest even.
  /// `element` is f32, f16, or i16 for the bits of a bf16.
  mlir::Value fromStored(mlir::Value stored, mlir::Type element);
  mlir::Value toStored(mlir::Value value, mlir::Type element);

  /// Copies the scalar program `region` for these lanes; returns what it
  /// yields.
  llvm::SmallVector<mlir::Value> inlineRegion(mlir::Region &region,
                                              mlir::ValueRange arguments);

  //===--------------------------------------------------------------------===//
  // Recurrences
  //===--------------------------------------------------------------------===//

  /// The element that leaves every state as it is.
  Element identity(dialect::Domain domain);
  /// The element that does `first` and then `second`.
  Element compose(dialect::Domain domain, Element first, Element second);
  /// The state after `element`.
  mlir::Value apply(dialect::Domain domain, Element element,
                    mlir::Value carried);
  /// From a plain state to a carried one, and back.
  mlir::Value toCarried(dialect::Domain domain, mlir::Value plain);
  mlir::Value toPlain(dialect::Domain domain, mlir::Value carried);
  /// The plain states after all steps. Where `isEmpty` (i1), there are none:
  /// the states leave as they entered, to the bit, which a logarithm and an
  /// exponential would not give; `initial` builds them once more.
  llvm::SmallVector<mlir::Value>
  toLast(dialect::Domain domain, mlir::ValueRange carried, mlir::Value isEmpty,
         llvm::function_ref<llvm::SmallVector<mlir::Value>()> initial);

private:
  /// The type of lanes of `scalar`.
  mlir::Type lanesOf(mlir::Type scalar) const;
  mlir::Value integer(int32_t value);

  mlir::OpBuilder &builder;
  mlir::Location location;
  mlir::Type lane;
  bool roundsToBF16;
};

} // namespace minrnn::compiler

#endif // MINRNN_COMPILER_LOWERING_LANEBUILDER_H
