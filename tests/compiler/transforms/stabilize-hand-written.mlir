// Sigmoid, tanh, softplus and softmax as people write them become the operation
// that is meant, and what only looks like them stays.
// RUN: minrnn-opt %s --minrnn-stabilize --cse | FileCheck %s

// CHECK-LABEL: func.func @sigmoids
// CHECK-SAME: (%[[X:.*]]: f32)
func.func @sigmoids(%x: f32) -> (f32, f32, f32, f32, f32, f32, f32) {
  %one = arith.constant 1.0 : f32
  %half = arith.constant 0.5 : f32
  %two = arith.constant 2.0 : f32
  %minus = arith.constant -1.0 : f32
  %n = arith.negf %x : f32
  %m = arith.mulf %minus, %x : f32
  %e = math.exp %x : f32
  %en = math.exp %n : f32
  %em = math.exp %m : f32
  // CHECK-DAG: %[[S:.*]] = minrnn.sigmoid %[[X]] : f32
  // CHECK-DAG: %[[N:.*]] = arith.negf %[[X]] : f32
  // CHECK-DAG: %[[C:.*]] = minrnn.sigmoid %[[N]] : f32
  // CHECK-DAG: %[[TWO:.*]] = arith.constant 2.000000e+00 : f32
  // CHECK-DAG: %[[T:.*]] = arith.mulf %[[S]], %[[TWO]] : f32
  %d0 = arith.addf %one, %en : f32
  %0 = arith.divf %one, %d0 : f32
  %d1 = arith.addf %em, %one : f32
  %1 = arith.divf %one, %d1 : f32
  %d2 = arith.addf %one, %e : f32
  %2 = arith.divf %e, %d2 : f32
  // 1 / (1 + e^x)
  %3 = arith.divf %one, %d2 : f32
  // 1 - 1 / (1 + e^-x)
  %4 = arith.subf %one, %0 : f32
  // (1 + tanh(x / 2)) / 2
  %q = arith.divf %x, %two : f32
  %t = math.tanh %q : f32
  %p = arith.addf %t, %one : f32
  %5 = arith.mulf %p, %half : f32
  // A factor above stays in front; those that meet go.
  %6 = arith.divf %two, %d0 : f32
  // CHECK: return %[[S]], %[[S]], %[[S]], %[[C]], %[[C]], %[[S]], %[[T]] :
  return %0, %1, %2, %3, %4, %5, %6 : f32, f32, f32, f32, f32, f32, f32
}

// c / (c + d e^x) takes the logarithm of the factors.
// CHECK-LABEL: func.func @scaled_sigmoid
// CHECK-SAME: (%[[X:.*]]: f32)
func.func @scaled_sigmoid(%x: f32) -> f32 {
  %three = arith.constant 3.0 : f32
  %e = math.exp %x : f32
  %d = arith.addf %e, %three : f32
  // log 3 = 1.0986
  // CHECK: %[[L:.*]] = arith.constant 1.09861{{.*}} : f32
  // CHECK: %[[A:.*]] = arith.subf %[[X]], %[[L]] : f32
  // CHECK: %[[N:.*]] = arith.negf %[[A]] : f32
  // CHECK: %[[R:.*]] = minrnn.sigmoid %[[N]] : f32
  // CHECK: return %[[R]]
  %0 = arith.divf %three, %d : f32
  return %0 : f32
}

// Neither sum can fail: no exponential takes part, or nothing meets.
// CHECK-LABEL: func.func @no_sigmoids
func.func @no_sigmoids(%x: f32, %y: f32) -> (f32, f32, f32, f32) {
  %one = arith.constant 1.0 : f32
  %s = minrnn.sigmoid %x : f32
  %e = math.exp %x : f32
  %f = math.exp %y : f32
  %d0 = arith.addf %one, %s : f32
  // CHECK: arith.divf
  %0 = arith.divf %one, %d0 : f32
  %d1 = arith.addf %one, %e : f32
  // CHECK: arith.divf
  %1 = arith.divf %f, %d1 : f32
  // 1 - e^x has a zero.
  %d2 = arith.subf %one, %e : f32
  // CHECK: arith.divf
  %2 = arith.divf %one, %d2 : f32
  %d3 = arith.addf %e, %y : f32
  // CHECK: arith.divf
  %3 = arith.divf %e, %d3 : f32
  return %0, %1, %2, %3 : f32, f32, f32, f32
}

