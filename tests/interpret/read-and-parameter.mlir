// The input itself, and a parameter: p is one number for all steps.
// RUN: minrnn-interpret %s --gradients x=1,2 p=3 x.k=1 \
// RUN:   | FileCheck %s --match-full-lines
// CHECK: h = 4, 11
// CHECK: d h / d x = 3, 3
// CHECK: d h / d p = 3
// CHECK: d h / d x.k = 1, 1

minrnn.cell @read_and_parameter(%x: !minrnn.input) state(%h: f32) {
  %k = minrnn.project %x "k" : f32
  %p = minrnn.parameter "p" : f32
  %r = minrnn.read %x : f32
  %pr = arith.mulf %p, %r : f32
  %0 = arith.addf %pr, %k : f32
  %next = arith.addf %h, %0 : f32
  minrnn.yield %next : f32
}
