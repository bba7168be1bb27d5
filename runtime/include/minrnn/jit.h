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

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace minrnn {

/// The domain a recurrence is scanned in, as minrnnc's `--scan`. `Auto` is
/// linear space on the host, log space on a GPU where the cell allows it.
enum class ScanDomain { Auto, Log, Linear };

/// What `backward` has of the states, as minrnnc's `--recompute`: those that
/// `forward` kept, or only those at the boundaries of tiles of time, from which
/// it computes the others again. Less memory for a little more time; for
/// parallel cells.
enum class Recompute { Gates, All };

struct JitOptions {
  /// The cell to compile; may be empty when the text holds exactly one.
  std::string cell = {};
  ScanDomain scan = ScanDomain::Auto;
  /// What sequences are stored as: `f32`, `f16` (on the host, where the
  /// processor converts it) or `bf16`. Arithmetic and carried states are f32
  /// throughout.
  std::string ioType = "f32";
  Recompute recompute = Recompute::Gates;
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

} // namespace minrnn

#endif // MINRNN_JIT_H
