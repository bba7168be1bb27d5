// A coefficient whose interval is known only after it is mended: between the two
// factors, not between 0 and 1.
minrnn.cell @mean(%x: !minrnn.input) state(%h: f32) {
  %quarter = arith.constant 0.25 : f32
  %most = arith.constant 0.75 : f32
  %k = minrnn.project %x "z" : f32
  %v = minrnn.project %x "v" : f32
  %z = minrnn.sigmoid %k : f32
  %low = arith.mulf %quarter, %h : f32
  %high = arith.mulf %most, %h : f32
  %kept = minrnn.lerp %low, %high, %z : f32
  %b = minrnn.sigmoid %v : f32
  %n = arith.addf %kept, %b : f32
  minrnn.yield %n : f32
}
