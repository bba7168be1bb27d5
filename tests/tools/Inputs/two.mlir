minrnn.cell @first(%x: !minrnn.input) state(%h: f32) {
  %k = minrnn.project %x "z" : f32
  %n = arith.mulf %k, %h : f32
  minrnn.yield %n : f32
}
minrnn.cell @second(%x: !minrnn.input) state(%h: f32) {
  %k = minrnn.project %x "z" : f32
  %n = arith.addf %k, %h : f32
  minrnn.yield %n : f32
}
