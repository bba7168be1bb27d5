// RUN: minrnnc %s --explain 2>&1 | FileCheck %s
// CHECK: remark: this makes the cell sequential
// CHECK-NEXT: = minrnn.project %h "
// CHECK: cell ran: sequential (channels mix)
// CHECK-NEXT: because 'minrnn.project' projects a value that depends on the state
//
// Recurrent additive network (Lee et al. 2017).
//
//   i  = sigmoid(W_i x + U_i h + b_i)      f = sigmoid(W_f x + U_f h + b_f)
//   c' = i (W_c x) + f c
//   h' = tanh(c')
minrnn.cell @ran(%x: !minrnn.input) state(%h: f32, %c: f32) {
  %wi = minrnn.project %x "wi" : f32
  %wf = minrnn.project %x "wf" : f32
  %v = minrnn.project %x "wc" : f32
  %ui = minrnn.project %h "ui" : f32 -> f32
  %uf = minrnn.project %h "uf" : f32 -> f32
  %ki = arith.addf %wi, %ui : f32
  %kf = arith.addf %wf, %uf : f32
  %i = minrnn.sigmoid %ki : f32
  %f = minrnn.sigmoid %kf : f32
  %take = arith.mulf %i, %v : f32
  %keep = arith.mulf %f, %c : f32
  %cn = arith.addf %take, %keep : f32
  %hn = math.tanh %cn : f32
  minrnn.yield %hn, %cn : f32, f32
}
