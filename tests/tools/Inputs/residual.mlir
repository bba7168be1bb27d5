minrnn.cell @residual(%x: !minrnn.input) state(%h: f32) {
  %k = minrnn.project %x "z" : f32
  %v = minrnn.project %x "h" : f32
  %z = minrnn.sigmoid %k : f32
  %g = minrnn.positive %v : f32
  %d = DIFFERENCE : f32
  %zd = arith.mulf %z, %d : f32
  %n = SUM %h, %zd : f32
  minrnn.yield %n : f32
}
