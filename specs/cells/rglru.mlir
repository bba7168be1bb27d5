// RG-LRU, the real-gated linear recurrent unit ("Griffin: Mixing Gated Linear Recurrences with Local
// Attention for Efficient Language Models", De et al. 2024), section 2.4 and appendix A.
//
//   r  = sigmoid(W_a x + b_a),  i = sigmoid(W_x x + b_x)
//   a  = exp(-8 softplus(Lambda) r)
//   h' = a h + sqrt(1 - a^2) (i x)
//
// sqrt(1 - a^2) is computed as sqrt(-expm1(2 log a)), which does not cancel where a is near one, and
// whose gradient has its limit where r underflows. Lambda has the sign of RecurrentGemma's code (a
// larger one forgets faster), where the paper writes a = sigmoid(Lambda)^(8 r). That code also takes
// the input unscaled, without sqrt(1 - a^2), at the first step of a document; here every step is
// alike.
minrnn.cell @rglru(%x: !minrnn.input) state(%h: f32) {
  %ka = minrnn.project %x "a" : f32
  %kx = minrnn.project %x "x" : f32
  %v = minrnn.read %x : f32
  %lambda = minrnn.parameter "lambda" : f32
  %r = minrnn.sigmoid %ka : f32
  %i = minrnn.sigmoid %kx : f32
  %minus8 = arith.constant -8.0 : f32
  %two = arith.constant 2.0 : f32
  %rate = minrnn.softplus %lambda : f32
  %fastest = arith.mulf %minus8, %rate : f32
  %u = arith.mulf %fastest, %r : f32         // log a
  %a = math.exp %u : f32
  %u2 = arith.mulf %two, %u : f32
  %lost = math.expm1 %u2 : f32               // a^2 - 1
  %gained = arith.negf %lost : f32
  %scale = math.sqrt %gained : f32
  %gated = arith.mulf %i, %v : f32
  %take = arith.mulf %scale, %gated : f32
  %keep = arith.mulf %a, %h : f32
  %next = arith.addf %keep, %take : f32
  minrnn.yield %next : f32
}
