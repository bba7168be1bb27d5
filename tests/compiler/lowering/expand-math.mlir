// Gate math becomes arithmetic and three approximations of the hardware on a
// GPU, arithmetic alone on the host; no library is called on either.
// RUN: minrnn-opt %s --minrnn-expand-math=target=gpu --cse --canonicalize | FileCheck %s --check-prefixes=CHECK,GPU
// RUN: minrnn-opt %s --minrnn-expand-math=target=host --cse --canonicalize | FileCheck %s --check-prefixes=CHECK,HOST
// RUN: minrnn-opt %s --canonicalize | FileCheck %s --check-prefix=FOLDED
// RUN: minrnn-opt %s --minrnn-expand-math=target=gpu | FileCheck %s --check-prefix=NONE
// RUN: minrnn-opt %s --minrnn-expand-math=target=host | FileCheck %s --check-prefix=NONE
// NONE-NOT: {{minrnn|math}}.{{[a-z0-9_]+}} %
// NONE-NOT: call @

// sigmoid: with e = exp(-|x|), 1 / (1 + e) or e / (1 + e): no overflow. What
// the rounded exponent T loses is put back.
// CHECK-LABEL: func.func @sigmoid
// GPU-DAG: %[[MINUSLN2:.*]] = arith.constant -0.693147182 : f32
// GPU-DAG: %[[LOG2E:.*]] = arith.constant 1.44269514 : f32
// CHECK: %[[M:.*]] = llvm.call_intrinsic "llvm.fabs"(%{{.*}})
// CHECK: %[[N:.*]] = arith.negf %[[M]]
// GPU: %[[T:.*]] = llvm.call_intrinsic "llvm.nvvm.mul.rm.f"(%[[N]], %[[LOG2E]])
// GPU: %[[P:.*]] = llvm.call_intrinsic "llvm.nvvm.ex2.approx"(%[[T]])
// GPU: %[[LOST:.*]] = llvm.call_intrinsic "llvm.nvvm.fma.rn.sat.f"(%[[T]], %[[MINUSLN2]], %[[N]])
// GPU: %[[E:.*]] = llvm.call_intrinsic "llvm.fma"(%[[P]], %[[LOST]], %[[P]])
// GPU: %[[R:.*]] = llvm.call_intrinsic "llvm.nvvm.rcp.approx.ftz.f"
// GPU-DAG: %[[C:.*]] = arith.cmpf oge
// GPU-DAG: arith.mulf %[[E]], %[[R]]
// GPU: arith.select %[[C]], %[[R]]
// HOST-NOT: llvm.nvvm
// HOST: arith.shli
// HOST: arith.divf
func.func @sigmoid(%x: f32) -> f32 {
  %0 = minrnn.sigmoid %x : f32
  return %0 : f32
}

// max(x, 0) + e / (1 + e) with e = exp(min(x, 0)): a NaN is in one of the two.
// CHECK-LABEL: func.func @positive
// HOST: arith.cmpf oge
// HOST: arith.addf
// HOST: arith.select
// GPU: %[[BELOW:.*]] = arith.minsi
// GPU: %[[ABOVE:.*]] = arith.maxsi
// GPU: %[[M:.*]] = arith.bitcast %[[ABOVE]] : i32 to f32
// GPU: %[[E:.*]] = llvm.call_intrinsic "llvm.fma"
// GPU: %[[R:.*]] = llvm.call_intrinsic "llvm.nvvm.rcp.approx.ftz.f"
// GPU: %[[FAR:.*]] = arith.mulf %[[E]], %[[R]]
// GPU: arith.addf %[[FAR]], %[[M]]
func.func @positive(%x: f32) -> f32 {
  %0 = minrnn.positive %x : f32
  return %0 : f32
}

