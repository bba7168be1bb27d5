//===- BlasCalls.cpp - A fake cuBLAS --------------------------------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The functions of cuBLAS that are used, from NVIDIA's manual, on top of the
// fake driver. A product is two pieces of work: the sums go to the
// workspace, and from there to the result, as where the summed dimension is
// split over blocks. So two products at a time in one workspace show.
//
//===----------------------------------------------------------------------===//

#include "tests/device/fake_driver/BlasApi.h"

#include "runtime/core/HalfFormats.h"
#include "tests/device/fake_driver/Control.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <map>
#include <mutex>
#include <vector>

using namespace minrnn;
using namespace minrnn::fake;

namespace {

constexpr std::size_t poolBytes = std::size_t{1} << 20;

struct Library {
  Handle stream = nullptr;
  Address pool = 0;
  Address workspace = 0;
  std::size_t workspaceBytes = 0;
  int mathMode = mathDefault;

  void takePool() {
    workspace = pool;
    workspaceBytes = poolBytes;
  }
};

std::mutex mutex;
std::map<Handle, Library> libraries;
std::uintptr_t made = 0;

/// Runs a call on a handle that is alive.
template <typename Work> Status onHandle(Handle handle, const Work &work) {
  const std::scoped_lock lock(mutex);
  const auto found = libraries.find(handle);
  return found == libraries.end() ? blasNotInitialized : work(found->second);
}

std::size_t bytesOf(int type) { return type == real32 ? 4 : 2; }

float toFloat(int type, const std::byte *bytes) {
  if (type == real32) {
    float value = 0;
    std::memcpy(&value, bytes, sizeof value);
    return value;
  }
  std::uint16_t bits = 0;
  std::memcpy(&bits, bytes, sizeof bits);
  return static_cast<float>(type == real16 ? valueOf<Half>(bits)
                                           : valueOf<BFloat>(bits));
}

void fromFloat(int type, float value, std::byte *bytes) {
  if (type == real32) {
    std::memcpy(bytes, &value, sizeof value);
    return;
  }
  const std::uint16_t bits =
      type == real16 ? roundTo<Half>(value) : roundTo<BFloat>(value);
  std::memcpy(bytes, &bits, sizeof bits);
}

float rounded(int type, float value) {
  std::array<std::byte, 4> bytes = {};
  fromFloat(type, value, bytes.data());
  return toFloat(type, bytes.data());
}

/// An operand of f32 as a type of computation takes it. Tensor cores that read
/// an operand from memory look at the first 19 bits of it and no further.
float asOperand(int computeType, float value) {
  if (computeType == compute32OfBrain16)
    return rounded(brain16, value);
  if (computeType == compute32OfTf32)
    return std::bit_cast<float>(std::bit_cast<std::uint32_t>(value) & ~0x1FFFU);
  return value;
}

/// A matrix in the device's memory, columns contiguous.
struct Matrix {
  Address address;
  int type;
  int rows;
  int columns;
  int leading;

  Address column(int index) const {
    return address + static_cast<Address>(index) *
                         static_cast<Address>(leading) * bytesOf(type);
  }
  std::size_t columnBytes() const {
    return static_cast<std::size_t>(rows) * bytesOf(type);
  }

  /// Element (i, j) is at i + j * rows.
  std::vector<float> read() const {
    std::vector<float> values;
    values.reserve(static_cast<std::size_t>(rows) *
                   static_cast<std::size_t>(columns));
    std::vector<std::byte> bytes(columnBytes());
    for (int j = 0; j < columns; ++j) {
      readMemory(bytes.data(), column(j), bytes.size());
      for (std::size_t at = 0; at < bytes.size(); at += bytesOf(type))
        values.push_back(toFloat(type, &bytes[at]));
    }
    return values;
  }

