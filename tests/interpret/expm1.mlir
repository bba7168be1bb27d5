// exp k - 1, exact near 0.
// RUN: minrnn-interpret %s --gradients x.k=0,1e-20,-inf | FileCheck %s --match-full-lines
// CHECK: y = 0, 1e-20, -1
// CHECK: d h / d x.k = 1, 1, 0

minrnn.cell @expm1(%x: !minrnn.input) state(%h: f32) {
  %k = minrnn.project %x "k" : f32
  %v = math.expm1 %k : f32
  %next = arith.addf %h, %v : f32
  minrnn.output %v : f32
  minrnn.yield %next : f32
}
