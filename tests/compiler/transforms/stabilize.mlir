// Formulas that cancel, or divide zero by zero, and what becomes of them.
// RUN: minrnn-opt %s --minrnn-stabilize | FileCheck %s

// 1 - sigmoid(x) loses every digit for large x; sigmoid(-x) loses none.
// CHECK-LABEL: func.func @complement
// CHECK-SAME: (%[[X:.*]]: f32)
func.func @complement(%x: f32) -> f32 {
  %one = arith.constant 1.0 : f32
  %s = minrnn.sigmoid %x : f32
  // CHECK: %[[N:.*]] = arith.negf %[[X]] : f32
  // CHECK-NEXT: %[[R:.*]] = minrnn.sigmoid %[[N]] : f32
  // CHECK-NEXT: return %[[R]]
  %0 = arith.subf %one, %s : f32
  return %0 : f32
}

// 2 - sigmoid(x) and sigmoid(x) - 1 are not that formula.
// CHECK-LABEL: func.func @no_complement
func.func @no_complement(%x: f32) -> (f32, f32) {
  %one = arith.constant 1.0 : f32
  %two = arith.constant 2.0 : f32
  %s = minrnn.sigmoid %x : f32
  // CHECK: arith.subf
  %0 = arith.subf %two, %s : f32
  // CHECK: arith.subf
  %1 = arith.subf %s, %one : f32
  return %0, %1 : f32, f32
}

// f / (f + i) of two sigmoids: their logarithms' difference, whatever its size.
// log sigmoid(x) = -softplus(-x), and the two signs of the difference meet.
// CHECK-LABEL: func.func @ratio
// CHECK-SAME: (%[[F:.*]]: f32, %[[I:.*]]: f32)
func.func @ratio(%kf: f32, %ki: f32) -> f32 {
  %f = minrnn.sigmoid %kf : f32
  %i = minrnn.sigmoid %ki : f32
  %s = arith.addf %f, %i : f32
  // CHECK-DAG: %[[NF:.*]] = arith.negf %[[F]] : f32
  // CHECK-DAG: %[[SF:.*]] = minrnn.softplus %[[NF]] : f32
  // CHECK-DAG: %[[NI:.*]] = arith.negf %[[I]] : f32
  // CHECK-DAG: %[[SI:.*]] = minrnn.softplus %[[NI]] : f32
  // CHECK: %[[D:.*]] = arith.subf %[[SI]], %[[SF]] : f32
  // CHECK-NEXT: %[[R:.*]] = minrnn.sigmoid %[[D]] : f32
  // CHECK-NEXT: return %[[R]]
  %r = arith.divf %f, %s : f32
  return %r : f32
}

// The other ratio of the same sum takes the same difference, negated: they share
// their exponential.
// CHECK-LABEL: func.func @other_ratio
func.func @other_ratio(%kf: f32, %ki: f32) -> f32 {
  %f = minrnn.sigmoid %kf : f32
  %i = minrnn.sigmoid %ki : f32
  %s = arith.addf %f, %i : f32
  // CHECK: %[[D:.*]] = arith.subf
  // CHECK-NEXT: %[[N:.*]] = arith.negf %[[D]] : f32
  // CHECK-NEXT: minrnn.sigmoid %[[N]] : f32
  %r = arith.divf %i, %s : f32
  return %r : f32
}

// An exponential's logarithm is its operand: softmax of two.
// CHECK-LABEL: func.func @softmax
// CHECK-SAME: (%[[F:.*]]: f32, %[[I:.*]]: f32)
func.func @softmax(%kf: f32, %ki: f32) -> f32 {
  %f = math.exp %kf : f32
  %i = math.exp %ki : f32
  %s = arith.addf %i, %f : f32
  // The sum is written i + f: the difference is i - f, negated for f.
  // CHECK: %[[D:.*]] = arith.subf %[[I]], %[[F]] : f32
  // CHECK-NEXT: %[[N:.*]] = arith.negf %[[D]] : f32
  // CHECK-NEXT: %[[R:.*]] = minrnn.sigmoid %[[N]] : f32
  // CHECK-NEXT: return %[[R]]
  %r = arith.divf %f, %s : f32
  return %r : f32
}

// Not x / (x + y), or without a closed logarithm: left alone.
// CHECK-LABEL: func.func @no_ratio
func.func @no_ratio(%x: f32, %y: f32) -> (f32, f32) {
  %f = minrnn.sigmoid %x : f32
  %i = minrnn.sigmoid %y : f32
  %s = arith.addf %f, %i : f32
  // CHECK: arith.divf
  %0 = arith.divf %x, %s : f32
  %t = arith.addf %x, %f : f32
  // CHECK: arith.divf
  %1 = arith.divf %f, %t : f32
  return %0, %1 : f32, f32
}

// CHECK-LABEL: func.func @negations
// CHECK-SAME: (%[[X:.*]]: f32, %[[Y:.*]]: f32)
func.func @negations(%x: f32, %y: f32) -> (f32, f32) {
  %nx = arith.negf %x : f32
  %nnx = arith.negf %nx : f32
  %ny = arith.negf %y : f32
  // CHECK: %[[D:.*]] = arith.subf %[[Y]], %[[X]] : f32
  // CHECK-NEXT: return %[[X]], %[[D]]
  %d = arith.subf %nx, %ny : f32
  return %nnx, %d : f32, f32
}
