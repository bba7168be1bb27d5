//===- BlasKernel.h - The right kernel of OpenBLAS --------------*- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_RUNTIME_TOOLS_BLASKERNEL_H
#define MINRNN_RUNTIME_TOOLS_BLASKERNEL_H

namespace minrnn {

/// An OpenBLAS older than the processor falls back to kernels for AVX2, at half
/// the speed or less, on one that has AVX-512. It chooses when it is loaded, by
/// OPENBLAS_CORETYPE; so where that is unset and a better choice is known, this
/// sets it and starts the program anew, with the same arguments. Returns
/// otherwise.
void restartWithBestBlasKernel(char **arguments);

} // namespace minrnn

#endif // MINRNN_RUNTIME_TOOLS_BLASKERNEL_H
