//===- jit.h - From a cell's text to kernels in process ---------*- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Compiles a cell for a device and loads it there, through a cache of kernels
// on disk. The only header that needs the compiler linked in (library
// minrnn_jit); it shows nothing of MLIR.
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_JIT_H
#define MINRNN_JIT_H

#include "minrnn/cell_kernels.h"
#include "minrnn/error.h"
#include "minrnn/layer.h"
#include "minrnn/open_device.h"
#include "minrnn/options.h"

#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace minrnn {

/// What decides the kernel is as in minrnn/options.h; the target is the
/// device's.
struct JitOptions {
  /// The cell to compile; may be empty when the text holds exactly one.
  std::string cell = {};
  ScanDomain scan = ScanDomain::Auto;
  /// What sequences are stored as: `f32`, `f16` (on the host, where the
  /// processor converts it) or `bf16`. Arithmetic and carried states are f32
  /// throughout.
  std::string ioType = "f32";
  Recompute recompute = Recompute::Gates;
  Schedule schedule = Schedule::Auto;
  /// (`Fast` is for `f16` and `bf16` on devices that run PTX.)
  Math math = Math::Precise;
  /// Of a GPU's blocks under carry (minrnn/options.h); none: what the sizes
  /// take where they are known, and else 8.
  std::optional<int> numWarps = std::nullopt;
  /// The sizes of the layers, where they are known before: of a GPU's
  /// schedules, the one alone that these take is compiled, in less than half
  /// the time, with the warps that they take. (Layers of other sizes run it,
  /// too.)
  std::optional<LayerSizes> sizes = std::nullopt;
  /// The device to compile for and run on; null: a host device with OpenMP's
  /// threads.
  std::shared_ptr<Device> device = nullptr;
  /// Whether compiled kernels are looked up and kept on disk.
  bool useCache = true;
  /// Where they are kept; unset: $MINRNN_CACHE_DIR, else
  /// $XDG_CACHE_HOME/minrnn, else $HOME/.cache/minrnn; none of these: nowhere.
  std::optional<std::filesystem::path> cacheFolder = std::nullopt;
};

/// What is wrong with a cell's text, as the compiler prints it: lines that name
/// their place and say `error:` themselves.
class DiagnosticError : public Error {
public:
  using Error::Error;
};

/// Compiles one cell of the MLIR text `source` for the device, or takes it from
/// the cache, and loads it. `sourceName` is the file name in messages.
/// Throws DiagnosticError when the text is wrong, and Error when there is no
/// such cell or the compiler has no target for the device. A cache that cannot
/// be read or written is done without.
CellKernels compileCell(std::string_view source, std::string_view sourceName,
                        const JitOptions &options = {});

/// The same for a file. Throws Error when it cannot be read, too.
CellKernels compileCellFile(const std::filesystem::path &path,
                            const JitOptions &options = {});

/// What one channel of a cell computes one step from.
struct StepValues {
  /// What each projection gives, its bias included, by the gate's name.
  std::map<std::string, float> projections = {};
  std::map<std::string, float> parameters = {};
  /// This channel of the input, for a cell that reads it.
  float input = 0;
  /// The states before the step, in the cell's order.
  std::vector<float> states = {};
};

/// Computes one step of a cell of `source` in f32 and says at which operation
/// `tensor` stops being finite: a state by its name, the output, or `project
/// NAME`, which is what that gate projects. Gives its place in the text, and a
/// caret. Empty where it stays finite. `cell` may be empty when the text holds
/// exactly one.
std::string explainNonFinite(std::string_view source,
                             std::string_view sourceName, std::string_view cell,
                             std::string_view tensor, const StepValues &values);

} // namespace minrnn

#endif // MINRNN_JIT_H
