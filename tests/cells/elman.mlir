// RUN: minrnnc %s --explain 2>&1 | FileCheck %s
// CHECK: remark: this makes the cell sequential
// CHECK-NEXT: = minrnn.project %h "
// CHECK: cell elman: sequential (channels mix)
// CHECK-NEXT: because 'minrnn.project' projects a value that depends on the state
//
// Elman's network ("Finding Structure in Time", 1990).
//
//   h' = tanh(W x + U h + b)
minrnn.cell @elman(%x: !minrnn.input) state(%h: f32) {
  %w = minrnn.project %x "w" : f32
  %u = minrnn.project %h "u" : f32 -> f32
  %k = arith.addf %w, %u : f32
  %next = math.tanh %k : f32
  minrnn.yield %next : f32
}
