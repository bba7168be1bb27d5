// RUN: minrnnc %s --explain 2>&1 | FileCheck %s
// CHECK: remark: this makes the cell sequential
// CHECK-NEXT: = minrnn.project %h "
// CHECK: cell antisymmetric_rnn: sequential (channels mix)
// CHECK-NEXT: because 'minrnn.project' projects a value that depends on the state
//
// AntisymmetricRNN with gating (Chang et al. 2019), a step of Euler's method. The matrix
// M = W - W^T - gamma I is made outside.
//
//   z  = sigmoid(M h + V_z x + b_z)
//   h' = h + epsilon z tanh(M h + V_h x + b_h),   epsilon = 0.01
minrnn.cell @antisymmetric_rnn(%x: !minrnn.input) state(%h: f32) {
  %vz = minrnn.project %x "vz" : f32
  %vh = minrnn.project %x "vh" : f32
  %m = minrnn.project %h "m" : f32 -> f32
  %epsilon = arith.constant 0.01 : f32
  %kz = arith.addf %m, %vz : f32
  %kh = arith.addf %m, %vh : f32
  %z = minrnn.sigmoid %kz : f32
  %g = math.tanh %kh : f32
  %gated = arith.mulf %z, %g : f32
  %change = arith.mulf %epsilon, %gated : f32
  %next = arith.addf %h, %change : f32
  minrnn.yield %next : f32
}
