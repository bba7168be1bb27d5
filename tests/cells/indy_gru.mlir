// RUN: minrnnc %s --explain 2>&1 | FileCheck %s
// CHECK: remark: this makes the cell sequential
// CHECK-NEXT: %r = minrnn.sigmoid %kr
// CHECK: cell indy_gru: sequential (channels keep apart)
// CHECK-NEXT: because 'minrnn.sigmoid' is not an affine function of the state
//
// The GRU with diagonal recurrent weights (as IndyLSTM, Gonnet and Deselaers 2019), its reset gate
// before the weight as in Cho et al. 2014: u (r h) needs no product of matrices.
//
//   r  = sigmoid(W_r x + u_r h)      z = sigmoid(W_z x + u_z h)
//   h' = (1 - z) h + z tanh(W_n x + u_n (r h))
minrnn.cell @indy_gru(%x: !minrnn.input) state(%h: f32) {
  %wr = minrnn.project %x "wr" : f32
  %wz = minrnn.project %x "wz" : f32
  %wn = minrnn.project %x "wn" : f32
  %ur = minrnn.parameter "u_r" : f32
  %uz = minrnn.parameter "u_z" : f32
  %un = minrnn.parameter "u_n" : f32
  %hr = arith.mulf %ur, %h : f32
  %hz = arith.mulf %uz, %h : f32
  %kr = arith.addf %wr, %hr : f32
  %kz = arith.addf %wz, %hz : f32
  %r = minrnn.sigmoid %kr : f32
  %z = minrnn.sigmoid %kz : f32
  %gated = arith.mulf %r, %h : f32
  %hn = arith.mulf %un, %gated : f32
  %kn = arith.addf %wn, %hn : f32
  %n = math.tanh %kn : f32
  %next = minrnn.lerp %h, %n, %z : f32
  minrnn.yield %next : f32
}
