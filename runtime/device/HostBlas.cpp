//===- HostBlas.cpp - OpenBLAS, opened at the first product ---------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/device/HostBlas.h"

#include "minrnn/error.h"
#include "runtime/device/DynamicLibrary.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <mutex>
#include <omp.h>
#include <string>
#include <string_view>
#include <sys/mman.h>
#include <vector>

using namespace minrnn;

namespace {

constexpr std::array<std::string_view, 1> libraryNames = {"libopenblas.so.0"};

/// The work buffer of a thread, BUFFER_SIZE of OpenBLAS's common_x86_64.h; no
/// other processor's is larger.
constexpr std::size_t bufferBytes = std::size_t{128} << 20;
/// The library itself, with Fortran's.
constexpr std::size_t libraryBytes = std::size_t{64} << 20;
/// For what else this process may map between a check and what it is for.
constexpr std::size_t slackBytes = std::size_t{16} << 20;

/// Throws Error unless this process may map `buffers` work buffers and
/// `moreBytes` bytes beside them. Whatever forbids it - a limit of addresses or
/// of data, or a system that promises no more than it has - the way to find out
/// is to ask for as much, in the same pieces.
void checkRoomFor(std::size_t buffers, std::size_t moreBytes) {
  std::vector<std::size_t> sizes(buffers, bufferBytes);
  sizes.push_back(moreBytes);
  bool fits = true;
  std::vector<void *> pieces;
  pieces.reserve(sizes.size());
  for (const std::size_t bytes : sizes) {
    void *piece = mmap(nullptr, bytes, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    fits = piece != MAP_FAILED;
    if (!fits)
      break;
    pieces.push_back(piece);
  }
  for (std::size_t i = 0; i < pieces.size(); ++i)
    munmap(pieces[i], sizes[i]);
  if (!fits)
    throw Error("out of memory: matrix products on the processor need " +
                std::to_string((buffers * bufferBytes + moreBytes) >> 20) +
                " MiB of addresses for OpenBLAS, " +
                std::to_string(bufferBytes >> 20) +
                " a thread; raise the limit (ulimit -v, ulimit -d), or set "
                "OMP_NUM_THREADS to fewer threads");
}

/// How many threads OpenBLAS prepares for when it is loaded, as it counts them
/// (blas_get_cpu_number of its memory.c).
int threadsAtItsStart() {
  const int processors = omp_get_num_procs();
  for (const char *variable :
       {"OPENBLAS_NUM_THREADS", "GOTO_NUM_THREADS", "OMP_NUM_THREADS"})
    if (const char *value = std::getenv(variable))
      if (const long count = std::strtol(value, nullptr, 10); count > 0)
        return static_cast<int>(std::min<long>(count, processors));
  return processors;
}

class Library {
  DynamicLibrary file = open();

public:
  decltype(cblas_sgemm) *const sgemm = file.function("cblas_sgemm");
  decltype(cblas_dgemm) *const dgemm = file.function("cblas_dgemm");
  decltype(openblas_get_num_threads) *const numThreads =
      file.function("openblas_get_num_threads");
  decltype(openblas_set_num_threads) *const setNumThreads =
      file.function("openblas_set_num_threads");
  decltype(openblas_get_parallel) *const getParallel =
      file.function("openblas_get_parallel");
  const bool hasOwnThreads = getParallel() == OPENBLAS_THREAD;

  /// Adds the threads of one more product, which `end` takes away. Throws
  /// Error when there is no room for their work buffers.
  void begin(int threads) {
    const std::lock_guard lock(mutex);
    // One built on OpenMP prepares for as many threads as OpenMP has when it
    // is called outside of a parallel region.
    const int own =
        hasOwnThreads ? 0 : std::max(0, omp_get_max_threads() - startThreads);
    const int most = running + threads + own;
    reserve(static_cast<std::size_t>(most));
    running += threads;
  }
  void end(int threads) {
    const std::lock_guard lock(mutex);
    running -= threads;
  }

private:
  static DynamicLibrary open() {
    checkRoomFor(static_cast<std::size_t>(threadsAtItsStart()), libraryBytes);
    return DynamicLibrary({.what = "OpenBLAS (for matrix products)",
                           .variable = "MINRNN_OPENBLAS",
                           .names = libraryNames,
                           .isOfCuda = false});
  }

  /// Has OpenBLAS map `buffers` work buffers beside those of its start. It
  /// keeps what it has mapped, so that no later call needs more.
  void reserve(std::size_t buffers) {
    if (buffers <= reserved)
      return;
    // Those in use at the moment are not given out again.
    checkRoomFor(buffers - reserved + static_cast<std::size_t>(running),
                 slackBytes);
    // (Of an OpenBLAS without these, the check is all that can be had.)
    if (allocate != nullptr && release != nullptr) {
      std::vector<void *> held(buffers);
      for (void *&buffer : held)
        buffer = allocate(0);
      for (void *buffer : held)
        release(buffer);
    }
    reserved = buffers;
  }

  // Not in cblas.h, yet in every OpenBLAS: a work buffer, and back.
  void *(*allocate)(int) = file.functionIfPresent("blas_memory_alloc");
  void (*release)(void *) = file.functionIfPresent("blas_memory_free");
  const int startThreads = numThreads();
  std::mutex mutex;
  /// Work buffers that OpenBLAS has mapped beside those of its start.
  std::size_t reserved = 0;
  /// Threads of all products that run at the moment.
  int running = 0;
};

/// The process's one, opened when it is first asked for; where that fails, the
/// next call tries again.
Library &library() {
  static Library opened;
  return opened;
}

} // namespace

HostBlas::HostBlas(int threads)
    : sgemm(library().sgemm), dgemm(library().dgemm), threads(threads) {
  Library &blas = library();
  blas.begin(threads);
  if (blas.hasOwnThreads) {
    formerThreads = blas.numThreads();
    blas.setNumThreads(1);
  }
}

HostBlas::~HostBlas() {
  Library &blas = library();
  if (blas.hasOwnThreads)
    blas.setNumThreads(formerThreads);
  blas.end(threads);
}