// CHECK-LABEL: func.func @tanhs
// CHECK-SAME: (%[[X:.*]]: f32)
func.func @tanhs(%x: f32) -> (f32, f32, f32, f32, f32, f32, f32, f32, f32) {
  %one = arith.constant 1.0 : f32
  %two = arith.constant 2.0 : f32
  %minus2 = arith.constant -2.0 : f32
  %n = arith.negf %x : f32
  %e = math.exp %x : f32
  %en = math.exp %n : f32
  %x2 = arith.mulf %two, %x : f32
  %n2 = arith.mulf %x, %minus2 : f32
  %xx = arith.addf %x, %x : f32
  %e2 = math.exp %x2 : f32
  %en2 = math.exp %n2 : f32
  %exx = math.exp %xx : f32
  // CHECK-NEXT: %[[T:.*]] = math.tanh %[[X]] : f32
  // CHECK-NEXT: %[[N:.*]] = arith.negf %[[T]] : f32
  // CHECK-NEXT: return %[[T]], %[[T]], %[[T]], %[[T]], %[[T]], %[[T]], %[[N]], %[[N]], %[[T]] :
  %a0 = arith.subf %e, %en : f32
  %b0 = arith.addf %en, %e : f32
  %0 = arith.divf %a0, %b0 : f32
  %a1 = arith.subf %one, %en2 : f32
  %b1 = arith.addf %one, %en2 : f32
  %1 = arith.divf %a1, %b1 : f32
  %a2 = arith.subf %e2, %one : f32
  %b2 = arith.addf %e2, %one : f32
  %2 = arith.divf %a2, %b2 : f32
  // With expm1, above and below.
  %a3 = math.expm1 %x2 : f32
  %b3 = arith.addf %a3, %two : f32
  %3 = arith.divf %a3, %b3 : f32
  // 2 sigmoid(2 x) - 1, 1 - 2 / (1 + e^(2 x))
  %s = minrnn.sigmoid %x2 : f32
  %s2 = arith.mulf %s, %two : f32
  %4 = arith.subf %s2, %one : f32
  %q = arith.divf %two, %b2 : f32
  %5 = arith.subf %one, %q : f32
  // The signs change places: -tanh(x) = tanh(-x).
  %a6 = arith.subf %en, %e : f32
  %6 = arith.divf %a6, %b0 : f32
  %7 = arith.subf %one, %s2 : f32
  // 2 x as a sum
  %a8 = arith.subf %exx, %one : f32
  %b8 = arith.addf %exx, %one : f32
  %8 = arith.divf %a8, %b8 : f32
  return %0, %1, %2, %3, %4, %5, %6, %7, %8
      : f32, f32, f32, f32, f32, f32, f32, f32, f32
}

// 1 - tanh(x) and 1 + tanh(x) cancel.
// CHECK-LABEL: func.func @beside_tanh
// CHECK-SAME: (%[[X:.*]]: f32)
func.func @beside_tanh(%x: f32) -> (f32, f32, f32, f32) {
  %one = arith.constant 1.0 : f32
  %two = arith.constant 2.0 : f32
  %t = math.tanh %x : f32
  // CHECK-DAG: %[[TWO:.*]] = arith.constant 2.000000e+00 : f32
  // CHECK-DAG: %[[MINUS:.*]] = arith.constant -2.000000e+00 : f32
  // CHECK-DAG: %[[DOWN:.*]] = arith.mulf %[[X]], %[[MINUS]] : f32
  // CHECK-DAG: %[[S0:.*]] = minrnn.sigmoid %[[DOWN]] : f32
  // CHECK-DAG: %[[R0:.*]] = arith.mulf %[[S0]], %[[TWO]] : f32
  %0 = arith.subf %one, %t : f32
  // CHECK-DAG: %[[UP:.*]] = arith.mulf %[[X]], %[[TWO]] : f32
  // CHECK-DAG: %[[S1:.*]] = minrnn.sigmoid %[[UP]] : f32
  // CHECK-DAG: %[[R1:.*]] = arith.mulf %[[S1]], %[[TWO]] : f32
  %1 = arith.addf %t, %one : f32
  // tanh(x) - 1
  // CHECK-DAG: %[[R2:.*]] = arith.mulf %[[S0]], %[[MINUS]] : f32
  %2 = arith.subf %t, %one : f32
  // 2 - tanh(x) does not cancel.
  // CHECK-DAG: %[[R3:.*]] = arith.subf %[[TWO]], %{{.*}} : f32
  %3 = arith.subf %two, %t : f32
  // CHECK: return %[[R0]], %[[R1]], %[[R2]], %[[R3]]
  return %0, %1, %2, %3 : f32, f32, f32, f32
}

