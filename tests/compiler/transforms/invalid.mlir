// What the passes say of IR that they cannot start from.
// RUN: split-file %s %t
// RUN: not minrnn-opt %t/unproven.mlir --minrnn-fuse-gates 2>&1 | FileCheck %s --check-prefix=UNPROVEN
// RUN: not minrnn-opt %t/two.mlir --minrnn-fuse-gates 2>&1 | FileCheck %s --check-prefix=TWO
// RUN: not minrnn-opt %t/none.mlir --minrnn-fuse-gates 2>&1 | FileCheck %s --check-prefix=NONE
// RUN: not minrnn-opt %t/none.mlir --minrnn-derive-backward 2>&1 | FileCheck %s --check-prefix=NOSTEP
// RUN: not minrnn-opt %t/unproven.mlir --minrnn-derive-backward 2>&1 | FileCheck %s --check-prefix=NOSTEP
// RUN: not minrnn-opt %t/none.mlir '--minrnn-log-space=domain=cubic' 2>&1 | FileCheck %s --check-prefix=DOMAIN
// RUN: not minrnn-opt %t/none.mlir --minrnn-expand-math=target=tpu 2>&1 | FileCheck %s --check-prefix=TARGET
// Passes that look for cells, scans or formulas find none here, and are done.
// RUN: minrnn-opt %t/none.mlir --minrnn-stabilize --minrnn-prove-recurrence --minrnn-log-space --minrnn-expand-math

//--- unproven.mlir
minrnn.cell @c(%x: !minrnn.input) state(%h: f32) {
  %k = minrnn.project %x "z" : f32
  minrnn.yield %k : f32
}
// UNPROVEN: unproven.mlir:1:1: error: 'minrnn.cell' op expects a cell proven parallel; run minrnn-prove-recurrence first
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
// NOSTEP: error: 'builtin.module' op expects a function 'step' with one minrnn.step; run minrnn-fuse-gates first
// DOMAIN: error: minrnn-log-space expects the domain auto, log or linear, found 'cubic'
// TARGET: error: minrnn-expand-math expects the target gpu or host, found 'tpu'
