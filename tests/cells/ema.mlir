// RUN: minrnnc %s --explain 2>&1 | FileCheck %s
// CHECK: cell ema: parallel (affine)
// CHECK: a sigmoid(-decay) in (0, 1)
// CHECK-NEXT: b x_i * sigmoid(decay) in (-inf, inf)
//
// (No gates: with an MLIR flag every pass is verified.)
// RUN: minrnnc %s --mlir-print-ir-after-failure -o /dev/null
//
// An exponential moving average with a learned decay, as MEGA has it before its projections (Ma et
// al. 2022): each channel reads its own input, and nothing is projected.
//
//   h' = (1 - g) h + g x,  g = sigmoid(decay)
minrnn.cell @ema(%x: !minrnn.input) state(%h: f32) {
  %v = minrnn.read %x : f32
  %decay = minrnn.parameter "decay" : f32
  %g = minrnn.sigmoid %decay : f32
  %next = minrnn.lerp %h, %v, %g : f32
  minrnn.yield %next : f32
}
