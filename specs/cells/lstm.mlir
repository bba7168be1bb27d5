// LSTM (Hochreiter and Schmidhuber 1997, with the forget gate of Gers et al. 2000) as PyTorch and
// cuDNN compute it, gate order and both biases included: their weights carry over, split into four
// (weight_ih into ii, if, ig, io; weight_hh into hi, hf, hg, ho).
//
//   i = sigmoid(W_ii x + b_ii + W_hi h + b_hi)      f = sigmoid(W_if x + b_if + W_hf h + b_hf)
//   g = tanh(W_ig x + b_ig + W_hg h + b_hg)         o = sigmoid(W_io x + b_io + W_ho h + b_ho)
//   c' = f c + i g
//   h' = o tanh(c')
//
// No peepholes. A forget gate that starts open (b_if = 1 or more) helps training.
minrnn.cell @lstm(%x: !minrnn.input) state(%h: f32, %c: f32) {
  %ii = minrnn.project %x "ii" : f32
  %if = minrnn.project %x "if" : f32
  %ig = minrnn.project %x "ig" : f32
  %io = minrnn.project %x "io" : f32
  %hi = minrnn.project %h "hi" : f32 -> f32
  %hf = minrnn.project %h "hf" : f32 -> f32
  %hg = minrnn.project %h "hg" : f32 -> f32
  %ho = minrnn.project %h "ho" : f32 -> f32
  %ki = arith.addf %ii, %hi : f32
  %kf = arith.addf %if, %hf : f32
  %kg = arith.addf %ig, %hg : f32
  %ko = arith.addf %io, %ho : f32
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
