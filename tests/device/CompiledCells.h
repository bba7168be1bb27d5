//===- CompiledCells.h - Cells of specs/cells, compiled for a device -*- C++
//-*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_TESTS_DEVICE_COMPILEDCELLS_H
#define MINRNN_TESTS_DEVICE_COMPILEDCELLS_H

#include "compiler/pipeline/Compile.h"
#include "tests/device/KernelProgram.h"

#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace minrnn::test {

/// The cells of specs/cells and of tests/device/cells, in order of their names.
std::vector<std::string> allCellNames();

/// Those of tests/cells.
std::vector<std::string> literatureCellNames();

/// The file of one of them, or else of a cell of tests/cells.
std::string cellFile(const std::string &cell);

/// What the compiler would not compile; the message is its own.
struct Refused : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// How a cell is to be compiled.
struct CellOptions {
  compiler::ScanDomain scan = compiler::ScanDomain::Auto;
  std::string ioType = "f32";
  bool recompute = false;
  /// (With `Auto`, both are compiled.)
  compiler::Schedule schedule = compiler::Schedule::Carry;
  compiler::Math math = compiler::Math::Precise;
};

/// A cell's code for the target of one device.
class CompiledCell {
public:
  /// Throws Refused where the compiler does, and std::runtime_error when it is
  /// at fault.
  CompiledCell(std::shared_ptr<Device> device, const std::string &cell,
               const CellOptions &options = {});

  /// The same for a cell that is no file; `name` is for messages.
  static CompiledCell ofText(std::shared_ptr<Device> device,
                             const std::string &text, const std::string &name,
                             const CellOptions &options = {});

  /// The object or the PTX.
  const std::string &code() const { return codeText; }

  /// Loads it. On the emulator, in a memory of its own, with blocks and warps
  /// in an order that `seed` decides.
  KernelProgram load(uint64_t seed = 0) const;

private:
  explicit CompiledCell(std::shared_ptr<Device> owner)
      : device(std::move(owner)) {}

  std::shared_ptr<Device> device;
  std::string manifestText;
  std::string codeText;
};

} // namespace minrnn::test

#endif // MINRNN_TESTS_DEVICE_COMPILEDCELLS_H
