// RUN: minrnnc %s --explain 2>&1 | FileCheck %s
// CHECK: remark: this makes the cell sequential
// CHECK-NEXT: %o = minrnn.sigmoid %ko
// CHECK: cell indy_lstm: sequential (channels keep apart)
// CHECK-NEXT: because 'minrnn.sigmoid' is not an affine function of the state
//
// IndyLSTM (Gonnet and Deselaers, "IndyLSTMs: Independently Recurrent LSTMs", 2019): the LSTM with
// diagonal recurrent weights.
//
//   i, f, o = sigmoid(W x + u h + b)      g = tanh(W_g x + u_g h + b_g)
//   c' = f c + i g
//   h' = o tanh(c')
minrnn.cell @indy_lstm(%x: !minrnn.input) state(%h: f32, %c: f32) {
  %wi = minrnn.project %x "wi" : f32
  %wf = minrnn.project %x "wf" : f32
  %wg = minrnn.project %x "wg" : f32
  %wo = minrnn.project %x "wo" : f32
  %ui = minrnn.parameter "u_i" : f32
  %uf = minrnn.parameter "u_f" : f32
  %ug = minrnn.parameter "u_g" : f32
  %uo = minrnn.parameter "u_o" : f32
  %hi = arith.mulf %ui, %h : f32
  %hf = arith.mulf %uf, %h : f32
  %hg = arith.mulf %ug, %h : f32
  %ho = arith.mulf %uo, %h : f32
  %ki = arith.addf %wi, %hi : f32
  %kf = arith.addf %wf, %hf : f32
  %kg = arith.addf %wg, %hg : f32
  %ko = arith.addf %wo, %ho : f32
  %i = minrnn.sigmoid %ki : f32
  %f = minrnn.sigmoid %kf : f32
  %g = math.tanh %kg : f32
  %o = minrnn.sigmoid %ko : f32
  %keep = arith.mulf %f, %c : f32
  %take = arith.mulf %i, %g : f32
  %cn = arith.addf %keep, %take : f32
  %squashed = math.tanh %cn : f32
  %hn = arith.mulf %o, %squashed : f32
  minrnn.yield %hn, %cn : f32, f32
}
