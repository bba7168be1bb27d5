// RUN: minrnnc %s --explain 2>&1 | FileCheck %s
// CHECK: cell jordan: sequential (channels mix)
// CHECK: one kernel computes what is projected within the step, a product multiplies it by 1 matrix;
//
// Jordan's network (1986): the hidden layer sees the last output, not its own state.
//
//   h  = sigmoid(W x + U y)
//   y' = sigmoid(V h)
minrnn.cell @jordan(%x: !minrnn.input) state(%out: f32) {
  %wx = minrnn.project %x "w" : f32
  %uy = minrnn.project %out "u" : f32 -> f32
  %k = arith.addf %wx, %uy : f32
  %h = minrnn.sigmoid %k : f32
  %vh = minrnn.project %h "v" : f32 -> f32
  %next = minrnn.sigmoid %vh : f32
  minrnn.yield %next : f32
}
