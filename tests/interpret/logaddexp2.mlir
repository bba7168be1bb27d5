// log2(2^a + 2^b), also of the logarithm of zero.
// RUN: minrnn-interpret %s --gradients x.a=3,5 x.b=3,-inf | FileCheck %s --match-full-lines
// CHECK: y = 4, 5
// CHECK: d h / d x.a = 0.5, 1
// CHECK: d h / d x.b = 0.5, 0
//
// Of two equal infinities it is that infinity.
// RUN: minrnn-interpret %s x.a=inf,-inf,inf x.b=inf,-inf,-inf | FileCheck %s --match-full-lines --check-prefix=INFINITE
// INFINITE: y = inf, -inf, inf

minrnn.cell @logaddexp2(%x: !minrnn.input) state(%h: f32) {
  %a = minrnn.project %x "a" : f32
  %b = minrnn.project %x "b" : f32
  %v = minrnn.logaddexp2 %a, %b : f32
  %next = arith.addf %h, %v : f32
  minrnn.output %v : f32
  minrnn.yield %next : f32
}
