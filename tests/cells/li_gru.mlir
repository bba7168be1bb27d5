// RUN: minrnnc %s --explain 2>&1 | FileCheck %s
// CHECK: remark: this makes the cell sequential
// CHECK-NEXT: = minrnn.project %h "
// CHECK: cell li_gru: sequential (channels mix)
// CHECK-NEXT: because 'minrnn.project' projects a value that depends on the state
//
// Li-GRU (Ravanelli et al., "Light Gated Recurrent Units for Speech Recognition", 2018), without
// its batch normalisation.
//
//   z  = sigmoid(W_z x + U_z h)
//   h' = z h + (1 - z) relu(W_h x + U_h h)
minrnn.cell @li_gru(%x: !minrnn.input) state(%h: f32) {
  %wz = minrnn.project %x "wz" : f32
  %wh = minrnn.project %x "wh" : f32
  %uz = minrnn.project %h "uz" : f32 -> f32
  %uh = minrnn.project %h "uh" : f32 -> f32
  %zero = arith.constant 0.0 : f32
  %kz = arith.addf %wz, %uz : f32
  %kh = arith.addf %wh, %uh : f32
  %z = minrnn.sigmoid %kz : f32
  %g = arith.maximumf %kh, %zero : f32
  %next = minrnn.lerp %g, %h, %z : f32
  minrnn.yield %next : f32
}