// CHECK-LABEL: func.func @beside_exponential
// CHECK-SAME: (%[[X:.*]]: f32, %[[Y:.*]]: f32)
func.func @beside_exponential(%x: f32, %y: f32) -> (f32, f32, f32, f32, f32) {
  %one = arith.constant 1.0 : f32
  %two = arith.constant 2.0 : f32
  %e = math.exp %x : f32
  // CHECK-DAG: %[[M:.*]] = math.expm1 %[[X]] : f32
  // CHECK-DAG: %[[NM:.*]] = arith.negf %[[M]] : f32
  %0 = arith.subf %e, %one : f32
  %1 = arith.subf %one, %e : f32
  // CHECK-DAG: %[[E:.*]] = math.exp %[[Y]] : f32
  %m = math.expm1 %y : f32
  %2 = arith.addf %one, %m : f32
  // 1 - a^2 of an a that is an exponential: e^x e^x = e^(2 x)
  // CHECK-DAG: %[[X2:.*]] = arith.mulf %[[X]], %{{.*}} : f32
  // CHECK-DAG: %[[M2:.*]] = math.expm1 %[[X2]] : f32
  // CHECK-DAG: %[[R3:.*]] = arith.negf %[[M2]] : f32
  %square = arith.mulf %e, %e : f32
  %3 = arith.subf %one, %square : f32
  // CHECK-DAG: %[[R4:.*]] = arith.subf %{{.*}}, %{{.*}} : f32
  %4 = arith.subf %two, %e : f32
  // CHECK: return %[[M]], %[[NM]], %[[E]], %[[R3]], %[[R4]]
  return %0, %1, %2, %3, %4 : f32, f32, f32, f32, f32
}

// CHECK-LABEL: func.func @softpluses
// CHECK-SAME: (%[[X:.*]]: f32)
func.func @softpluses(%x: f32) -> (f32, f32, f32, f32) {
  %zero = arith.constant 0.0 : f32
  %one = arith.constant 1.0 : f32
  %e = math.exp %x : f32
  // CHECK-NEXT: %[[S:.*]] = minrnn.softplus %[[X]] : f32
  // CHECK-NEXT: return %[[S]], %[[S]], %[[S]], %[[S]]
  %a = arith.addf %one, %e : f32
  %0 = math.log %a : f32
  %b = arith.addf %e, %one : f32
  %1 = math.log %b : f32
  // max(x, 0) + log(1 + exp(-|x|))
  %m = arith.maximumf %x, %zero : f32
  %abs = math.absf %x : f32
  %n = arith.negf %abs : f32
  %en = math.exp %n : f32
  %c = arith.addf %one, %en : f32
  %l = math.log %c : f32
  %2 = arith.addf %m, %l : f32
  %3 = arith.addf %l, %m : f32
  return %0, %1, %2, %3 : f32, f32, f32, f32
}

