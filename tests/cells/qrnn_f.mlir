// RUN: minrnnc %s --explain 2>&1 | FileCheck %s
// CHECK: cell qrnn_f: parallel (affine)
// CHECK: a sigmoid(W_f x) in (0, 1)
// CHECK-NEXT: b sigmoid(-W_f x) * tanh(W_z x) in (-1, 1)
//
// QRNN with f-pooling (Bradbury et al., "Quasi-Recurrent Neural Networks", 2016), its convolution
// over time done outside.
//
//   h' = f h + (1 - f) z,   z = tanh(W_z x), f = sigmoid(W_f x)
minrnn.cell @qrnn_f(%x: !minrnn.input) state(%h: f32) {
  %kz = minrnn.project %x "z" : f32
  %kf = minrnn.project %x "f" : f32
  %z = math.tanh %kz : f32
  %f = minrnn.sigmoid %kf : f32
  %one = arith.constant 1.0 : f32
  %keep = arith.mulf %f, %h : f32
  %lost = arith.subf %one, %f : f32
  %take = arith.mulf %lost, %z : f32
  %next = arith.addf %keep, %take : f32
  minrnn.yield %next : f32
}
