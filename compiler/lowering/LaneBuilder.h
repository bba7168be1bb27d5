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

namespace mlir {
class IRMapping;
} // namespace mlir

namespace minrnn::compiler {

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

  /// Copies of `region` what depends on no argument that is null, and notes in
  /// `mapping` what it has copied.
  void inlineKnown(mlir::Region &region, llvm::ArrayRef<mlir::Value> arguments,
                   mlir::IRMapping &mapping);
  /// As inlineRegion, but for what `mapping` has already.
  llvm::SmallVector<mlir::Value> inlineRest(mlir::Region &region,
                                            mlir::ValueRange arguments,
                                            mlir::IRMapping &mapping);

  /// The same for some of what it yields, by place, and without what these do
  /// not need; an argument that is not needed may be null.
  llvm::SmallVector<mlir::Value>
  inlineResults(mlir::Region &region, llvm::ArrayRef<mlir::Value> arguments,
                llvm::ArrayRef<int64_t> results);

protected:
  /// The type of lanes of `scalar`.
  mlir::Type lanesOf(mlir::Type scalar) const;
  mlir::Value integer(int32_t value);

  mlir::OpBuilder &builder;
  mlir::Location location;

private:
  /// Copies `op` for these lanes.
  void copy(mlir::Operation &op, mlir::IRMapping &mapping);

  mlir::Type lane;
  bool roundsToBF16;
};

} // namespace minrnn::compiler

#endif // MINRNN_COMPILER_LOWERING_LANEBUILDER_H
