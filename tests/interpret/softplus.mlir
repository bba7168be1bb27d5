// log(1 + exp k), which does not overflow.
// RUN: minrnn-interpret %s --gradients x.k=0,1000,-1000 | FileCheck %s --match-full-lines
// CHECK: y = 0.6931471805599453, 1000, 0
// CHECK: d h / d x.k = 0.5, 1, 0

minrnn.cell @softplus(%x: !minrnn.input) state(%h: f32) {
  %k = minrnn.project %x "k" : f32
  %v = minrnn.softplus %k : f32
  %next = arith.addf %h, %v : f32
  minrnn.output %v : f32
  minrnn.yield %next : f32
}
