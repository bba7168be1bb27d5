// Fast math of a GPU: its approximate instructions as they are.
// RUN: minrnn-opt %s --minrnn-expand-math="target=gpu fast" --cse --canonicalize | FileCheck %s
// RUN: minrnn-opt %s --minrnn-expand-math="target=gpu fast" | FileCheck %s --check-prefix=NONE
// RUN: not minrnn-opt %s --minrnn-expand-math="target=host fast" 2>&1 | FileCheck %s --check-prefix=HOST
// NONE-NOT: {{minrnn|math}}.{{[a-z0-9_]+}} %
// NONE-NOT: call @
// HOST: error: minrnn-expand-math has fast math for the target gpu alone

// The sigmoids of x and of -x are of one tanh.
// CHECK-LABEL: func.func @sigmoids
// CHECK-SAME: (%[[X:.*]]: f32)
// CHECK-DAG: %[[HALF:.*]] = arith.constant 5.000000e-01 : f32
// CHECK-DAG: %[[MINUS:.*]] = arith.constant -5.000000e-01 : f32
// CHECK: %[[H:.*]] = arith.mulf %[[X]], %[[HALF]]
// CHECK: %[[T:.*]] = llvm.intr.tanh(%[[H]]) {fastmathFlags = #llvm.fastmath<afn>}
// CHECK: %[[P:.*]] = arith.mulf %[[T]], %[[HALF]] fastmath<contract>
// CHECK: arith.addf %[[P]], %[[HALF]] fastmath<contract>
// CHECK: %[[M:.*]] = arith.mulf %[[T]], %[[MINUS]] fastmath<contract>
// CHECK: arith.addf %[[M]], %[[HALF]] fastmath<contract>
// CHECK-NOT: llvm.{{call|intr}}
// CHECK: return
func.func @sigmoids(%x: f32) -> (f32, f32) {
  %n = arith.negf %x : f32
  %0 = minrnn.sigmoid %x : f32
  %1 = minrnn.sigmoid %n : f32
  return %0, %1 : f32, f32
}

// So are tanh and its slope, 4 sigmoid(2 x) sigmoid(-2 x).
// CHECK-LABEL: func.func @tanh_and_slope
// CHECK-SAME: (%[[X:.*]]: f32)
// CHECK: llvm.intr.tanh(%[[X]]) {fastmathFlags = #llvm.fastmath<afn>}
// CHECK-NOT: llvm.{{call|intr}}
// CHECK: return
func.func @tanh_and_slope(%x: f32) -> (f32, f32) {
  %two = arith.constant 2.0 : f32
  %d = arith.mulf %x, %two : f32
  %n = arith.negf %d : f32
  %0 = math.tanh %x : f32
  %s = minrnn.sigmoid %d : f32
  %c = minrnn.sigmoid %n : f32
  %1 = arith.mulf %s, %c : f32
  return %0, %1 : f32, f32
}

// positive and its slope are of the tanh of min(x, 0) / 2.
// CHECK-LABEL: func.func @positive_and_slope
// CHECK: %[[BELOW:.*]] = arith.minsi
// CHECK: %[[ABOVE:.*]] = arith.maxsi
// CHECK: %[[T:.*]] = llvm.intr.tanh
// CHECK-NOT: llvm.{{call|intr}}
// CHECK: arith.select
// CHECK-NOT: llvm.{{call|intr}}
// CHECK: return
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

// An exponential has no correction.
// CHECK-LABEL: func.func @exp
// CHECK-SAME: (%[[X:.*]]: f32)
// CHECK-NEXT: %[[LOG2E:.*]] = arith.constant 1.44269502 : f32
// CHECK-NEXT: %[[T:.*]] = arith.mulf %[[X]], %[[LOG2E]] fastmath<contract>
// CHECK-NEXT: %[[P:.*]] = llvm.call_intrinsic "llvm.nvvm.ex2.approx.ftz"(%[[T]])
// CHECK-NEXT: return %[[P]]
func.func @exp(%x: f32) -> f32 {
  %0 = math.exp %x : f32
  return %0 : f32
}

// The logarithm of a sum is of a polynomial of five coefficients.
// CHECK-LABEL: func.func @logarithm(
// CHECK-COUNT-5: arith.constant
// CHECK-NOT: arith.constant
// CHECK: "llvm.nvvm.ex2.approx.ftz"
// CHECK-NOT: lg2
// CHECK: return
func.func @logarithm(%x: f32, %y: f32) -> f32 {
  %0 = minrnn.logaddexp2 %x, %y : f32
  return %0 : f32
}

// Of any number, subnormal ones too.
// CHECK-LABEL: func.func @log2
// CHECK: "llvm.nvvm.lg2.approx.f"
func.func @log2(%x: f32) -> f32 {
  %0 = math.log2 %x : f32
  return %0 : f32
}

// CHECK-LABEL: func.func @quotient_and_root
// CHECK-SAME: (%[[X:.*]]: f32, %[[Y:.*]]: f32)
// CHECK: %[[R:.*]] = llvm.call_intrinsic "llvm.nvvm.rcp.approx.ftz.f"(%[[Y]])
// CHECK: arith.mulf %[[X]], %[[R]]
// CHECK: llvm.call_intrinsic "llvm.nvvm.sqrt.approx.ftz.f"(%[[X]])
func.func @quotient_and_root(%x: f32, %y: f32) -> (f32, f32) {
  %0 = arith.divf %x, %y : f32
  %1 = math.sqrt %x : f32
  return %0, %1 : f32, f32
}
