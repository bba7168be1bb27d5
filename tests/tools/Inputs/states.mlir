// A fast and a slow state, and what differs between them.
minrnn.cell @states(%x: !minrnn.input) state(%fast: f32, %slow: f32) {
  %k = minrnn.project %x "z" : f32
  %v = minrnn.project %x "h" : f32
  %z = minrnn.sigmoid %k : f32
  %g = minrnn.positive %v : f32
  %d = minrnn.parameter "decay" : f32
  %e = minrnn.sigmoid %d : f32
  %n = minrnn.lerp %fast, %g, %z : f32
  %m = minrnn.lerp %slow, %g, %e : f32
  %y = arith.subf %n, %m : f32
  minrnn.output %y : f32
  minrnn.yield %n, %m : f32, f32
}
