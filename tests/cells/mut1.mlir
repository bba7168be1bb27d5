// RUN: minrnnc %s --explain 2>&1 | FileCheck %s
// CHECK: cell mut1: sequential (channels mix)
// CHECK: one kernel computes what is projected within the step, a product multiplies it by 1 matrix;
//
// MUT1, the first of the cells that a search over architectures found (Jozefowicz et al. 2015).
//
//   z  = sigmoid(W_z x),  r = sigmoid(W_r x + U_r h)
//   h' = tanh(U (r h) + tanh(x)) z + h (1 - z)
minrnn.cell @mut1(%x: !minrnn.input) state(%h: f32) {
  %kz = minrnn.project %x "xz" : f32
  %xr = minrnn.project %x "xr" : f32
  %v = minrnn.read %x : f32
  %hr = minrnn.project %h "hr" : f32 -> f32
  %z = minrnn.sigmoid %kz : f32
  %kr = arith.addf %xr, %hr : f32
  %r = minrnn.sigmoid %kr : f32
  %kept = arith.mulf %r, %h : f32
  %hh = minrnn.project %kept "hh" : f32 -> f32
  %tx = math.tanh %v : f32
  %k = arith.addf %hh, %tx : f32
  %n = math.tanh %k : f32
  %next = minrnn.lerp %h, %n, %z : f32
  minrnn.yield %next : f32
}
