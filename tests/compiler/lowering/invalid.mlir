// What the lowerings say of options and functions that they cannot start from.
// RUN: split-file %s %t
// RUN: not minrnn-opt %S/Inputs/scans.mlir --minrnn-lower-to-gpu=warps=0 2>&1 | FileCheck %s --check-prefix=WARPS
// RUN: not minrnn-opt %S/Inputs/scans.mlir --minrnn-lower-to-gpu=warps=33 2>&1 | FileCheck %s --check-prefix=WARPS
// WARPS: error: minrnn-lower-to-gpu expects 1 to 32 warps and 1 to 64 steps per thread, found {{0|33}} and 8
// RUN: not minrnn-opt %S/Inputs/scans.mlir --minrnn-lower-to-gpu=steps-per-thread=0 2>&1 | FileCheck %s --check-prefix=STEPS
// RUN: not minrnn-opt %S/Inputs/scans.mlir --minrnn-lower-to-gpu=steps-per-thread=1000000000000 2>&1 | FileCheck %s --check-prefix=STEPS
// STEPS: error: minrnn-lower-to-gpu expects 1 to 32 warps and 1 to 64 steps per thread, found 8 and {{0|1000000000000}}
// RUN: not minrnn-opt %S/Inputs/scans.mlir --minrnn-lower-to-host=width=0 2>&1 | FileCheck %s --check-prefix=WIDTH
// RUN: not minrnn-opt %S/Inputs/scans.mlir --minrnn-lower-to-host=width=1025 2>&1 | FileCheck %s --check-prefix=WIDTH
// WIDTH: error: minrnn-lower-to-host expects a width of 1 to 1024 channels, found {{0|1025}}
// The ends of the ranges are within them.
// RUN: minrnn-opt %S/Inputs/scans.mlir --minrnn-lower-to-gpu="warps=32 steps-per-thread=1" -o /dev/null
// RUN: minrnn-opt %S/Inputs/scans.mlir --minrnn-lower-to-host=width=1 -o /dev/null

// RUN: not minrnn-opt %t/unnamed.mlir --minrnn-lower-to-host 2>&1 | FileCheck %s --check-prefix=UNNAMED
// UNNAMED: error: 'builtin.module' op expects a module made by minrnn-fuse-gates
// RUN: not minrnn-opt %t/other.mlir --minrnn-lower-to-gpu 2>&1 | FileCheck %s --check-prefix=OTHER
// RUN: not minrnn-opt %t/other.mlir --minrnn-lower-to-host 2>&1 | FileCheck %s --check-prefix=OTHER
// OTHER: error: 'func.func' op expects an entry, called 'forward', 'backward' or 'step'
// RUN: not minrnn-opt %t/empty.mlir --minrnn-lower-to-gpu 2>&1 | FileCheck %s --check-prefix=EMPTY
// RUN: not minrnn-opt %t/empty.mlir --minrnn-lower-to-host 2>&1 | FileCheck %s --check-prefix=EMPTY
// EMPTY: error: 'func.func' op expects one minrnn.scan
// RUN: not minrnn-opt %t/external.mlir --minrnn-lower-to-gpu 2>&1 | FileCheck %s --check-prefix=EXTERNAL
// EXTERNAL: error: 'func.func' op expects one minrnn.step
// RUN: not minrnn-opt %t/count.mlir --minrnn-lower-to-gpu 2>&1 | FileCheck %s --check-prefix=COUNT
// RUN: not minrnn-opt %t/count.mlir --minrnn-lower-to-host 2>&1 | FileCheck %s --check-prefix=COUNT
// COUNT: error: 'func.func' op expects the 4 tensors that specs/abi.md lists for 'step', found 3
// RUN: not minrnn-opt %t/unreturned.mlir --minrnn-lower-to-gpu 2>&1 | FileCheck %s --check-prefix=UNRETURNED
// UNRETURNED: error: 'minrnn.step' op expects 'step' to return its results

//--- unnamed.mlir
func.func @other() { return }
//--- other.mlir
module attributes {minrnn.cell = "c"} {
func.func @other() { return }
}
//--- empty.mlir
module attributes {minrnn.cell = "c"} {
func.func @forward() { return }
}
//--- external.mlir
func.func private @step()
//--- count.mlir
module attributes {minrnn.cell = "c"} {
func.func @step(%p: tensor<?x1x?xf32>, %h: tensor<?x?xf32>) -> tensor<?x?xf32> {
  %n = minrnn.step %p : tensor<?x1x?xf32> previous(%h : tensor<?x?xf32>) -> tensor<?x?xf32> (%k, %s) { minrnn.yield %s : f32 }
  return %n : tensor<?x?xf32>
}
}
//--- unreturned.mlir
func.func @step(%p: tensor<?x1x?xf32>, %b: tensor<1x?xf32>, %h: tensor<?x?xf32>) -> tensor<?x?xf32> {
  %n = minrnn.step %p : tensor<?x1x?xf32> bias(%b : tensor<1x?xf32>) previous(%h : tensor<?x?xf32>) -> tensor<?x?xf32> (%k, %s) { minrnn.yield %s : f32 }
  return %h : tensor<?x?xf32>
}
