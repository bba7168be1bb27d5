// RUN: minrnnc %s --explain 2>&1 | FileCheck %s
// CHECK: remark: this makes the cell sequential
// CHECK-NEXT: = minrnn.project %h "
// CHECK: cell ugrnn: sequential (channels mix)
// CHECK-NEXT: because 'minrnn.project' projects a value that depends on the state
//
// UGRNN, the update gate RNN (Collins et al., "Capacity and Trainability in Recurrent Neural
// Networks", 2017).
//
//   g  = sigmoid(W_g x + U_g h + b_g)
//   h' = g h + (1 - g) tanh(W_c x + U_c h + b_c)
minrnn.cell @ugrnn(%x: !minrnn.input) state(%h: f32) {
  %wg = minrnn.project %x "wg" : f32
  %wc = minrnn.project %x "wc" : f32
  %ug = minrnn.project %h "ug" : f32 -> f32
  %uc = minrnn.project %h "uc" : f32 -> f32
  %kg = arith.addf %wg, %ug : f32
  %kc = arith.addf %wc, %uc : f32
  %g = minrnn.sigmoid %kg : f32
  %c = math.tanh %kc : f32
  %next = minrnn.lerp %c, %h, %g : f32
  minrnn.yield %next : f32
}
