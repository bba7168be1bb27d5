//===- ScanCell.h - A cell by the scan level, and called --------*- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A cell that the compiler's passes have taken to the scan level, in process
// and no further, and its entries called there as specs/abi.md says: the
// products with the recurrent weights are made between the steps.
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_TESTS_SCAN_SCANCELL_H
#define MINRNN_TESTS_SCAN_SCANCELL_H

#include "tests/reference/ChainedValues.h"
#include "tests/reference/Equations.h"
#include "tests/scan/ScanEntry.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/IR/OwningOpRef.h"
#include "mlir/Pass/PassManager.h"

#include <optional>
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

/// The entries of one module of scans. The module is not used after it was
/// made.
class ScanCell {
public:
  explicit ScanCell(mlir::ModuleOp scans);

  /// What each recurrent projection multiplies, as the module has it.
  std::vector<reference::CompiledProjection> projections;

  // Each throws std::runtime_error where an entry asks for what specs/abi.md
  // does not know.

  /// `output`, `trajectory` (of a plain cell, the same; not where states are
  /// recomputed), `last`, and whatever `backward` needs of it.
  NamedTensors forward(const reference::Program &program,
                       const reference::Call &call);
  /// The gradients, `run` being what `forward` returned. `dLast` may be empty.
  NamedTensors backward(const reference::Program &program,
                        const reference::Call &call, const NamedTensors &run,
                        std::span<const double> dOutput,
                        std::span<const double> dLast);
  /// `output` and `last`, by T calls of `step`.
  NamedTensors steps(const reference::Program &program,
                     const reference::Call &call);

private:
  /// recurrent[:, t, r, :] = U_r times its operand, of arrays [B, `time`, R, H]
  /// and rows of operands that are `stride` apart, for one kind of operands.
  void multiply(const reference::Program &program, const reference::Call &call,
                bool ofChained, const std::vector<double> &operands,
                int64_t first, int64_t stride, std::vector<double> &recurrent,
                int64_t time, int64_t t) const;
  /// Adds d_recurrent[:, t, r, :] U_r to the gradient of its operand.
  void pullBack(const reference::Program &program, const reference::Call &call,
                bool ofChained, const std::vector<double> &dRecurrent,
                int64_t t, std::vector<double> &operands, int64_t first,
                int64_t stride) const;

  ScanEntry forwardEntry, backwardEntry, stepEntry;
  std::optional<ScanEntry> forwardChainedEntry, backwardChainedEntry;
  int64_t chainedCount = 0;
};

} // namespace minrnn::scan

#endif // MINRNN_TESTS_SCAN_SCANCELL_H