// CHECK-LABEL: func.func @no_softpluses
func.func @no_softpluses(%x: f32, %y: f32) -> (f32, f32, f32) {
  %zero = arith.constant 0.0 : f32
  %one = arith.constant 1.0 : f32
  %e = math.exp %x : f32
  // 1 - e^x can be below zero; its own formula it has.
  // CHECK: math.expm1
  // CHECK: math.log
  %a = arith.subf %one, %e : f32
  %0 = math.log %a : f32
  %b = arith.addf %one, %y : f32
  // CHECK: math.log
  %1 = math.log %b : f32
  // Of two different numbers.
  // CHECK: arith.maximumf
  %m = arith.maximumf %y, %zero : f32
  %abs = math.absf %x : f32
  %n = arith.negf %abs : f32
  // CHECK: minrnn.softplus
  %s = minrnn.softplus %n : f32
  // CHECK: arith.addf
  %2 = arith.addf %m, %s : f32
  return %0, %1, %2 : f32, f32, f32
}

// Softmax with the maximum subtracted, and of three.
// CHECK-LABEL: func.func @softmaxes
// CHECK-SAME: (%[[A:.*]]: f32, %[[B:.*]]: f32, %[[C:.*]]: f32)
func.func @softmaxes(%a: f32, %b: f32, %c: f32) -> (f32, f32, f32) {
  %m = arith.maximumf %a, %b : f32
  %am = arith.subf %a, %m : f32
  %bm = arith.subf %b, %m : f32
  %ea = math.exp %am : f32
  %eb = math.exp %bm : f32
  // CHECK: %[[D:.*]] = arith.subf %[[A]], %[[B]] : f32
  // CHECK: %[[R0:.*]] = minrnn.sigmoid %[[D]] : f32
  // CHECK: %[[N:.*]] = arith.negf %[[D]] : f32
  // CHECK: %[[R1:.*]] = minrnn.sigmoid %[[N]] : f32
  %s = arith.addf %ea, %eb : f32
  %0 = arith.divf %ea, %s : f32
  %1 = arith.divf %eb, %s : f32
  // e^a / (e^a + e^b + e^c) = sigmoid(-log(e^(b - a) + e^(c - a)))
  // CHECK: minrnn.logaddexp2
  // CHECK: arith.negf
  // CHECK: %[[R2:.*]] = minrnn.sigmoid
  %fa = math.exp %a : f32
  %fb = math.exp %b : f32
  %fc = math.exp %c : f32
  %t = arith.addf %fa, %fb : f32
  %u = arith.addf %t, %fc : f32
  %2 = arith.divf %fa, %u : f32
  // CHECK: return %[[R0]], %[[R1]], %[[R2]]
  return %0, %1, %2 : f32, f32, f32
}

// Quotients of single exponentials and of sigmoids, which both underflow.
// CHECK-LABEL: func.func @quotients
// CHECK-SAME: (%[[A:.*]]: f32, %[[B:.*]]: f32)
func.func @quotients(%a: f32, %b: f32) -> (f32, f32, f32, f32) {
  %one = arith.constant 1.0 : f32
  %ea = math.exp %a : f32
  %eb = math.exp %b : f32
  // CHECK-DAG: %[[D:.*]] = arith.subf %[[A]], %[[B]] : f32
  // CHECK-DAG: %[[R0:.*]] = math.exp %[[D]] : f32
  %0 = arith.divf %ea, %eb : f32
  // CHECK-DAG: %[[NB:.*]] = arith.negf %[[B]] : f32
  // CHECK-DAG: %[[R1:.*]] = math.exp %[[NB]] : f32
  %1 = arith.divf %one, %eb : f32
  // sigmoid(a) / sigmoid(-a) = e^a
  // CHECK-DAG: %[[R2:.*]] = math.exp %[[A]] : f32
  %n = arith.negf %a : f32
  %s = minrnn.sigmoid %a : f32
  %t = minrnn.sigmoid %n : f32
  %2 = arith.divf %s, %t : f32
  // 1 / sigmoid(a) is large where it is.
  // CHECK-DAG: %[[R3:.*]] = arith.divf
  %3 = arith.divf %one, %s : f32
  // CHECK: return %[[R0]], %[[R1]], %[[R2]], %[[R3]]
  return %0, %1, %2, %3 : f32, f32, f32, f32
}

