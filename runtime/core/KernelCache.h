//===- KernelCache.h - Compiled kernels on disk -----------------*- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// One file an entry, named by a hash of everything that decides its content:
//
//   magic     8 bytes, with the version of this layout
//   checksum  XXH3, 128 bits, of the key and of all that follows
//   lengths   of the manifest and of the object, 8 bytes each, little-endian
//   manifest, object
//
// An entry that is damaged, cut off or of another key is as good as absent. The
// checksum is against accidents; against people, the folder and every entry
// must be this user's own, and nobody else's to write (see PrivateFolder.h):
// what they hold is executed.
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_RUNTIME_CORE_KERNELCACHE_H
#define MINRNN_RUNTIME_CORE_KERNELCACHE_H

#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace minrnn {

/// $MINRNN_CACHE_DIR, else $XDG_CACHE_HOME/minrnn, else $HOME/.cache/minrnn;
/// empty, so no cache, when none of these is set. The latter two count only as
/// absolute paths, as the XDG base directory specification has it.
std::filesystem::path defaultCacheFolder();

/// The key of an entry: XXH3, 128 bits, over `parts`, each with its length, in
/// hex.
std::string kernelCacheKey(std::span<const std::string_view> parts);

/// What an entry holds.
struct CachedKernel {
  /// JSON, as specs/abi.md has it; empty for a supporting kernel.
  std::string manifest;
  /// The bytes of a host object file, or PTX.
  std::string code;
};

class KernelCache {
public:
  /// An empty folder means: no cache. So does one that is not private, which is
  /// said once on standard error, and that way also a relative path.
  explicit KernelCache(std::filesystem::path folder);

  /// The entry of `key`; nothing when there is none that is whole.
  std::optional<CachedKernel> find(const std::string &key) const;

  /// Keeps an entry, atomically, with mode 0600 in a folder of mode 0700. Does
  /// nothing when the folder cannot be written to: the next run compiles again.
  void keep(const std::string &key, const CachedKernel &kernel) const;

private:
  std::filesystem::path folder;
};

} // namespace minrnn

#endif // MINRNN_RUNTIME_CORE_KERNELCACHE_H
