// RUN: minrnnc %s --explain 2>&1 | FileCheck %s
// CHECK: remark: this makes the cell sequential
// CHECK-NEXT: %change = arith.mulf %g, %surprise
// CHECK: cell kalman: sequential (channels keep apart)
// CHECK-NEXT: because 'arith.mulf' lets the next value of 'm' read the state 'p'; to make it parallel, compute that value from 'm' and the input alone
//
// A Kalman filter for each channel, as in Recurrent Kalman Networks (Becker et al. 2019) without
// their correlations: mean m, variance p, an observation w of variance r.
//
//   p_ = a^2 p + q,  g = p_ / (p_ + r),   q = softplus(..), r = softplus(W_r x)
//   m' = a m + g (w - a m)
//   p' = (1 - g) p_
minrnn.cell @kalman(%x: !minrnn.input) state(%m: f32, %p: f32) {
  %w = minrnn.project %x "w" : f32
  %kr = minrnn.project %x "r" : f32
  %pa = minrnn.parameter "a" : f32
  %pq = minrnn.parameter "q" : f32
  %one = arith.constant 1.0 : f32
  %r = minrnn.softplus %kr : f32
  %a = math.tanh %pa : f32
  %q = minrnn.softplus %pq : f32
  %a2 = arith.mulf %a, %a : f32
  %grown = arith.mulf %a2, %p : f32
  %prior = arith.addf %grown, %q : f32
  %total = arith.addf %prior, %r : f32
  %g = arith.divf %prior, %total : f32
  %expected = arith.mulf %a, %m : f32
  %surprise = arith.subf %w, %expected : f32
  %change = arith.mulf %g, %surprise : f32
  %mn = arith.addf %expected, %change : f32
  %rest = arith.subf %one, %g : f32
  %pn = arith.mulf %rest, %prior : f32
  minrnn.yield %mn, %pn : f32, f32
}
