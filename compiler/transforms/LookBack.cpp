//===- LookBack.cpp - Scratch memory for tiles that are blocks ------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The kernels of these entries are built by lowering/schedules/Lookback.cpp.
//
//===----------------------------------------------------------------------===//

#include "compiler/transforms/EntryTensors.h"
#include "compiler/transforms/Passes.h"
#include "compiler/transforms/ProgramBuilder.h"
#include "dialect/MinRNN.h"
#include "specs/contract/Tensors.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace minrnn::compiler {
#define GEN_PASS_DEF_LOOKBACKPASS
#include "compiler/transforms/Passes.h.inc"
} // namespace minrnn::compiler

using namespace mlir;
using namespace minrnn;
using namespace minrnn::compiler;
using namespace minrnn::dialect;

/// The name of a sum over the steps of a tile, in place of one over all of the
/// row's: `d_bias_tiles` of `d_bias_rows`.
static StringRef tileSumName(StringRef rows) {
  assert(rows.ends_with("_rows") && "a scan sums up what is called so");
  return contractName(rows.drop_back(StringRef("rows").size()) + "tiles");
}

/// Gives `function`, whose scan is `scan`, the scratch tensors as arguments.
static void addArguments(func::FuncOp function, ScanOp scan) {
  Builder builder(function.getContext());
  for (StringRef name : kLookbackScratch) {
    const ProgramTensor &tensor = *findContractTensor(name);
    SmallVector<int64_t> extents;
    for (Axis axis : tensor.axes)
      extents.push_back(axis == Axis::Summary ? scan.getElementSize()
                                              : ShapedType::kDynamic);
    auto attributes = builder.getDictionaryAttr(builder.getNamedAttr(
        kTensorNameAttribute, builder.getStringAttr(name)));
    (void)function.insertArgument(
        function.getNumArguments(),
        RankedTensorType::get(extents, elementTypeOf(tensor, builder)),
        attributes, function.getLoc());
  }
}

/// Makes each sum over time of `scan` one for each tile.
static void sumTiles(func::FuncOp function, ScanOp scan) {
  Builder builder(function.getContext());
  for (Value sum : scan.getSums()) {
    auto type = cast<RankedTensorType>(sum.getType());
    SmallVector<int64_t> extents(type.getShape());
    extents.insert(extents.begin() + 1, ShapedType::kDynamic);
    sum.setType(type.clone(extents));
  }
  Operation *terminator = function.front().getTerminator();
  for (OpOperand &result : terminator->getOpOperands()) {
    if (!llvm::is_contained(scan.getSums(), result.get()))
      continue;
    unsigned index = result.getOperandNumber();
    auto rows =
        function.getResultAttrOfType<StringAttr>(index, kTensorNameAttribute);
    function.setResultAttr(index, kTensorNameAttribute,
                           builder.getStringAttr(tileSumName(rows)));
  }
  function.setType(builder.getFunctionType(function.getArgumentTypes(),
                                           terminator->getOperandTypes()));
}

/// Puts `tiles` in the place of the tensor `rows` in a procedure.
static void replaceTensor(ProcedureOp procedure, ProgramBuilder &tensors,
                          StringRef rows, StringRef tiles) {
  Value added = tensors.tensor(tiles);
  TensorOp replaced = tensors.tensor(rows).getDefiningOp<TensorOp>();
  replaced.getResult().replaceUsesWithIf(added, [&](OpOperand &use) {
    return procedure->isProperAncestor(use.getOwner());
  });
  if (replaced.use_empty())
    replaced.erase();
}

/// Gives `launch` the scratch tensors, and clears before it what blocks count
/// in and wait for.
static void addScratch(LaunchOp launch) {
  auto procedure = launch->getParentOfType<ProcedureOp>();
  ProgramBuilder tensors(launch->getParentOfType<ProgramOp>());
  OpBuilder builder(launch);
  SmallVector<Attribute> names;
  for (auto name : launch.getNames().getAsRange<StringAttr>()) {
    const ProgramTensor *tensor = findContractTensor(name.getValue());
    if (tensor->role == Role::Scratch && name.getValue().ends_with("_rows")) {
      StringRef tiles = tileSumName(name);
      replaceTensor(procedure, tensors, name, tiles);
      name = builder.getStringAttr(tiles);
    }
    names.push_back(name);
  }
  SmallVector<Value> operands(launch.getTensors());
  for (StringRef name : kLookbackScratch) {
    names.push_back(builder.getStringAttr(name));
    operands.push_back(tensors.tensor(name));
    if (name != kSummaries)
      FillOp::create(builder, launch.getLoc(), operands.back());
  }
  launch.setNamesAttr(builder.getArrayAttr(names));
  launch.getTensorsMutable().assign(operands);
}

/// Copies `function`, and the procedure of its name, as those of the schedule
/// lookback.
static func::FuncOp copyBeside(func::FuncOp function, ProgramOp program) {
  std::string name = (function.getName() + kLookbackSuffix).str();
  OpBuilder builder(function);
  builder.setInsertionPointAfter(function);
  auto copy = cast<func::FuncOp>(builder.clone(*function));
  copy.setName(name);
  for (auto procedure :
       llvm::make_early_inc_range(program.getBody().getOps<ProcedureOp>())) {
    if (procedure.getName() != function.getName())
      continue;
    builder.setInsertionPointToEnd(&program.getBody().front());
    auto twin = cast<ProcedureOp>(builder.clone(*procedure));
    twin.setName(name);
    twin.walk([&](LaunchOp launch) {
      if (launch.getEntry() == function.getName())
        launch.setEntry(name);
    });
  }
  return copy;
}

namespace {

struct LookBackPass
    : public minrnn::compiler::impl::LookBackPassBase<LookBackPass> {
  using LookBackPassBase::LookBackPassBase;

  void runOnOperation() override {
    ProgramOp program = findProgram(getOperation());
    if (!program)
      return signalPassFailure();
    for (auto function :
         llvm::to_vector(getOperation().getOps<func::FuncOp>())) {
      auto scans = llvm::to_vector(function.getOps<ScanOp>());
      if (scans.size() != 1)
        continue;
      if (beside) {
        function = copyBeside(function, program);
        scans = llvm::to_vector(function.getOps<ScanOp>());
      }
      addArguments(function, scans[0]);
      sumTiles(function, scans[0]);
      program.walk([&](LaunchOp launch) {
        if (launch.getEntry() == function.getName())
          addScratch(launch);
      });
    }
  }
};

} // namespace
