// RUN: minrnnc %s --explain 2>&1 | FileCheck %s
// CHECK: remark: this makes the cell sequential
// CHECK-NEXT: = minrnn.project %h "
// CHECK: cell cfn: sequential (channels mix)
// CHECK-NEXT: because 'minrnn.project' projects a value that depends on the state
//
// Chaos-free network (Laurent and von Brecht, "A Recurrent Neural Network without Chaos", 2016).
//
//   theta = sigmoid(W_t x + U_t h + b_t)      eta = sigmoid(W_e x + U_e h + b_e)
//   h'    = theta tanh(h) + eta tanh(W x)
minrnn.cell @cfn(%x: !minrnn.input) state(%h: f32) {
  %wt = minrnn.project %x "wt" : f32
  %we = minrnn.project %x "we" : f32
  %w = minrnn.project %x "w" : f32
  %ut = minrnn.project %h "ut" : f32 -> f32
  %ue = minrnn.project %h "ue" : f32 -> f32
  %kt = arith.addf %wt, %ut : f32
  %ke = arith.addf %we, %ue : f32
  %theta = minrnn.sigmoid %kt : f32
  %eta = minrnn.sigmoid %ke : f32
  %v = math.tanh %w : f32
  %old = math.tanh %h : f32
  %keep = arith.mulf %theta, %old : f32
  %take = arith.mulf %eta, %v : f32
  %next = arith.addf %keep, %take : f32
  minrnn.yield %next : f32
}
