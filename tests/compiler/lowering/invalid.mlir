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

// RUN: not minrnn-opt %S/Inputs/scans.mlir --minrnn-lower-to-gpu=io-type=f64 2>&1 | FileCheck %s --check-prefix=IOTYPE
// RUN: not minrnn-opt %S/Inputs/scans.mlir --minrnn-lower-to-host=io-type=f64 2>&1 | FileCheck %s --check-prefix=IOTYPE
// IOTYPE: error: expects the io type f32, f16 or bf16, found 'f64'

// RUN: not minrnn-opt %t/unmade.mlir --minrnn-lower-to-host 2>&1 | FileCheck %s --check-prefix=UNMADE
// UNMADE: error: 'builtin.module' op expects one minrnn.program, found 0; run minrnn-fuse-gates first
// RUN: not minrnn-opt %t/other.mlir --minrnn-lower-to-gpu 2>&1 | FileCheck %s --check-prefix=OTHER
// RUN: not minrnn-opt %t/other.mlir --minrnn-lower-to-host 2>&1 | FileCheck %s --check-prefix=OTHER
// OTHER: other.mlir:3:1: error: 'func.func' op expects an entry, called 'forward' or 'backward', with '_lookback' behind it or without, 'step', or 'forward_inner' or 'backward_inner' with the number of a stage
// RUN: not minrnn-opt %t/empty.mlir --minrnn-lower-to-gpu 2>&1 | FileCheck %s --check-prefix=EMPTY
// RUN: not minrnn-opt %t/empty.mlir --minrnn-lower-to-host 2>&1 | FileCheck %s --check-prefix=EMPTY
// EMPTY: empty.mlir:3:1: error: 'func.func' op expects one minrnn.scan or minrnn.sequential_scan
// RUN: not minrnn-opt %t/external.mlir --minrnn-lower-to-gpu 2>&1 | FileCheck %s --check-prefix=EXTERNAL
// EXTERNAL: external.mlir:1:1: error: 'func.func' op expects one minrnn.scan or minrnn.sequential_scan
// RUN: not minrnn-opt %t/two.mlir --minrnn-lower-to-gpu 2>&1 | FileCheck %s --check-prefix=TWO
// RUN: not minrnn-opt %t/two.mlir --minrnn-lower-to-host 2>&1 | FileCheck %s --check-prefix=TWO
// TWO: two.mlir:3:1: error: 'func.func' op expects one minrnn.scan or minrnn.sequential_scan
// RUN: not minrnn-opt %t/unnamed.mlir --minrnn-lower-to-gpu 2>&1 | FileCheck %s --check-prefix=UNNAMED
// RUN: not minrnn-opt %t/unnamed.mlir --minrnn-lower-to-host 2>&1 | FileCheck %s --check-prefix=UNNAMED
// UNNAMED: unnamed.mlir:3:1: error: 'func.func' op expects each tensor to carry the name that specs/abi.md gives it, as 'minrnn.name'; found ''
// RUN: not minrnn-opt %t/unknown.mlir --minrnn-lower-to-gpu 2>&1 | FileCheck %s --check-prefix=UNKNOWN
// UNKNOWN: error: 'func.func' op expects each tensor to carry the name that specs/abi.md gives it, as 'minrnn.name'; found 'memory'
// RUN: not minrnn-opt %t/rank.mlir --minrnn-lower-to-gpu 2>&1 | FileCheck %s --check-prefix=RANK
// RUN: not minrnn-opt %t/rank.mlir --minrnn-lower-to-host 2>&1 | FileCheck %s --check-prefix=RANK
// RANK: rank.mlir:3:1: error: 'func.func' op expects the tensor 'preactivations' to have 4 axes of 'f32', found 'tensor<?x1x?xf32>'
// RUN: not minrnn-opt %t/element.mlir --minrnn-lower-to-gpu 2>&1 | FileCheck %s --check-prefix=ELEMENT
// ELEMENT: error: 'func.func' op expects the tensor 'reset' to have 2 axes of 'i8', found 'tensor<?x?xf32>'
// RUN: not minrnn-opt %t/scalar.mlir --minrnn-lower-to-gpu 2>&1 | FileCheck %s --check-prefix=SCALAR
// SCALAR: error: 'func.func' op expects the tensor 'bias' to have 2 axes of 'f32', found 'i64'
// RUN: not minrnn-opt %t/made.mlir --allow-unregistered-dialect --minrnn-lower-to-gpu 2>&1 | FileCheck %s --check-prefix=MADE
// MADE: made.mlir:4:8: error: 'minrnn.sequential_scan' op expects operands that are arguments of 'step' or returned by it
// RUN: not minrnn-opt %t/delayed.mlir --minrnn-lower-to-gpu 2>&1 | FileCheck %s --check-prefix=DELAYED
// DELAYED: delayed.mlir:3:8: error: 'minrnn.delay' op expects a reverse recurrence around it, for which the states of the forward pass are there
// RUN: not minrnn-opt %t/delayed-twice.mlir --minrnn-lower-to-gpu 2>&1 | FileCheck %s --check-prefix=DELAYED-TWICE
// DELAYED-TWICE: delayed-twice.mlir:4:8: error: 'minrnn.delay' op expects operands that are arguments of 'backward' or returned by it
// RUN: not minrnn-opt %t/unreturned.mlir --minrnn-lower-to-gpu 2>&1 | FileCheck %s --check-prefix=UNRETURNED
// UNRETURNED: unreturned.mlir:2:8: error: 'minrnn.sequential_scan' op expects 'step' to return its results
// RUN: not minrnn-opt %t/twice.mlir --minrnn-lower-to-gpu 2>&1 | FileCheck %s --check-prefix=TWICE
// RUN: not minrnn-opt %t/twice.mlir --minrnn-lower-to-host 2>&1 | FileCheck %s --check-prefix=TWICE
// TWICE: twice.mlir:3:1: error: 'func.func' op expects to return each tensor once, and no argument; found another use of one as 'last'
// RUN: not minrnn-opt %t/tickets.mlir --minrnn-lower-to-gpu 2>&1 | FileCheck %s --check-prefix=TICKETS
// TICKETS: tickets.mlir:1:1: error: 'func.func' op expects the scratch tensors of the schedule lookback together, found no 'published'
// RUN: not minrnn-opt %t/summaries.mlir --minrnn-lower-to-gpu 2>&1 | FileCheck %s --check-prefix=SUMMARIES
// SUMMARIES: summaries.mlir:1:1: error: 'func.func' op expects 'summaries' to hold the 2 values of an element, found 1
// RUN: not minrnn-opt %t/loop.mlir --minrnn-lower-to-gpu 2>&1 | FileCheck %s --check-prefix=LOOP
// LOOP: loop.mlir:1:1: error: 'func.func' op expects a minrnn.scan where there are scratch tensors of the schedule lookback
// RUN: not minrnn-opt %t/rows.mlir --minrnn-lower-to-gpu 2>&1 | FileCheck %s --check-prefix=ROWS
// ROWS: rows.mlir:2:12: error: 'minrnn.scan' op expects sums over a tile, of 4 axes, found 'tensor<?x1x?xf32>'
// RUN: not minrnn-opt %t/tiles.mlir --minrnn-lower-to-gpu 2>&1 | FileCheck %s --check-prefix=TILES
// TILES: tiles.mlir:2:12: error: 'minrnn.scan' op expects sums over all of time, of 3 axes, found 'tensor<?x?x1x?xf32>'

