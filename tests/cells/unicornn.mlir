// RUN: minrnnc %s --explain 2>&1 | FileCheck %s
// CHECK: remark: this makes the cell sequential
// CHECK-NEXT: %dh = arith.mulf %s, %zn
// CHECK: cell unicornn: sequential (channels keep apart)
// CHECK-NEXT: because 'arith.mulf' lets the next value of 'h' read the state 'z'; to make it parallel, compute that value from 'h' and the input alone
//
// UnICORNN, undamped independent oscillators (Rusch and Mishra 2021). The paper's y is h here.
//
//   s  = dt sigmoid(c)
//   z' = z - s (tanh(w h + V x + b) + alpha h)
//   h' = h + s z'
minrnn.cell @unicornn(%x: !minrnn.input) state(%h: f32, %z: f32) {
  %v = minrnn.project %x "v" : f32
  %w = minrnn.parameter "w" : f32
  %c = minrnn.parameter "c" : f32
  %dt = arith.constant 0.1 : f32
  %alpha = arith.constant 0.9 : f32
  %rate = minrnn.sigmoid %c : f32
  %s = arith.mulf %dt, %rate : f32
  %own = arith.mulf %w, %h : f32
  %k = arith.addf %own, %v : f32
  %g = math.tanh %k : f32
  %spring = arith.mulf %alpha, %h : f32
  %force = arith.addf %g, %spring : f32
  %dz = arith.mulf %s, %force : f32
  %zn = arith.subf %z, %dz : f32
  %dh = arith.mulf %s, %zn : f32
  %hn = arith.addf %h, %dh : f32
  minrnn.yield %hn, %zn : f32, f32
}