// Its slope, as reverse mode writes it, takes the same exponential.
// CHECK-LABEL: func.func @positive_and_slope
// GPU: %[[BELOW:.*]] = arith.minsi
// GPU: %[[M:.*]] = arith.bitcast %[[BELOW]] : i32 to f32
// GPU: "llvm.nvvm.mul.rm.f"(%[[M]], %{{.*}})
// GPU: %[[ABOVE:.*]] = arith.cmpf oge
// GPU: "llvm.nvvm.mul.rm.f"(%[[M]], %{{.*}})
// GPU: %[[E:.*]] = llvm.call_intrinsic "llvm.fma"
// GPU: %[[R:.*]] = llvm.call_intrinsic "llvm.nvvm.rcp.approx.ftz.f"
// GPU-NEXT: %[[FAR:.*]] = arith.mulf %[[E]], %[[R]]
// GPU-NEXT: %[[SLOPE:.*]] = arith.mulf %[[FAR]], %[[R]]
// GPU-NEXT: arith.select %[[ABOVE]], %{{.*}}, %[[SLOPE]]
func.func @positive_and_slope(%x: f32) -> (f32, f32) {
  %one = arith.constant 1.0 : f32
  %zero = arith.constant 0.0 : f32
  %0 = minrnn.positive %x : f32
  %above = arith.cmpf oge, %x, %zero : f32
  %n = arith.negf %x : f32
  %s = minrnn.sigmoid %x : f32
  %c = minrnn.sigmoid %n : f32
  %p = arith.mulf %s, %c : f32
  %1 = arith.select %above, %one, %p : f32
  return %0, %1 : f32, f32
}

// CHECK-LABEL: func.func @softplus
// CHECK: llvm.call_intrinsic "llvm.maxnum"
// GPU: llvm.call_intrinsic "llvm.nvvm.ex2.approx"
func.func @softplus(%x: f32) -> f32 {
  %0 = minrnn.softplus %x : f32
  return %0 : f32
}

// Where its result is but an exponent, a tiny one may be less exact.
// CHECK-LABEL: func.func @softplus_as_exponent
// GPU-NOT: llvm.nvvm.fma.rn.sat.f
// GPU: arith.subf
// GPU: llvm.call_intrinsic "llvm.nvvm.fma.rn.sat.f"
func.func @softplus_as_exponent(%x: f32, %y: f32) -> f32 {
  %0 = minrnn.softplus %x : f32
  %1 = arith.subf %y, %0 : f32
  %2 = minrnn.sigmoid %1 : f32
  return %2 : f32
}

// By a factor of 4 it shows, and so it does by differences that double it.
// CHECK-LABEL: func.func @softplus_times_four
// GPU: llvm.call_intrinsic "llvm.nvvm.fma.rn.sat.f"
// GPU: llvm.call_intrinsic "llvm.nvvm.fma.rn.sat.f"
func.func @softplus_times_four(%x: f32) -> f32 {
  %four = arith.constant 4.0 : f32
  %0 = minrnn.softplus %x : f32
  %1 = arith.mulf %0, %four : f32
  %2 = minrnn.sigmoid %1 : f32
  return %2 : f32
}
// CHECK-LABEL: func.func @softplus_times_log2_e
// GPU-NOT: llvm.nvvm.fma.rn.sat.f
// CHECK: return
func.func @softplus_times_log2_e(%x: f32, %y: f32) -> f32 {
  %log2e = arith.constant 1.44269502 : f32
  %0 = minrnn.softplus %x : f32
  %1 = arith.mulf %0, %log2e : f32
  %2 = minrnn.logaddexp2 %1, %y : f32
  return %2 : f32
}
// CHECK-LABEL: func.func @softplus_doubled
// GPU: llvm.call_intrinsic "llvm.nvvm.fma.rn.sat.f"
// GPU: llvm.call_intrinsic "llvm.nvvm.fma.rn.sat.f"
func.func @softplus_doubled(%x: f32) -> f32 {
  %0 = minrnn.softplus %x : f32
  %1 = arith.negf %0 : f32
  %2 = arith.subf %0, %1 : f32
  %3 = minrnn.sigmoid %2 : f32
  return %3 : f32
}

