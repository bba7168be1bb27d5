//===- HostBlas.h - OpenBLAS, opened at the first product -------*- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// OpenBLAS maps a work buffer for each thread when it is loaded, and again when
// it is called; where it cannot, it tries for ever. So it is not linked: what
// forms no product starts without it, and whether there is room is found out
// before it is loaded or called.
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_RUNTIME_DEVICE_HOSTBLAS_H
#define MINRNN_RUNTIME_DEVICE_HOSTBLAS_H

#include <cblas.h>

namespace minrnn {

/// Holds OpenBLAS ready for `threads` threads of the caller's that call it at a
/// time, while it lives. Its own threads stand still as long: one with threads
/// of its own is told so. One built on OpenMP keeps to the calling thread
/// inside a parallel region anyway, and must not be told: it would pass the
/// number on to OpenMP, and so to all of this program.
class HostBlas {
public:
  /// Throws Error where OpenBLAS is not found, or memory is too short for it.
  explicit HostBlas(int threads);
  ~HostBlas();
  HostBlas(const HostBlas &) = delete;
  HostBlas &operator=(const HostBlas &) = delete;

  // CBLAS's functions of these names.
  decltype(cblas_sgemm) *const sgemm;
  decltype(cblas_dgemm) *const dgemm;

private:
  int threads;
  int formerThreads = 0;
};

} // namespace minrnn

#endif // MINRNN_RUNTIME_DEVICE_HOSTBLAS_H