// CHECK-LABEL: func.func @logarithms
// CHECK-SAME: (%[[X:.*]]: f32, %[[Y:.*]]: f32)
func.func @logarithms(%x: f32, %y: f32) -> (f32, f32, f32, f32) {
  %s = minrnn.sigmoid %x : f32
  %e = math.exp %x : f32
  %f = math.exp %y : f32
  // CHECK-DAG: %[[N:.*]] = arith.negf %[[X]] : f32
  // CHECK-DAG: %[[P:.*]] = minrnn.softplus %[[N]] : f32
  // CHECK-DAG: %[[R0:.*]] = arith.negf %[[P]] : f32
  %0 = math.log %s : f32
  %1 = math.log %e : f32
  // CHECK-DAG: %[[R2:.*]] = arith.addf %[[X]], %[[Y]] : f32
  %p = arith.mulf %e, %f : f32
  %2 = math.log %p : f32
  // CHECK-DAG: minrnn.logaddexp2
  %q = arith.addf %e, %f : f32
  %3 = math.log %q : f32
  // CHECK: return %[[R0]], %[[X]], %[[R2]], %{{.*}}
  return %0, %1, %2, %3 : f32, f32, f32, f32
}

// log g(x) and log softplus(x), where x may lie on both sides of the bend.
// CHECK-LABEL: func.func @logarithms_of_gates
// CHECK-SAME: (%[[X:.*]]: f32)
func.func @logarithms_of_gates(%x: f32) -> (f32, f32, f32, f32) {
  // CHECK: %[[MAX:.*]] = arith.maximumf %[[X]], %{{.*}} : f32
  // CHECK-NEXT: %[[SUM:.*]] = arith.addf %[[MAX]], %{{.*}} : f32
  // CHECK-NEXT: %[[LOG:.*]] = math.log %[[SUM]] : f32
  // CHECK-NEXT: %[[N:.*]] = arith.negf %[[X]] : f32
  // CHECK-NEXT: %[[P:.*]] = minrnn.softplus %[[N]] : f32
  // CHECK-NEXT: %[[LOW:.*]] = arith.negf %[[P]] : f32
  // CHECK-NEXT: %[[ABOVE:.*]] = arith.cmpf oge, %[[X]], %{{.*}} : f32
  // CHECK-NEXT: %[[R0:.*]] = arith.select %[[ABOVE]], %[[LOG]], %[[LOW]] : f32
  %g = minrnn.positive %x : f32
  %0 = math.log %g : f32
  // CHECK-NEXT: %[[BELOW:.*]] = arith.cmpf olt, %[[X]], %{{.*}} : f32
  // CHECK-NEXT: %[[MIN:.*]] = arith.minimumf %[[X]], %{{.*}} : f32
  // CHECK-NEXT: %[[HIGH:.*]] = arith.maximumf %[[X]], %{{.*}} : f32
  // CHECK-NEXT: %[[S:.*]] = minrnn.softplus %[[HIGH]] : f32
  // CHECK-NEXT: %[[LS:.*]] = math.log %[[S]] : f32
  // CHECK-NEXT: %[[R1:.*]] = arith.select %[[BELOW]], %[[MIN]], %[[LS]] : f32
  %s = minrnn.softplus %x : f32
  %1 = math.log %s : f32
  // Above zero they stay.
  // CHECK-NEXT: %[[E:.*]] = math.exp %[[X]] : f32
  %e = math.exp %x : f32
  // CHECK-NEXT: %[[G:.*]] = minrnn.positive %[[E]] : f32
  // CHECK-NEXT: %[[R2:.*]] = math.log %[[G]] : f32
  %h = minrnn.positive %e : f32
  %2 = math.log %h : f32
  // CHECK-NEXT: %[[T:.*]] = minrnn.softplus %[[E]] : f32
  // CHECK-NEXT: %[[R3:.*]] = math.log %[[T]] : f32
  %t = minrnn.softplus %e : f32
  %3 = math.log %t : f32
  // CHECK-NEXT: return %[[R0]], %[[R1]], %[[R2]], %[[R3]]
  return %0, %1, %2, %3 : f32, f32, f32, f32
}

