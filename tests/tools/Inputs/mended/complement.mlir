// The complement of a gate between 1/4 and 3/4.
minrnn.cell @complement(%x: !minrnn.input) state(%h: f32) {
  %one = arith.constant 1.0 : f32
  %half = arith.constant 0.5 : f32
  %quarter = arith.constant 0.25 : f32
  %k = minrnn.project %x "z" : f32
  %z = minrnn.sigmoid %k : f32
  %y = arith.subf %one, %z : f32
  %p = arith.mulf %z, %quarter : f32
  %q = arith.mulf %y, %half : f32
  %w = arith.addf %p, %q : f32
  %n = minrnn.lerp %h, %z, %w : f32
  minrnn.yield %n : f32
}
