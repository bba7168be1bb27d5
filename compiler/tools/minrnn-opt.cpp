//===- minrnn-opt.cpp - Run single passes ---------------------------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compiler/pipeline/Dialects.h"
#include "compiler/pipeline/OutOfMemory.h"

#include "mlir/Tools/mlir-opt/MlirOptMain.h"

int main(int argc, char **argv) {
  const minrnn::compiler::EndsOnOutOfMemory guard;
  mlir::DialectRegistry registry;
  minrnn::compiler::registerDialects(registry);
  minrnn::compiler::registerPasses();
  return mlir::asMainReturnCode(
      mlir::MlirOptMain(argc, argv, "minrnn optimizer\n", registry));
}
