//===- HostObject.cpp - Host objects, loaded in process -------------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/jit/HostObject.h"

#include "compiler/pipeline/OutOfMemory.h"
#include "minrnn/error.h"

#include "llvm/ExecutionEngine/Orc/ExecutionUtils.h"
#include "llvm/ExecutionEngine/Orc/LLJIT.h"
#include "llvm/Support/Error.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/TargetSelect.h"

#include <map>
#include <mutex>

using namespace minrnn;

namespace {

/// Unwraps a result of LLVM, whose errors must be looked at, into ours. The
/// exception leaves from our own frame, never through one of LLVM's.
template <typename Value>
Value unwrap(llvm::Expected<Value> result, const std::string &what) {
  if (!result)
    throw Error(what + ": " + llvm::toString(result.takeError()));
  return std::move(*result);
}

void check(llvm::Error error, const std::string &what) {
  if (error)
    throw Error(what + ": " + llvm::toString(std::move(error)));
}

void initialiseNativeTarget() {
  static std::once_flag once;
  std::call_once(once, [] {
    llvm::InitializeNativeTarget();
    llvm::InitializeNativeTargetAsmPrinter();
  });
}

} // namespace

std::shared_ptr<HostModule>
minrnn::loadHostObject(std::string_view object, const Manifest &manifest,
                       std::shared_ptr<HostDevice> device) {
  const std::string what =
      "cannot load the code of cell '" + manifest.cell + "' into this process";
  const compiler::EndsOnOutOfMemory guard;
  initialiseNativeTarget();
  const std::shared_ptr<llvm::orc::LLJIT> jit =
      unwrap(llvm::orc::LLJITBuilder().create(), what);
  // The code may call memcpy and memset, which this process has.
  jit->getMainJITDylib().addGenerator(
      unwrap(llvm::orc::DynamicLibrarySearchGenerator::GetForCurrentProcess(
                 jit->getDataLayout().getGlobalPrefix()),
             what));
  check(jit->addObjectFile(llvm::MemoryBuffer::getMemBufferCopy(
            llvm::StringRef(object.data(), object.size()), manifest.cell)),
        what);
  std::map<std::string, HostEntry, std::less<>> symbols;
  for (const KernelEntry &entry : manifest.entries)
    symbols[entry.symbol] =
        unwrap(jit->lookup(entry.symbol), what).toPtr<HostEntry>();
  return std::make_shared<HostModule>(std::move(device), std::move(symbols),
                                      jit);
}
