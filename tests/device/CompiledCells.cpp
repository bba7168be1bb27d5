//===- CompiledCells.cpp - Cells of specs/cells, compiled for a device ----===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tests/device/CompiledCells.h"

#include "minrnn/emulator_device.h"
#include "runtime/core/ReadFile.h"
#include "runtime/device/GpuTarget.h"
#include "runtime/device/PtxKernels.h"
#include "runtime/jit/HostObject.h"
#include "tests/TestFiles.h"

#include <algorithm>
#include <filesystem>
#include <utility>

using namespace minrnn;
using namespace minrnn::test;

/// The named cells, and those that are for these tests alone.
static std::vector<std::string> cellFolders() {
  return {testFile(MINRNN_CELLS_FOLDER), testFile(MINRNN_DEVICE_CELLS)};
}

static std::vector<std::string>
namesIn(const std::vector<std::string> &folders) {
  std::vector<std::string> names;
  for (const std::string &folder : folders)
    for (const auto &file : std::filesystem::directory_iterator(folder))
      names.push_back(file.path().stem().string());
  std::sort(names.begin(), names.end());
  return names;
}

std::vector<std::string> minrnn::test::allCellNames() {
  return namesIn(cellFolders());
}

std::vector<std::string> minrnn::test::literatureCellNames() {
  return namesIn({testFile(MINRNN_LITERATURE_FOLDER)});
}

std::string minrnn::test::cellFile(const std::string &cell) {
  std::vector<std::string> folders = cellFolders();
  folders.push_back(testFile(MINRNN_LITERATURE_FOLDER));
  std::filesystem::path file;
  for (const std::string &folder : folders) {
    file = std::filesystem::path(folder) / (cell + ".mlir");
    if (std::filesystem::exists(file))
      break;
  }
  return file.string();
}

/// The newest target of the compiler's that runs on a device of `own`.
static std::string targetFor(const std::string &own) {
  return own == "host"
             ? own
             : newestTargetFor(own, compiler::knownTargets()).value_or("");
}

CompiledCell::CompiledCell(std::shared_ptr<Device> owner,
                           const std::string &cell, const CellOptions &options)
    : CompiledCell(ofText(std::move(owner), readFile(cellFile(cell)),
                          cellFile(cell), options)) {}

CompiledCell CompiledCell::ofText(std::shared_ptr<Device> owner,
                                  const std::string &text,
                                  const std::string &name,
                                  const CellOptions &options) {
  CompiledCell made(std::move(owner));
  compiler::CompileOptions how;
  how.target = targetFor(made.device->target());
  how.scan = options.scan;
  how.ioType = options.ioType;
  how.schedule = options.schedule;
  how.math = options.math;
  if (options.recompute)
    how.recompute = compiler::Recompute::All;
  compiler::Compilation result = compiler::compileCell(
      text, name,
      how.target == "host" ? compiler::Stage::Object : compiler::Stage::PTX,
      how);
  if (result.outcome == compiler::Outcome::BadInput)
    throw Refused(result.diagnostics);
  if (result.outcome != compiler::Outcome::Done)
    throw std::runtime_error("a fault in the compiler: " + result.diagnostics);
  made.manifestText = std::move(result.manifest);
  made.codeText = std::move(result.output);
  return made;
}

KernelProgram CompiledCell::load(uint64_t seed) const {
  if (auto host = std::dynamic_pointer_cast<HostDevice>(device)) {
    Manifest manifest = parseManifest(manifestText, "the manifest");
    auto module = loadHostObject(codeText, manifest, std::move(host));
    return {std::move(manifest), std::move(module)};
  }
  std::shared_ptr<Device> own = device;
  if (device->name() == "emulator")
    own = EmulatorDevice::create({.target = device->target(), .seed = seed});
  return {parseManifestOfPtx(codeText, "the PTX"),
          std::make_shared<PtxKernels>(own, codeText)};
}
