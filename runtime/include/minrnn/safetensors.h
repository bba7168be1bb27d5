//===- safetensors.h - Tensors in a file ------------------------*- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The safetensors format: eight bytes of header length (little-endian), a JSON
// header that gives every tensor's dtype, shape and place, then the data.
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_SAFETENSORS_H
#define MINRNN_SAFETENSORS_H

#include <cstdint>
#include <filesystem>
#include <iosfwd>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace minrnn {

/// What the header says of one tensor.
struct TensorInfo {
  /// Such as `F32`, `BF16`, `I64`.
  std::string dtype;
  std::vector<std::int64_t> shape;
  /// The half-open range of bytes in the file's data section.
  std::uint64_t begin = 0;
  std::uint64_t end = 0;

  std::int64_t elementCount() const;
};

/// A shape as people read it: `[2, 3]`.
std::string formatShape(std::span<const std::int64_t> shape);

/// The place of element `offset` of an array, last axis contiguous: `[0, 2]`.
std::string formatIndex(std::span<const std::int64_t> shape,
                        std::int64_t offset);

/// What such an element holds: `element [0, 2] is nan`.
std::string formatElement(std::span<const std::int64_t> shape,
                          std::int64_t offset, float number);

/// The first element that is NaN or infinite, in these words; nothing when all
/// are finite. `data` is as long as `shape` says.
std::optional<std::string> findNotFinite(std::span<const std::int64_t> shape,
                                         std::span<const float> data);

/// A safetensors file open for reading: the header is read and checked at
/// once, each tensor's data when it is asked for.
class SafetensorsReader {
public:
  /// Throws Error, beginning with the path, when the file cannot be read or
  /// its header is damaged: a length beyond the file or 100 MB, no JSON, bytes
  /// other than white space around it, a key twice, an unknown dtype, a
  /// negative or overflowing shape, offsets that lie outside the data, overlap,
  /// leave a hole or do not fit dtype and shape. Of a file of another kind the
  /// error says what it is, where its first bytes tell.
  explicit SafetensorsReader(std::filesystem::path path);

  /// The same of a file that is in memory; `name` stands for it in errors.
  SafetensorsReader(std::string name, std::string bytes);

  const std::filesystem::path &path() const { return filePath; }
  const std::map<std::string, TensorInfo, std::less<>> &tensors() const {
    return infos;
  }
  const std::map<std::string, std::string, std::less<>> &metadata() const {
    return metadataEntries;
  }
  bool contains(std::string_view name) const {
    return infos.find(name) != infos.end();
  }

  /// What the header says of the tensor `name`. Throws Error when it is
  /// missing.
  const TensorInfo &info(std::string_view name) const;

  /// The elements of the tensor `name` as f32, last axis contiguous: those of
  /// F16 and BF16 widened, those of F64 rounded to nearest. Throws Error when
  /// it is missing, of another dtype or not of shape `expected`, and when a
  /// number of F64 is too large for f32.
  std::vector<float> readFloats(std::string_view name,
                                std::span<const std::int64_t> expected) const;

  /// The tensors that readFloats converts, and from what: `'x' from F16`.
  /// Empty where there is none.
  std::string conversions() const;

  /// The elements of a tensor of bytes or of truth values, U8 or BOOL.
  std::vector<std::uint8_t>
  readBytes(std::string_view name,
            std::span<const std::int64_t> expected) const;

private:
  void readHeader(std::istream &stream);
  void checkShape(std::string_view name,
                  std::span<const std::int64_t> expected) const;
  void readData(std::string_view name, void *data, std::size_t bytes) const;

  std::filesystem::path filePath;
  /// The file, where it is in memory.
  std::shared_ptr<const std::string> content;
  std::uint64_t dataBegin = 0;
  std::map<std::string, TensorInfo, std::less<>> infos;
  std::map<std::string, std::string, std::less<>> metadataEntries;
};

/// One f32 tensor to write; `data` is the caller's and as long as `shape` says.
struct TensorToWrite {
  std::string name;
  std::vector<std::int64_t> shape;
  std::span<const float> data;
};

/// Writes a safetensors file of f32 tensors. The file appears whole or not at
/// all. Throws Error when it cannot be written, when a name comes twice, or
/// when a tensor's data is not as long as its shape says.
void writeSafetensors(
    const std::filesystem::path &path, std::span<const TensorToWrite> tensors,
    const std::map<std::string, std::string, std::less<>> &metadata = {});

/// The same to a stream, whose state says whether it was written.
void writeSafetensors(
    std::ostream &stream, std::span<const TensorToWrite> tensors,
    const std::map<std::string, std::string, std::less<>> &metadata = {});

} // namespace minrnn

#endif // MINRNN_SAFETENSORS_H
