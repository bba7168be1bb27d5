// RUN: minrnnc %s --explain 2>&1 | FileCheck %s
// CHECK: cell gateloop: parallel (affine)
// CHECK: a sigmoid(W_a x) in (0, 1)
// CHECK-NEXT: b W_k x * (W_v x) in (-inf, inf)
//
// GateLoop with a real gate and heads of one channel (Katsch, "GateLoop: Fully Data-Controlled
// Linear Recurrence for Sequence Modeling", 2023).
//
//   s' = a s + k v,   a = sigmoid(W_a x)
//   y  = q s'
minrnn.cell @gateloop(%x: !minrnn.input) state(%s: f32) {
  %q = minrnn.project %x "q" : f32
  %k = minrnn.project %x "k" : f32
  %v = minrnn.project %x "v" : f32
  %ka = minrnn.project %x "a" : f32
  %a = minrnn.sigmoid %ka : f32
  %keep = arith.mulf %a, %s : f32
  %take = arith.mulf %k, %v : f32
  %next = arith.addf %keep, %take : f32
  %y = arith.mulf %q, %next : f32
  minrnn.output %y : f32
  minrnn.yield %next : f32
}
