// RUN: minrnnc %s --explain 2>&1 | FileCheck %s
// CHECK: remark: this makes the cell sequential
// CHECK-NEXT: %keepa = arith.mulf %eold, %a
// CHECK: cell rwkv4_stable: sequential (channels keep apart)
// CHECK-NEXT: because 'arith.mulf' lets the next value of 'a' read the state 'p'; to make it parallel, compute that value from 'a' and the input alone
//
// The WKV recurrence of RWKV-4 (Peng et al. 2023, appendix D) as it is computed: both sums are held
// divided by exp(p), p being the largest exponent so far.
//
//   y  = sigmoid(W_r x) (exp(p - q) a + exp(u + k - q) v) / (exp(p - q) b + exp(u + k - q)),
//        q = max(p, u + k), k = W_k x, v = W_v x
//   a' = exp(p - w - p') a + exp(k - p') v,   w = exp(p_w)
//   b' = exp(p - w - p') b + exp(k - p')
//   p' = max(p - w, k)
minrnn.cell @rwkv4_stable(%x: !minrnn.input) state(%a: f32, %b: f32, %p: f32) {
  %kr = minrnn.project %x "r" : f32
  %k = minrnn.project %x "k" : f32
  %v = minrnn.project %x "v" : f32
  %pw = minrnn.parameter "w" : f32
  %u = minrnn.parameter "u" : f32
  %w = math.exp %pw : f32
  %bonus = arith.addf %u, %k : f32
  %q = arith.maximumf %p, %bonus : f32
  %ago = arith.subf %p, %q : f32
  %near = arith.subf %bonus, %q : f32
  %eago = math.exp %ago : f32
  %enow = math.exp %near : f32
  %topago = arith.mulf %eago, %a : f32
  %topnow = arith.mulf %enow, %v : f32
  %top = arith.addf %topago, %topnow : f32
  %botago = arith.mulf %eago, %b : f32
  %bottom = arith.addf %botago, %enow : f32
  %wkv = arith.divf %top, %bottom : f32
  %r = minrnn.sigmoid %kr : f32
  %y = arith.mulf %r, %wkv : f32
  %faded = arith.subf %p, %w : f32
  %pn = arith.maximumf %faded, %k : f32
  %old = arith.subf %faded, %pn : f32
  %new = arith.subf %k, %pn : f32
  %eold = math.exp %old : f32
  %enew = math.exp %new : f32
  %keepa = arith.mulf %eold, %a : f32
  %takea = arith.mulf %enew, %v : f32
  %an = arith.addf %keepa, %takea : f32
  %keepb = arith.mulf %eold, %b : f32
  %bn = arith.addf %keepb, %enew : f32
  minrnn.output %y : f32
  minrnn.yield %an, %bn, %pn : f32, f32, f32
}
