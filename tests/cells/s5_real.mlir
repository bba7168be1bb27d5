// RUN: minrnnc %s --explain 2>&1 | FileCheck %s
// CHECK: cell s5_real: parallel (affine)
// CHECK: a exp(exp(log_dt) * -exp(a)) in (0, 1)
// CHECK-NEXT: b expm1(exp(log_dt) * -exp(a)) / -exp(a) * (W_b x) in (-inf, inf)
//
// S5 with a real diagonal (Smith et al., "Simplified State Space Layers for Sequence Modeling",
// 2023), discretised by zero-order hold.
//
//   A = -exp(a),  dt = exp(log_dt)
//   h' = exp(dt A) h + (exp(dt A) - 1) / A (B x)
//   y  = C h' + D x,   C and D diagonal
minrnn.cell @s5_real(%x: !minrnn.input) state(%h: f32) {
  %u = minrnn.project %x "b" : f32
  %skip = minrnn.read %x : f32
  %plog = minrnn.parameter "a" : f32
  %pdt = minrnn.parameter "log_dt" : f32
  %c = minrnn.parameter "c" : f32
  %d = minrnn.parameter "d" : f32
  %size = math.exp %plog : f32
  %a = arith.negf %size : f32
  %dt = math.exp %pdt : f32
  %power = arith.mulf %dt, %a : f32
  %lambda = math.exp %power : f32
  %moved = math.expm1 %power : f32
  %gain = arith.divf %moved, %a : f32
  %keep = arith.mulf %lambda, %h : f32
  %take = arith.mulf %gain, %u : f32
  %next = arith.addf %keep, %take : f32
  %seen = arith.mulf %c, %next : f32
  %passed = arith.mulf %d, %skip : f32
  %y = arith.addf %seen, %passed : f32
  minrnn.output %y : f32
  minrnn.yield %next : f32
}
