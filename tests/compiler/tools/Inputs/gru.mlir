// The paper's GRU, whose candidate reads U (r h): a second product in the step.
minrnn.cell @gru(%x: !minrnn.input) state(%h: f32) {
  %kr = minrnn.project %x "r" : f32
  %kz = minrnn.project %x "z" : f32
  %kn = minrnn.project %x "n" : f32
  %r = minrnn.sigmoid %kr : f32
  %z = minrnn.sigmoid %kz : f32
  %rh = arith.mulf %r, %h : f32
  %u = minrnn.project %rh "u" : f32 -> f32
  %s = arith.addf %kn, %u : f32
  %g = math.tanh %s : f32
  %n = minrnn.lerp %h, %g, %z : f32
  minrnn.yield %n : f32
}
