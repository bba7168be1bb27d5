// RUN: minrnnc %s --explain 2>&1 | FileCheck %s
// CHECK: cell qrnn_ifo: parallel (affine)
// CHECK: a sigmoid(W_f x) in (0, 1)
// CHECK-NEXT: b sigmoid(W_i x) * tanh(W_z x) in (-1, 1)
//
// QRNN with ifo-pooling (Bradbury et al., "Quasi-Recurrent Neural Networks", 2016).
//
//   z = tanh(W_z x),  f, i, o = sigmoid(W_f x), sigmoid(W_i x), sigmoid(W_o x)
//   c' = f c + i z
//   y  = o c'
minrnn.cell @qrnn_ifo(%x: !minrnn.input) state(%c: f32) {
  %kz = minrnn.project %x "z" : f32
  %kf = minrnn.project %x "f" : f32
  %ki = minrnn.project %x "i" : f32
  %ko = minrnn.project %x "o" : f32
  %z = math.tanh %kz : f32
  %f = minrnn.sigmoid %kf : f32
  %i = minrnn.sigmoid %ki : f32
  %o = minrnn.sigmoid %ko : f32
  %keep = arith.mulf %f, %c : f32
  %take = arith.mulf %i, %z : f32
  %next = arith.addf %keep, %take : f32
  %y = arith.mulf %o, %next : f32
  minrnn.output %y : f32
  minrnn.yield %next : f32
}
