// RUN: minrnnc %s --explain 2>&1 | FileCheck %s
// CHECK: remark: this makes the cell sequential
// CHECK-NEXT: %i = minrnn.sigmoid %ki
// CHECK: cell lrn: sequential (channels keep apart)
// CHECK-NEXT: because 'minrnn.sigmoid' is not an affine function of the state
//
// Lightweight recurrent network (Zhang and Sennrich 2019): no matrix is multiplied by the state.
//
//   q, k, v = W_q x, W_k x, W_v x
//   h' = tanh(sigmoid(k + h) v + sigmoid(q - h) h)
minrnn.cell @lrn(%x: !minrnn.input) state(%h: f32) {
  %q = minrnn.project %x "q" : f32
  %k = minrnn.project %x "k" : f32
  %v = minrnn.project %x "v" : f32
  %ki = arith.addf %k, %h : f32
  %kf = arith.subf %q, %h : f32
  %i = minrnn.sigmoid %ki : f32
  %f = minrnn.sigmoid %kf : f32
  %take = arith.mulf %i, %v : f32
  %keep = arith.mulf %f, %h : f32
  %sum = arith.addf %take, %keep : f32
  %next = math.tanh %sum : f32
  minrnn.yield %next : f32
}
