//===- EventFile.cpp - Losses for TensorBoard -----------------------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/tools/EventFile.h"

#include "minrnn/error.h"

#include <array>
#include <bit>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <system_error>
#include <unistd.h>

using namespace minrnn;

namespace {

double secondsOfToday() {
  return std::chrono::duration<double>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

/// Both are little-endian there.
template <typename Number> std::string bytesOf(Number number) {
  static_assert(std::endian::native == std::endian::little);
  std::string bytes(sizeof(number), '\0');
  std::memcpy(bytes.data(), &number, sizeof(number));
  return bytes;
}

/// Seven bits a byte, the lowest first.
std::string varint(std::uint64_t number) {
  std::string bytes;
  for (; number >= 0x80; number >>= 7)
    bytes += static_cast<char>(number | 0x80);
  return bytes + static_cast<char>(number);
}

/// How a field begins: its number, and what it is.
enum class Wire { Varint = 0, Double = 1, Bytes = 2, Float = 5 };
std::string key(unsigned field, Wire wire) {
  return varint(field << 3 | static_cast<unsigned>(wire));
}

std::string bytesField(unsigned field, std::string_view bytes) {
  return key(field, Wire::Bytes) + varint(bytes.size()) + std::string(bytes);
}

std::string scalar(std::string_view tag, double value) {
  return bytesField(1, bytesField(1, tag) + key(2, Wire::Float) +
                           bytesOf(static_cast<float>(value)));
}

std::string event(std::string_view body) {
  return key(1, Wire::Double) + bytesOf(secondsOfToday()) + std::string(body);
}

} // namespace

std::uint32_t minrnn::maskedCrc32c(std::string_view bytes) {
  constexpr std::uint32_t reversedPolynomial = 0x82F63B78;
  std::uint32_t crc = ~std::uint32_t{0};
  for (const char byte : bytes) {
    crc ^= static_cast<std::uint8_t>(byte);
    for (int bit = 0; bit < 8; ++bit)
      crc = crc >> 1 ^ ((crc & 1) != 0 ? reversedPolynomial : 0);
  }
  return std::rotr(~crc, 15) + 0xA282EAD8;
}

EventFile::EventFile(const std::filesystem::path &folder) {
  std::error_code failure;
  std::filesystem::create_directories(folder, failure);
  if (failure)
    throw Error("cannot make the folder " + folder.string() + ": " +
                failure.message());
  std::array<char, 256> host{};
  if (gethostname(host.data(), host.size() - 1) != 0)
    host[0] = '-';
  const std::filesystem::path name =
      folder / ("events.out.tfevents." +
                std::to_string(static_cast<std::int64_t>(secondsOfToday())) +
                "." + host.data() + "." + std::to_string(getpid()));
  path = name.string();
  file.open(name, std::ios::binary | std::ios::trunc);
  write(event(bytesField(3, "brain.Event:2")));
}

void EventFile::add(const TrainingProgress &progress) {
  if (path.empty())
    return;
  std::string scalars = scalar("loss/training", progress.loss.last);
  if (progress.validationLoss)
    scalars += scalar("loss/validation", *progress.validationLoss);
  for (const Metric &metric : progress.metrics)
    scalars += scalar(metric.name, metric.value);
  write(event(key(2, Wire::Varint) +
              varint(static_cast<std::uint64_t>(progress.step)) +
              bytesField(5, scalars)));
}

void EventFile::write(const std::string &event) {
  const std::string length = bytesOf(std::uint64_t{event.size()});
  file << length << bytesOf(maskedCrc32c(length)) << event
       << bytesOf(maskedCrc32c(event)) << std::flush;
  if (!file)
    throw Error("cannot write " + path + ": " + std::strerror(errno));
}
