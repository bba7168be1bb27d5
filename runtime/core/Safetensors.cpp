//===- Safetensors.cpp - Tensors in a file --------------------------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "minrnn/safetensors.h"

#include "files/StagedFile.h"
#include "minrnn/error.h"
#include "runtime/core/ForeignFile.h"
#include "runtime/core/FormatNumber.h"
#include "runtime/core/HalfStorage.h"
#include "specs/contract/ElementCount.h"
#include "specs/contract/Json.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cerrno>
#include <cmath>
#include <cstring>
#include <fstream>
#include <istream>
#include <ostream>
#include <sstream>
#include <system_error>

using namespace minrnn;

static_assert(std::endian::native == std::endian::little,
              "safetensors data is little-endian and is read as it is");

namespace {

constexpr std::uint64_t lengthBytes = 8;
/// The format's own limit, so that a damaged length does not fill the memory.
constexpr std::uint64_t headerLimit = 100'000'000;

/// Bytes of one element; 0 for a dtype that the format does not have.
std::uint64_t dtypeBytes(std::string_view dtype) {
  constexpr std::array<std::pair<std::string_view, std::uint64_t>, 16> known = {
      {{"F64", 8},
       {"F32", 4},
       {"F16", 2},
       {"BF16", 2},
       {"F8_E4M3", 1},
       {"F8_E5M2", 1},
       {"F8_E8M0", 1},
       {"C64", 8},
       {"I64", 8},
       {"I32", 4},
       {"I16", 2},
       {"I8", 1},
       {"U64", 8},
       {"U32", 4},
       {"U16", 2},
       {"U8", 1}}};
  if (dtype == "BOOL")
    return 1;
  for (const auto &[name, bytes] : known)
    if (name == dtype)
      return bytes;
  return 0;
}

std::string inQuotes(std::string_view name) {
  return "'" + std::string(name) + "'";
}

Json parseHeader(const std::string &text, const std::string &where) {
  Json header = parseJson(text, where + "the header");
  if (!header.is_object())
    throw Error(where + "the header must be a JSON object, found " +
                header.type_name());
  return header;
}

/// Reads the length of the header, and checks it against the file. Leaves
/// `stream` at the header.
std::uint64_t readHeaderLength(std::istream &stream, std::uint64_t fileBytes,
                               const std::string &where) {
  if (fileBytes == 0)
    throw Error(where + "is empty, expected a safetensors file");
  std::array<char, 64> first = {};
  stream.read(first.data(), static_cast<std::streamsize>(
                                std::min<std::uint64_t>(fileBytes, 64)));
  const std::string_view bytes(first.data(),
                               static_cast<std::size_t>(stream.gcount()));
  // A file of another kind has text or its own numbers where the length and
  // the first bracket belong.
  const bool hasBracket =
      bytes.size() > lengthBytes && bytes[lengthBytes] == '{';
  const std::string_view foreign = foreignFile(bytes);
  if (!hasBracket && !foreign.empty())
    throw Error(where + "no safetensors file: it " + std::string(foreign));
  if (fileBytes < lengthBytes)
    throw Error(where + "no safetensors file: it holds " +
                std::to_string(fileBytes) +
                " bytes, fewer than the 8 of the header's length");
  std::uint64_t headerBytes = 0;
  std::memcpy(&headerBytes, bytes.data(), lengthBytes);
  if (headerBytes > headerLimit)
    throw Error(where + "damaged, or no safetensors file: the header claims " +
                std::to_string(headerBytes) + " bytes; the format allows " +
                std::to_string(headerLimit));
  if (headerBytes > fileBytes - lengthBytes)
    throw Error(where + "damaged: the header claims " +
                std::to_string(headerBytes) + " bytes, but only " +
                std::to_string(fileBytes - lengthBytes) + " follow its length");
  stream.clear();
  stream.seekg(static_cast<std::streamoff>(lengthBytes));
  return headerBytes;
}

/// Whether a dtype is read by rounding it to f32, or widening it.
bool isConverted(std::string_view dtype) {
  return dtype == "F16" || dtype == "BF16" || dtype == "F64";
}

bool isCount(const Json &json) {
  return json.is_number_unsigned() &&
         json.get<std::uint64_t>() <=
             static_cast<std::uint64_t>(
                 std::numeric_limits<std::int64_t>::max());
}

TensorInfo readInfo(const Json &json, const std::string &where) {
  if (!json.is_object())
    throw Error(where + "its entry must be a JSON object, found " +
                json.type_name());
  const auto member = [&](const char *key) -> const Json & {
    const auto found = json.find(key);
    if (found == json.end())
      throw Error(where + "the key '" + key + "' is missing");
    return *found;
  };
  TensorInfo info;
  const Json &dtype = member("dtype");
  if (!dtype.is_string() || dtypeBytes(dtype.get<std::string>()) == 0)
    throw Error(where + "the dtype " +
                dtype.dump(-1, ' ', false, Json::error_handler_t::replace)
                    .substr(0, 60) +
                " is not known");
  info.dtype = dtype.get<std::string>();
  const Json &shape = member("shape");
  if (!shape.is_array())
    throw Error(where + "the shape must be an array of sizes");
  for (const Json &size : shape) {
    if (!isCount(size))
      throw Error(where + "the shape holds something that is no size");
    info.shape.push_back(size.get<std::int64_t>());
  }
  const Json &offsets = member("data_offsets");
  if (!offsets.is_array() || offsets.size() != 2 || !isCount(offsets[0]) ||
      !isCount(offsets[1]))
    throw Error(where + "'data_offsets' must be two offsets");
  info.begin = offsets[0].get<std::uint64_t>();
  info.end = offsets[1].get<std::uint64_t>();
  if (info.begin > info.end)
    throw Error(where + "it ends at offset " + std::to_string(info.end) +
                ", before its begin at " + std::to_string(info.begin));
  return info;
}

/// Checks one tensor's place against its shape and the file.
void checkPlace(const TensorInfo &info, std::uint64_t dataBytes,
                const std::string &where) {
  if (info.end > dataBytes)
    throw Error(where + "it claims the bytes up to " +
                std::to_string(info.end) + ", but the file holds only " +
                std::to_string(dataBytes) + " bytes of data");
  const std::uint64_t expected =
      static_cast<std::uint64_t>(elementCount(
          info.shape, where + "shape " + formatShape(info.shape))) *
      dtypeBytes(info.dtype);
  if (expected != info.end - info.begin)
    throw Error(where + "shape " + formatShape(info.shape) + " of " +
                info.dtype + " takes " + std::to_string(expected) +
                " bytes, but its offsets span " +
                std::to_string(info.end - info.begin));
}

/// The format allows neither overlaps nor holes.
void checkCoverage(const std::map<std::string, TensorInfo, std::less<>> &infos,
                   std::uint64_t dataBytes, const std::string &where) {
  std::vector<std::pair<std::pair<std::uint64_t, std::uint64_t>, std::string>>
      ranges;
  ranges.reserve(infos.size());
  for (const auto &[name, info] : infos)
    ranges.push_back({{info.begin, info.end}, name});
  std::sort(ranges.begin(), ranges.end());
  std::uint64_t covered = 0;
  for (const auto &[range, name] : ranges) {
    if (range.first < covered)
      throw Error(where + "the data of tensor " + inQuotes(name) +
                  " overlaps that of another");
    if (range.first > covered)
      throw Error(where + "the bytes from " + std::to_string(covered) + " to " +
                  std::to_string(range.first) +
                  " of the data belong to no tensor");
    covered = range.second;
  }
  if (covered != dataBytes)
    throw Error(where + "the last " + std::to_string(dataBytes - covered) +
                " bytes of the data belong to no tensor");
}

} // namespace

