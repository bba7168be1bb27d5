//===- KernelCache.cpp - Compiled kernels on disk -------------------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/jit/KernelCache.h"

#include "minrnn/error.h"
#include "runtime/core/AtomicFile.h"
#include "runtime/core/ReadFile.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/BLAKE3.h"

#include <bit>
#include <cstring>

using namespace minrnn;

static_assert(std::endian::native == std::endian::little,
              "the lengths of an entry are little-endian");

namespace {

constexpr std::string_view magic = "minrnnK1";
constexpr std::size_t checksumBytes = 32;

std::string lengthAsBytes(std::size_t length) {
  const std::uint64_t word = length;
  std::string bytes(sizeof word, '\0');
  std::memcpy(bytes.data(), &word, sizeof word);
  return bytes;
}

std::string hash(std::initializer_list<std::string_view> parts) {
  llvm::BLAKE3 hasher;
  for (const std::string_view part : parts) {
    hasher.update(lengthAsBytes(part.size()));
    hasher.update(llvm::StringRef(part.data(), part.size()));
  }
  const auto digest = hasher.final<checksumBytes>();
  return {reinterpret_cast<const char *>(digest.data()), digest.size()};
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

std::string
minrnn::kernelCacheKey(std::initializer_list<std::string_view> parts) {
  return llvm::toHex(hash(parts), /*LowerCase=*/true);
}

KernelCache::KernelCache(std::filesystem::path folder)
    : folder(std::move(folder)) {}

std::filesystem::path KernelCache::pathOf(const std::string &key) const {
  return folder / (key + ".kernel");
}

std::optional<CachedKernel> KernelCache::find(const std::string &key) const {
  std::error_code code;
  if (folder.empty() || !std::filesystem::is_regular_file(pathOf(key), code))
    return std::nullopt;
  std::string content;
  try {
    content = readFile(pathOf(key));
  } catch (const Error &) {
    return std::nullopt;
  }
  std::string_view rest = content;
  if (take(rest, magic.size()) != magic)
    return std::nullopt;
  const auto checksum = take(rest, checksumBytes);
  if (!checksum || *checksum != hash({key, rest}))
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
  const std::string content = std::string(magic) + hash({key, body}) + body;
  std::error_code code;
  std::filesystem::create_directories(folder, code);
  try {
    AtomicFile file(pathOf(key));
    file.write(content.data(), content.size());
    file.commit();
  } catch (const Error &) {
    // A full or protected disk costs time at the next start, nothing else.
    return;
  }
}
