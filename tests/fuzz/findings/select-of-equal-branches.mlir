// A select whose two branches are one value once equal operations are one. It
// was sequential, and when printed and read again it was parallel.
minrnn.cell @c(%x: !minrnn.input) state(%h: f32) {
  %k = minrnn.project %x "k" : f32
  %a = minrnn.sigmoid %k : f32
  %b = minrnn.sigmoid %k : f32
  %c = arith.cmpf uno, %h, %k : f32
  %n = arith.select %c, %a, %b : f32
  minrnn.yield %n : f32
}
