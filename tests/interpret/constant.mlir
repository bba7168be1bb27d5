// A constant.
// RUN: minrnn-interpret %s --gradients x.k=1,-2 | FileCheck %s --match-full-lines
// CHECK: y = 3, -6
// CHECK: d h / d x.k = 3, 3

minrnn.cell @constant(%x: !minrnn.input) state(%h: f32) {
  %k = minrnn.project %x "k" : f32
  %c = arith.constant 3.0 : f32
  %v = arith.mulf %k, %c : f32
  %next = arith.addf %h, %v : f32
  minrnn.output %v : f32
  minrnn.yield %next : f32
}
