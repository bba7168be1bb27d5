// RUN: minrnnc %s --explain 2>&1 | FileCheck %s
// CHECK: remark: this makes the cell sequential
// CHECK-NEXT: %uh = minrnn.project %h "w"
// CHECK: cell cornn: sequential (channels mix)
// CHECK-NEXT: because 'minrnn.project' projects a value that depends on the state{{.*}}
// CHECK-NEXT: then 'arith.mulf' lets the next value of 'h' read the state 'z'; to make it parallel, compute that value from 'h' and the input alone
//
// coRNN, coupled oscillators (Rusch and Mishra, "Coupled Oscillatory Recurrent Neural Network",
// 2021), with its constants for sequential MNIST. The paper's y is h here.
//
//   z' = z + dt (tanh(W h + V z + U x + b) - gamma h - epsilon z)
//   h' = h + dt z'
minrnn.cell @cornn(%x: !minrnn.input) state(%h: f32, %z: f32) {
  %u = minrnn.project %x "u" : f32
  %uh = minrnn.project %h "w" : f32 -> f32
  %vz = minrnn.project %z "v" : f32 -> f32
  %dt = arith.constant 0.042 : f32
  %gamma = arith.constant 2.7 : f32
  %epsilon = arith.constant 4.7 : f32
  %k0 = arith.addf %u, %uh : f32
  %k = arith.addf %k0, %vz : f32
  %force = math.tanh %k : f32
  %spring = arith.mulf %gamma, %h : f32
  %damping = arith.mulf %epsilon, %z : f32
  %f0 = arith.subf %force, %spring : f32
  %f1 = arith.subf %f0, %damping : f32
  %dz = arith.mulf %dt, %f1 : f32
  %zn = arith.addf %z, %dz : f32
  %dh = arith.mulf %dt, %zn : f32
  %hn = arith.addf %h, %dh : f32
  minrnn.yield %hn, %zn : f32, f32
}