//--- unmade.mlir
func.func @other() { return }
//--- other.mlir
module {
  minrnn.program "c" sequential gates [] recurrent [] parameters [] states ["h"] output "h" {}
func.func @other() { return }
}
//--- empty.mlir
module {
  minrnn.program "c" sequential gates [] recurrent [] parameters [] states ["h"] output "h" {}
func.func @forward() { return }
}
//--- external.mlir
func.func private @step()
//--- two.mlir
module {
  minrnn.program "c" sequential gates [] recurrent [] parameters [] states ["h"] output "h" {}
func.func @step(%p: tensor<?x1x1x?xf32> {minrnn.name = "preactivations"}, %h: tensor<?x1x?xf32> {minrnn.name = "initial"}) -> (tensor<?x1x?xf32> {minrnn.name = "last"}, tensor<?x1x?xf32> {minrnn.name = "carried"}) {
  %n = minrnn.sequential_scan sequences(%p : tensor<?x1x1x?xf32>) initial(%h : tensor<?x1x?xf32>) last tensor<?x1x?xf32>
  body(%k, %s) { minrnn.yield %s : f32 }
  %m = minrnn.scan sequences(%p : tensor<?x1x1x?xf32>) initial(%h : tensor<?x1x?xf32>) last tensor<?x1x?xf32>
  combine linear element(%k) { minrnn.yield %k, %k : f32, f32 } output(%k, %b, %a) { minrnn.yield }
  return %n, %m : tensor<?x1x?xf32>, tensor<?x1x?xf32>
}
}
//--- unnamed.mlir
module {
  minrnn.program "c" sequential gates [] recurrent [] parameters [] states ["h"] output "h" {}
func.func @step(%p: tensor<?x1x1x?xf32> {minrnn.name = "preactivations"}, %h: tensor<?x1x?xf32> {minrnn.name = "initial"}) -> tensor<?x1x?xf32> {
  %n = minrnn.sequential_scan sequences(%p : tensor<?x1x1x?xf32>) initial(%h : tensor<?x1x?xf32>) last tensor<?x1x?xf32>
  body(%k, %s) { minrnn.yield %s : f32 }
  return %n : tensor<?x1x?xf32>
}
}
//--- unknown.mlir
func.func @step(%p: tensor<?x1x1x?xf32> {minrnn.name = "preactivations"}, %h: tensor<?x1x?xf32> {minrnn.name = "memory"}) -> (tensor<?x1x?xf32> {minrnn.name = "last"}) {
  %n = minrnn.sequential_scan sequences(%p : tensor<?x1x1x?xf32>) initial(%h : tensor<?x1x?xf32>) last tensor<?x1x?xf32>
  body(%k, %s) { minrnn.yield %s : f32 }
  return %n : tensor<?x1x?xf32>
}
//--- rank.mlir
module {
  minrnn.program "c" sequential gates [] recurrent [] parameters [] states ["h"] output "h" {}
func.func @step(%p: tensor<?x1x?xf32> {minrnn.name = "preactivations"}, %h: tensor<?x1x?xf32> {minrnn.name = "initial"}) -> (tensor<?x1x?xf32> {minrnn.name = "last"}) {
  %n = minrnn.sequential_scan sequences(%p : tensor<?x1x?xf32>) initial(%h : tensor<?x1x?xf32>) last tensor<?x1x?xf32>
  body(%k, %s) { minrnn.yield %s : f32 }
  return %n : tensor<?x1x?xf32>
}
}
//--- element.mlir
func.func @step(%p: tensor<?x1x1x?xf32> {minrnn.name = "preactivations"}, %r: tensor<?x?xf32> {minrnn.name = "reset"}, %h: tensor<?x1x?xf32> {minrnn.name = "initial"}) -> (tensor<?x1x?xf32> {minrnn.name = "last"}) {
  %n = minrnn.sequential_scan sequences(%p : tensor<?x1x1x?xf32>) initial(%h : tensor<?x1x?xf32>) last tensor<?x1x?xf32>
  body(%k, %s) { minrnn.yield %s : f32 }
  return %n : tensor<?x1x?xf32>
}
//--- scalar.mlir
func.func @step(%p: tensor<?x1x1x?xf32> {minrnn.name = "preactivations"}, %b: i64 {minrnn.name = "bias"}, %h: tensor<?x1x?xf32> {minrnn.name = "initial"}) -> (tensor<?x1x?xf32> {minrnn.name = "last"}) {
  %n = minrnn.sequential_scan sequences(%p : tensor<?x1x1x?xf32>) initial(%h : tensor<?x1x?xf32>) last tensor<?x1x?xf32>
  body(%k, %s) { minrnn.yield %s : f32 }
  return %n : tensor<?x1x?xf32>
}
//--- made.mlir
// A tensor from nowhere has no pointer.
func.func @step(%p: tensor<?x1x1x?xf32> {minrnn.name = "preactivations"}, %h: tensor<?x1x?xf32> {minrnn.name = "initial"}) -> (tensor<?x1x?xf32> {minrnn.name = "last"}) {
  %u = "test.make"() : () -> tensor<1x?xf32>
  %n = minrnn.sequential_scan sequences(%p : tensor<?x1x1x?xf32>) parameters(%u : tensor<1x?xf32>) initial(%h : tensor<?x1x?xf32>) last tensor<?x1x?xf32>
  body(%k, %b, %s) { minrnn.yield %s : f32 }
  return %n : tensor<?x1x?xf32>
}
//--- delayed.mlir
// The states of a pass that is still under way are not there yet.
func.func @forward(%p: tensor<?x?x1x?xf32> {minrnn.name = "preactivations"}, %s: tensor<?x?x?xf32> {minrnn.name = "d_output"}, %h: tensor<?x1x?xf32> {minrnn.name = "initial"}) -> (tensor<?x1x?xf32> {minrnn.name = "last"}) {
  %d = minrnn.delay %s initial %h : tensor<?x?x?xf32>, tensor<?x1x?xf32>
  %n = minrnn.sequential_scan sequences(%d : tensor<?x?x?xf32>) initial(%h : tensor<?x1x?xf32>) last tensor<?x1x?xf32>
  body(%k, %b) { minrnn.yield %k : f32 }
  return %n : tensor<?x1x?xf32>
}
//--- delayed-twice.mlir
// One step late, and no later.
func.func @backward(%s: tensor<?x?x?xf32> {minrnn.name = "output"}, %h: tensor<?x1x?xf32> {minrnn.name = "initial"}) -> (tensor<?x1x?xf32> {minrnn.name = "d_initial"}) {
  %d = minrnn.delay %s initial %h : tensor<?x?x?xf32>, tensor<?x1x?xf32>
  %e = minrnn.delay %d initial %h : tensor<?x?x?xf32>, tensor<?x1x?xf32>
  %n = minrnn.sequential_scan reverse sequences(%e : tensor<?x?x?xf32>) initial(%h : tensor<?x1x?xf32>) last tensor<?x1x?xf32>
  body(%k, %b) { minrnn.yield %k : f32 }
  return %n : tensor<?x1x?xf32>
}
//--- unreturned.mlir
func.func @step(%p: tensor<?x1x1x?xf32> {minrnn.name = "preactivations"}, %h: tensor<?x1x?xf32> {minrnn.name = "initial"}) -> (tensor<?x1x?xf32> {minrnn.name = "last"}) {
  %n = minrnn.sequential_scan sequences(%p : tensor<?x1x1x?xf32>) initial(%h : tensor<?x1x?xf32>) last tensor<?x1x?xf32>
  body(%k, %s) { minrnn.yield %s : f32 }
  return %h : tensor<?x1x?xf32>
}
//--- twice.mlir
module {
  minrnn.program "c" sequential gates [] recurrent [] parameters [] states ["h"] output "h" {}
func.func @step(%p: tensor<?x1x1x?xf32> {minrnn.name = "preactivations"}, %h: tensor<?x1x?xf32> {minrnn.name = "initial"}) -> (tensor<?x1x?xf32> {minrnn.name = "carried"}, tensor<?x1x?xf32> {minrnn.name = "last"}) {
  %n = minrnn.sequential_scan sequences(%p : tensor<?x1x1x?xf32>) initial(%h : tensor<?x1x?xf32>) last tensor<?x1x?xf32>
  body(%k, %s) { minrnn.yield %s : f32 }
  return %n, %n : tensor<?x1x?xf32>, tensor<?x1x?xf32>
}
}
//--- tickets.mlir
func.func @backward(%p: tensor<?x?x1x?xf32> {minrnn.name = "preactivations"}, %h: tensor<?x1x?xf32> {minrnn.name = "d_last"}, %t: tensor<?x?xi32> {minrnn.name = "tickets"}) -> (tensor<?x?x1x?xf32> {minrnn.name = "d_bias_tiles"}, tensor<?x1x?xf32> {minrnn.name = "d_initial"}) {
  %s, %l = minrnn.scan reverse sequences(%p : tensor<?x?x1x?xf32>) initial(%h : tensor<?x1x?xf32>) sums (tensor<?x?x1x?xf32>) last tensor<?x1x?xf32>
  combine linear element(%k) { minrnn.yield %k, %k : f32, f32 }
  output(%k, %c, %n) { minrnn.yield %c : f32 }
  return %s, %l : tensor<?x?x1x?xf32>, tensor<?x1x?xf32>
}
//--- summaries.mlir
func.func @backward(%p: tensor<?x?x1x?xf32> {minrnn.name = "preactivations"}, %h: tensor<?x1x?xf32> {minrnn.name = "d_last"}, %t: tensor<?x?xi32> {minrnn.name = "tickets"}, %u: tensor<?x?x?xi32> {minrnn.name = "published"}, %w: tensor<?x?x1x?xf32> {minrnn.name = "summaries"}) -> (tensor<?x?x1x?xf32> {minrnn.name = "d_bias_tiles"}, tensor<?x1x?xf32> {minrnn.name = "d_initial"}) {
  %s, %l = minrnn.scan reverse sequences(%p : tensor<?x?x1x?xf32>) initial(%h : tensor<?x1x?xf32>) sums (tensor<?x?x1x?xf32>) last tensor<?x1x?xf32>
  combine linear element(%k) { minrnn.yield %k, %k : f32, f32 }
  output(%k, %c, %n) { minrnn.yield %c : f32 }
  return %s, %l : tensor<?x?x1x?xf32>, tensor<?x1x?xf32>
}
//--- rows.mlir
func.func @backward(%p: tensor<?x?x1x?xf32> {minrnn.name = "preactivations"}, %h: tensor<?x1x?xf32> {minrnn.name = "d_last"}, %t: tensor<?x?xi32> {minrnn.name = "tickets"}, %u: tensor<?x?x?xi32> {minrnn.name = "published"}, %w: tensor<?x?x2x?xf32> {minrnn.name = "summaries"}) -> (tensor<?x1x?xf32> {minrnn.name = "d_bias_rows"}, tensor<?x1x?xf32> {minrnn.name = "d_initial"}) {
  %s, %l = minrnn.scan reverse sequences(%p : tensor<?x?x1x?xf32>) initial(%h : tensor<?x1x?xf32>) sums (tensor<?x1x?xf32>) last tensor<?x1x?xf32>
  combine linear element(%k) { minrnn.yield %k, %k : f32, f32 }
  output(%k, %c, %n) { minrnn.yield %c : f32 }
  return %s, %l : tensor<?x1x?xf32>, tensor<?x1x?xf32>
}
//--- tiles.mlir
func.func @backward(%p: tensor<?x?x1x?xf32> {minrnn.name = "preactivations"}, %h: tensor<?x1x?xf32> {minrnn.name = "d_last"}) -> (tensor<?x?x1x?xf32> {minrnn.name = "d_bias_tiles"}, tensor<?x1x?xf32> {minrnn.name = "d_initial"}) {
  %s, %l = minrnn.scan reverse sequences(%p : tensor<?x?x1x?xf32>) initial(%h : tensor<?x1x?xf32>) sums (tensor<?x?x1x?xf32>) last tensor<?x1x?xf32>
  combine linear element(%k) { minrnn.yield %k, %k : f32, f32 }
  output(%k, %c, %n) { minrnn.yield %c : f32 }
  return %s, %l : tensor<?x?x1x?xf32>, tensor<?x1x?xf32>
}
//--- loop.mlir
func.func @step(%p: tensor<?x1x1x?xf32> {minrnn.name = "preactivations"}, %h: tensor<?x1x?xf32> {minrnn.name = "initial"}, %t: tensor<?x?xi32> {minrnn.name = "tickets"}, %u: tensor<?x?x?xi32> {minrnn.name = "published"}, %w: tensor<?x?x2x?xf32> {minrnn.name = "summaries"}) -> (tensor<?x1x?xf32> {minrnn.name = "last"}) {
  %n = minrnn.sequential_scan sequences(%p : tensor<?x1x1x?xf32>) initial(%h : tensor<?x1x?xf32>) last tensor<?x1x?xf32>
  body(%k, %s) { minrnn.yield %s : f32 }
  return %n : tensor<?x1x?xf32>
}
