// What is projected within the step is said twice: by the functions that compute
// it, and by the program's list of projections. Where they do not fit a gradient
// would be lost, so that no backward is derived. (The list alone is tested in
// tests/dialect/program-rules.mlir.)
// RUN: minrnn-opt %s --minrnn-prove-recurrence --minrnn-fuse-gates --canonicalize --cse | sed '/^  minrnn.program/,/^  }$/{/^  minrnn.program/!d;s/{$/{}/}' > %t.fused
// RUN: minrnn-opt %t.fused --minrnn-derive-backward -o /dev/null

// RUN: sed 's/{inner = 0 : i64, name = "u", stage = 0 : i64}/{name = "u", state = "h"}/' %t.fused | not minrnn-opt --minrnn-derive-backward 2>&1 | FileCheck %s --check-prefix=BEYOND
// BEYOND: error: 'minrnn.program' op expects no function 'forward_inner0', since it projects no inner values of this stage
// RUN: sed 's/@forward_inner0/@other/' %t.fused | not minrnn-opt --minrnn-derive-backward 2>&1 | FileCheck %s --check-prefix=LACKS
// LACKS: error: 'minrnn.program' op expects a function 'forward_inner0', since it projects inner values of this stage
// RUN: sed 's/"u", stage = 0/"u", stage = 1/' %t.fused | not minrnn-opt --minrnn-derive-backward 2>&1 | FileCheck %s --check-prefix=LACKS-SECOND
// LACKS-SECOND: error: 'minrnn.program' op expects a function 'forward_inner1', since it projects inner values of this stage

// RUN: sed 's/{inner = 0 : i64, name = "u", stage = 0 : i64}/{inner = 0 : i64, name = "u", stage = 0 : i64}, {inner = 0 : i64, name = "v", stage = 0 : i64}/' %t.fused | not minrnn-opt --minrnn-derive-backward 2>&1 | FileCheck %s --check-prefix=PRODUCTS
// PRODUCTS: error: 'minrnn.sequential_scan' op expects the gates, projections, parameters and states that minrnn.program names, and one output where that is no state
// RUN: sed 's/{name = "s", state = "h"}, {inner = 0 : i64, name = "u", stage = 0 : i64}/{inner = 0 : i64, name = "s", stage = 0 : i64}, {inner = 1 : i64, name = "u", stage = 0 : i64}/' %t.fused | not minrnn-opt --minrnn-derive-backward 2>&1 | FileCheck %s --check-prefix=STORES
// STORES: error: 'func.func' op expects one minrnn.sequential_scan with the values, parameters and states of 'step' that stores 2 values, those that are projected

// RUN: sed '/@forward_inner0/,$s/minrnn.yield \(%[^,]*\), \(%[^ ]*\)/minrnn.yield \2, \2/' %t.fused | not minrnn-opt --minrnn-derive-backward 2>&1 | FileCheck %s --check-prefix=STATES
// STATES: error: 'minrnn.sequential_scan' op expects to yield the states as they are

// RUN: sed 's/{name = "s", state = "h"}, {inner = 0 : i64, name = "u", stage = 0 : i64}/{inner = 0 : i64, name = "u", stage = 0 : i64}, {name = "s", state = "h"}/' %t.fused | not minrnn-opt --minrnn-derive-backward 2>&1 | FileCheck %s --check-prefix=DEPENDS
// DEPENDS: error: 'minrnn.sequential_scan' op expects the values of stage 0 to depend on projections of earlier stages alone

minrnn.cell @c(%x: !minrnn.input) state(%h: f32) {
  %k = minrnn.project %x "k" : f32
  %s = minrnn.project %h "s" : f32 -> f32
  %f = arith.mulf %s, %h : f32
  %u = minrnn.project %f "u" : f32 -> f32
  %n = arith.addf %u, %k : f32
  minrnn.yield %n : f32
}
