// The interval attribute: every kind of end, printed as it is read.
// RUN: minrnn-opt %s --verify-roundtrip | FileCheck %s
// RUN: minrnn-opt %s --mlir-print-op-generic | minrnn-opt | FileCheck %s
// RUN: minrnn-opt %s --emit-bytecode | minrnn-opt | FileCheck %s

module attributes {
  // CHECK: t.closed = #minrnn.interval<"[0, 1]">
  t.closed = #minrnn.interval<"[0, 1]">,
  // CHECK-SAME: t.exponent = #minrnn.interval<"(-1.00000e+300, 1.00000e-300)">
  t.exponent = #minrnn.interval<"(-1e300, 1e-300)">,
  // CHECK-SAME: t.left = #minrnn.interval<"(0, 1]">
  t.left = #minrnn.interval<" ( 0 ,1 ] ">,
  // A zero has no sign.
  // CHECK-SAME: t.minus_zero = #minrnn.interval<"[0, 0]">
  t.minus_zero = #minrnn.interval<"[-0, -0.0]">,
  // CHECK-SAME: t.open = #minrnn.interval<"(-1, 1)">
  t.open = #minrnn.interval<"(-1, 1)">,
  // CHECK-SAME: t.point = #minrnn.interval<"[7, 7]">
  t.point = #minrnn.interval<"[7, 7]">,
  // As many digits as it takes to read the same number again.
  // CHECK-SAME: t.precise = #minrnn.interval<"[3.333333333333333e-01, 5.00000e-01]">
  t.precise = #minrnn.interval<"[0.33333333333333333333, .5]">,
  // CHECK-SAME: t.right = #minrnn.interval<"[0, 1)">
  t.right = #minrnn.interval<"[0, 1)">,
  // CHECK-SAME: t.unbounded = #minrnn.interval<"(-inf, inf)">
  t.unbounded = #minrnn.interval<"(-inf, inf)">
} {}
