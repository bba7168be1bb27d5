// RUN: minrnnc %s --explain 2>&1 | FileCheck %s
// CHECK: remark: this makes the cell sequential
// CHECK-NEXT: %keepa = arith.mulf %eold, %a
// CHECK: cell aaren: sequential (channels keep apart)
// CHECK-NEXT: because 'arith.mulf' lets the next value of 'a' read the state 'm'; to make it parallel, compute that value from 'a' and the input alone
//
// Aaren, attention as a recurrence (Feng et al., "Attention as an RNN", 2024): a softmax over all
// steps so far, held by its largest score.
//
//   m' = max(m, s),   s = W_s x, v = W_v x
//   c' = exp(m - m') c + exp(s - m')
//   a' = exp(m - m') a + exp(s - m') v
//   y  = a' / c'
minrnn.cell @aaren(%x: !minrnn.input) state(%a: f32, %c: f32, %m: f32) {
  %s = minrnn.project %x "s" : f32
  %v = minrnn.project %x "v" : f32
  %mn = arith.maximumf %m, %s : f32
  %old = arith.subf %m, %mn : f32
  %new = arith.subf %s, %mn : f32
  %eold = math.exp %old : f32
  %enew = math.exp %new : f32
  %keepc = arith.mulf %eold, %c : f32
  %cn = arith.addf %keepc, %enew : f32
  %keepa = arith.mulf %eold, %a : f32
  %takea = arith.mulf %enew, %v : f32
  %an = arith.addf %keepa, %takea : f32
  %y = arith.divf %an, %cn : f32
  minrnn.output %y : f32
  minrnn.yield %an, %cn, %mn : f32, f32, f32
}
