// minLSTM ("Were RNNs All We Needed?", Feng et al. 2024), section 3.2: length-independent, so the
// two gates are normalised to a sum of one. It has no output gate and no cell state.
//
//   f = sigmoid(W_f x), i = sigmoid(W_i x), f' = f / (f + i), i' = i / (f + i)
//   h' = f' h + i' g(W_h x)
minrnn.cell @minlstm(%x: !minrnn.input) state(%h: f32) {
  %kf = minrnn.project %x "f" : f32
  %ki = minrnn.project %x "i" : f32
  %v = minrnn.project %x "h" : f32
  %f = minrnn.sigmoid %kf : f32
  %i = minrnn.sigmoid %ki : f32
  %g = minrnn.positive %v : f32
  %sum = arith.addf %f, %i : f32
  %fn = arith.divf %f, %sum : f32
  %in = arith.divf %i, %sum : f32
  %keep = arith.mulf %fn, %h : f32
  %take = arith.mulf %in, %g : f32
  %n = arith.addf %keep, %take : f32
  minrnn.yield %n : f32
}
