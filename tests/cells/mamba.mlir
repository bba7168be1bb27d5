// RUN: minrnnc %s --explain 2>&1 | FileCheck %s
// CHECK: cell mamba: parallel (affine)
// CHECK: a exp(softplus(W_dt x) * -exp(a_log)) in (0, 1)
// CHECK-NEXT: b softplus(W_dt x) * (W_b x) * x_i in (-inf, inf)
//
// The selective scan of Mamba (Gu and Dao 2023) with one state a channel, its skip and its gate.
//
//   dt = softplus(W_dt x + b),  A = -exp(A_log)
//   h' = exp(dt A) h + dt (W_B x) x
//   y  = ((W_C x) h' + D x) silu(W_z x)
minrnn.cell @mamba(%x: !minrnn.input) state(%h: f32) {
  %kdt = minrnn.project %x "dt" : f32
  %b = minrnn.project %x "b" : f32
  %c = minrnn.project %x "c" : f32
  %kz = minrnn.project %x "z" : f32
  %v = minrnn.read %x : f32
  %alog = minrnn.parameter "a_log" : f32
  %d = minrnn.parameter "d" : f32
  %dt = minrnn.softplus %kdt : f32
  %size = math.exp %alog : f32
  %a = arith.negf %size : f32
  %power = arith.mulf %dt, %a : f32
  %lambda = math.exp %power : f32
  %step = arith.mulf %dt, %b : f32
  %take = arith.mulf %step, %v : f32
  %keep = arith.mulf %lambda, %h : f32
  %next = arith.addf %keep, %take : f32
  %seen = arith.mulf %c, %next : f32
  %passed = arith.mulf %d, %v : f32
  %sum = arith.addf %seen, %passed : f32
  %sz = minrnn.sigmoid %kz : f32
  %silu = arith.mulf %kz, %sz : f32
  %y = arith.mulf %sum, %silu : f32
  minrnn.output %y : f32
  minrnn.yield %next : f32
}
