// RUN: minrnnc %s --explain 2>&1 | FileCheck %s
// CHECK: remark: this makes the cell sequential
// CHECK-NEXT: = minrnn.project %s "
// CHECK: cell gilr_lstm: sequential (channels mix)
// CHECK-NEXT: because 'minrnn.project' projects a value that depends on the state{{.*}}
//
// GILR-LSTM (Martin and Cundy, "Parallelizing Linear Recurrent Neural Nets Over Sequence Length",
// 2018): an LSTM whose gates see a linear recurrence s instead of its own output.
//
//   s' = g s + (1 - g) tanh(W_j x),   g = sigmoid(W_g x)
//   f, i, o = sigmoid(W x + U s),  z = tanh(W_z x + U_z s)
//   c' = f c + i z
//   y  = o c'
minrnn.cell @gilr_lstm(%x: !minrnn.input) state(%s: f32, %c: f32) {
  %kg = minrnn.project %x "wg" : f32
  %kj = minrnn.project %x "wj" : f32
  %wf = minrnn.project %x "wf" : f32
  %wi = minrnn.project %x "wi" : f32
  %wo = minrnn.project %x "wo" : f32
  %wz = minrnn.project %x "wz" : f32
  %uf = minrnn.project %s "uf" : f32 -> f32
  %ui = minrnn.project %s "ui" : f32 -> f32
  %uo = minrnn.project %s "uo" : f32 -> f32
  %uz = minrnn.project %s "uz" : f32 -> f32
  %g = minrnn.sigmoid %kg : f32
  %j = math.tanh %kj : f32
  %sn = minrnn.lerp %j, %s, %g : f32
  %kf = arith.addf %wf, %uf : f32
  %ki = arith.addf %wi, %ui : f32
  %ko = arith.addf %wo, %uo : f32
  %kz = arith.addf %wz, %uz : f32
  %f = minrnn.sigmoid %kf : f32
  %i = minrnn.sigmoid %ki : f32
  %o = minrnn.sigmoid %ko : f32
  %z = math.tanh %kz : f32
  %keep = arith.mulf %f, %c : f32
  %take = arith.mulf %i, %z : f32
  %cn = arith.addf %keep, %take : f32
  %y = arith.mulf %o, %cn : f32
  minrnn.output %y : f32
  minrnn.yield %sn, %cn : f32, f32
}
