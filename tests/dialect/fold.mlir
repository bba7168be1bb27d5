// Constants are folded, and the identities of each operation applied.
// RUN: minrnn-opt %s --canonicalize | FileCheck %s

// CHECK-LABEL: func.func @sigmoid
func.func @sigmoid() -> (f32, f32, f32, f32) {
  %zero = arith.constant 0.0 : f32
  %large = arith.constant 1.0e4 : f32
  %small = arith.constant -1.0e4 : f32
  %two = arith.constant 2.0 : f32
  %0 = minrnn.sigmoid %zero : f32
  %1 = minrnn.sigmoid %large : f32
  %2 = minrnn.sigmoid %small : f32
  %3 = minrnn.sigmoid %two : f32
  // CHECK-DAG: %[[HALF:.*]] = arith.constant 5.000000e-01 : f32
  // CHECK-DAG: %[[ONE:.*]] = arith.constant 1.000000e+00 : f32
  // CHECK-DAG: %[[ZERO:.*]] = arith.constant 0.000000e+00 : f32
  // sigmoid(2) = 0.880797...
  // CHECK-DAG: %[[TWO:.*]] = arith.constant 0.880797{{.*}} : f32
  // CHECK: return %[[HALF]], %[[ONE]], %[[ZERO]], %[[TWO]]
  return %0, %1, %2, %3 : f32, f32, f32, f32
}

// CHECK-LABEL: func.func @positive
func.func @positive() -> (f32, f32, f32) {
  %zero = arith.constant 0.0 : f32
  %three = arith.constant 3.0 : f32
  %minus_two = arith.constant -2.0 : f32
  %0 = minrnn.positive %zero : f32
  %1 = minrnn.positive %three : f32
  %2 = minrnn.positive %minus_two : f32
  // CHECK-DAG: %[[HALF:.*]] = arith.constant 5.000000e-01 : f32
  // CHECK-DAG: %[[MORE:.*]] = arith.constant 3.500000e+00 : f32
  // sigmoid(-2) = 0.119202...
  // CHECK-DAG: %[[LESS:.*]] = arith.constant 0.119202{{.*}} : f32
  // CHECK: return %[[HALF]], %[[MORE]], %[[LESS]]
  return %0, %1, %2 : f32, f32, f32
}

// CHECK-LABEL: func.func @softplus
func.func @softplus() -> (f32, f32, f32) {
  %zero = arith.constant 0.0 : f32
  %large = arith.constant 1.0e4 : f32
  %small = arith.constant -1.0e4 : f32
  %0 = minrnn.softplus %zero : f32
  %1 = minrnn.softplus %large : f32
  %2 = minrnn.softplus %small : f32
  // log 2 = 0.693147...
  // CHECK-DAG: %[[LN2:.*]] = arith.constant 0.693147{{.*}} : f32
  // CHECK-DAG: %[[LARGE:.*]] = arith.constant 1.000000e+04 : f32
  // CHECK-DAG: %[[ZERO:.*]] = arith.constant 0.000000e+00 : f32
  // CHECK: return %[[LN2]], %[[LARGE]], %[[ZERO]]
  return %0, %1, %2 : f32, f32, f32
}

// A lerp is its first end for a weight of zero, its second for one; between
// them it stays as it is.
// CHECK-LABEL: func.func @lerp
// CHECK-SAME: (%[[A:.*]]: f32, %[[B:.*]]: f32)
func.func @lerp(%a: f32, %b: f32) -> (f32, f32, f32) {
  %zero = arith.constant 0.0 : f32
  %half = arith.constant 0.5 : f32
  %one = arith.constant 1.0 : f32
  %0 = minrnn.lerp %a, %b, %zero : f32
  %1 = minrnn.lerp %a, %b, %one : f32
  // CHECK: %[[C:.*]] = minrnn.lerp
  %2 = minrnn.lerp %a, %b, %half : f32
  // CHECK: return %[[A]], %[[B]], %[[C]]
  return %0, %1, %2 : f32, f32, f32
}

// CHECK-LABEL: func.func @lerp_of_vectors
// CHECK-SAME: (%{{.*}}: vector<4xf32>, %[[B:.*]]: vector<4xf32>)
func.func @lerp_of_vectors(%a: vector<4xf32>, %b: vector<4xf32>) -> vector<4xf32> {
  %one = arith.constant dense<1.0> : vector<4xf32>
  %0 = minrnn.lerp %a, %b, %one : vector<4xf32>
  // CHECK-NEXT: return %[[B]]
  return %0 : vector<4xf32>
}

