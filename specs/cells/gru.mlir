// GRU (Cho et al. 2014) as PyTorch and cuDNN compute it, gate order and both biases included: their
// weights carry over, split into three (weight_ih into ir, iz, in; weight_hh into hr, hz, hn).
//
//   r  = sigmoid(W_ir x + b_ir + W_hr h + b_hr)
//   z  = sigmoid(W_iz x + b_iz + W_hz h + b_hz)
//   n  = tanh(W_in x + b_in + r (W_hn h + b_hn))
//   h' = (1 - z) n + z h
//
// The reset gate r comes after the product with W_hn, not before it as in the paper, so that one
// matrix product a step is enough. z keeps the old state, where minGRU's lets the new one in.
minrnn.cell @gru(%x: !minrnn.input) state(%h: f32) {
  %ir = minrnn.project %x "ir" : f32
  %iz = minrnn.project %x "iz" : f32
  %in = minrnn.project %x "in" : f32
  %hr = minrnn.project %h "hr" : f32 -> f32
  %hz = minrnn.project %h "hz" : f32 -> f32
  %hn = minrnn.project %h "hn" : f32 -> f32
  %kr = arith.addf %ir, %hr : f32
  %kz = arith.addf %iz, %hz : f32
  %r = minrnn.sigmoid %kr : f32
  %z = minrnn.sigmoid %kz : f32
  %gated = arith.mulf %r, %hn : f32
  %kn = arith.addf %in, %gated : f32
  %n = math.tanh %kn : f32
  %next = minrnn.lerp %n, %h, %z : f32 // (1 - z) n + z h
  minrnn.yield %next : f32
}
