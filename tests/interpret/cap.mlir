// A minimum with a constant: at equal operands the constant gets it all.
// RUN: minrnn-interpret %s --gradients x.k=0.5,1,2 | FileCheck %s --match-full-lines
// CHECK: y = 0.5, 1, 1
// CHECK: d h / d x.k = 1, 0, 0

minrnn.cell @cap(%x: !minrnn.input) state(%h: f32) {
  %k = minrnn.project %x "k" : f32
  %one = arith.constant 1.0 : f32
  %v = arith.minimumf %k, %one : f32
  %next = arith.addf %h, %v : f32
  minrnn.output %v : f32
  minrnn.yield %next : f32
}
