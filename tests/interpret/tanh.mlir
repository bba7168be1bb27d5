// tanh k, and its ends.
// RUN: minrnn-interpret %s --gradients x.k=0,inf,-inf | FileCheck %s --match-full-lines
// CHECK: y = 0, 1, -1
// CHECK: d h / d x.k = 1, 0, 0

minrnn.cell @tanh(%x: !minrnn.input) state(%h: f32) {
  %k = minrnn.project %x "k" : f32
  %v = math.tanh %k : f32
  %next = arith.addf %h, %v : f32
  minrnn.output %v : f32
  minrnn.yield %next : f32
}
