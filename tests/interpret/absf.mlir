// |k|; at the kink the slope is 0.
// RUN: minrnn-interpret %s --gradients x.k=-3,0,2 | FileCheck %s --match-full-lines
// CHECK: y = 3, 0, 2
// CHECK: d h / d x.k = -1, 0, 1

minrnn.cell @absf(%x: !minrnn.input) state(%h: f32) {
  %k = minrnn.project %x "k" : f32
  %v = math.absf %k : f32
  %next = arith.addf %h, %v : f32
  minrnn.output %v : f32
  minrnn.yield %next : f32
}
