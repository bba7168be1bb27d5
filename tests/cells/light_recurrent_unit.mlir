// RUN: minrnnc %s --explain 2>&1 | FileCheck %s
// CHECK: remark: this makes the cell sequential
// CHECK-NEXT: = minrnn.project %h "
// CHECK: cell light_recurrent_unit: sequential (channels mix)
// CHECK-NEXT: because 'minrnn.project' projects a value that depends on the state
//
// Light recurrent unit (Ye et al. 2024): one gate, and a candidate of the input alone.
//
//   f  = sigmoid(W_f x + U_f h + b_f)
//   h' = (1 - f) h + f tanh(W_h x)
minrnn.cell @light_recurrent_unit(%x: !minrnn.input) state(%h: f32) {
  %wf = minrnn.project %x "wf" : f32
  %wh = minrnn.project %x "wh" : f32
  %uf = minrnn.project %h "uf" : f32 -> f32
  %kf = arith.addf %wf, %uf : f32
  %f = minrnn.sigmoid %kf : f32
  %g = math.tanh %wh : f32
  %next = minrnn.lerp %h, %g, %f : f32
  minrnn.yield %next : f32
}
