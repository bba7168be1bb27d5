// A recurrence that counts: the coefficient of the state may be negative, so that
// a step can turn the state over, as parity needs it (Grazzini et al. 2024,
// "Unlocking State-Tracking in Linear RNNs Through Negative Eigenvalues"). The
// gates of minGRU and minLSTM lie between 0 and 1, and cannot.
//
//   h' = tanh(W_a x) h + W_b x
minrnn.cell @signed_gate(%x: !minrnn.input) state(%h: f32) {
  %k = minrnn.project %x "a" : f32
  %b = minrnn.project %x "b" : f32
  %a = math.tanh %k : f32
  %kept = arith.mulf %a, %h : f32
  %n = arith.addf %kept, %b : f32
  minrnn.yield %n : f32
}
