//===- minrnn-opt.cpp - Run single passes ---------------------------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compiler/pipeline/Dialects.h"
#include "compiler/pipeline/OutOfMemory.h"
#include "compiler/pipeline/SourceText.h"
#include "compiler/tools/OutputFiles.h"
#include "files/NamedFiles.h"
#include "files/StandardStreams.h"

#include "mlir/Bytecode/BytecodeReader.h"
#include "mlir/Support/FileUtilities.h"
#include "mlir/Tools/mlir-opt/MlirOptMain.h"
#include "llvm/Support/InitLLVM.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/SourceMgr.h"
#include "llvm/Support/raw_ostream.h"

using namespace minrnn::compiler;

static int fail(const std::string &message) {
  llvm::errs() << "minrnn-opt: error: " << message << '\n';
  return 1;
}

/// Says what keeps MLIR from reading the text, if anything does.
static bool isReadable(const llvm::MemoryBuffer &text) {
  auto fault = checkSourceText(text.getBuffer());
  if (!fault)
    return true;
  if (!fault->offset) {
    llvm::errs() << text.getBufferIdentifier() << ": error: " << fault->message
                 << '\n';
    return false;
  }
  llvm::SourceMgr sources;
  sources.AddNewSourceBuffer(
      llvm::MemoryBuffer::getMemBuffer(text.getMemBufferRef(),
                                       /*RequiresNullTerminator=*/false),
      llvm::SMLoc());
  sources.PrintMessage(
      llvm::SMLoc::getFromPointer(text.getBufferStart() + *fault->offset),
      llvm::SourceMgr::DK_Error, fault->message);
  return false;
}

int main(int argc, char **argv) {
  minrnn::reserveStandardStreams();
  const EndsOnOutOfMemory guard;
  mlir::DialectRegistry registry;
  registerDialects(registry);
  registerPasses();
  auto [input, output] = mlir::registerAndParseCLIOptions(
      argc, argv, "minrnn optimizer\n", registry);
  minrnn::NamedFiles files;
  files.addInput("the input", input);
  files.addOutput("-o", output);
  if (std::string fault = files.fault(); !fault.empty())
    return fail(fault);
  auto config = mlir::MlirOptMainConfig::createFromCLOptions();
  if (config.shouldShowDialects() || config.shouldListPasses())
    return mlir::asMainReturnCode(
        mlir::MlirOptMain(argc, argv, input, output, registry));

  const llvm::InitLLVM setUp(argc, argv);
  std::string error;
  std::unique_ptr<llvm::MemoryBuffer> buffer =
      mlir::openInputFile(input, &error);
  if (!buffer)
    return fail(error);
  if (!mlir::isBytecode(buffer->getMemBufferRef())) {
    llvm::StringRef text = withoutByteOrderMark(buffer->getBuffer());
    if (text.size() != buffer->getBufferSize())
      buffer = llvm::MemoryBuffer::getMemBufferCopy(
          text, buffer->getBufferIdentifier());
    if (!isReadable(*buffer))
      return 1;
  }
  if (output == "-")
    return mlir::asMainReturnCode(
        mlir::MlirOptMain(llvm::outs(), std::move(buffer), registry, config));
  // mlir-opt empties its output before it has read the input, and removes it
  // where a pass fails.
  std::string text;
  llvm::raw_string_ostream stream(text);
  if (mlir::failed(
          mlir::MlirOptMain(stream, std::move(buffer), registry, config)))
    return 1;
  return writeFiles({{output, text}}, error) ? 0 : fail(error);
}
