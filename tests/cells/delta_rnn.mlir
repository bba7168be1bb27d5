// RUN: minrnnc %s --explain 2>&1 | FileCheck %s
// CHECK: remark: this makes the cell sequential
// CHECK-NEXT: = minrnn.project %h "
// CHECK: cell delta_rnn: sequential (channels mix)
// CHECK-NEXT: because 'minrnn.project' projects a value that depends on the state
//
// Delta-RNN (Ororbia et al., "Learning Simpler Language Models with the Differential State
// Framework", 2017): gate and candidate share W x.
//
//   z  = tanh(alpha (V h) (W x) + beta_1 (V h) + beta_2 (W x) + b)
//   r  = sigmoid(W x + b_r)
//   h' = tanh((1 - r) z + r h)
minrnn.cell @delta_rnn(%x: !minrnn.input) state(%h: f32) {
  %w = minrnn.project %x "w" : f32
  %v = minrnn.project %h "v" : f32 -> f32
  %alpha = minrnn.parameter "alpha" : f32
  %beta1 = minrnn.parameter "beta_1" : f32
  %beta2 = minrnn.parameter "beta_2" : f32
  %b = minrnn.parameter "b" : f32
  %br = minrnn.parameter "b_r" : f32
  %both = arith.mulf %v, %w : f32
  %d1 = arith.mulf %alpha, %both : f32
  %sv = arith.mulf %beta1, %v : f32
  %sw = arith.mulf %beta2, %w : f32
  %d2 = arith.addf %sv, %sw : f32
  %k0 = arith.addf %d1, %d2 : f32
  %k = arith.addf %k0, %b : f32
  %z = math.tanh %k : f32
  %kr = arith.addf %w, %br : f32
  %r = minrnn.sigmoid %kr : f32
  %mixed = minrnn.lerp %z, %h, %r : f32
  %next = math.tanh %mixed : f32
  minrnn.yield %next : f32
}
