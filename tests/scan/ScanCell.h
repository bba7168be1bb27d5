//===- ScanCell.h - A cell by the scan level, and called --------*- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A cell that the compiler's passes have taken to the scan level, in process
// and no further. A layer of it is called by its `minrnn.program`, interpreted
// in double; the entries that this launches are interpreted, too.
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_TESTS_SCAN_SCANCELL_H
#define MINRNN_TESTS_SCAN_SCANCELL_H

#include "minrnn/manifest.h"
#include "tests/reference/Equations.h"
#include "tests/reference/InnerValues.h"
#include "tests/reference/InterpretProgram.h"
#include "tests/scan/ScanEntry.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/IR/OwningOpRef.h"
#include "mlir/Pass/PassManager.h"

#include <span>
#include <string>
#include <string_view>

namespace minrnn::scan {

/// The passes from a text to scans, ready to be run many times.
class ScanCompiler {
public:
  ScanCompiler();

  /// A cell with its verdict. Throws std::runtime_error with what the compiler
  /// says when it refuses the text.
  mlir::OwningOpRef<mlir::ModuleOp> prove(std::string_view text);
  /// The scans of a proven cell, before the domain is chosen.
  mlir::OwningOpRef<mlir::ModuleOp> scans(mlir::ModuleOp proven,
                                          bool recompute);
  /// The same scans in linear space; or in log space, and null where they may
  /// not be.
  mlir::OwningOpRef<mlir::ModuleOp> inDomain(mlir::ModuleOp scans,
                                             bool inLogSpace);

  mlir::MLIRContext &getContext() { return context; }

private:
  void run(mlir::PassManager &passes, mlir::ModuleOp module);

  mlir::MLIRContext context;
  std::string diagnostics;
  mlir::ScopedDiagnosticHandler handler;
  mlir::PassManager toProven, toScans, toRecomputedScans, toLogSpace, toLinear;
};

/// Whether the compiler calls the proven cell parallel.
bool isParallel(mlir::ModuleOp proven);

/// A call of a layer: the cell's, whose pre-activations are input weight^T; or,
/// where there is no weight, are given.
struct LayerCall {
  reference::Call cell;
  int64_t inputs = 0;         // D
  std::vector<double> input;  // [B, T, D]
  std::vector<double> weight; // [G, H, D]
};

/// The layer's call of the cell's `call`: each pre-activation is an input of
/// its own, and the weight is the identity. A layer of a cell that reads its
/// input has that one, D = H. Where it `projects`, `seed` chooses its weights,
/// and the call's pre-activations become what is projected; else they are
/// given, so that they may be any numbers.
LayerCall layerCallOf(const reference::ParsedCell &cell, reference::Call call,
                      uint64_t seed, bool projects = true);

/// The layer of one module of scans, which is not used after it was made.
class ScanCell : private reference::EntryLauncher {
public:
  explicit ScanCell(mlir::ModuleOp scans);

  /// What each recurrent projection multiplies, as the module has it.
  std::vector<reference::CompiledProjection> projections;
  /// Whether the one state is the output.
  bool outputIsState;

  // Each throws std::runtime_error where an entry or the program asks for what
  // specs/abi.md does not know.

  /// `output`, `last`, and whatever `backward` needs of it: `states` or
  /// `checkpoints`, unless the output is the state.
  NamedTensors forward(const LayerCall &call);
  /// The gradients, `run` being what `forward` returned. `dLast` may be empty.
  NamedTensors backward(const LayerCall &call, NamedTensors run,
                        std::span<const double> dOutput,
                        std::span<const double> dLast);
  /// `output` and `last`, by T calls of `step`.
  NamedTensors steps(const LayerCall &call);

private:
  bool writes(const std::string &entry,
              const std::string &argument) const override;
  void launch(const std::string &entry, int64_t first, int64_t count,
              NamedTensors &arguments) override;
  void run(Procedure procedure, const LayerCall &call, int64_t time,
           bool reverse, NamedTensors &tensors);

  minrnn::Program program;
  /// The same without the products that make the pre-activations.
  minrnn::Program withoutProjection;
  /// Of the packed axes; the others are the call's.
  reference::ProgramCall sizes;
  std::map<std::string, ScanEntry> entries;
};

} // namespace minrnn::scan

#endif // MINRNN_TESTS_SCAN_SCANCELL_H
