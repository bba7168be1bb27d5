// Minimal gated unit ("Minimal Gated Unit for Recurrent Neural Networks", Zhou et al. 2016): a GRU
// whose one gate f is both the reset and the update gate.
//
//   f  = sigmoid(W_if x + W_hf h)
//   n  = tanh(W_in x + W_hn (f h))
//   h' = (1 - f) h + f n
//
// W_hn waits for the gate, and so for the product of W_hf: two matrix products a step, one behind the
// other. cuDNN's GRU has the gate after the product, f (W_hn h), for which one is enough.
minrnn.cell @mgu(%x: !minrnn.input) state(%h: f32) {
  %if = minrnn.project %x "if" : f32
  %in = minrnn.project %x "in" : f32
  %hf = minrnn.project %h "hf" : f32 -> f32
  %kf = arith.addf %if, %hf : f32
  %f = minrnn.sigmoid %kf : f32
  %kept = arith.mulf %f, %h : f32
  %hn = minrnn.project %kept "hn" : f32 -> f32
  %kn = arith.addf %in, %hn : f32
  %n = math.tanh %kn : f32
  %next = minrnn.lerp %h, %n, %f : f32 // (1 - f) h + f n
  minrnn.yield %next : f32
}
