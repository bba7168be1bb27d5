//===- KernelCache.cpp - Compiled kernels on disk -------------------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/core/KernelCache.h"

#include "runtime/core/Hash.h"
#include "runtime/core/PrivateFolder.h"

#include <bit>
#include <cstdlib>
#include <cstring>

using namespace minrnn;

static_assert(std::endian::native == std::endian::little,
              "the lengths of an entry are little-endian");

namespace {

constexpr std::string_view magic = "minrnnK2";
constexpr const char *use = "the kernel cache";

std::string fileOf(const std::string &key) { return key + ".kernel"; }

/// The value of an environment variable; empty when it is not set.
std::filesystem::path environmentPath(const char *name) {
  const char *value = std::getenv(name);
  return value == nullptr ? "" : value;
}

std::string lengthAsBytes(std::size_t length) {
  const std::uint64_t word = length;
  std::string bytes(sizeof word, '\0');
  std::memcpy(bytes.data(), &word, sizeof word);
  return bytes;
}

/// Takes `length` bytes from the front of `bytes`; nothing when it is shorter.
std::optional<std::string_view> take(std::string_view &bytes,
                                     std::uint64_t length) {
  if (bytes.size() < length)
    return std::nullopt;
  const std::string_view front = bytes.substr(0, length);
  bytes.remove_prefix(length);
  return front;
}

std::optional<std::uint64_t> takeLength(std::string_view &bytes) {
  std::uint64_t word = 0;
  const auto front = take(bytes, sizeof word);
  if (!front)
    return std::nullopt;
  std::memcpy(&word, front->data(), sizeof word);
  return word;
}

} // namespace

std::filesystem::path minrnn::defaultCacheFolder() {
  std::filesystem::path own = environmentPath("MINRNN_CACHE_DIR");
  if (!own.empty())
    return own;
  const std::filesystem::path caches = environmentPath("XDG_CACHE_HOME");
  if (caches.is_absolute())
    return caches / "minrnn";
  const std::filesystem::path home = environmentPath("HOME");
  return home.is_absolute() ? home / ".cache" / "minrnn"
                            : std::filesystem::path();
}

std::string minrnn::kernelCacheKey(std::span<const std::string_view> parts) {
  Hash hash;
  for (const std::string_view part : parts)
    hash.add(part);
  return hash.hexDigest();
}

KernelCache::KernelCache(std::filesystem::path folder)
    : folder(std::move(folder)) {}

std::optional<CachedKernel> KernelCache::find(const std::string &key) const {
  if (folder.empty())
    return std::nullopt;
  const auto files =
      PrivateFolder::open(folder, use, PrivateFolder::Absent::StaysAbsent);
  const auto content = files ? files->read(fileOf(key)) : std::nullopt;
  if (!content)
    return std::nullopt;
  std::string_view rest = *content;
  if (take(rest, magic.size()) != magic)
    return std::nullopt;
  const auto checksum = take(rest, Hash::bytes);
  if (!checksum || *checksum != Hash().add(key).add(rest).digest())
    return std::nullopt;
  const auto manifestLength = takeLength(rest);
  const auto objectLength = takeLength(rest);
  if (!manifestLength || !objectLength)
    return std::nullopt;
  const auto manifest = take(rest, *manifestLength);
  const auto object = take(rest, *objectLength);
  if (!manifest || !object || !rest.empty())
    return std::nullopt;
  return CachedKernel{std::string(*manifest), std::string(*object)};
}

void KernelCache::keep(const std::string &key,
                       const CachedKernel &kernel) const {
  if (folder.empty())
    return;
  const std::string body = lengthAsBytes(kernel.manifest.size()) +
                           lengthAsBytes(kernel.code.size()) + kernel.manifest +
                           kernel.code;
  const std::string content =
      std::string(magic) + Hash().add(key).add(body).digest() + body;
  // A full or protected disk costs time at the next start, nothing else.
  if (const auto files =
          PrivateFolder::open(folder, use, PrivateFolder::Absent::IsMade))
    files->write(fileOf(key), content);
}
