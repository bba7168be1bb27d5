//===- LowerToGPU.cpp - Kernels for a GPU ---------------------------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compiler/lowering/Passes.h"
#include "compiler/lowering/SequentialLoop.h"
#include "compiler/lowering/ThreadBlock.h"
#include "compiler/lowering/schedules/Schedules.h"
#include "compiler/transforms/EntryTensors.h"
#include "compiler/transforms/Passes.h"
#include "dialect/MinRNN.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/Builders.h"

#include <algorithm>

namespace minrnn::compiler {
#define GEN_PASS_DEF_LOWERTOGPUPASS
#include "compiler/lowering/Passes.h.inc"
} // namespace minrnn::compiler

using namespace mlir;
using namespace minrnn::compiler;
using namespace minrnn::dialect;

/// The kernel of a sequential scan: each thread takes the steps of one channel
/// in order.
static void buildSequentialKernel(OpBuilder &builder, func::FuncOp function,
                                  SequentialScanOp scan,
                                  ArrayRef<EntryArgument> signature,
                                  BlockShape shape, bool roundsToBF16) {
  // A whole sequence takes its time: the fewer channels in a block, the more
  // multiprocessors take part. A single step is bound by its memory alone.
  bool takesAllSteps =
      llvm::none_of(signature, [](const EntryArgument &argument) {
        return argument.name == "count";
      });
  bool isStep = function.getName() == kStepName;
  int64_t threads = takesAllSteps && !isStep ? kWarpSize : shape.threads();
  ThreadBlock block(builder, function, signature, roundsToBF16, threads,
                    /*tileTime=*/0, {static_cast<int32_t>(threads), 1, 1}, {});
  block.lane =
      gpu::ThreadIdOp::create(builder, block.location, gpu::Dimension::x);
  block.locate(threads, block.blockIndex());
  SequentialLoop(builder, block.location, block.lanes, block.tensors)
      .build(scan, [&](llvm::function_ref<void()> store) {
        block.when(block.isInside, store);
      });
  gpu::ReturnOp::create(builder, block.location);
}

/// (The weights and the limit are those with which ptxas spills no register of
/// any parallel cell of ours, on any target.)
bool minrnn::compiler::holdsNextTile(ScanOp scan, BlockShape shape) {
  constexpr int64_t mostValues = 104;
  int64_t ofStep = scan.getElementSize();
  for (Value sequence : scan.getSequences())
    ofStep += stepValueCount(sequence.getType());
  // Going back, a step has what it stores and the slopes that this is made of.
  if (scan.getReverse())
    ofStep += 2 * stepValueCount(scan.getOutputs().getTypes());
  int64_t ofAll = packedValueCount(scan.getParameters().getTypes()) +
                  packedValueCount(scan.getSums().getTypes()) +
                  static_cast<int64_t>(scan.getOutputs().size());
  return ofStep * shape.stepsPerThread + 2 * ofAll <= mostValues;
}

BlockShape minrnn::compiler::shapeFor(ScanOp scan, BlockShape shape,
                                      bool looksBack) {
  if (scan.getBoundaries() || scan.getTaken())
    return shape;
  if (looksBack)
    shape.warps = std::min(shape.warps, kMostLookbackWarps);
  shape.stepsPerThread *=
      scan.getReverse() || shape.warps > kMostLookbackWarps ? 1 : 2;
  if (!looksBack && !holdsNextTile(scan, shape) && shape.stepsPerThread > 1)
    shape.stepsPerThread /= 2;
  return shape;
}

namespace {

struct LowerToGPUPass
    : public minrnn::compiler::impl::LowerToGPUPassBase<LowerToGPUPass> {
  using LowerToGPUPassBase::LowerToGPUPassBase;

  /// Whether what the warps exchange of a scan fits a block's shared memory.
  LogicalResult verifySharedMemory(func::FuncOp function) {
    auto scan = findOnly<ScanOp>(function);
    if (!scan)
      return success();
    BlockShape shape =
        shapeFor(scan, {warps, stepsPerThread}, looksBack(function));
    int64_t bytes =
        looksBack(function)
            ? lookbackSharedBytes(scan.getElementSize(), shape)
            : carrySharedBytes(scan.getElementSize(),
                               static_cast<bool>(scan.getTaken()), shape);
    if (bytes <= kSharedBytes)
      return success();
    return scan.emitOpError("expects what ")
           << shape.warps << " warps exchange of its " << scan.getStateCount()
           << " states to fit in " << kSharedBytes
           << " bytes of shared memory, found " << bytes;
  }

  void runOnOperation() override {
    ModuleOp module = getOperation();
    // A thread's steps are unrolled; 64 of them are beyond its registers.
    if (warps < 1 || warps > 32 || stepsPerThread < 1 || stepsPerThread > 64) {
      module.emitError("minrnn-lower-to-gpu expects 1 to 32 warps and 1 to 64 "
                       "steps per thread, found ")
          << warps.getValue() << " and " << stepsPerThread.getValue();
      return signalPassFailure();
    }
    if (failed(verifyIOType(module, ioType)))
      return signalPassFailure();
    auto functions = llvm::to_vector(module.getOps<func::FuncOp>());
    for (func::FuncOp function : functions)
      if (failed(verifyEntry(function)) || failed(verifySharedMemory(function)))
        return signalPassFailure();
    OpBuilder builder(&getContext());
    builder.setInsertionPointToEnd(module.getBody());
    auto kernels =
        gpu::GPUModuleOp::create(builder, module.getLoc(), kKernelModuleName);
    module->setAttr(gpu::GPUDialect::getContainerModuleAttrName(),
                    builder.getUnitAttr());
    for (func::FuncOp function : functions) {
      builder.setInsertionPointToEnd(kernels.getBody());
      std::vector<EntryArgument> signature = kernelArguments(function, ioType);
      BlockShape shape{warps, stepsPerThread};
      if (auto scan = findOnly<ScanOp>(function))
        (looksBack(function) ? buildLookbackKernel : buildCarryKernel)(
            builder, function, scan, signature,
            shapeFor(scan, shape, looksBack(function)), roundsToBF16);
      else
        buildSequentialKernel(builder, function,
                              findOnly<SequentialScanOp>(function), signature,
                              shape, roundsToBF16);
      function.erase();
    }
  }
};

} // namespace
