// Gates of two states and of two values computed within the step, in no order of
// what they project:
//
//   a = sigmoid(W_a x + U_pc c),  b = tanh(W_b x + U_ph h)
//   v = a h,                      w = b c + u x
//   c' = a c + (1 - a) tanh(U_qa v + x)
//   h' = tanh(U_qb v + U_ra w + u h),  y = h' c' + sigmoid(U_sa v) b
minrnn.cell @knot(%x: !minrnn.input) state(%c: f32, %h: f32) {
  %ka = minrnn.project %x "a" : f32
  %kb = minrnn.project %x "b" : f32
  %u = minrnn.parameter "u" : f32
  %v = minrnn.read %x : f32
  %pc = minrnn.project %c "pc" : f32 -> f32
  %sa = arith.addf %ka, %pc : f32
  %a = minrnn.sigmoid %sa : f32
  %ah = arith.mulf %a, %h : f32
  %qa = minrnn.project %ah "qa" : f32 -> f32
  %qb = minrnn.project %ah "qb" : f32 -> f32
  %ph = minrnn.project %h "ph" : f32 -> f32
  %sb = arith.addf %kb, %ph : f32
  %b = math.tanh %sb : f32
  %bc = arith.mulf %b, %c : f32
  %uv = arith.mulf %u, %v : f32
  %mixed = arith.addf %bc, %uv : f32
  %ra = minrnn.project %mixed "ra" : f32 -> f32
  %sa2 = minrnn.project %ah "sa" : f32 -> f32
  %sq = arith.addf %qa, %v : f32
  %n = math.tanh %sq : f32
  %cn = minrnn.lerp %n, %c, %a : f32 // (1 - a) n + a c
  %uh = arith.mulf %u, %h : f32
  %sr = arith.addf %qb, %ra : f32
  %sh = arith.addf %sr, %uh : f32
  %hn = math.tanh %sh : f32
  %hc = arith.mulf %hn, %cn : f32
  %g = minrnn.sigmoid %sa2 : f32
  %gb = arith.mulf %g, %b : f32
  %y = arith.addf %hc, %gb : f32
  minrnn.output %y : f32
  minrnn.yield %cn, %hn : f32, f32
}
