// RUN: minrnnc %s --explain 2>&1 | FileCheck %s
// CHECK: cell hgrn: parallel (affine)
// CHECK: a lerp(sigmoid(W_f x), 1, sigmoid(gamma)) in (0, 1)
// CHECK-NEXT: b W_c x * sigmoid(W_c x) * (sigmoid(-gamma) * sigmoid(-W_f x)) in (-inf, inf)
//
// HGRN, without its rotation (Qin et al., "Hierarchically Gated Recurrent Neural Network for
// Sequence Modeling", 2023): a forget gate with a learned lower bound.
//
//   f  = gamma + (1 - gamma) sigmoid(W_f x),   gamma = sigmoid(p)
//   h' = f h + (1 - f) silu(W_c x)
//   y  = sigmoid(W_g x) h'
minrnn.cell @hgrn(%x: !minrnn.input) state(%h: f32) {
  %kf = minrnn.project %x "f" : f32
  %kc = minrnn.project %x "c" : f32
  %kg = minrnn.project %x "g" : f32
  %p = minrnn.parameter "gamma" : f32
  %one = arith.constant 1.0 : f32
  %gamma = minrnn.sigmoid %p : f32
  %mu = minrnn.sigmoid %kf : f32
  %f = minrnn.lerp %mu, %one, %gamma : f32
  %sc = minrnn.sigmoid %kc : f32
  %c = arith.mulf %kc, %sc : f32
  %g = minrnn.sigmoid %kg : f32
  %next = minrnn.lerp %c, %h, %f : f32
  %y = arith.mulf %g, %next : f32
  minrnn.output %y : f32
  minrnn.yield %next : f32
}
