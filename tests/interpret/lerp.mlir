// (1 - w) a + w b, within [0, 1] and beyond.
// RUN: minrnn-interpret %s --gradients x.a=2 x.b=6 x.w=0.25,0,1,2 \
// RUN:   | FileCheck %s --match-full-lines
// CHECK: y = 3, 2, 6, 10
// CHECK: d h / d x.a = 0.75, 1, 0, -1
// CHECK: d h / d x.b = 0.25, 0, 1, 2
// CHECK: d h / d x.w = 4, 4, 4, 4

minrnn.cell @lerp(%x: !minrnn.input) state(%h: f32) {
  %a = minrnn.project %x "a" : f32
  %b = minrnn.project %x "b" : f32
  %w = minrnn.project %x "w" : f32
  %v = minrnn.lerp %a, %b, %w : f32
  %next = arith.addf %h, %v : f32
  minrnn.output %v : f32
  minrnn.yield %next : f32
}
