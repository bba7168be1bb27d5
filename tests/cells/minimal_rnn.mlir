// RUN: minrnnc %s --explain 2>&1 | FileCheck %s
// CHECK: cell minimal_rnn: sequential (channels mix)
// CHECK: one kernel computes what is projected within the step, a product multiplies it by 1 matrix;
//
// MinimalRNN (Chen 2017): the input is mapped first, and the gate projects what it was mapped to.
//
//   z  = tanh(W x)
//   u  = sigmoid(U_h h + U_z z)
//   h' = u h + (1 - u) z
minrnn.cell @minimal_rnn(%x: !minrnn.input) state(%h: f32) {
  %kx = minrnn.project %x "w" : f32
  %z = math.tanh %kx : f32
  %uh = minrnn.project %h "uh" : f32 -> f32
  %uz = minrnn.project %z "uz" : f32 -> f32
  %k = arith.addf %uh, %uz : f32
  %u = minrnn.sigmoid %k : f32
  %next = minrnn.lerp %z, %h, %u : f32
  minrnn.yield %next : f32
}
