// RUN: minrnnc %s --explain 2>&1 | FileCheck %s
// CHECK: cell recurrent_highway: sequential (channels mix)
// CHECK: one kernel computes what is projected within the step, a product multiplies it by 2 matrices;
//
// Recurrent highway network of depth two (Zilly et al. 2017), its carry gate coupled: 1 - t.
//
//   s  = tanh(W_h x + R_1 h) t_1 + h (1 - t_1),  t_1 = sigmoid(W_t x + T_1 h)
//   h' = tanh(R_2 s) t_2 + s (1 - t_2),          t_2 = sigmoid(T_2 s)
minrnn.cell @recurrent_highway(%x: !minrnn.input) state(%h: f32) {
  %xh = minrnn.project %x "xh" : f32
  %xt = minrnn.project %x "xt" : f32
  %r1 = minrnn.project %h "r1" : f32 -> f32
  %g1 = minrnn.project %h "t1" : f32 -> f32
  %kh = arith.addf %xh, %r1 : f32
  %kt = arith.addf %xt, %g1 : f32
  %n1 = math.tanh %kh : f32
  %t1 = minrnn.sigmoid %kt : f32
  %s = minrnn.lerp %h, %n1, %t1 : f32
  %r2 = minrnn.project %s "r2" : f32 -> f32
  %g2 = minrnn.project %s "t2" : f32 -> f32
  %n2 = math.tanh %r2 : f32
  %t2 = minrnn.sigmoid %g2 : f32
  %next = minrnn.lerp %s, %n2, %t2 : f32
  minrnn.yield %next : f32
}
