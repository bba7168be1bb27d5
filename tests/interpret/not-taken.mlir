// What a select does not take sends nothing back, even where it is infinite.
// RUN: minrnn-interpret %s --gradients x.k=0,2 | FileCheck %s --match-full-lines
// CHECK: y = 0, 0.5
// CHECK: d h / d x.k = 0, -0.25

minrnn.cell @not_taken(%x: !minrnn.input) state(%h: f32) {
  %k = minrnn.project %x "k" : f32
  %zero = arith.constant 0.0 : f32
  %one = arith.constant 1.0 : f32
  %isZero = arith.cmpf oeq, %k, %zero : f32
  %inverse = arith.divf %one, %k : f32
  %v = arith.select %isZero, %zero, %inverse : f32
  %next = arith.addf %h, %v : f32
  minrnn.output %v : f32
  minrnn.yield %next : f32
}
