// exp k, which overflows.
// RUN: minrnn-interpret %s --gradients x.k=0,1,-inf,1000 | FileCheck %s --match-full-lines
// CHECK: y = 1, 2.718281828459045, 0, inf
// CHECK: d h / d x.k = 1, 2.718281828459045, 0, inf

minrnn.cell @exp(%x: !minrnn.input) state(%h: f32) {
  %k = minrnn.project %x "k" : f32
  %v = math.exp %k : f32
  %next = arith.addf %h, %v : f32
  minrnn.output %v : f32
  minrnn.yield %next : f32
}