std::int64_t TensorInfo::elementCount() const {
  return minrnn::elementCount(shape, "tensor of shape " + formatShape(shape));
}

std::string minrnn::formatShape(std::span<const std::int64_t> shape) {
  std::string text = "[";
  for (std::size_t axis = 0; axis < shape.size(); ++axis)
    text += (axis == 0 ? "" : ", ") + std::to_string(shape[axis]);
  return text + "]";
}

std::string minrnn::formatIndex(std::span<const std::int64_t> shape,
                                std::int64_t offset) {
  std::vector<std::int64_t> index(shape.size());
  for (std::size_t axis = shape.size(); axis-- > 0;) {
    index[axis] = offset % shape[axis];
    offset /= shape[axis];
  }
  return formatShape(index);
}

std::string minrnn::formatElement(std::span<const std::int64_t> shape,
                                  std::int64_t offset, float number) {
  return "element " + formatIndex(shape, offset) + " is " +
         formatNumber(number);
}

std::optional<std::string>
minrnn::findNotFinite(std::span<const std::int64_t> shape,
                      std::span<const float> data) {
  const auto bad = std::find_if(data.begin(), data.end(),
                                [](float x) { return !std::isfinite(x); });
  if (bad == data.end())
    return std::nullopt;
  return formatElement(shape, bad - data.begin(), *bad);
}

