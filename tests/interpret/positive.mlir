// k + 0.5 from 0 on, sigmoid(k) below; at the kink the slope is 1.
// RUN: minrnn-interpret %s --gradients x.k=0,2,-inf | FileCheck %s --match-full-lines
// CHECK: y = 0.5, 2.5, 0
// CHECK: d h / d x.k = 1, 1, 0

minrnn.cell @positive(%x: !minrnn.input) state(%h: f32) {
  %k = minrnn.project %x "k" : f32
  %v = minrnn.positive %k : f32
  %next = arith.addf %h, %v : f32
  minrnn.output %v : f32
  minrnn.yield %next : f32
}
