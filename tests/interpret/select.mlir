// The one that the condition takes, and gets all of the gradient; the condition gets none.
// RUN: minrnn-interpret %s --gradients x.a=1,2,nan x.b=2,2,5 | FileCheck %s --match-full-lines
// CHECK: y = 1, 2, 5
// CHECK: d h / d x.a = 1, 0, 0
// CHECK: d h / d x.b = 0, 1, 1

minrnn.cell @select(%x: !minrnn.input) state(%h: f32) {
  %a = minrnn.project %x "a" : f32
  %b = minrnn.project %x "b" : f32
  %less = arith.cmpf olt, %a, %b : f32
  %v = arith.select %less, %a, %b : f32
  %next = arith.addf %h, %v : f32
  minrnn.output %v : f32
  minrnn.yield %next : f32
}
