// RUN: minrnnc %s --explain 2>&1 | FileCheck %s
// CHECK: remark: this makes the cell sequential
// CHECK-NEXT: = minrnn.project %h "
// CHECK: cell fastrnn: sequential (channels mix)
// CHECK-NEXT: because 'minrnn.project' projects a value that depends on the state
//
// FastRNN (Kusupati et al., "FastGRNN: A Fast, Accurate, Stable and Tiny Kilobyte Sized Gated
// Recurrent Neural Network", 2018): a residual step with two learned weights.
//
//   h' = sigmoid(alpha) tanh(W x + U h + b) + sigmoid(beta) h
minrnn.cell @fastrnn(%x: !minrnn.input) state(%h: f32) {
  %w = minrnn.project %x "w" : f32
  %u = minrnn.project %h "u" : f32 -> f32
  %palpha = minrnn.parameter "alpha" : f32
  %pbeta = minrnn.parameter "beta" : f32
  %alpha = minrnn.sigmoid %palpha : f32
  %beta = minrnn.sigmoid %pbeta : f32
  %k = arith.addf %w, %u : f32
  %g = math.tanh %k : f32
  %take = arith.mulf %alpha, %g : f32
  %keep = arith.mulf %beta, %h : f32
  %next = arith.addf %take, %keep : f32
  minrnn.yield %next : f32
}
