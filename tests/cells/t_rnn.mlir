// RUN: minrnnc %s --explain 2>&1 | FileCheck %s
// CHECK: cell t_rnn: parallel (affine)
// CHECK: a sigmoid(W_v x) in (0, 1)
// CHECK-NEXT: b W_w x * sigmoid(-W_v x) in (-inf, inf)
//
// T-RNN, the strongly typed RNN (Balduzzi and Ghifary, "Strongly-Typed Recurrent Neural Networks",
// 2016).
//
//   h' = f h + (1 - f) (W x),   f = sigmoid(V x + b)
minrnn.cell @t_rnn(%x: !minrnn.input) state(%h: f32) {
  %z = minrnn.project %x "w" : f32
  %kf = minrnn.project %x "v" : f32
  %f = minrnn.sigmoid %kf : f32
  %next = minrnn.lerp %z, %h, %f : f32
  minrnn.yield %next : f32
}
