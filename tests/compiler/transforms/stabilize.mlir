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

// 2 - sigmoid(x) is not that formula; sigmoid(x) - 1 is the negated one.
// CHECK-LABEL: func.func @no_complement
func.func @no_complement(%x: f32) -> (f32, f32) {
  %one = arith.constant 1.0 : f32
  %two = arith.constant 2.0 : f32
  %s = minrnn.sigmoid %x : f32
  // CHECK: arith.subf {{.*}} : f32
  %0 = arith.subf %two, %s : f32
  // CHECK: %[[C:.*]] = minrnn.sigmoid
  // CHECK: arith.negf %[[C]] : f32
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

// Negations meet: x + y of a negation is a difference, and the reverse.
// CHECK-LABEL: func.func @sums_of_negations
// CHECK-SAME: (%[[X:.*]]: f32, %[[Y:.*]]: f32)
func.func @sums_of_negations(%x: f32, %y: f32) -> (f32, f32, f32, f32) {
  %nx = arith.negf %x : f32
  %ny = arith.negf %y : f32
  // CHECK-DAG: %[[YX:.*]] = arith.subf %[[Y]], %[[X]] : f32
  %0 = arith.addf %nx, %y : f32
  // CHECK-DAG: %[[XY:.*]] = arith.subf %[[X]], %[[Y]] : f32
  %1 = arith.addf %x, %ny : f32
  // CHECK-DAG: %[[S:.*]] = arith.addf %[[X]], %[[Y]] : f32
  %2 = arith.subf %x, %ny : f32
  // CHECK-DAG: %[[NX:.*]] = arith.negf %[[X]] : f32
  // CHECK-DAG: %[[D:.*]] = arith.subf %[[NX]], %[[Y]] : f32
  %3 = arith.subf %nx, %y : f32
  // CHECK: return %[[YX]], %[[XY]], %[[S]], %[[D]]
  return %0, %1, %2, %3 : f32, f32, f32, f32
}

// A product by -1 is a negation; one by another number is none.
// CHECK-LABEL: func.func @products
// CHECK-SAME: (%[[X:.*]]: f32, %[[Y:.*]]: f32)
func.func @products(%x: f32, %y: f32) -> (f32, f32, f32, f32, f32, f32) {
  %minus = arith.constant -1.0 : f32
  %two = arith.constant -2.0 : f32
  // CHECK-DAG: %[[TWO:.*]] = arith.constant -2.000000e+00 : f32
  // CHECK-DAG: %[[A:.*]] = arith.negf %[[X]] : f32
  %0 = arith.mulf %x, %minus : f32
  // CHECK-DAG: %[[B:.*]] = arith.negf %[[Y]] : f32
  %1 = arith.mulf %minus, %y : f32
  // CHECK-DAG: %[[C:.*]] = arith.mulf %[[X]], %[[TWO]] : f32
  %2 = arith.mulf %x, %two : f32
  // CHECK-DAG: %[[P:.*]] = arith.mulf %[[X]], %[[Y]] : f32
  %nx = arith.negf %x : f32
  %p = arith.mulf %nx, %y : f32
  %3 = arith.negf %p : f32
  // CHECK-DAG: %[[Q:.*]] = arith.mulf %[[X]], %[[Y]] : f32
  %q = arith.mulf %y, %nx : f32
  %4 = arith.negf %q : f32
  // A product that is not negated in itself keeps its sign.
  // CHECK-DAG: %[[R:.*]] = arith.mulf %[[X]], %[[X]] : f32
  // CHECK-DAG: %[[N:.*]] = arith.negf %[[R]] : f32
  %r = arith.mulf %x, %x : f32
  %5 = arith.negf %r : f32
  // CHECK: return %[[A]], %[[B]], %[[C]], %{{.*}}, %{{.*}}, %[[N]]
  return %0, %1, %2, %3, %4, %5 : f32, f32, f32, f32, f32, f32
}

// The complement of a gate with a lower bound, however it is written:
// 1 - (g + (1 - g) x) = (1 - g) (1 - x).
// CHECK-LABEL: func.func @bounded
// CHECK-SAME: (%[[K:.*]]: f32, %[[X:.*]]: f32)
func.func @bounded(%k: f32, %x: f32) -> (f32, f32) {
  %one = arith.constant 1.0 : f32
  %g = minrnn.sigmoid %k : f32
  %keep = arith.subf %one, %g : f32
  %scaled = arith.mulf %keep, %x : f32
  %sum = arith.addf %g, %scaled : f32
  // CHECK: %[[ONE:.*]] = arith.constant 1.0
  // CHECK-DAG: %[[C:.*]] = arith.subf %[[ONE]], %[[X]] : f32
  // CHECK-DAG: %[[N:.*]] = arith.negf %[[K]] : f32
  // CHECK-DAG: %[[W:.*]] = minrnn.sigmoid %[[N]] : f32
  // CHECK: %[[R:.*]] = arith.mulf %[[W]], %[[C]] : f32
  %0 = arith.subf %one, %sum : f32
  // CHECK: %[[CX:.*]] = arith.subf %[[ONE]], %[[X]] : f32
  // CHECK: %[[CK:.*]] = arith.subf %[[ONE]], %[[K]] : f32
  // CHECK: arith.mulf
  %lerp = minrnn.lerp %x, %one, %k : f32
  %1 = arith.subf %one, %lerp : f32
  return %0, %1 : f32, f32
}

// Another bound, another weight: no such gate.
// CHECK-LABEL: func.func @not_bounded
func.func @not_bounded(%k: f32, %l: f32, %x: f32) -> (f32, f32, f32) {
  %one = arith.constant 1.0 : f32
  %two = arith.constant 2.0 : f32
  %g = minrnn.sigmoid %k : f32
  %other = minrnn.sigmoid %l : f32
  %scaled = arith.mulf %other, %x : f32
  %sum = arith.addf %g, %scaled : f32
  // CHECK: arith.subf %{{.*}}, %{{.*}} : f32
  %0 = arith.subf %one, %sum : f32
  // CHECK: %[[LERP:.*]] = minrnn.lerp
  %lerp = minrnn.lerp %x, %two, %k : f32
  // CHECK: arith.subf %{{.*}}, %[[LERP]]
  %1 = arith.subf %one, %lerp : f32
  // CHECK: %[[L2:.*]] = minrnn.lerp
  %lerp2 = minrnn.lerp %x, %one, %k : f32
  // CHECK: arith.subf %{{.*}}, %[[L2]]
  %2 = arith.subf %two, %lerp2 : f32
  return %0, %1, %2 : f32, f32, f32
}