// CHECK-LABEL: func.func @exponentials
// CHECK-SAME: (%[[X:.*]]: f32)
func.func @exponentials(%x: f32) -> (f32, f32, f32, f32, f32, f32) {
  %zero = arith.constant 0.0 : f32
  %n = arith.negf %x : f32
  %p = minrnn.softplus %x : f32
  %q = minrnn.softplus %n : f32
  %np = arith.negf %p : f32
  %nq = arith.negf %q : f32
  // CHECK-DAG: %[[N:.*]] = arith.negf %[[X]] : f32
  // CHECK-DAG: %[[C:.*]] = minrnn.sigmoid %[[N]] : f32
  %0 = math.exp %np : f32
  // CHECK-DAG: %[[S:.*]] = minrnn.sigmoid %[[X]] : f32
  %1 = math.exp %nq : f32
  // CHECK-DAG: %[[R2:.*]] = arith.negf %[[S]] : f32
  %2 = math.expm1 %np : f32
  // exp(softplus(x)) = 1 + e^x is left.
  // CHECK-DAG: %[[R3:.*]] = math.exp %{{.*}} : f32
  %3 = math.exp %p : f32
  // exp(log(x)) is x where x is not below zero.
  // CHECK-DAG: %[[R4:.*]] = arith.maximumf
  %m = arith.maximumf %x, %zero : f32
  %l = math.log %m : f32
  %4 = math.exp %l : f32
  // CHECK-DAG: %[[L:.*]] = math.log %[[X]] : f32
  // CHECK-DAG: %[[R5:.*]] = math.exp %[[L]] : f32
  %k = math.log %x : f32
  %5 = math.exp %k : f32
  // CHECK: return %[[C]], %[[S]], %[[R2]], %[[R3]], %[[R4]], %[[R5]]
  return %0, %1, %2, %3, %4, %5 : f32, f32, f32, f32, f32, f32
}

// CHECK-LABEL: func.func @roots
// CHECK-SAME: (%[[X:.*]]: f32)
func.func @roots(%x: f32) -> (f32, f32, f32) {
  %e = math.exp %x : f32
  %s = minrnn.sigmoid %x : f32
  // CHECK-DAG: %[[HALF:.*]] = arith.mulf %[[X]], %{{.*}} : f32
  // CHECK-DAG: %[[R0:.*]] = math.exp %[[HALF]] : f32
  %0 = math.sqrt %e : f32
  // sqrt(sigmoid(x)) = exp(-softplus(-x) / 2)
  // CHECK-DAG: %[[N:.*]] = arith.negf %[[X]] : f32
  // CHECK-DAG: %[[P:.*]] = minrnn.softplus %[[N]] : f32
  // CHECK-DAG: %[[H:.*]] = arith.mulf %[[P]], %{{.*}} : f32
  // CHECK-DAG: %[[R1:.*]] = math.exp %[[H]] : f32
  %1 = math.sqrt %s : f32
  // CHECK-DAG: %[[R2:.*]] = math.sqrt %[[X]] : f32
  %2 = math.sqrt %x : f32
  // CHECK: return %[[R0]], %[[R1]], %[[R2]]
  return %0, %1, %2 : f32, f32, f32
}

// Powers of two meet, to the last bit; other numbers would round.
// CHECK-LABEL: func.func @powers_of_two
// CHECK-SAME: (%[[X:.*]]: f32)
func.func @powers_of_two(%x: f32) -> (f32, f32) {
  %half = arith.constant 0.5 : f32
  %two = arith.constant 2.0 : f32
  %three = arith.constant 3.0 : f32
  %a = arith.mulf %half, %x : f32
  %0 = arith.mulf %a, %two : f32
  // CHECK: %[[A:.*]] = arith.divf %[[X]]
  // CHECK: %[[B:.*]] = arith.mulf %[[A]]
  // CHECK: return %[[X]], %[[B]]
  %b = arith.divf %x, %three : f32
  %1 = arith.mulf %b, %three : f32
  return %0, %1 : f32, f32
}
