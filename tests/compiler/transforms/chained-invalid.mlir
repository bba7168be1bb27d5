// What is projected within the step is said twice: by the function that computes
// it, and by the module's list of projections. Where they do not fit a gradient
// would be lost, so that no backward is derived.
// RUN: minrnn-opt %s --minrnn-prove-recurrence --minrnn-fuse-gates --canonicalize --cse -o %t.fused
// RUN: minrnn-opt %t.fused --minrnn-derive-backward -o /dev/null

// RUN: sed 's/{chained = 0 : i64, name = "u"}/{name = "u", state = "h"}/' %t.fused | not minrnn-opt --minrnn-derive-backward 2>&1 | FileCheck %s --check-prefix=ONLY
// RUN: sed 's/@forward_chained/@other/' %t.fused | not minrnn-opt --minrnn-derive-backward 2>&1 | FileCheck %s --check-prefix=ONLY
// ONLY: error: 'builtin.module' op expects a function 'forward_chained' where 'minrnn.recurrent' has a 'chained' value, and only there

// RUN: sed 's/{chained = 0 : i64, name = "u"}/7/' %t.fused | not minrnn-opt --minrnn-derive-backward 2>&1 | FileCheck %s --check-prefix=NEITHER
// NEITHER: error: 'builtin.module' op expects each of 'minrnn.recurrent' to have either a 'state' or the place of a 'chained' value, found 7
// RUN: sed 's/{chained = 0 : i64, name = "u"}/{chained = 0 : i64, name = "u", state = "h"}/' %t.fused | not minrnn-opt --minrnn-derive-backward 2>&1 | FileCheck %s --check-prefix=BOTH
// BOTH: error: 'builtin.module' op expects each of 'minrnn.recurrent' to have either a 'state' or the place of a 'chained' value, found {chained = 0 : i64, name = "u", state = "h"}
// RUN: sed 's/chained = 0/chained = 1/' %t.fused | not minrnn-opt --minrnn-derive-backward 2>&1 | FileCheck %s --check-prefix=COUNTED
// COUNTED: error: 'builtin.module' op expects the 'chained' values of 'minrnn.recurrent' to be counted from 0 on; there is no 0
// RUN: sed 's/{chained = 0 : i64, name = "u"}/{chained = 0 : i64, name = "u"}, {chained = 1 : i64, name = "v"}/' %t.fused | not minrnn-opt --minrnn-derive-backward 2>&1 | FileCheck %s --check-prefix=STORES
// STORES: error: 'func.func' op expects one minrnn.sequential_scan with the values, parameters and states of 'step' that stores 2 values, those that are projected

// RUN: sed '/@forward_chained/,$s/minrnn.yield \(%[^,]*\), \(%[^ ]*\)/minrnn.yield \2, \2/' %t.fused | not minrnn-opt --minrnn-derive-backward 2>&1 | FileCheck %s --check-prefix=STATES
// STATES: error: 'minrnn.sequential_scan' op expects to yield the states as they are

// RUN: sed 's/{name = "s", state = "h"}, {chained = 0 : i64, name = "u"}/{chained = 0 : i64, name = "u"}, {name = "s", state = "h"}/' %t.fused | not minrnn-opt --minrnn-derive-backward 2>&1 | FileCheck %s --check-prefix=HANGS
// HANGS: error: 'minrnn.sequential_scan' op expects values that hang on no projection of one another

minrnn.cell @c(%x: !minrnn.input) state(%h: f32) {
  %k = minrnn.project %x "k" : f32
  %s = minrnn.project %h "s" : f32 -> f32
  %f = arith.mulf %s, %h : f32
  %u = minrnn.project %f "u" : f32 -> f32
  %n = arith.addf %u, %k : f32
  minrnn.yield %n : f32
}
