// Gates of two states, a parameter, an input that is read, and an output of its
// own:
//
//   a = sigmoid(W_a x + U_pc c),  b = tanh(W_b x + U_ph h)
//   c' = a c + (1 - a) b,         h' = tanh(U_qc c + u h),  y = h' c' + x a
minrnn.cell @tangle(%x: !minrnn.input) state(%c: f32, %h: f32) {
  %ka = minrnn.project %x "a" : f32
  %kb = minrnn.project %x "b" : f32
  %pc = minrnn.project %c "pc" : f32 -> f32
  %ph = minrnn.project %h "ph" : f32 -> f32
  %qc = minrnn.project %c "qc" : f32 -> f32
  %u = minrnn.parameter "u" : f32
  %v = minrnn.read %x : f32
  %sa = arith.addf %ka, %pc : f32
  %a = minrnn.sigmoid %sa : f32
  %sb = arith.addf %kb, %ph : f32
  %b = math.tanh %sb : f32
  %cn = minrnn.lerp %b, %c, %a : f32 // (1 - a) b + a c
  %uh = arith.mulf %u, %h : f32
  %sh = arith.addf %qc, %uh : f32
  %hn = math.tanh %sh : f32
  %hc = arith.mulf %hn, %cn : f32
  %va = arith.mulf %v, %a : f32
  %y = arith.addf %hc, %va : f32
  minrnn.output %y : f32
  minrnn.yield %cn, %hn : f32, f32
}
