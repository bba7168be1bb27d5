// minGRU ("Were RNNs All We Needed?", Feng et al. 2024), section 3.1.
//
//   z  = sigmoid(W_z x)
//   h' = (1 - z) h + z g(W_h x)
minrnn.cell @mingru(%x: !minrnn.input) state(%h: f32) {
  %k = minrnn.project %x "z" : f32     // a learned linear map of the whole input vector (+ bias)
  %v = minrnn.project %x "h" : f32
  %z = minrnn.sigmoid %k : f32
  %g = minrnn.positive %v : f32        // x + 0.5 for x >= 0, sigmoid(x) otherwise
  %n = minrnn.lerp %h, %g, %z : f32    // (1 - z) h + z g
  minrnn.yield %n : f32
}
