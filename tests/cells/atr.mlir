// RUN: minrnnc %s --explain 2>&1 | FileCheck %s
// CHECK: remark: this makes the cell sequential
// CHECK-NEXT: = minrnn.project %h "
// CHECK: cell atr: sequential (channels mix)
// CHECK-NEXT: because 'minrnn.project' projects a value that depends on the state
//
// Addition-subtraction twin-gated recurrent network (Zhang et al. 2018): both gates share two
// products.
//
//   p  = W x,  q = U h
//   h' = sigmoid(p + q) p + sigmoid(p - q) h
minrnn.cell @atr(%x: !minrnn.input) state(%h: f32) {
  %p = minrnn.project %x "p" : f32
  %q = minrnn.project %h "q" : f32 -> f32
  %plus = arith.addf %p, %q : f32
  %minus = arith.subf %p, %q : f32
  %i = minrnn.sigmoid %plus : f32
  %f = minrnn.sigmoid %minus : f32
  %take = arith.mulf %i, %p : f32
  %keep = arith.mulf %f, %h : f32
  %next = arith.addf %take, %keep : f32
  minrnn.yield %next : f32
}
