// RUN: minrnnc %s --explain 2>&1 | FileCheck %s
// CHECK: remark: this makes the cell sequential
// CHECK-NEXT: %ta = math.tanh %ka
// CHECK: cell brc: sequential (channels keep apart)
// CHECK-NEXT: because 'math.tanh' is not an affine function of the state
//
// Bistable recurrent cell (Vecoven et al., "A bio-inspired bistable recurrent cell allows for
// long-lasting memory", 2021).
//
//   a  = 1 + tanh(W_a x + w_a h)      c = sigmoid(W_c x + w_c h)
//   h' = c h + (1 - c) tanh(W_h x + a h)
minrnn.cell @brc(%x: !minrnn.input) state(%h: f32) {
  %xa = minrnn.project %x "wa" : f32
  %xc = minrnn.project %x "wc" : f32
  %xh = minrnn.project %x "wh" : f32
  %wa = minrnn.parameter "w_a" : f32
  %wc = minrnn.parameter "w_c" : f32
  %one = arith.constant 1.0 : f32
  %ha = arith.mulf %wa, %h : f32
  %hc = arith.mulf %wc, %h : f32
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
