// RUN: minrnnc %s --explain 2>&1 | FileCheck %s
// CHECK: remark: this makes the cell sequential
// CHECK-NEXT: = minrnn.project %h "
// CHECK: cell leaky_esn: sequential (channels mix)
// CHECK-NEXT: because 'minrnn.project' projects a value that depends on the state
//
// Leaky integrator units (Jaeger et al., "Optimization and applications of echo state networks with
// leaky-integrator neurons", 2007), the leak learned.
//
//   h' = (1 - a) h + a tanh(W x + U h),   a = sigmoid(p)
minrnn.cell @leaky_esn(%x: !minrnn.input) state(%h: f32) {
  %w = minrnn.project %x "w" : f32
  %u = minrnn.project %h "u" : f32 -> f32
  %p = minrnn.parameter "a" : f32
  %a = minrnn.sigmoid %p : f32
  %k = arith.addf %w, %u : f32
  %g = math.tanh %k : f32
  %next = minrnn.lerp %h, %g, %a : f32
  minrnn.yield %next : f32
}