// A sum shows it.
// CHECK-LABEL: func.func @softplus_of_use
// GPU: llvm.call_intrinsic "llvm.nvvm.fma.rn.sat.f"
func.func @softplus_of_use(%x: f32, %y: f32) -> (f32, f32) {
  %0 = minrnn.softplus %x : f32
  %1 = arith.subf %y, %0 : f32
  return %0, %1 : f32, f32
}

// exp of any number: the correction is kept from being a NaN at the limits.
// CHECK-LABEL: func.func @exp
// CHECK-SAME: (%[[X:.*]]: f32)
// GPU: %[[T:.*]] = llvm.call_intrinsic "llvm.nvvm.mul.rm.f"(%[[X]], %{{.*}})
// GPU: %[[R:.*]] = llvm.call_intrinsic "llvm.fma"(%[[T]], %{{.*}}, %[[X]])
// GPU: %[[LOST:.*]] = llvm.call_intrinsic "llvm.minnum"(%[[R]], %{{.*}})
// GPU: %[[P:.*]] = llvm.call_intrinsic "llvm.nvvm.ex2.approx"(%[[T]])
// GPU: llvm.call_intrinsic "llvm.fma"(%[[P]], %[[LOST]], %[[P]])
// On the host two factors make the power of two, so that it need not be normal.
// HOST-NOT: llvm.nvvm
// HOST: arith.shrui
// HOST: arith.shli
// HOST: arith.mulf
// HOST: arith.shli
// HOST: arith.mulf
// HOST: return
func.func @exp(%x: f32) -> f32 {
  %0 = math.exp %x : f32
  return %0 : f32
}

// (1 - w) from + w to, exact at either end.
// CHECK-LABEL: func.func @lerp
// CHECK-SAME: (%[[A:.*]]: f32, %[[B:.*]]: f32, %[[W:.*]]: f32)
// CHECK-DAG: %[[KEEP:.*]] = arith.subf %{{.*}}, %[[W]] fastmath<contract>
// CHECK-DAG: %[[X:.*]] = arith.mulf %[[KEEP]], %[[A]] fastmath<contract>
// CHECK-DAG: %[[Y:.*]] = arith.mulf %[[W]], %[[B]] fastmath<contract>
// CHECK: arith.addf %[[X]], %[[Y]] fastmath<contract>
func.func @lerp(%a: f32, %b: f32, %w: f32) -> f32 {
  %0 = minrnn.lerp %a, %b, %w : f32
  return %0 : f32
}

// The power is added to 1: one factor is enough.
// CHECK-LABEL: func.func @logaddexp2
// CHECK: arith.subf
// CHECK: llvm.call_intrinsic "llvm.fabs"
// HOST-NOT: arith.shrui
// CHECK: llvm.call_intrinsic "llvm.maxnum"
func.func @logaddexp2(%x: f32, %y: f32) -> f32 {
  %0 = minrnn.logaddexp2 %x, %y : f32
  return %0 : f32
}

// A NaN in either operand is the result, and -0 lies below +0.
// CHECK-LABEL: func.func @maximum
// CHECK-SAME: (%[[X:.*]]: f32, %[[Y:.*]]: f32)
// HOST: llvm.call_intrinsic "llvm.maximum"(%[[X]], %[[Y]])
// GPU-DAG: %[[NAN:.*]] = arith.constant 0x7FC00000 : f32
// GPU-DAG: %[[LARGER:.*]] = llvm.call_intrinsic "llvm.maximumnum"(%[[X]], %[[Y]])
// GPU-DAG: %[[ISNAN:.*]] = arith.cmpf uno, %[[X]], %[[Y]]
// GPU: arith.select %[[ISNAN]], %[[NAN]], %[[LARGER]]
func.func @maximum(%x: f32, %y: f32) -> f32 {
  %0 = arith.maximumf %x, %y : f32
  return %0 : f32
}

