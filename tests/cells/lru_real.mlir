// RUN: minrnnc %s --explain 2>&1 | FileCheck %s
// CHECK: cell lru_real: parallel (affine)
// CHECK: a exp(-exp(nu)) in (0, 1)
// CHECK-NEXT: b sqrt({{.*}}) * (W_b x) in (-inf, inf)
//
// LRU with a real diagonal (Orvieto et al., "Resurrecting Recurrent Neural Networks for Long
// Sequences", 2023).
//
//   lambda = exp(-exp(nu)),  gamma = sqrt(1 - lambda^2)
//   h' = lambda h + gamma (B x)
minrnn.cell @lru_real(%x: !minrnn.input) state(%h: f32) {
  %u = minrnn.project %x "b" : f32
  %nu = minrnn.parameter "nu" : f32
  %one = arith.constant 1.0 : f32
  %rate = math.exp %nu : f32
  %power = arith.negf %rate : f32
  %lambda = math.exp %power : f32
  %square = arith.mulf %lambda, %lambda : f32
  %lost = arith.subf %one, %square : f32
  %gamma = math.sqrt %lost : f32
  %keep = arith.mulf %lambda, %h : f32
  %take = arith.mulf %gamma, %u : f32
  %next = arith.addf %keep, %take : f32
  minrnn.yield %next : f32
}
