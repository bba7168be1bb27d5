// What the passes say of IR that they cannot start from.
// RUN: split-file %s %t
// RUN: not minrnn-opt %t/unproven.mlir --minrnn-fuse-gates 2>&1 | FileCheck %s --check-prefix=UNPROVEN
// RUN: not minrnn-opt %t/swapped.mlir --minrnn-fuse-gates 2>&1 | FileCheck %s --check-prefix=SWAPPED
// RUN: not minrnn-opt %t/two.mlir --minrnn-fuse-gates 2>&1 | FileCheck %s --check-prefix=TWO
// RUN: not minrnn-opt %t/none.mlir --minrnn-fuse-gates 2>&1 | FileCheck %s --check-prefix=NONE
// RUN: not minrnn-opt %t/none.mlir --minrnn-derive-backward 2>&1 | FileCheck %s --check-prefix=NOPROGRAM
// RUN: not minrnn-opt %t/unproven.mlir --minrnn-derive-backward 2>&1 | FileCheck %s --check-prefix=NOPROGRAM
// RUN: not minrnn-opt %t/stray.mlir --minrnn-derive-backward 2>&1 | FileCheck %s --check-prefix=NOPROGRAM
// RUN: not minrnn-opt %t/stepless.mlir --minrnn-derive-backward 2>&1 | FileCheck %s --check-prefix=NOSTEP
// RUN: not minrnn-opt %t/sine.mlir --minrnn-derive-backward 2>&1 | FileCheck %s --check-prefix=SINE
// RUN: not minrnn-opt %t/none.mlir '--minrnn-log-space=domain=cubic' 2>&1 | FileCheck %s --check-prefix=DOMAIN
// RUN: not minrnn-opt %t/none.mlir --minrnn-expand-math=target=tpu 2>&1 | FileCheck %s --check-prefix=TARGET
// RUN: not minrnn-opt %t/none.mlir --minrnn-look-back 2>&1 | FileCheck %s --check-prefix=NOPROGRAM
// RUN: not minrnn-opt %t/sum.mlir --minrnn-look-back 2>&1 | FileCheck %s --check-prefix=SUM
// Passes that look for cells, scans or formulas find none here, and are done.
// RUN: minrnn-opt %t/none.mlir --minrnn-stabilize --minrnn-prove-recurrence --minrnn-log-space --minrnn-expand-math

//--- unproven.mlir
minrnn.cell @c(%x: !minrnn.input) state(%h: f32) {
  %k = minrnn.project %x "z" : f32
  minrnn.yield %k : f32
}
// UNPROVEN: unproven.mlir:1:1: error: 'minrnn.cell' op expects a cell with a verdict; run minrnn-prove-recurrence first
//--- swapped.mlir
// Each affine, but of the other's state.
minrnn.cell @c(%x: !minrnn.input) state(%h: f32, %c: f32) {
  %k = minrnn.project %x "z" : f32
  %n = minrnn.affine %k * %h + %k in (0, 1), (0, 1) : f32
  %m = minrnn.affine %k * %c + %k in (0, 1), (0, 1) : f32
  minrnn.yield %m, %n : f32, f32
}
// SWAPPED: swapped.mlir:2:1: error: 'minrnn.cell' op expects a cell with a verdict; run minrnn-prove-recurrence first
//--- two.mlir
minrnn.cell @a(%x: !minrnn.input) state(%h: f32) {
  %k = minrnn.project %x "z" : f32
  minrnn.yield %k : f32
}
minrnn.cell @b(%x: !minrnn.input) state(%h: f32) {
  %k = minrnn.project %x "z" : f32
  minrnn.yield %k : f32
}
// TWO: error: 'builtin.module' op expects one minrnn.cell, found 2
//--- none.mlir
func.func @f(%x: f32) -> f32 {
  return %x : f32
}
// NONE: error: 'builtin.module' op expects one minrnn.cell, found 0
// NOPROGRAM: error: 'builtin.module' op expects one minrnn.program, found 0; run minrnn-fuse-gates first
// NOSTEP: error: 'builtin.module' op expects a function 'step' with one minrnn.sequential_scan; run minrnn-fuse-gates first
// DOMAIN: error: minrnn-log-space expects the domain auto, log or linear, found 'cubic'
// TARGET: error: minrnn-expand-math expects the target gpu or host, found 'tpu'
//--- stray.mlir
// A step, but not one that minrnn-fuse-gates made: its module has no program.
func.func @step(%p: tensor<?x1x1x?xf32>, %h: tensor<?x1x?xf32>) -> tensor<?x1x?xf32> {
  %n = minrnn.sequential_scan sequences(%p : tensor<?x1x1x?xf32>) initial(%h : tensor<?x1x?xf32>) last tensor<?x1x?xf32>
  body(%k, %s) { minrnn.yield %s : f32 }
  return %n : tensor<?x1x?xf32>
}
//--- stepless.mlir
minrnn.program "c" sequential gates ["k0"] recurrent [] parameters [] states ["s0"] output "s0" {}
//--- sine.mlir
// No gradient is dropped in silence.
module {
minrnn.program "c" sequential gates ["k0"] recurrent [] parameters [] states ["s0"] output "s0" {}
func.func @step(%p: tensor<?x1x1x?xf32> {minrnn.name = "preactivations"}, %b: tensor<1x?xf32> {minrnn.name = "bias"}, %m: tensor<?x1xi8> {minrnn.name = "reset"}, %h: tensor<?x1x?xf32> {minrnn.name = "initial"}) -> (tensor<?x1x?xf32> {minrnn.name = "last"}) {
  %n = minrnn.sequential_scan sequences(%p, %m : tensor<?x1x1x?xf32>, tensor<?x1xi8>) parameters(%b : tensor<1x?xf32>) initial(%h : tensor<?x1x?xf32>) last tensor<?x1x?xf32>
  body(%k, %t, %bk, %s) {
    %0 = math.sin %s : f32
    minrnn.yield %0 : f32
  }
  return %n : tensor<?x1x?xf32>
}
}
// SINE: sine.mlir:7:10: error: 'math.sin' op has no derivative rule
//--- sum.mlir
module {
  minrnn.program "c" parallel gates ["z"] recurrent [] parameters [] states ["h"] output "h" {}
  func.func @backward(%p: tensor<?x?x1x?xf32> {minrnn.name = "preactivations"}, %h: tensor<?x1x?xf32> {minrnn.name = "d_last"}) -> (tensor<?x1x?xf32> {minrnn.name = "last"}, tensor<?x1x?xf32> {minrnn.name = "d_initial"}) {
    %s, %l = minrnn.scan reverse sequences(%p : tensor<?x?x1x?xf32>) initial(%h : tensor<?x1x?xf32>) sums (tensor<?x1x?xf32>) last tensor<?x1x?xf32>
    combine linear element(%k) { minrnn.yield %k, %k : f32, f32 }
    output(%k, %c, %n) { minrnn.yield %c : f32 }
    return %s, %l : tensor<?x1x?xf32>, tensor<?x1x?xf32>
  }
}
// SUM: sum.mlir:3:3: error: 'func.func' op expects a sum over time to be called 'd_bias_rows' or 'd_parameters_rows', found "last"
