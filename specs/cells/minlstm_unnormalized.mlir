// minLSTM without the normalisation of its gates ("Were RNNs All We Needed?", Feng et al. 2024),
// as the public reference computes it unless asked otherwise.
//
//   h' = sigmoid(W_f x) h + sigmoid(W_i x) g(W_h x)
minrnn.cell @minlstm_unnormalized(%x: !minrnn.input) state(%h: f32) {
  %kf = minrnn.project %x "f" : f32
  %ki = minrnn.project %x "i" : f32
  %v = minrnn.project %x "h" : f32
  %f = minrnn.sigmoid %kf : f32
  %i = minrnn.sigmoid %ki : f32
  %g = minrnn.positive %v : f32
  %keep = arith.mulf %f, %h : f32
  %take = arith.mulf %i, %g : f32
  %n = arith.addf %keep, %take : f32
  minrnn.yield %n : f32
}
