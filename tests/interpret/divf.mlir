// a / b.
// RUN: minrnn-interpret %s --gradients x.a=8,-1 x.b=4,2 | FileCheck %s --match-full-lines
// CHECK: y = 2, -0.5
// CHECK: d h / d x.a = 0.25, 0.5
// CHECK: d h / d x.b = -0.5, 0.25

minrnn.cell @divf(%x: !minrnn.input) state(%h: f32) {
  %a = minrnn.project %x "a" : f32
  %b = minrnn.project %x "b" : f32
  %v = arith.divf %a, %b : f32
  %next = arith.addf %h, %v : f32
  minrnn.output %v : f32
  minrnn.yield %next : f32
}
