// RUN: minrnnc %s --explain 2>&1 | FileCheck %s
// CHECK: remark: this makes the cell sequential
// CHECK-NEXT: = minrnn.project %h "
// CHECK: cell nbrc: sequential (channels mix)
// CHECK-NEXT: because 'minrnn.project' projects a value that depends on the state
//
// Recurrently neuromodulated bistable cell (Vecoven et al. 2021): BRC whose two gates see every
// channel.
//
//   a  = 1 + tanh(W_a x + U_a h)      c = sigmoid(W_c x + U_c h)
//   h' = c h + (1 - c) tanh(W_h x + a h)
minrnn.cell @nbrc(%x: !minrnn.input) state(%h: f32) {
  %xa = minrnn.project %x "wa" : f32
  %xc = minrnn.project %x "wc" : f32
  %xh = minrnn.project %x "wh" : f32
  %ha = minrnn.project %h "ua" : f32 -> f32
  %hc = minrnn.project %h "uc" : f32 -> f32
  %one = arith.constant 1.0 : f32
  %ka = arith.addf %xa, %ha : f32
  %kc = arith.addf %xc, %hc : f32
  %ta = math.tanh %ka : f32
  %a = arith.addf %one, %ta : f32
  %c = minrnn.sigmoid %kc : f32
  %fed = arith.mulf %a, %h : f32
  %kh = arith.addf %xh, %fed : f32
  %g = math.tanh %kh : f32
  %next = minrnn.lerp %g, %h, %c : f32
  minrnn.yield %next : f32
}
