// RUN: minrnnc %s --explain 2>&1 | FileCheck %s
// CHECK: remark: this makes the cell sequential
// CHECK-NEXT: = minrnn.project %c "
// CHECK: cell janet: sequential (channels mix)
// CHECK-NEXT: because 'minrnn.project' projects a value that depends on the state
//
// JANET, the LSTM with a forget gate alone (van der Westhuizen and Lasenby, "The Unreasonable
// Effectiveness of the Forget Gate", 2018).
//
//   s  = W_f x + U_f c + b_f
//   c' = sigmoid(s) c + (1 - sigmoid(s - beta)) tanh(W_c x + U_c c + b_c),   beta = 1
minrnn.cell @janet(%x: !minrnn.input) state(%c: f32) {
  %wf = minrnn.project %x "wf" : f32
  %wc = minrnn.project %x "wc" : f32
  %uf = minrnn.project %c "uf" : f32 -> f32
  %uc = minrnn.project %c "uc" : f32 -> f32
  %beta = arith.constant 1.0 : f32
  %one = arith.constant 1.0 : f32
  %s = arith.addf %wf, %uf : f32
  %kc = arith.addf %wc, %uc : f32
  %f = minrnn.sigmoid %s : f32
  %g = math.tanh %kc : f32
  %late = arith.subf %s, %beta : f32
  %j = minrnn.sigmoid %late : f32
  %i = arith.subf %one, %j : f32
  %keep = arith.mulf %f, %c : f32
  %take = arith.mulf %i, %g : f32
  %next = arith.addf %keep, %take : f32
  minrnn.yield %next : f32
}
