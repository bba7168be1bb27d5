// RUN: minrnnc %s --explain 2>&1 | FileCheck %s
// CHECK: remark: this makes the cell sequential
// CHECK-NEXT: = minrnn.project %h "
// CHECK: cell lstm_peephole: sequential (channels mix)
// CHECK-NEXT: because 'minrnn.project' projects a value that depends on the state
//
// LSTM with peepholes (Gers and Schmidhuber, "Recurrent Nets that Time and Count", 2000).
//
//   i  = sigmoid(W_i x + U_i h + p_i c)      f = sigmoid(W_f x + U_f h + p_f c)
//   c' = f c + i tanh(W_g x + U_g h)
//   o  = sigmoid(W_o x + U_o h + p_o c')
//   h' = o tanh(c')
minrnn.cell @lstm_peephole(%x: !minrnn.input) state(%h: f32, %c: f32) {
  %wi = minrnn.project %x "wi" : f32
  %wf = minrnn.project %x "wf" : f32
  %wg = minrnn.project %x "wg" : f32
  %wo = minrnn.project %x "wo" : f32
  %ui = minrnn.project %h "ui" : f32 -> f32
  %uf = minrnn.project %h "uf" : f32 -> f32
  %ug = minrnn.project %h "ug" : f32 -> f32
  %uo = minrnn.project %h "uo" : f32 -> f32
  %pi = minrnn.parameter "p_i" : f32
  %pf = minrnn.parameter "p_f" : f32
  %po = minrnn.parameter "p_o" : f32
  %peepi = arith.mulf %pi, %c : f32
  %peepf = arith.mulf %pf, %c : f32
  %ki0 = arith.addf %wi, %ui : f32
  %kf0 = arith.addf %wf, %uf : f32
  %ki = arith.addf %ki0, %peepi : f32
  %kf = arith.addf %kf0, %peepf : f32
  %kg = arith.addf %wg, %ug : f32
  %i = minrnn.sigmoid %ki : f32
  %f = minrnn.sigmoid %kf : f32
  %g = math.tanh %kg : f32
  %keep = arith.mulf %f, %c : f32
  %take = arith.mulf %i, %g : f32
  %cn = arith.addf %keep, %take : f32
  %peepo = arith.mulf %po, %cn : f32   // the output gate sees the new state
  %ko0 = arith.addf %wo, %uo : f32
  %ko = arith.addf %ko0, %peepo : f32
  %o = minrnn.sigmoid %ko : f32
  %squashed = math.tanh %cn : f32
  %hn = arith.mulf %o, %squashed : f32
  minrnn.yield %hn, %cn : f32, f32
}
