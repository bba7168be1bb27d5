// -k.
// RUN: minrnn-interpret %s --gradients x.k=3,-inf | FileCheck %s --match-full-lines
// CHECK: y = -3, inf
// CHECK: d h / d x.k = -1, -1

minrnn.cell @negf(%x: !minrnn.input) state(%h: f32) {
  %k = minrnn.project %x "k" : f32
  %v = arith.negf %k : f32
  %next = arith.addf %h, %v : f32
  minrnn.output %v : f32
  minrnn.yield %next : f32
}