// CHECK-LABEL: func.func @minimum
// HOST: llvm.call_intrinsic "llvm.minimum"
// GPU: llvm.call_intrinsic "llvm.minimumnum"
func.func @minimum(%x: f32, %y: f32) -> f32 {
  %0 = arith.minimumf %x, %y : f32
  return %0 : f32
}

// Of constants too.
// FOLDED-LABEL: func.func @folded
// FOLDED-DAG: %[[PLUS:.*]] = arith.constant 0.000000e+00 : f32
// FOLDED-DAG: %[[MINUS:.*]] = arith.constant -0.000000e+00 : f32
// FOLDED: return %[[PLUS]], %[[PLUS]], %[[MINUS]], %[[MINUS]]
func.func @folded() -> (f32, f32, f32, f32) {
  %plus = arith.constant 0.0 : f32
  %minus = arith.constant -0.0 : f32
  %0 = arith.maximumf %plus, %minus : f32
  %1 = arith.maximumf %minus, %plus : f32
  %2 = arith.minimumf %plus, %minus : f32
  %3 = arith.minimumf %minus, %plus : f32
  return %0, %1, %2, %3 : f32, f32, f32, f32
}

// CHECK-LABEL: func.func @borrowed
func.func @borrowed(%x: f32) -> (f32, f32, f32, f32, f32, f32, f32) {
  // GPU: llvm.nvvm.ex2.approx
  %0 = math.exp %x : f32
  // GPU: llvm.nvvm.ex2.approx
  %1 = math.exp2 %x : f32
  // GPU: llvm.nvvm.lg2.approx.f
  %2 = math.log %x : f32
  %3 = math.log2 %x : f32
  // GPU: llvm.nvvm.ex2.approx
  %4 = math.tanh %x : f32
  // CHECK: llvm.call_intrinsic "llvm.sqrt"
  %5 = math.sqrt %x : f32
  // CHECK: llvm.call_intrinsic "llvm.fabs"
  %6 = math.absf %x : f32
  return %0, %1, %2, %3, %4, %5, %6 : f32, f32, f32, f32, f32, f32, f32
}

// Vectors alike.
// CHECK-LABEL: func.func @vectors
// CHECK: arith.select %{{.*}}, %{{.*}}, %{{.*}} : vector<8xi1>, vector<8xf32>
func.func @vectors(%x: vector<8xf32>) -> vector<8xf32> {
  %0 = minrnn.sigmoid %x : vector<8xf32>
  return %0 : vector<8xf32>
}

// exp(x) - 1 by its series near zero, where the difference would cancel.
// CHECK-LABEL: func.func @expm1
// CHECK-SAME: (%[[X:.*]]: f32)
// CHECK-DAG: %[[ONE:.*]] = arith.constant 1.000000e+00 : f32
// CHECK-DAG: %[[HALF:.*]] = arith.constant 5.000000e-01 : f32
// CHECK: %[[SERIES:.*]] = arith.addf %{{.*}}, %[[ONE]] fastmath<contract> : f32
// CHECK: %[[NEAR:.*]] = arith.mulf %[[X]], %[[SERIES]] fastmath<contract> : f32
// GPU: %[[P:.*]] = llvm.call_intrinsic "llvm.nvvm.ex2.approx"
// GPU: %[[E:.*]] = llvm.call_intrinsic "llvm.fma"(%[[P]], %{{.*}}, %[[P]])
// GPU: %[[FAR:.*]] = arith.subf %[[E]], %[[ONE]] fastmath<contract> : f32
// HOST: %[[FAR:.*]] = arith.{{sub|add}}f %{{.*}} fastmath<contract> : f32
// CHECK: %[[SIZE:.*]] = llvm.call_intrinsic "llvm.fabs"(%[[X]])
// CHECK: %[[ISNEAR:.*]] = arith.cmpf olt, %[[SIZE]], %[[HALF]] : f32
// CHECK: arith.select %[[ISNEAR]], %[[NEAR]], %{{.*}} : f32
func.func @expm1(%x: f32) -> f32 {
  %0 = math.expm1 %x : f32
  return %0 : f32
}
