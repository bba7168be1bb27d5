// The smaller; of two equal operands the first gets all of the gradient.
// RUN: minrnn-interpret %s --gradients x.a=1,2,3 x.b=3,2,1 | FileCheck %s --match-full-lines
// CHECK: y = 1, 2, 1
// CHECK: d h / d x.a = 1, 1, 0
// CHECK: d h / d x.b = 0, 0, 1

minrnn.cell @minimumf(%x: !minrnn.input) state(%h: f32) {
  %a = minrnn.project %x "a" : f32
  %b = minrnn.project %x "b" : f32
  %v = arith.minimumf %a, %b : f32
  %next = arith.addf %h, %v : f32
  minrnn.output %v : f32
  minrnn.yield %next : f32
}
