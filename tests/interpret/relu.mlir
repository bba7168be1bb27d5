// A maximum with a constant: at equal operands the constant gets it all.
// RUN: minrnn-interpret %s --gradients x.k=-1,0,2 | FileCheck %s --match-full-lines
// CHECK: y = 0, 0, 2
// CHECK: d h / d x.k = 0, 0, 1

minrnn.cell @relu(%x: !minrnn.input) state(%h: f32) {
  %k = minrnn.project %x "k" : f32
  %zero = arith.constant 0.0 : f32
  %v = arith.maximumf %k, %zero : f32
  %next = arith.addf %h, %v : f32
  minrnn.output %v : f32
  minrnn.yield %next : f32
}
