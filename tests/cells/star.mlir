// RUN: minrnnc %s --explain 2>&1 | FileCheck %s
// CHECK: remark: this makes the cell sequential
// CHECK-NEXT: = minrnn.project %h "
// CHECK: cell star: sequential (channels mix)
// CHECK-NEXT: because 'minrnn.project' projects a value that depends on the state
//
// STAR, the stackable recurrent cell (Turkoglu et al., "Gating Revisited: Deep Multi-layer RNNs
// That Can Be Trained", 2019).
//
//   k  = sigmoid(W_k x + U_k h + b_k)
//   h' = tanh((1 - k) h + k tanh(W_z x + b_z))
minrnn.cell @star(%x: !minrnn.input) state(%h: f32) {
  %wk = minrnn.project %x "wk" : f32
  %wz = minrnn.project %x "wz" : f32
  %uk = minrnn.project %h "uk" : f32 -> f32
  %kk = arith.addf %wk, %uk : f32
  %k = minrnn.sigmoid %kk : f32
  %z = math.tanh %wz : f32
  %mixed = minrnn.lerp %h, %z, %k : f32
  %next = math.tanh %mixed : f32
  minrnn.yield %next : f32
}
