// RUN: minrnnc %s --explain 2>&1 | FileCheck %s
// CHECK: remark: this makes the cell sequential
// CHECK-NEXT: = minrnn.project %h "
// CHECK: cell lstm_cifg: sequential (channels mix)
// CHECK-NEXT: because 'minrnn.project' projects a value that depends on the state
//
// LSTM with coupled input and forget gate and without output activation: CIFG and NOAF of Greff et
// al., "LSTM: A Search Space Odyssey" (2016).
//
//   f  = sigmoid(W_f x + U_f h)      o = sigmoid(W_o x + U_o h)
//   c' = f c + (1 - f) tanh(W_g x + U_g h)
//   h' = o c'
minrnn.cell @lstm_cifg(%x: !minrnn.input) state(%h: f32, %c: f32) {
  %wf = minrnn.project %x "wf" : f32
  %wg = minrnn.project %x "wg" : f32
  %wo = minrnn.project %x "wo" : f32
  %uf = minrnn.project %h "uf" : f32 -> f32
  %ug = minrnn.project %h "ug" : f32 -> f32
  %uo = minrnn.project %h "uo" : f32 -> f32
  %kf = arith.addf %wf, %uf : f32
  %kg = arith.addf %wg, %ug : f32
  %ko = arith.addf %wo, %uo : f32
  %f = minrnn.sigmoid %kf : f32
  %g = math.tanh %kg : f32
  %o = minrnn.sigmoid %ko : f32
  %cn = minrnn.lerp %g, %c, %f : f32
  %hn = arith.mulf %o, %cn : f32
  minrnn.yield %hn, %cn : f32, f32
}
