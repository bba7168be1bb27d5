// The square root; its slope at 0 is infinite.
// RUN: minrnn-interpret %s --gradients x.k=4,0,0.25 | FileCheck %s --match-full-lines
// CHECK: y = 2, 0, 0.5
// CHECK: d h / d x.k = 0.25, inf, 1

minrnn.cell @sqrt(%x: !minrnn.input) state(%h: f32) {
  %k = minrnn.project %x "k" : f32
  %v = math.sqrt %k : f32
  %next = arith.addf %h, %v : f32
  minrnn.output %v : f32
  minrnn.yield %next : f32
}