  void write(const std::vector<float> &values) const {
    std::vector<std::byte> bytes(columnBytes());
    std::size_t next = 0;
    for (int j = 0; j < columns; ++j) {
      for (std::size_t at = 0; at < bytes.size(); at += bytesOf(type))
        fromFloat(type, values[next++], &bytes[at]);
      writeMemory(column(j), bytes.data(), bytes.size());
    }
  }
};

struct Gemm {
  int m;
  int n;
  int k;
  bool transposesA;
  bool transposesB;
  float alpha;
  float beta;
  Matrix a;
  Matrix b;
  Matrix c;
  bool reducesInFloat;
  int computeType;

  /// op(a) op(b), columns contiguous.
  std::vector<float> sums() const {
    const auto operand = [&](const Matrix &matrix) {
      std::vector<float> values = k == 0 ? std::vector<float>() : matrix.read();
      for (float &value : values)
        value = asOperand(computeType, value);
      return values;
    };
    const std::vector<float> left = operand(a);
    const std::vector<float> right = operand(b);
    const auto at = [](const Matrix &matrix, bool transposes, int i, int j) {
      if (transposes)
        std::swap(i, j);
      return static_cast<std::size_t>(j) *
                 static_cast<std::size_t>(matrix.rows) +
             static_cast<std::size_t>(i);
    };
    std::vector<float> values;
    values.reserve(static_cast<std::size_t>(m) * static_cast<std::size_t>(n));
    for (int j = 0; j < n; ++j)
      for (int i = 0; i < m; ++i) {
        // The summed dimension in two parts, as two blocks would.
        std::array<float, 2> parts = {};
        for (int l = 0; l < k; ++l)
          parts[l < k / 2 ? 0 : 1] +=
              left[at(a, transposesA, i, l)] * right[at(b, transposesB, l, j)];
        // Unless told otherwise, cuBLAS may add parts in the result's type.
        if (!reducesInFloat)
          for (float &part : parts)
            part = rounded(c.type, part);
        values.push_back(parts[0] + parts[1]);
      }
    return values;
  }

  void store(std::vector<float> values) const {
    for (float &value : values)
      value *= alpha;
    // "If beta == 0, C does not have to be a valid input."
    if (beta != 0) {
      const std::vector<float> before = c.read();
      for (std::size_t i = 0; i < values.size(); ++i)
        values[i] += beta * before[i];
    }
    c.write(values);
  }
};

Address addressOf(const void *pointer) {
  return reinterpret_cast<std::uintptr_t>(pointer);
}

} // namespace

Status cublasCreate_v2(Handle *handle) {
  if (handle == nullptr)
    return blasInvalidValue;
  Library library;
  const Result result = cuMemAlloc_v2(&library.pool, poolBytes);
  if (result == notInitialized || result == invalidContext)
    return blasNotInitialized;
  if (result != success)
    return blasAllocFailed;
  library.takePool();
  const std::scoped_lock lock(mutex);
  constexpr std::uintptr_t kind = 0x57;
  *handle = reinterpret_cast<Handle>((kind << 40) + 16 * ++made); // NOLINT
  libraries[*handle] = library;
  return blasSuccess;
}

Status cublasDestroy_v2(Handle handle) {
  return onHandle(handle, [&](const Library &library) {
    const Result result = cuMemFree_v2(library.pool);
    libraries.erase(handle);
    return result == success ? blasSuccess : blasExecutionFailed;
  });
}

Status cublasGetVersion_v2(Handle handle, int *version) {
  return onHandle(handle, [&](const Library & /*library*/) {
    constexpr int usual = 130100;
    if (version == nullptr)
      return blasInvalidValue;
    const char *set = std::getenv("MINRNN_FAKE_DRIVER_CUBLAS_VERSION");
    *version = set == nullptr ? usual
                              : static_cast<int>(std::strtol(set, nullptr, 10));
    return blasSuccess;
  });
}

Status cublasSetStream_v2(Handle handle, Handle stream) {
  return onHandle(handle, [&](Library &library) {
    library.stream = stream;
    // "Unconditionally resets the workspace back to the default pool."
    library.takePool();
    return blasSuccess;
  });
}

