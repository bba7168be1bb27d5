//--- large.mlir
minrnn.cell @c(%x: !minrnn.input) state(%h: f32) {
  // 1.0e50 : f32 in a comment is no number, nor is one in a string:
  %a = arith.constant 1.0e39 : f32
  %k = minrnn.project %x "z" {note = "1.0e50 : f32"} : f32
  %b = arith.mulf %a, %k : f32
  minrnn.yield %b : f32
}
//--- generic.mlir
minrnn.cell @c(%x: !minrnn.input) state(%h: f32) {
  %k = minrnn.project %x "z" {a = 1.0e39 : f64} : f32
  %a = "arith.constant"() <{value = -3.5E+38 : f32}> : () -> f32
  minrnn.yield %a : f32
}
//--- small.mlir
minrnn.cell @c(%x: !minrnn.input) state(%h: f32) {
  %k = minrnn.project %x "z" : f32
  %a = arith.constant -0.0000000000000000000000000000000000000000000001 : f32
  %b = arith.addf %a, %k : f32
  minrnn.yield %b : f32
}
//--- held.mlir
minrnn.cell @c(%x: !minrnn.input) state(%h: f32) {
  %k = minrnn.project %x "z" : f32
  %zero = arith.constant 0.0e9 : f32
  %large = arith.constant 3.4028234e38 : f32
  %small = arith.constant 1.0e-45 : f32
  %infinity = arith.constant 0x7F800000 : f32
  %a = arith.minimumf %k, %large : f32
  %b = arith.maximumf %a, %small : f32
  %c = arith.mulf %b, %infinity : f32
  %d = arith.mulf %zero, %c : f32
  %e = arith.addf %c, %d : f32
  minrnn.yield %e : f32
}
//--- arrow.mlir
minrnn.cell @c(%x: !minrnn.input) state(%h: f32) {
  %k = minrnn.project %h "w" : f32
  minrnn.yield %k : f32
}
//--- block.mlir
minrnn.cell @c(%x: !minrnn.input) state(%h: f32) {
  %k = minrnn.project %x "z" : f32
  minrnn.yield %k : f32
^second:
  %v = minrnn.sigmoid %k : f32
  minrnn.yield %v : f32
}
//--- vector.mlir
minrnn.cell @c(%x: !minrnn.input) state(%h: f32) {
  %k = minrnn.project %x "z" : f32
  %z = minrnn.sigmoid %x : f32
  minrnn.yield %z : f32
}
//--- number.mlir
minrnn.cell @c(%x: !minrnn.input) state(%h: f32) {
  %v = minrnn.read %h : f32
  minrnn.yield %v : f32
}
