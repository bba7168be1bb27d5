// RUN: minrnnc %s --explain 2>&1 | FileCheck %s
// CHECK: cell sru_v1: parallel (affine)
// CHECK: a sigmoid(W_f x) in (0, 1)
// CHECK-NEXT: b W_c x * sigmoid(-W_f x) in (-inf, inf)
//
// Simple recurrent unit as first published ("Training RNNs as Fast as CNNs", Lei and Zhang 2017):
// gates of the input alone.
//
//   f  = sigmoid(W_f x + b_f)      r = sigmoid(W_r x + b_r)
//   c' = f c + (1 - f) (W x)
//   y  = r tanh(c') + (1 - r) x
minrnn.cell @sru_v1(%x: !minrnn.input) state(%c: f32) {
  %kf = minrnn.project %x "f" : f32
  %kr = minrnn.project %x "r" : f32
  %v = minrnn.project %x "c" : f32
  %skip = minrnn.read %x : f32
  %f = minrnn.sigmoid %kf : f32
  %r = minrnn.sigmoid %kr : f32
  %next = minrnn.lerp %v, %c, %f : f32
  %g = math.tanh %next : f32
  %y = minrnn.lerp %skip, %g, %r : f32
  minrnn.output %y : f32
  minrnn.yield %next : f32
}