Status cublasSetWorkspace_v2(Handle handle, void *workspace,
                             std::size_t bytes) {
  return onHandle(handle, [&](Library &library) {
    constexpr Address alignment = 256;
    const Address address = addressOf(workspace);
    if (address % alignment != 0 || !holdsMemory(address, bytes))
      return blasInvalidValue;
    library.workspace = address;
    library.workspaceBytes = bytes;
    return blasSuccess;
  });
}

Status cublasSetMathMode(Handle handle, int mode) {
  return onHandle(handle, [&](Library &library) {
    const int base = mode & ~mathFullReduction;
    if (base != mathDefault && base != mathPedantic)
      return blasInvalidValue;
    library.mathMode = mode;
    return blasSuccess;
  });
}

Status cublasGemmEx(Handle handle, int transposeA, int transposeB, int m, int n,
                    int k, const void *alpha, const void *a, int typeA, int lda,
                    const void *b, int typeB, int ldb, const void *beta,
                    void *c, int typeC, int ldc, int computeType,
                    int algorithm) {
  return onHandle(handle, [&](const Library &library) {
    for (const int transpose : {transposeA, transposeB})
      if (transpose != opN && transpose != opT)
        return blasInvalidValue;
    const bool transposesA = transposeA == opT;
    const bool transposesB = transposeB == opT;
    if (m < 0 || n < 0 || k < 0 || alpha == nullptr || beta == nullptr ||
        lda < std::max(1, transposesA ? k : m) ||
        ldb < std::max(1, transposesB ? n : k) || ldc < std::max(1, m))
      return blasInvalidValue;
    const bool isKnown = typeA == real32 || typeA == real16 || typeA == brain16;
    if (!isKnown || typeB != typeA || (typeC != typeA && typeC != real32) ||
        algorithm != gemmDefault)
      return blasNotSupported;
    // "FAST" types are for operands and results of f32.
    const bool isFast =
        computeType == compute32OfBrain16 || computeType == compute32OfTf32;
    if (isFast ? typeA != real32 || typeC != real32 : computeType != compute32)
      return blasNotSupported;
    if (m == 0 || n == 0)
      return blasSuccess;
    Gemm gemm{.m = m,
              .n = n,
              .k = k,
              .transposesA = transposesA,
              .transposesB = transposesB,
              .alpha = 0,
              .beta = 0,
              .a = {addressOf(a), typeA, transposesA ? k : m,
                    transposesA ? m : k, lda},
              .b = {addressOf(b), typeB, transposesB ? n : k,
                    transposesB ? k : n, ldb},
              .c = {addressOf(c), typeC, m, n, ldc},
              .reducesInFloat = (library.mathMode & mathFullReduction) != 0,
              .computeType = computeType};
    // In the host's memory, and read before this returns.
    std::memcpy(&gemm.alpha, alpha, sizeof gemm.alpha);
    std::memcpy(&gemm.beta, beta, sizeof gemm.beta);
    if (library.workspace == library.pool)
      countUnscopedProduct();
    const std::size_t bytes = static_cast<std::size_t>(m) *
                              static_cast<std::size_t>(n) * sizeof(float);
    Result result = success;
    if (bytes > library.workspaceBytes) {
      result = queueWork(library.stream, [gemm] { gemm.store(gemm.sums()); });
    } else {
      const Address workspace = library.workspace;
      result = queueWork(library.stream, [gemm, workspace, bytes] {
        writeMemory(workspace, gemm.sums().data(), bytes);
      });
      if (result == success)
        result = queueWork(library.stream, [gemm, workspace, bytes] {
          std::vector<float> sums(bytes / sizeof(float));
          readMemory(sums.data(), workspace, bytes);
          gemm.store(std::move(sums));
        });
    }
    return result == success ? blasSuccess : blasExecutionFailed;
  });
}
