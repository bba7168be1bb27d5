// a b.
// RUN: minrnn-interpret %s --gradients x.a=3,0 x.b=5,2 | FileCheck %s --match-full-lines
// CHECK: y = 15, 0
// CHECK: d h / d x.a = 5, 2
// CHECK: d h / d x.b = 3, 0

minrnn.cell @mulf(%x: !minrnn.input) state(%h: f32) {
  %a = minrnn.project %x "a" : f32
  %b = minrnn.project %x "b" : f32
  %v = arith.mulf %a, %b : f32
  %next = arith.addf %h, %v : f32
  minrnn.output %v : f32
  minrnn.yield %next : f32
}