SafetensorsReader::SafetensorsReader(std::filesystem::path path)
    : filePath(std::move(path)) {
  const std::string where = filePath.string() + ": ";
  std::error_code code;
  if (std::filesystem::is_directory(filePath, code))
    throw Error(where + "is a folder, expected a safetensors file");
  std::ifstream stream(filePath, std::ios::binary);
  if (!stream)
    throw Error(where +
                "cannot be opened: " + std::generic_category().message(errno));
  readHeader(stream);
}

SafetensorsReader::SafetensorsReader(std::string name, std::string bytes)
    : filePath(std::move(name)),
      content(std::make_shared<const std::string>(std::move(bytes))) {
  std::istringstream stream(*content, std::ios::binary);
  readHeader(stream);
}

void SafetensorsReader::readHeader(std::istream &stream) {
  const std::string where = filePath.string() + ": ";
  stream.seekg(0, std::ios::end);
  const std::streamoff size = stream.tellg();
  stream.seekg(0);
  if (size < 0 || !stream)
    throw Error(where + "cannot be read: expected an ordinary file");
  const auto fileBytes = static_cast<std::uint64_t>(size);
  const std::uint64_t headerBytes = readHeaderLength(stream, fileBytes, where);
  std::string text(headerBytes, '\0');
  stream.read(text.data(), static_cast<std::streamsize>(headerBytes));
  if (!stream)
    throw Error(where + "the header cannot be read");
  dataBegin = lengthBytes + headerBytes;
  const std::uint64_t dataBytes = fileBytes - dataBegin;

  const Json header = parseHeader(text, where);
  for (const auto &[name, value] : header.items()) {
    if (name == "__metadata__") {
      if (!value.is_object())
        throw Error(where + "'__metadata__' must be a JSON object");
      for (const auto &[key, entry] : value.items()) {
        if (!entry.is_string())
          throw Error(where + "the metadata entry " + inQuotes(key) +
                      " must be a string");
        metadataEntries.emplace(key, entry.get<std::string>());
      }
      continue;
    }
    const std::string tensorWhere = where + "tensor " + inQuotes(name) + ": ";
    TensorInfo info = readInfo(value, tensorWhere);
    checkPlace(info, dataBytes, tensorWhere);
    infos.emplace(name, std::move(info));
  }
  checkCoverage(infos, dataBytes, where);
}

const TensorInfo &SafetensorsReader::info(std::string_view name) const {
  const auto found = infos.find(name);
  if (found == infos.end())
    throw Error(filePath.string() + ": tensor " + inQuotes(name) +
                " is missing");
  return found->second;
}

void SafetensorsReader::checkShape(
    std::string_view name, std::span<const std::int64_t> expected) const {
  const std::vector<std::int64_t> &shape = info(name).shape;
  if (!std::equal(shape.begin(), shape.end(), expected.begin(), expected.end()))
    throw Error(filePath.string() + ": tensor " + inQuotes(name) +
                ": expected shape " + formatShape(expected) + ", found " +
                formatShape(shape));
}

void SafetensorsReader::readData(std::string_view name, void *data,
                                 std::size_t bytes) const {
  const std::uint64_t begin = dataBegin + info(name).begin;
  if (content) {
    content->copy(static_cast<char *>(data), bytes, begin);
    return;
  }
  std::ifstream stream(filePath, std::ios::binary);
  stream.seekg(static_cast<std::streamoff>(begin));
  stream.read(static_cast<char *>(data), static_cast<std::streamsize>(bytes));
  if (!stream)
    throw Error(filePath.string() + ": tensor " + inQuotes(name) +
                ": its data cannot be read; has the file changed?");
}

std::vector<float>
SafetensorsReader::readFloats(std::string_view name,
                              std::span<const std::int64_t> expected) const {
  const TensorInfo &tensor = info(name);
  const std::string where =
      filePath.string() + ": tensor " + inQuotes(name) + ": ";
  if (tensor.dtype != "F32" && !isConverted(tensor.dtype))
    throw Error(where + "expected dtype F32, F16, BF16 or F64, found " +
                tensor.dtype);
  checkShape(name, expected);
  std::vector<float> data(static_cast<std::size_t>(tensor.elementCount()));
  if (tensor.dtype == "F32") {
    readData(name, data.data(), data.size() * sizeof(float));
    return data;
  }
  if (tensor.dtype == "F64") {
    std::vector<double> wide(data.size());
    readData(name, wide.data(), wide.size() * sizeof(double));
    for (std::size_t i = 0; i < data.size(); ++i) {
      data[i] = static_cast<float>(wide[i]);
      if (std::isfinite(wide[i]) && !std::isfinite(data[i]))
        throw Error(where + "element " +
                    formatIndex(tensor.shape, static_cast<std::int64_t>(i)) +
                    " is " + formatNumber(wide[i]) +
                    ", which is too large for f32");
    }
    return data;
  }
  std::vector<std::uint16_t> halves(data.size());
  readData(name, halves.data(), halves.size() * sizeof(std::uint16_t));
  const ElementType type =
      tensor.dtype == "F16" ? ElementType::F16 : ElementType::BF16;
  std::transform(halves.begin(), halves.end(), data.begin(),
                 [&](std::uint16_t bits) { return widen(type, bits); });
  return data;
}

