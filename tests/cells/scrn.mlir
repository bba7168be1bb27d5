// RUN: minrnnc %s --explain 2>&1 | FileCheck %s
// CHECK: cell scrn: sequential (channels mix)
// CHECK: one kernel computes what is projected within the step, a product multiplies it by 1 matrix;
//
// Structurally constrained recurrent network (Mikolov et al. 2014): slow context units s beside the
// hidden ones, which see the new context.
//
//   s' = (1 - alpha) B x + alpha s
//   h' = sigmoid(P s' + A x + R h)
//
// alpha is 0.95, as in the paper; the layer above would see both.
minrnn.cell @scrn(%x: !minrnn.input) state(%h: f32, %s: f32) {
  %bx = minrnn.project %x "b" : f32
  %ax = minrnn.project %x "a" : f32
  %rh = minrnn.project %h "r" : f32 -> f32
  %alpha = arith.constant 0.95 : f32
  %sn = minrnn.lerp %bx, %s, %alpha : f32
  %ps = minrnn.project %sn "p" : f32 -> f32
  %sum = arith.addf %ps, %ax : f32
  %k = arith.addf %sum, %rh : f32
  %hn = minrnn.sigmoid %k : f32
  minrnn.yield %hn, %sn : f32, f32
}
