// RUN: minrnnc %s --explain 2>&1 | FileCheck %s
// CHECK: remark: this makes the cell sequential
// CHECK-NEXT: = minrnn.project %h "
// CHECK: cell lstm_fgr: sequential (channels mix)
// CHECK-NEXT: because 'minrnn.project' projects a value that depends on the state
//
// LSTM with full gate recurrence (Hochreiter and Schmidhuber 1997; FGR of Greff et al., "LSTM: A
// Search Space Odyssey", 2016): every gate sees all gates of the step before.
//
//   i' = sigmoid(W_i x + U_i h + R_ii i + R_fi f + R_oi o)      f', o' likewise
//   c' = f' c + i' tanh(W_g x + U_g h)
//   h' = o' tanh(c')
minrnn.cell @lstm_fgr(%x: !minrnn.input) state(%h: f32, %c: f32, %i: f32, %f: f32, %o: f32) {
  %wi = minrnn.project %x "wi" : f32
  %wf = minrnn.project %x "wf" : f32
  %wg = minrnn.project %x "wg" : f32
  %wo = minrnn.project %x "wo" : f32
  %ui = minrnn.project %h "ui" : f32 -> f32
  %uf = minrnn.project %h "uf" : f32 -> f32
  %ug = minrnn.project %h "ug" : f32 -> f32
  %uo = minrnn.project %h "uo" : f32 -> f32
  %rii = minrnn.project %i "r_ii" : f32 -> f32
  %rif = minrnn.project %i "r_if" : f32 -> f32
  %rio = minrnn.project %i "r_io" : f32 -> f32
  %rfi = minrnn.project %f "r_fi" : f32 -> f32
  %rff = minrnn.project %f "r_ff" : f32 -> f32
  %rfo = minrnn.project %f "r_fo" : f32 -> f32
  %roi = minrnn.project %o "r_oi" : f32 -> f32
  %rof = minrnn.project %o "r_of" : f32 -> f32
  %roo = minrnn.project %o "r_oo" : f32 -> f32
  %ki0 = arith.addf %wi, %ui : f32
  %ki1 = arith.addf %ki0, %rii : f32
  %ki2 = arith.addf %ki1, %rfi : f32
  %ki = arith.addf %ki2, %roi : f32
  %kf0 = arith.addf %wf, %uf : f32
  %kf1 = arith.addf %kf0, %rif : f32
  %kf2 = arith.addf %kf1, %rff : f32
  %kf = arith.addf %kf2, %rof : f32
  %ko0 = arith.addf %wo, %uo : f32
  %ko1 = arith.addf %ko0, %rio : f32
  %ko2 = arith.addf %ko1, %rfo : f32
  %ko = arith.addf %ko2, %roo : f32
  %kg = arith.addf %wg, %ug : f32
  %in = minrnn.sigmoid %ki : f32
  %fn = minrnn.sigmoid %kf : f32
  %on = minrnn.sigmoid %ko : f32
  %g = math.tanh %kg : f32
  %keep = arith.mulf %fn, %c : f32
  %take = arith.mulf %in, %g : f32
  %cn = arith.addf %keep, %take : f32
  %squashed = math.tanh %cn : f32
  %hn = arith.mulf %on, %squashed : f32
  minrnn.yield %hn, %cn, %in, %fn, %on : f32, f32, f32, f32, f32
}