// log2(2^3 + 2^3) = 4, and infinities are no exception.
// CHECK-LABEL: func.func @logaddexp2
func.func @logaddexp2() -> (f32, f32, f32, f32, f32) {
  %three = arith.constant 3.0 : f32
  %far = arith.constant -1.0e30 : f32
  %inf = arith.constant 0x7F800000 : f32
  %minus_inf = arith.constant 0xFF800000 : f32
  %0 = minrnn.logaddexp2 %three, %three : f32
  %1 = minrnn.logaddexp2 %far, %three : f32
  %2 = minrnn.logaddexp2 %inf, %inf : f32
  %3 = minrnn.logaddexp2 %minus_inf, %minus_inf : f32
  %4 = minrnn.logaddexp2 %minus_inf, %three : f32
  // CHECK-DAG: %[[FOUR:.*]] = arith.constant 4.000000e+00 : f32
  // CHECK-DAG: %[[THREE:.*]] = arith.constant 3.000000e+00 : f32
  // CHECK-DAG: %[[INF:.*]] = arith.constant 0x7F800000 : f32
  // CHECK-DAG: %[[MINUS:.*]] = arith.constant 0xFF800000 : f32
  // CHECK: return %[[FOUR]], %[[THREE]], %[[INF]], %[[MINUS]], %[[THREE]]
  return %0, %1, %2, %3, %4 : f32, f32, f32, f32, f32
}

// It commutes: a constant goes to the right.
// CHECK-LABEL: func.func @logaddexp2_commutes
// CHECK-SAME: (%[[X:.*]]: f32)
func.func @logaddexp2_commutes(%x: f32) -> f32 {
  %zero = arith.constant 0.0 : f32
  // CHECK: %[[ZERO:.*]] = arith.constant 0.000000e+00 : f32
  // CHECK: minrnn.logaddexp2 %[[X]], %[[ZERO]] : f32
  %0 = minrnn.logaddexp2 %zero, %x : f32
  return %0 : f32
}

// A NaN stays one.
// CHECK-LABEL: func.func @nan
func.func @nan() -> (f32, f32, f32, f32) {
  %nan = arith.constant 0x7FC00000 : f32
  %one = arith.constant 1.0 : f32
  %0 = minrnn.sigmoid %nan : f32
  %1 = minrnn.positive %nan : f32
  %2 = minrnn.softplus %nan : f32
  %3 = minrnn.logaddexp2 %one, %nan : f32
  // CHECK: %[[NAN:.*]] = arith.constant 0x{{7|F}}FC00000 : f32
  // CHECK: return %[[NAN]], %[[NAN]], %[[NAN]], %[[NAN]]
  return %0, %1, %2, %3 : f32, f32, f32, f32
}

// Computations that no one reads vanish, and equal ones are one; but a gate
// that no one reads stays a gate of the cell, whose weights the caller has.
// CHECK-LABEL: minrnn.cell @dead
minrnn.cell @dead(%x: !minrnn.input) state(%h: f32) {
  // CHECK-NEXT: minrnn.project %x "unread" : f32
  // CHECK-NEXT: minrnn.yield %h : f32
  %k = minrnn.project %x "unread" : f32
  %z = minrnn.sigmoid %k : f32
  minrnn.yield %h : f32
}

// So do a parameter and a read of the input that no one needs; and an output is
// read by the layer above.
// CHECK-LABEL: minrnn.cell @dead_parameter
minrnn.cell @dead_parameter(%x: !minrnn.input) state(%h: f32) {
  // CHECK-NEXT: %[[K:.*]] = minrnn.project %x "k" : f32
  // CHECK-NEXT: minrnn.parameter "unread" : f32
  // CHECK-NEXT: minrnn.read %x : f32
  // CHECK-NEXT: minrnn.output %[[K]] : f32
  // CHECK-NEXT: minrnn.yield %h : f32
  %k = minrnn.project %x "k" : f32
  %u = minrnn.parameter "unread" : f32
  %v = minrnn.read %x : f32
  minrnn.output %k : f32
  minrnn.yield %h : f32
}