std::string SafetensorsReader::conversions() const {
  std::string converted;
  for (const auto &[name, info] : infos)
    if (isConverted(info.dtype))
      converted += (converted.empty() ? "" : ", ") + inQuotes(name) + " from " +
                   info.dtype;
  return converted;
}

std::vector<std::uint8_t>
SafetensorsReader::readBytes(std::string_view name,
                             std::span<const std::int64_t> expected) const {
  const TensorInfo &tensor = info(name);
  if (tensor.dtype != "U8" && tensor.dtype != "BOOL")
    throw Error(filePath.string() + ": tensor " + inQuotes(name) +
                ": expected dtype U8 or BOOL, found " + tensor.dtype);
  checkShape(name, expected);
  std::vector<std::uint8_t> data(
      static_cast<std::size_t>(tensor.elementCount()));
  readData(name, data.data(), data.size());
  return data;
}

namespace {

/// What comes before the data: the header's length and the header, which make a
/// multiple of 8 bytes so that the data is aligned for whoever maps it.
std::string
makeHeader(std::span<const TensorToWrite> tensors,
           const std::map<std::string, std::string, std::less<>> &metadata,
           const std::string &where) {
  Json header = Json::object();
  if (!metadata.empty())
    header["__metadata__"] = metadata;
  std::uint64_t offset = 0;
  for (const TensorToWrite &tensor : tensors) {
    const std::string tensorWhere = where + "tensor " + inQuotes(tensor.name);
    if (header.contains(tensor.name) || tensor.name == "__metadata__")
      throw Error(tensorWhere + ": the name is already taken");
    const auto count =
        static_cast<std::uint64_t>(elementCount(tensor.shape, tensorWhere));
    if (count != tensor.data.size())
      throw Error(tensorWhere + ": shape " + formatShape(tensor.shape) +
                  " needs " + std::to_string(count) + " elements, found " +
                  std::to_string(tensor.data.size()));
    const std::uint64_t end = offset + count * sizeof(float);
    header[tensor.name] = {{"dtype", "F32"},
                           {"shape", tensor.shape},
                           {"data_offsets", {offset, end}}};
    offset = end;
  }
  std::string text;
  try {
    text = header.dump();
  } catch (const Json::exception &exception) {
    throw Error(where + "a name or a metadata entry is no valid UTF-8: " +
                exception.what());
  }
  text.append((lengthBytes - text.size() % lengthBytes) % lengthBytes, ' ');
  const std::uint64_t headerBytes = text.size();
  return std::string(reinterpret_cast<const char *>(&headerBytes),
                     lengthBytes) +
         text;
}

} // namespace

void minrnn::writeSafetensors(
    const std::filesystem::path &path, std::span<const TensorToWrite> tensors,
    const std::map<std::string, std::string, std::less<>> &metadata) {
  const std::string header =
      makeHeader(tensors, metadata, "cannot write '" + path.string() + "': ");
  const auto check = [&](std::error_code error) {
    if (error)
      throw Error("cannot write '" + path.string() + "': " + error.message());
  };
  StagedFile file;
  check(file.open(path));
  check(file.write(header.data(), header.size()));
  for (const TensorToWrite &tensor : tensors)
    check(file.write(tensor.data.data(), tensor.data.size_bytes()));
  check(file.finish());
  check(file.replace());
}

void minrnn::writeSafetensors(
    std::ostream &stream, std::span<const TensorToWrite> tensors,
    const std::map<std::string, std::string, std::less<>> &metadata) {
  stream << makeHeader(tensors, metadata, "cannot write tensors: ");
  for (const TensorToWrite &tensor : tensors)
    stream.write(reinterpret_cast<const char *>(tensor.data.data()),
                 static_cast<std::streamsize>(tensor.data.size_bytes()));
}
