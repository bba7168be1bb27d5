//===- Compile.h - From the text of a cell to code --------------*- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The compiler as a library: one function, one struct of options in, one
// struct of results out. No MLIR header is included here, so that the JIT and
// the tools include this one alone.
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_COMPILER_PIPELINE_COMPILE_H
#define MINRNN_COMPILER_PIPELINE_COMPILE_H

#include "compiler/analysis/StepValues.h"

#include "minrnn/options.h"

#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace mlir {
class PassManager;
} // namespace mlir

namespace minrnn::compiler {

/// What a compilation yields. `Cell` (proven), `Scan`, `Kernel`, `LLVM` are the
/// levels of the IR as text, `PTX`, `Cubin` and `Object` the code, `Manifest`
/// and `Header` what their callers need; `Explanation` is the verdict on the
/// cell, for people. A `Cubin` is made by NVIDIA's ptxas, which must be
/// installed.
enum class Stage {
  Explanation,
  Cell,
  Scan,
  Kernel,
  LLVM,
  PTX,
  Cubin,
  Object,
  Manifest,
  Header
};

using minrnn::Math;
using minrnn::Recompute;
using minrnn::ScanDomain;
using minrnn::Schedule;

struct CompileOptions : KernelOptions {
  /// Host only: the processor and its features as LLVM names them
  /// (`-mcpu`, `-mattr`). Empty: the processor this runs on.
  std::string hostProcessor;
  std::string hostFeatures;
  /// Cubin only: the folders to look for ptxas in, in their order. Empty: those
  /// on PATH, $CUDA_HOME/bin, $CUDA_PATH/bin, /usr/local/cuda/bin.
  std::vector<std::string> ptxasFolders;
  /// Called on every pass manager before it runs; MLIR's debugging flags come
  /// in here. May be empty.
  std::function<void(mlir::PassManager &)> instrument;
};

/// Whose fault a failed compilation is.
enum class Outcome {
  Done,
  /// The text, or what was asked of it, is wrong, or ptxas is missing or fails;
  /// `diagnostics` says where, and why.
  BadInput,
  /// A fault in the compiler; `diagnostics` names a reproducer.
  InternalFault,
};

struct Compilation {
  Outcome outcome = Outcome::BadInput;
  /// Errors, warnings and remarks as text, with their place in the source.
  std::string diagnostics;
  /// The asked-for stage: text, or the bytes of a cubin or an object file.
  std::string output;
  /// The manifest of the kernels (see specs/abi.md), and the C header of a
  /// host object, in every stage from `Kernel` on.
  std::string manifest;
  std::string header;
  /// The verdict, its proof and the bytes moved per element, for people.
  std::string explanation;
};

/// The targets and the io types that `CompileOptions` knows.
std::vector<std::string> knownTargets();
std::vector<std::string> knownIOTypes();

/// What the target that `options` name is compiled to where nothing is said,
/// PTX or an object; and whether it makes `stage` at all.
Stage defaultStage(const CompileOptions &options);
bool makesStage(const CompileOptions &options, Stage stage);

/// Compiles one cell of `source` as far as `stage`. `sourceName` is the file
/// name used in diagnostics. Thread-safe: keeps no state between calls.
/// Never throws and never aborts on any `source`; where memory ends, it ends
/// the process (see OutOfMemory.h).
Compilation compileCell(std::string_view source, std::string_view sourceName,
                        Stage stage, const CompileOptions &options);

/// Computes one step of a cell of `source` from `values` and says at which
/// operation `tensor` stops being finite: a state by its name, the output, or
/// `project NAME`, which is what that gate projects. A note with its place and
/// a caret, as text. Empty where it stays finite, and where the text holds no
/// such cell. `cell` may be empty when the text holds exactly one.
std::string explainNonFinite(std::string_view source,
                             std::string_view sourceName, std::string_view cell,
                             std::string_view tensor, const StepValues &values);

/// Names everything besides the source and the options that decides the
/// output: the version and a hash of the compiler's own sources, and LLVM's
/// version. Part of the key of the kernel cache.
std::string compilerIdentity();

/// The processor this runs on and its features, as `CompileOptions` takes
/// them. Part of the key of the kernel cache.
void detectHost(std::string &processor, std::string &features);

} // namespace minrnn::compiler

#endif // MINRNN_COMPILER_PIPELINE_COMPILE_H
