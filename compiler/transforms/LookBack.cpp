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
/// row's: `d_bias_tiles` of `d_bias_rows`. Empty where it is no such sum.
static StringRef tileSumName(StringRef rows) {
  if (!rows.consume_back("_rows"))
    return {};
  const ProgramTensor *tiles = findContractTensor((rows + "_tiles").str());
  return tiles ? StringRef(tiles->name) : StringRef();
}

/// Whether `function`, whose scan is `scan`, can be given tiles. Emits an error
/// otherwise.
static LogicalResult verify(func::FuncOp function, ScanOp scan) {
  if (looksBack(function))
    return function.emitOpError(
        "expects an entry that minrnn-look-back has not "
        "been through, found its scratch tensors");
  Operation *terminator = function.front().getTerminator();
  for (OpOperand &result : terminator->getOpOperands()) {
    if (!llvm::is_contained(scan.getSums(), result.get()))
      continue;
    auto name = function.getResultAttrOfType<StringAttr>(
        result.getOperandNumber(), kTensorNameAttribute);
    if (!name || tileSumName(name).empty())
      return function.emitOpError(
                 "expects a sum over time to be called "
                 "'d_bias_rows' or 'd_parameters_rows', found ")
             << (name ? name : StringAttr::get(function.getContext()));
  }
  return success();
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
    if (StringRef tiles = tileSumName(name); !tiles.empty()) {
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
    auto functions = llvm::to_vector(getOperation().getOps<func::FuncOp>());
    for (func::FuncOp function : functions)
      if (auto scan = findOnly<ScanOp>(function);
          scan && failed(verify(function, scan)))
        return signalPassFailure();
    for (func::FuncOp function : functions) {
      if (!findOnly<ScanOp>(function))
        continue;
      if (beside)
        function = copyBeside(function, program);
      auto scan = findOnly<ScanOp>(function);
      addArguments(function, scan);
      sumTiles(function, scan);
      program.walk([&](LaunchOp launch) {
        if (launch.getEntry() == function.getName())
          addScratch(launch);
      });
    }
  }
};

} // namespace
