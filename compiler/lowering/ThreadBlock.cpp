//===- ThreadBlock.cpp - A block of threads of a GPU ----------------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compiler/lowering/ThreadBlock.h"
#include "compiler/lowering/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

using namespace mlir;
using namespace minrnn::compiler;

Value ThreadMemory::load(Value pointer, Value index, Type element) {
  return LLVM::LoadOp::create(builder, location, element,
                              address(pointer, index, element),
                              element.getIntOrFloatBitWidth() / 8);
}

void ThreadMemory::store(Value value, Value pointer, Value index,
                         Type element) {
  LLVM::StoreOp::create(builder, location, value,
                        address(pointer, index, element),
                        element.getIntOrFloatBitWidth() / 8);
}

Value ThreadMemory::address(Value pointer, Value index, Type element) {
  return LLVM::GEPOp::create(builder, location, pointer.getType(), element,
                             pointer, ArrayRef<LLVM::GEPArg>{index});
}

/// Makes the kernel, and moves the builder into it.
static gpu::GPUFuncOp startKernel(OpBuilder &builder, func::FuncOp function,
                                  ArrayRef<EntryArgument> signature,
                                  int64_t tileChannels, int64_t tileTime,
                                  ArrayRef<int32_t> block,
                                  TypeRange sharedBuffers) {
  SmallVector<Type> types;
  for (const EntryArgument &argument : signature)
    types.push_back(argument.isTensor()
                        ? Type(LLVM::LLVMPointerType::get(builder.getContext()))
                        : Type(builder.getI64Type()));
  auto kernel = gpu::GPUFuncOp::create(
      builder, function.getLoc(), function.getName(),
      builder.getFunctionType(types, TypeRange()), sharedBuffers);
  kernel->setAttr(gpu::GPUDialect::getKernelFuncAttrName(),
                  builder.getUnitAttr());
  kernel.setKnownBlockSizeAttr(builder.getDenseI32ArrayAttr(block));
  kernel->setAttr(kEntryAttribute, builder.getStringAttr(function.getName()));
  attachArguments(kernel, signature);
  kernel->setAttr(kTileChannelsAttribute,
                  builder.getI64IntegerAttr(tileChannels));
  kernel->setAttr(kTileTimeAttribute, builder.getI64IntegerAttr(tileTime));
  builder.setInsertionPointToStart(&kernel.getBody().front());
  return kernel;
}

ThreadBlock::ThreadBlock(OpBuilder &builder, func::FuncOp function,
                         ArrayRef<EntryArgument> signature, bool roundsToBF16,
                         int64_t tileChannels, int64_t tileTime,
                         ArrayRef<int32_t> block, TypeRange sharedBuffers)
    : builder(builder), location(function.getLoc()),
      kernel(startKernel(builder, function, signature, tileChannels, tileTime,
                         block, sharedBuffers)),
      lanes(builder, location, builder.getF32Type(), roundsToBF16),
      memory(builder, location),
      tensors(builder, function, signature,
              kernel.getArguments().take_front(signature.size()), lanes,
              memory) {}

Value ThreadBlock::index(int64_t value) {
  return arith::ConstantIndexOp::create(builder, location, value);
}

Value ThreadBlock::integer(int64_t value) {
  return arith::ConstantOp::create(builder, location,
                                   builder.getI64IntegerAttr(value));
}

Value ThreadBlock::toInteger(Value index) {
  return arith::IndexCastOp::create(builder, location, builder.getI64Type(),
                                    index);
}

Value ThreadBlock::add(Value x, Value y) {
  return arith::AddIOp::create(builder, location, x, y);
}

Value ThreadBlock::sub(Value x, Value y) {
  return arith::SubIOp::create(builder, location, x, y);
}

Value ThreadBlock::mul(Value x, Value y) {
  return arith::MulIOp::create(builder, location, x, y);
}

Value ThreadBlock::compare(arith::CmpIPredicate predicate, Value x, Value y) {
  return arith::CmpIOp::create(builder, location, predicate, x, y);
}

Value ThreadBlock::both(Value x, Value y) {
  return arith::AndIOp::create(builder, location, x, y);
}

void ThreadBlock::when(Value condition, llvm::function_ref<void()> body) {
  auto branch = scf::IfOp::create(builder, location, condition);
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToStart(branch.thenBlock());
  body();
}

Value ThreadBlock::blockIndex() {
  return toInteger(
      gpu::BlockIdOp::create(builder, location, gpu::Dimension::x));
}

void ThreadBlock::locate(int64_t tileChannels, Value tile) {
  Value tiles = tensors.channelTiles(tileChannels);
  Value row = arith::DivUIOp::create(builder, location, tile, tiles);
  Value inRow = arith::RemUIOp::create(builder, location, tile, tiles);
  Value channel = add(mul(inRow, integer(tileChannels)), toInteger(lane));
  isInside = compare(arith::CmpIPredicate::slt, channel, tensors.channels());
  Value lastChannel = sub(tensors.channels(), integer(1));
  tensors.select(
      row, arith::MinSIOp::create(builder, location, channel, lastChannel));
}
