// log k; of 0 it is minus infinity, with an infinite slope.
// RUN: minrnn-interpret %s --gradients x.k=1,4,0 | FileCheck %s --match-full-lines
// CHECK: y = 0, 1.3862943611198906, -inf
// CHECK: d h / d x.k = 1, 0.25, inf

minrnn.cell @log(%x: !minrnn.input) state(%h: f32) {
  %k = minrnn.project %x "k" : f32
  %v = math.log %k : f32
  %next = arith.addf %h, %v : f32
  minrnn.output %v : f32
  minrnn.yield %next : f32
}
