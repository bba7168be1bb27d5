//===- MinRNNDialect.td - The minrnn dialect ---------------*- tablegen -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_DIALECT
#define MINRNN_DIALECT

include "mlir/IR/AttrTypeBase.td"
include "mlir/IR/BuiltinAttributeInterfaces.td"
include "mlir/IR/OpBase.td"

def MinRNN_Dialect : Dialect {
  let name = "minrnn";
  let cppNamespace = "::minrnn::dialect";
  let summary = "Gated recurrent cells, and the scans they become";
  let description = [{
    A `minrnn.cell` is the program of one channel at one time step, written in
    scalars with `arith`, `math` and the few operations below that they lack.
    The compiler decides whether it is parallel along time, derives its
    backward and turns both into a `minrnn.scan` over sequences.
  }];
  let hasConstantMaterializer = 1;
  let useDefaultTypePrinterParser = 1;
  let useDefaultAttributePrinterParser = 1;
  let dependentDialects = [
    "::mlir::arith::ArithDialect", "::mlir::math::MathDialect"
  ];
}

//===----------------------------------------------------------------------===//
// Types
//===----------------------------------------------------------------------===//

def MinRNN_InputType : TypeDef<MinRNN_Dialect, "Input"> {
  let mnemonic = "input";
  let summary = "the input vector of one time step";
  let description = [{
    All input channels of one step together. A cell cannot compute with it; it
    only projects it (`minrnn.project`).
  }];
}

/// A scalar of a cell, or a vector of them once the host lowering has put
/// several channels side by side.
def MinRNN_Scalar
    : AnyTypeOf<[F32, VectorOfRankAndType<[1], [F32]>],
                "32-bit float, or a vector of them">;

//===----------------------------------------------------------------------===//
// Attributes
//===----------------------------------------------------------------------===//

def MinRNN_IntervalAttr : AttrDef<MinRNN_Dialect, "Interval"> {
  let mnemonic = "interval";
  let summary = "an interval of the extended real line";
  let description = [{
    Written as in mathematics, between quotes (for MLIR wants brackets in
    pairs): `#minrnn.interval<"(0, 1]">`, with `inf` for an unbounded end. It
    is a proof's result: every value that the annotated number can take in
    exact arithmetic lies in it.

    Rules:
    - I1: it is written `(a, b)`, `[a, b]`, `(a, b]` or `[a, b)`.
    - I2: it has a number in it: the lower end is below the upper end, or both
      are one number and closed.
    - I3: an infinite end is open.
  }];
  let parameters = (ins APFloatParameter<"the lower end">:$lowerEnd,
                        APFloatParameter<"the upper end">:$upperEnd,
                        "bool":$lowerOpen, "bool":$upperOpen);
  let hasCustomAssemblyFormat = 1;
  let genVerifyDecl = 1;
  let builders = [AttrBuilder<(ins "double":$lower, "double":$upper,
                                   "bool":$lowerOpen, "bool":$upperOpen), [{
    // Zero has no sign here: -0 + 0 is 0.
    return $_get($_ctxt, ::llvm::APFloat(lower + 0.0),
                 ::llvm::APFloat(upper + 0.0), lowerOpen, upperOpen);
  }]>];
  let extraClassDeclaration = [{
    double getLower() const { return getLowerEnd().convertToDouble(); }
    double getUpper() const { return getUpperEnd().convertToDouble(); }
    /// Whether every number of the interval is >= 0.
    bool isNonNegative() const { return getLower() >= 0; }
    /// Whether every number of the interval is > 0.
    bool isPositive() const {
      return getLower() > 0 || (getLower() == 0 && getLowerOpen());
    }
    /// The interval as it is written: `(0, 1]`.
    std::string str() const;
    /// Parses what `str` writes, without quotes; says what is wrong at the
    /// place where it is.
    static IntervalAttr parseBare(::mlir::AsmParser &parser);
  }];
}

#endif // MINRNN_DIALECT
