// RUN: minrnnc %s --explain 2>&1 | FileCheck %s
// CHECK: remark: this makes the cell sequential
// CHECK-NEXT: = minrnn.project %h "
// CHECK: cell cfc: sequential (channels mix)
// CHECK-NEXT: because 'minrnn.project' projects a value that depends on the state
//
// Closed-form continuous-time cell (Hasani et al., "Closed-form continuous-time neural networks",
// 2022), without a backbone and at steps of one unit of time.
//
//   h' = sigmoid(-f) g + (1 - sigmoid(-f)) k
//   f = W_f x + U_f h,  g = tanh(W_g x + U_g h),  k = tanh(W_k x + U_k h)
minrnn.cell @cfc(%x: !minrnn.input) state(%h: f32) {
  %wf = minrnn.project %x "wf" : f32
  %wg = minrnn.project %x "wg" : f32
  %wk = minrnn.project %x "wk" : f32
  %uf = minrnn.project %h "uf" : f32 -> f32
  %ug = minrnn.project %h "ug" : f32 -> f32
  %uk = minrnn.project %h "uk" : f32 -> f32
  %one = arith.constant 1.0 : f32
  %f = arith.addf %wf, %uf : f32
  %kg = arith.addf %wg, %ug : f32
  %kk = arith.addf %wk, %uk : f32
  %g = math.tanh %kg : f32
  %k = math.tanh %kk : f32
  %minus = arith.negf %f : f32
  %t = minrnn.sigmoid %minus : f32
  %rest = arith.subf %one, %t : f32
  %now = arith.mulf %t, %g : f32
  %late = arith.mulf %rest, %k : f32
  %next = arith.addf %now, %late : f32
  minrnn.yield %next : f32
}
