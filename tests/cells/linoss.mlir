// RUN: minrnnc %s --explain 2>&1 | FileCheck %s
// CHECK: remark: this makes the cell sequential
// CHECK-NEXT: %dh = arith.mulf %dt, %zn
// CHECK: cell linoss: sequential (channels keep apart)
// CHECK-NEXT: because 'arith.mulf' lets the next value of 'h' read the state 'z'; to make it parallel, compute that value from 'h' and the input alone
//
// LinOSS-IMEX, linear oscillators (Rusch and Rus, "Oscillatory State-Space Models", 2025). Affine,
// but as a pair: a scan of 2 x 2 matrices, which is not made here. The paper's y is h here.
//
//   z' = z + dt (-A h + B x),   A = relu(k), dt = sigmoid(d)
//   h' = h + dt z'
minrnn.cell @linoss(%x: !minrnn.input) state(%h: f32, %z: f32) {
  %u = minrnn.project %x "b" : f32
  %a = minrnn.parameter "k" : f32
  %d = minrnn.parameter "d" : f32
  %zero = arith.constant 0.0 : f32
  %stiff = arith.maximumf %a, %zero : f32
  %dt = minrnn.sigmoid %d : f32
  %spring = arith.mulf %stiff, %h : f32
  %force = arith.subf %u, %spring : f32
  %dz = arith.mulf %dt, %force : f32
  %zn = arith.addf %z, %dz : f32
  %dh = arith.mulf %dt, %zn : f32
  %hn = arith.addf %h, %dh : f32
  minrnn.yield %hn, %zn : f32, f32
}
