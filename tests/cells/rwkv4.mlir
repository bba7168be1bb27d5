// RUN: minrnnc %s --explain 2>&1 | FileCheck %s
// CHECK: cell rwkv4: parallel (affine)
// CHECK: a exp(-exp(w)) in (0, 1)
// CHECK-NEXT: b exp(W_k x) * (W_v x) in (-inf, inf)
// CHECK: a exp(-exp(w)) in (0, 1)
// CHECK-NEXT: b exp(W_k x) in (0, inf)
//
// The WKV recurrence of RWKV-4 (Peng et al., "RWKV: Reinventing RNNs for the Transformer Era",
// 2023) as its equations say: numerator a and denominator b.
//
//   y  = sigmoid(W_r x) (a + exp(u + k) v) / (b + exp(u + k)),   k = W_k x, v = W_v x
//   a' = exp(-w) a + exp(k) v,   w = exp(p)
//   b' = exp(-w) b + exp(k)
minrnn.cell @rwkv4(%x: !minrnn.input) state(%a: f32, %b: f32) {
  %kr = minrnn.project %x "r" : f32
  %k = minrnn.project %x "k" : f32
  %v = minrnn.project %x "v" : f32
  %p = minrnn.parameter "w" : f32
  %u = minrnn.parameter "u" : f32
  %w = math.exp %p : f32
  %minus = arith.negf %w : f32
  %decay = math.exp %minus : f32
  %bonus = arith.addf %k, %u : f32
  %now = math.exp %bonus : f32
  %e = math.exp %k : f32
  %nowv = arith.mulf %now, %v : f32
  %top = arith.addf %a, %nowv : f32
  %bottom = arith.addf %b, %now : f32
  %wkv = arith.divf %top, %bottom : f32
  %r = minrnn.sigmoid %kr : f32
  %y = arith.mulf %r, %wkv : f32
  %keepa = arith.mulf %decay, %a : f32
  %keepb = arith.mulf %decay, %b : f32
  %ev = arith.mulf %e, %v : f32
  %an = arith.addf %keepa, %ev : f32
  %bn = arith.addf %keepb, %e : f32
  minrnn.output %y : f32
  minrnn.yield %an, %bn : f32, f32
}
