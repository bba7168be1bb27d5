// Minimal gated unit ("Minimal Gated Unit for Recurrent Neural Networks", Zhou et al. 2016): a GRU
// whose one gate f is both the reset and the update gate.
//
//   f  = sigmoid(W_if x + W_hf h)
//   n  = tanh(W_in x + f (W_hn h))
//   h' = (1 - f) h + f n
//
// The paper has W_hn (f h). Here the gate comes after the product, as in the GRU of cuDNN, so that
// one matrix product a step is enough: only a state itself can be projected. Weights trained in the
// paper's form do not carry over.
minrnn.cell @mgu(%x: !minrnn.input) state(%h: f32) {
  %if = minrnn.project %x "if" : f32
  %in = minrnn.project %x "in" : f32
  %hf = minrnn.project %h "hf" : f32 -> f32
  %hn = minrnn.project %h "hn" : f32 -> f32
  %kf = arith.addf %if, %hf : f32
  %f = minrnn.sigmoid %kf : f32
  %gated = arith.mulf %f, %hn : f32
  %kn = arith.addf %in, %gated : f32
  %n = math.tanh %kn : f32
  %next = minrnn.lerp %h, %n, %f : f32 // (1 - f) h + f n
  minrnn.yield %next : f32
}
