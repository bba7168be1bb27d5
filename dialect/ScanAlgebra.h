//===- ScanAlgebra.h - How the elements of a scan compose -------*- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_DIALECT_SCANALGEBRA_H
#define MINRNN_DIALECT_SCANALGEBRA_H

#include "dialect/MinRNN.h"

namespace minrnn::dialect {

/// What a `minrnn.scan` says of its algebra.
struct AlgebraParts {
  mlir::Region &combine;
  mlir::Region &encode;
  mlir::Region &decode;
  mlir::DenseF32ArrayAttr &identity;
};

/// Replaces `parts` by the algebra of that name, `linear` or `log`, for so many
/// states.
void buildAlgebra(llvm::StringRef name, AlgebraParts parts, int64_t states,
                  mlir::Location location);

} // namespace minrnn::dialect

#endif // MINRNN_DIALECT_SCANALGEBRA_H
