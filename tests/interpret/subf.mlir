// a - b.
// RUN: minrnn-interpret %s --gradients x.a=1,inf x.b=2,1 | FileCheck %s --match-full-lines
// CHECK: y = -1, inf
// CHECK: d h / d x.a = 1, 1
// CHECK: d h / d x.b = -1, -1

minrnn.cell @subf(%x: !minrnn.input) state(%h: f32) {
  %a = minrnn.project %x "a" : f32
  %b = minrnn.project %x "b" : f32
  %v = arith.subf %a, %b : f32
  %next = arith.addf %h, %v : f32
  minrnn.output %v : f32
  minrnn.yield %next : f32
}
