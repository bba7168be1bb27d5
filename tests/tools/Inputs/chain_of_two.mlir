// A projection (u) that waits for another (v) that waits for the gates.
minrnn.cell @deep(%x: !minrnn.input) state(%h: f32) {
  %kr = minrnn.project %x "r" : f32
  %ur = minrnn.project %h "hr" : f32 -> f32
  %sr = arith.addf %kr, %ur : f32
  %r = minrnn.sigmoid %sr : f32
  %rh = arith.mulf %r, %h : f32
  %v = minrnn.project %rh "v" : f32 -> f32
  %t = math.tanh %v : f32
  %u = minrnn.project %t "u" : f32 -> f32
  %n = math.tanh %u : f32
  minrnn.yield %n : f32
}
