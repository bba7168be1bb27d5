// RUN: minrnnc %s --explain 2>&1 | FileCheck %s
// CHECK: cell multiplicative_lstm: sequential (channels mix)
// CHECK: one kernel computes what is projected within the step, a product multiplies it by 4 matrices;
//
// Multiplicative LSTM (Krause et al. 2016): the gates project m, which mixes state and input.
//
//   m  = (W_m x) (U_m h)
//   i, f, o = sigmoid(W x + U m),  g = W_g x + U_g m
//   c' = f c + i g,  h' = tanh(c' o)
minrnn.cell @multiplicative_lstm(%x: !minrnn.input) state(%h: f32, %c: f32) {
  %xm = minrnn.project %x "xm" : f32
  %xi = minrnn.project %x "xi" : f32
  %xf = minrnn.project %x "xf" : f32
  %xo = minrnn.project %x "xo" : f32
  %xg = minrnn.project %x "xg" : f32
  %hm = minrnn.project %h "hm" : f32 -> f32
  %m = arith.mulf %xm, %hm : f32
  %mi = minrnn.project %m "mi" : f32 -> f32
  %mf = minrnn.project %m "mf" : f32 -> f32
  %mo = minrnn.project %m "mo" : f32 -> f32
  %mg = minrnn.project %m "mg" : f32 -> f32
  %ki = arith.addf %xi, %mi : f32
  %kf = arith.addf %xf, %mf : f32
  %ko = arith.addf %xo, %mo : f32
  %g = arith.addf %xg, %mg : f32
  %i = minrnn.sigmoid %ki : f32
  %f = minrnn.sigmoid %kf : f32
  %o = minrnn.sigmoid %ko : f32
  %keep = arith.mulf %f, %c : f32
  %take = arith.mulf %i, %g : f32
  %cn = arith.addf %keep, %take : f32
  %co = arith.mulf %cn, %o : f32
  %hn = math.tanh %co : f32
  minrnn.yield %hn, %cn : f32, f32
}
