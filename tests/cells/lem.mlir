// RUN: minrnnc %s --explain 2>&1 | FileCheck %s
// CHECK: cell lem: sequential (channels mix)
// CHECK: one kernel computes what is projected within the step, a product multiplies it by 1 matrix;
//
// Long expressive memory (Rusch et al. 2022): two time scales, learned; y sees the new z.
//
//   s  = sigmoid(V_1 x + W_1 y),  t = sigmoid(V_2 x + W_2 y)
//   z' = (1 - s) z + s tanh(V_z x + W_z y)
//   y' = (1 - t) y + t tanh(V_y x + W_y z')
minrnn.cell @lem(%x: !minrnn.input) state(%h: f32, %z: f32) {
  %xs = minrnn.project %x "xs" : f32
  %xt = minrnn.project %x "xt" : f32
  %xz = minrnn.project %x "xz" : f32
  %xy = minrnn.project %x "xy" : f32
  %hs = minrnn.project %h "hs" : f32 -> f32
  %ht = minrnn.project %h "ht" : f32 -> f32
  %hz = minrnn.project %h "hz" : f32 -> f32
  %ks = arith.addf %xs, %hs : f32
  %kt = arith.addf %xt, %ht : f32
  %kz = arith.addf %xz, %hz : f32
  %s = minrnn.sigmoid %ks : f32
  %t = minrnn.sigmoid %kt : f32
  %nz = math.tanh %kz : f32
  %zn = minrnn.lerp %z, %nz, %s : f32
  %zy = minrnn.project %zn "zy" : f32 -> f32
  %ky = arith.addf %xy, %zy : f32
  %ny = math.tanh %ky : f32
  %hn = minrnn.lerp %h, %ny, %t : f32
  minrnn.yield %hn, %zn : f32, f32
}
