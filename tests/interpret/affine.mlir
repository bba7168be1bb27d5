// A step proven affine is its formula.
// RUN: minrnn-interpret %s --gradients h=2 x.a=0.5,0.25 x.b=1,8 \
// RUN:   | FileCheck %s --match-full-lines
// CHECK: h = 2, 8.5
// CHECK: d h / d h = 0.125
// CHECK: d h / d x.a = 0.5, 2
// CHECK: d h / d x.b = 0.25, 1

minrnn.cell @affine(%x: !minrnn.input) state(%h: f32) {
  %a = minrnn.project %x "a" : f32
  %b = minrnn.project %x "b" : f32
  %next = minrnn.affine %a * %h + %b in (-inf, inf), (-inf, inf) : f32
  minrnn.yield %next : f32
}
