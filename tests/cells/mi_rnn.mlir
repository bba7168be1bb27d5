// RUN: minrnnc %s --explain 2>&1 | FileCheck %s
// CHECK: remark: this makes the cell sequential
// CHECK-NEXT: = minrnn.project %h "
// CHECK: cell mi_rnn: sequential (channels mix)
// CHECK-NEXT: because 'minrnn.project' projects a value that depends on the state
//
// Multiplicative integration (Wu et al., "On Multiplicative Integration with Recurrent Neural
// Networks", 2016): both products are meant without biases of their own.
//
//   h' = tanh(alpha (W x) (U h) + beta_1 (U h) + beta_2 (W x) + b)
minrnn.cell @mi_rnn(%x: !minrnn.input) state(%h: f32) {
  %w = minrnn.project %x "w" : f32
  %u = minrnn.project %h "u" : f32 -> f32
  %alpha = minrnn.parameter "alpha" : f32
  %beta1 = minrnn.parameter "beta_1" : f32
  %beta2 = minrnn.parameter "beta_2" : f32
  %b = minrnn.parameter "b" : f32
  %both = arith.mulf %w, %u : f32
  %scaled = arith.mulf %alpha, %both : f32
  %su = arith.mulf %beta1, %u : f32
  %sw = arith.mulf %beta2, %w : f32
  %k0 = arith.addf %scaled, %su : f32
  %k1 = arith.addf %k0, %sw : f32
  %k = arith.addf %k1, %b : f32
  %next = math.tanh %k : f32
  minrnn.yield %next : f32
}
