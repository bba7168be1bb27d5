//===- ProgramBuilder.h - What a layer's caller runs ------------*- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Writes the program of a cell: its tensors, and the operations of `forward`,
// `backward` and `step`. A parallel cell is one product, one launch, and sums:
//
//   forward:  preactivations = input weight^T;  launch forward
//   backward: launch backward;  sums over the batch of the gradients of bias
//             and parameters;  d_weight = d_preactivations^T input;
//             d_input = d_preactivations weight
//
// A cell that projects its states or values computed within the step runs time
// in a loop, for the products of a step wait for the step before (or, of inner
// values, for the step itself): see the loops below.
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_COMPILER_TRANSFORMS_PROGRAMBUILDER_H
#define MINRNN_COMPILER_TRANSFORMS_PROGRAMBUILDER_H

#include "dialect/MinRNN.h"

#include "mlir/IR/Builders.h"

namespace minrnn::compiler {

/// How many products of inner values each of `cell.getInnerValues()` waits for,
/// one behind the other.
llvm::SmallVector<int64_t> innerStages(dialect::CellOp cell);

/// The program of `cell`, before it, with neither tensors nor procedures.
dialect::ProgramOp createProgram(dialect::CellOp cell, bool isParallel,
                                 mlir::OpBuilder &builder);

/// The number of stages that a program's inner values are computed in.
int64_t stageCount(dialect::ProgramOp program);

/// Adds procedures to a program whose entries are functions of its module.
class ProgramBuilder {
public:
  explicit ProgramBuilder(dialect::ProgramOp program);

  void buildForward();
  void buildStep();
  /// Needs `forward`.
  void buildBackward();

  /// The tensor called `name`, which is added to the program where it is not
  /// there.
  mlir::Value tensor(llvm::StringRef name);

private:
  /// Gates [begin, begin + count) of the axis `recurrent`, which project the
  /// state or the inner value at `source`: they share one product.
  struct Group {
    bool isInner;
    int64_t stage;
    int64_t source;
    int64_t begin;
    int64_t count;
  };
  std::vector<Group> groups(bool areInner, int64_t stage = 0);

  mlir::Value view(llvm::StringRef name, Steps steps,
                   std::optional<PackedRange> range = std::nullopt);
  /// An argument that a launch gives another tensor than its own; none: null.
  using Others = llvm::ArrayRef<std::pair<llvm::StringRef, llvm::StringRef>>;
  void launch(llvm::StringRef entry, Others others = {});
  void startProcedure(Procedure procedure);
  void startLoop(bool isAdjoint);

  void projectInput();
  /// recurrent = the products of `states`, then stage by stage of what is
  /// computed within the step, from `initial`.
  void projectRecurrently(llvm::StringRef states, Steps steps);
  void buildBackwardLoop();
  void buildRecurrentWeightGradient();
  void fill(mlir::Value buffer);
  void copy(llvm::StringRef result, llvm::StringRef operand);
  void product(mlir::Value result, mlir::Value a, bool transposeA,
               mlir::Value b, bool transposeB, bool accumulate = false);

  dialect::ProgramOp program;
  std::vector<RecurrentProjection> projections;
  mlir::Location location;
  mlir::OpBuilder builder;
};

} // namespace minrnn::compiler

#endif // MINRNN_COMPILER_TRANSFORMS_PROGRAMBUILDER_H
