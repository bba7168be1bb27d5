// RUN: minrnnc %s --explain 2>&1 | FileCheck %s
// CHECK: remark: this makes the cell sequential
// CHECK-NEXT: = minrnn.project %h "
// CHECK: cell ltc: sequential (channels mix)
// CHECK-NEXT: because 'minrnn.project' projects a value that depends on the state
//
// Liquid time-constant network (Hasani et al., "Liquid Time-constant Networks", 2021), one step of
// its fused solver.
//
//   f  = sigmoid(W x + U h + b)
//   h' = (h + dt f A) / (1 + dt (1 / tau + f)),   1 / tau = softplus(leak), dt = 0.5
minrnn.cell @ltc(%x: !minrnn.input) state(%h: f32) {
  %w = minrnn.project %x "w" : f32
  %u = minrnn.project %h "u" : f32 -> f32
  %rest = minrnn.parameter "a" : f32
  %pleak = minrnn.parameter "leak" : f32
  %dt = arith.constant 0.5 : f32
  %one = arith.constant 1.0 : f32
  %leak = minrnn.softplus %pleak : f32
  %k = arith.addf %w, %u : f32
  %f = minrnn.sigmoid %k : f32
  %pull = arith.mulf %f, %rest : f32
  %dpull = arith.mulf %dt, %pull : f32
  %top = arith.addf %h, %dpull : f32
  %rate = arith.addf %leak, %f : f32
  %drate = arith.mulf %dt, %rate : f32
  %bottom = arith.addf %one, %drate : f32
  %next = arith.divf %top, %bottom : f32
  minrnn.yield %next : f32
}
