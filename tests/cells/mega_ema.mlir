// RUN: minrnnc %s --explain 2>&1 | FileCheck %s
// CHECK: cell mega_ema: parallel (affine)
// CHECK: a 1 - sigmoid(alpha) * sigmoid(delta) in (0, 1)
// CHECK-NEXT: b sigmoid(alpha) * (beta * (W_v x)) in (-inf, inf)
//
// The damped moving average of Mega (Ma et al., "Mega: Moving Average Equipped Gated Attention",
// 2023) with one state a channel. The paper takes x as it is; a cell has to project it.
//
//   h' = alpha (beta V x) + (1 - alpha delta) h,   alpha, delta = sigmoid(parameters)
//   y  = eta h'
minrnn.cell @mega_ema(%x: !minrnn.input) state(%h: f32) {
  %v = minrnn.project %x "v" : f32
  %palpha = minrnn.parameter "alpha" : f32
  %pdelta = minrnn.parameter "delta" : f32
  %beta = minrnn.parameter "beta" : f32
  %eta = minrnn.parameter "eta" : f32
  %one = arith.constant 1.0 : f32
  %alpha = minrnn.sigmoid %palpha : f32
  %delta = minrnn.sigmoid %pdelta : f32
  %u = arith.mulf %beta, %v : f32
  %take = arith.mulf %alpha, %u : f32
  %damped = arith.mulf %alpha, %delta : f32
  %a = arith.subf %one, %damped : f32
  %keep = arith.mulf %a, %h : f32
  %next = arith.addf %take, %keep : f32
  %y = arith.mulf %eta, %next : f32
  minrnn.output %y : f32
  minrnn.yield %next : f32
}
