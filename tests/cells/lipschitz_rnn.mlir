// RUN: minrnnc %s --explain 2>&1 | FileCheck %s
// CHECK: remark: this makes the cell sequential
// CHECK-NEXT: = minrnn.project %h "
// CHECK: cell lipschitz_rnn: sequential (channels mix)
// CHECK-NEXT: because 'minrnn.project' projects a value that depends on the state
//
// Lipschitz RNN (Erichson et al. 2021), a step of Euler's method. Its two structured matrices A and
// W are made outside.
//
//   h' = h + epsilon (A h + tanh(W h + U x + b)),   epsilon = 0.03
minrnn.cell @lipschitz_rnn(%x: !minrnn.input) state(%h: f32) {
  %u = minrnn.project %x "u" : f32
  %ah = minrnn.project %h "a" : f32 -> f32
  %wh = minrnn.project %h "w" : f32 -> f32
  %epsilon = arith.constant 0.03 : f32
  %k = arith.addf %wh, %u : f32
  %g = math.tanh %k : f32
  %sum = arith.addf %ah, %g : f32
  %change = arith.mulf %epsilon, %sum : f32
  %next = arith.addf %h, %change : f32
  minrnn.yield %next : f32
}
