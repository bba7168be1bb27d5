// Projections of a state and of values computed within the step, of which one
// depends on another: h' = w (v (u h)^2), step by step, and against time.
// RUN: not minrnn-interpret %s --gradients h=1,1 u.u=2 2>&1 | FileCheck %s --check-prefix=ONE
// ONE: 'h' takes 1 numbers, not 2
// RUN: minrnn-interpret %s --gradients h=1 u.u=2 u.v=3 u.w=0.5 reset=0,0,1 x.k=0,0,7 \
// RUN:   | FileCheck %s --match-full-lines
// CHECK: h = 6, 216, 7
// CHECK-NEXT: operand of u = 1, 6, 0
// CHECK-NEXT: operand of v = 4, 144, 0
// CHECK-NEXT: operand of w = 12, 432, 0
// RUN: minrnn-interpret %s --gradients h=1 u.u=2 u.v=3 u.w=0.5 \
// RUN:   | FileCheck %s --match-full-lines --check-prefix=STEP
// STEP: h = 6
// STEP: d h / d h = 12
// STEP-NEXT: d h / d u.u = 6
// STEP-NEXT: d h / d u.v = 2
// STEP-NEXT: d h / d u.w = 12
// RUN: minrnn-interpret %s --reverse h=1 u.u=2 u.v=3 u.w=0.5 x.k=7,0 \
// RUN:   | FileCheck %s --match-full-lines --check-prefix=REVERSE
// REVERSE: h = 223, 6
// REVERSE-NEXT: operand of u = 6, 1

minrnn.cell @project(%x: !minrnn.input) state(%h: f32) {
  %k = minrnn.project %x "k" : f32
  %u = minrnn.project %h "u" : f32 -> f32
  %square = arith.mulf %u, %u : f32
  %v = minrnn.project %square "v" : f32 -> f32
  %0 = arith.addf %v, %v : f32
  %half = arith.constant 0.5 : f32
  %1 = arith.mulf %0, %half : f32
  %w = minrnn.project %1 "w" : f32 -> f32
  %next = arith.addf %w, %k : f32
  minrnn.yield %next : f32
}
