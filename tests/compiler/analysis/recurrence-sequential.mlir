// The recurrence analysis on steps that are not affine: the verdict stands at
// the operation that breaks the form, and says why and what would mend it.
// RUN: minrnn-opt %s --minrnn-prove-recurrence '--remarks-filter=minrnn.*' --remark-format=emitRemark --verify-diagnostics --split-input-file | FileCheck %s

// CHECK-LABEL: minrnn.cell @square(
// CHECK-SAME: attributes {minrnn.sequential = "'arith.mulf' multiplies the state by a value that depends on the state; to make it parallel, compute one of the factors from the input alone", minrnn.sequential_at = {{.*}}} {
minrnn.cell @square(%x: !minrnn.input) state(%h: f32) {
  %k = minrnn.project %x "z" : f32
  // expected-remark @+1 {{sequential: 'arith.mulf' multiplies the state by a value that depends on the state}}
  %n = arith.mulf %h, %h : f32
  minrnn.yield %n : f32
}

// -----

// The first operation is named, not the one that uses it.
minrnn.cell @first(%x: !minrnn.input) state(%h: f32) {
  %k = minrnn.project %x "z" : f32
  // expected-remark @+1 {{sequential: 'math.tanh' is not an affine function of the state; to make it parallel, apply it to values computed from the input alone}}
  %t = math.tanh %h : f32
  %n = arith.mulf %t, %h : f32
  minrnn.yield %n : f32
}

// -----

minrnn.cell @divisor(%x: !minrnn.input) state(%h: f32) {
  %k = minrnn.project %x "z" : f32
  // expected-remark @+1 {{sequential: 'arith.divf' divides by a value that depends on the state; to make it parallel, compute the divisor from the input alone}}
  %n = arith.divf %k, %h : f32
  minrnn.yield %n : f32
}

// -----

minrnn.cell @weight(%x: !minrnn.input) state(%h: f32) {
  %k = minrnn.project %x "z" : f32
  // expected-remark @+1 {{sequential: 'minrnn.lerp' interpolates by a weight that depends on the state; to make it parallel, compute the weight from the input alone}}
  %n = minrnn.lerp %k, %k, %h : f32
  minrnn.yield %n : f32
}

// -----

// A choice by the state: the comparison is what is not affine.
minrnn.cell @condition(%x: !minrnn.input) state(%h: f32) {
  %k = minrnn.project %x "z" : f32
  // expected-remark @+1 {{sequential: 'arith.cmpf' is not an affine function of the state}}
  %c = arith.cmpf ogt, %h, %k : f32
  %n = arith.select %c, %k, %h : f32
  minrnn.yield %n : f32
}

// -----

// The channels mix from step to step: what makes a GRU sequential.
minrnn.cell @gru(%x: !minrnn.input) state(%h: f32) {
  %k = minrnn.project %x "r" : f32
  %r = minrnn.sigmoid %k : f32
  %rh = arith.mulf %r, %h : f32
  // expected-remark @+1 {{sequential: 'minrnn.project' projects a value that depends on the state, which mixes the channels from step to step; to make it parallel, project the input '%x' instead}}
  %n = minrnn.project %rh "u" : f32 -> f32
  minrnn.yield %n : f32
}

// -----

// A projection of a gate is a second matrix product behind the first.
minrnn.cell @inner(%x: !minrnn.input) state(%h: f32) {
  %k = minrnn.project %x "z" : f32
  // expected-remark @+1 {{sequential: 'minrnn.project' projects a value computed within the step; to make it parallel, project the input vector instead}}
  %u = minrnn.project %k "u" : f32 -> f32
  %n = arith.mulf %u, %h : f32
  minrnn.yield %n : f32
}

// -----

// So it is in a step that is written as affine.
minrnn.cell @inner_affine(%x: !minrnn.input) state(%h: f32) {
  %k = minrnn.project %x "z" : f32
  // expected-remark @+1 {{sequential: 'minrnn.project' projects a value computed within the step}}
  %u = minrnn.project %k "u" : f32 -> f32
  %n = minrnn.affine %u * %h + %k in (0, 1), (0, inf) : f32
  minrnn.yield %n : f32
}

// -----

// What feeds nothing back does not mix the channels from step to step, but its
// product is one of each step all the same.
minrnn.cell @projected_output(%x: !minrnn.input) state(%h: f32) {
  %k = minrnn.project %x "z" : f32
  %n = arith.mulf %k, %h : f32
  // expected-remark @+1 {{sequential: 'minrnn.project' projects a value that depends on the state; no state's next value is computed from the result, but the product is one of each step, and so the steps run in order; to make it parallel, make what it projects the output, and project that in the layer above}}
  %u = minrnn.project %h "u" : f32 -> f32
  minrnn.output %u : f32
  minrnn.yield %n : f32
}

// -----

minrnn.cell @inner_output(%x: !minrnn.input) state(%h: f32) {
  %k = minrnn.project %x "z" : f32
  %n = arith.mulf %k, %h : f32
  // expected-remark @+1 {{sequential: 'minrnn.project' projects a value that depends on the state; no state's next value is computed from the result, but the product is one of each step, and so the steps run in order; to make it parallel, make what it projects the output, and project that in the layer above}}
  %u = minrnn.project %n "u" : f32 -> f32
  minrnn.output %u : f32
  minrnn.yield %n : f32
}

// -----

// Nothing reads it at all.
minrnn.cell @unused(%x: !minrnn.input) state(%h: f32) {
  %k = minrnn.project %x "z" : f32
  %n = arith.mulf %k, %h : f32
  // expected-remark @+1 {{no state's next value is computed from the result, but the product is one of each step, and so the steps run in order; to make it parallel, leave it out, for the output is not computed from it either}}
  %u = minrnn.project %h "u" : f32 -> f32
  minrnn.yield %n : f32
}

// -----

// Of two, the one that feeds back is the one to mend first.
minrnn.cell @idle_first(%x: !minrnn.input) state(%h: f32) {
  %k = minrnn.project %x "z" : f32
  %o = minrnn.project %h "o" : f32 -> f32
  // expected-remark @+1 {{which mixes the channels from step to step}}
  %u = minrnn.project %h "u" : f32 -> f32
  %n = arith.addf %k, %u : f32
  minrnn.output %o : f32
  minrnn.yield %n : f32
}

// -----

// Nothing is left of what is affine but for its projections.
// CHECK-LABEL: minrnn.cell @mixed_alone(
// CHECK-NOT: minrnn.sequential_then
minrnn.cell @mixed_alone(%x: !minrnn.input) state(%h: f32) {
  %k = minrnn.project %x "z" : f32
  // expected-remark @+1 {{sequential: 'minrnn.project' projects a value that depends on the state}}
  %u = minrnn.project %h "u" : f32 -> f32
  %t = math.tanh %u : f32
  %n = minrnn.lerp %h, %t, %k : f32
  minrnn.yield %n : f32
}

// -----

// One of a value that depends on no state does not outlast the others.
// CHECK-LABEL: minrnn.cell @gate_projected(
// CHECK-NOT: minrnn.sequential_then
minrnn.cell @gate_projected(%x: !minrnn.input) state(%h: f32) {
  %k = minrnn.project %x "z" : f32
  %u = minrnn.project %k "u" : f32 -> f32
  // expected-remark @+1 {{sequential: 'math.tanh' is not an affine function of the state}}
  %t = math.tanh %h : f32
  %n = arith.mulf %u, %t : f32
  minrnn.yield %n : f32
}

// -----

// Every other function of the state.
minrnn.cell @maximum(%x: !minrnn.input) state(%h: f32) {
  %k = minrnn.project %x "z" : f32
  // expected-remark @+1 {{sequential: 'arith.maximumf' is not an affine function of the state}}
  %n = arith.maximumf %h, %k : f32
  minrnn.yield %n : f32
}

// -----

minrnn.cell @minimum(%x: !minrnn.input) state(%h: f32) {
  %k = minrnn.project %x "z" : f32
  // expected-remark @+1 {{sequential: 'arith.minimumf' is not an affine function of the state}}
  %n = arith.minimumf %k, %h : f32
  minrnn.yield %n : f32
}

// -----

minrnn.cell @exp(%x: !minrnn.input) state(%h: f32) {
  %k = minrnn.project %x "z" : f32
  // expected-remark @+1 {{sequential: 'math.exp' is not an affine function of the state}}
  %n = math.exp %h : f32
  minrnn.yield %n : f32
}

// -----

minrnn.cell @expm1(%x: !minrnn.input) state(%h: f32) {
  %k = minrnn.project %x "z" : f32
  // expected-remark @+1 {{sequential: 'math.expm1' is not an affine function of the state}}
  %n = math.expm1 %h : f32
  minrnn.yield %n : f32
}

// -----

minrnn.cell @log(%x: !minrnn.input) state(%h: f32) {
  %k = minrnn.project %x "z" : f32
  // expected-remark @+1 {{sequential: 'math.log' is not an affine function of the state}}
  %n = math.log %h : f32
  minrnn.yield %n : f32
}

// -----

minrnn.cell @sqrt(%x: !minrnn.input) state(%h: f32) {
  %k = minrnn.project %x "z" : f32
  // expected-remark @+1 {{sequential: 'math.sqrt' is not an affine function of the state}}
  %n = math.sqrt %h : f32
  minrnn.yield %n : f32
}

// -----

minrnn.cell @abs(%x: !minrnn.input) state(%h: f32) {
  %k = minrnn.project %x "z" : f32
  // expected-remark @+1 {{sequential: 'math.absf' is not an affine function of the state}}
  %n = math.absf %h : f32
  minrnn.yield %n : f32
}

// -----

minrnn.cell @sigmoid(%x: !minrnn.input) state(%h: f32) {
  %k = minrnn.project %x "z" : f32
  // expected-remark @+1 {{sequential: 'minrnn.sigmoid' is not an affine function of the state}}
  %n = minrnn.sigmoid %h : f32
  minrnn.yield %n : f32
}

// -----

minrnn.cell @positive(%x: !minrnn.input) state(%h: f32) {
  %k = minrnn.project %x "z" : f32
  // expected-remark @+1 {{sequential: 'minrnn.positive' is not an affine function of the state}}
  %n = minrnn.positive %h : f32
  minrnn.yield %n : f32
}

// -----

minrnn.cell @softplus(%x: !minrnn.input) state(%h: f32) {
  %k = minrnn.project %x "z" : f32
  // expected-remark @+1 {{sequential: 'minrnn.softplus' is not an affine function of the state}}
  %n = minrnn.softplus %h : f32
  minrnn.yield %n : f32
}

// -----

minrnn.cell @logaddexp2(%x: !minrnn.input) state(%h: f32) {
  %k = minrnn.project %x "z" : f32
  // expected-remark @+1 {{sequential: 'minrnn.logaddexp2' is not an affine function of the state}}
  %n = minrnn.logaddexp2 %k, %h : f32
  minrnn.yield %n : f32
}

// -----

// A verdict from before does not outlive its reason.
// CHECK-LABEL: minrnn.cell @stale(
// CHECK-NOT: minrnn.sequential
// CHECK: minrnn.affine
// expected-remark @+1 {{parallel (affine): a in (-inf, inf), b in [0, 0]}}
minrnn.cell @stale(%x: !minrnn.input) state(%h: f32) attributes {minrnn.sequential = "it was", minrnn.sequential_then = "it would"} {
  %k = minrnn.project %x "z" : f32
  %n = arith.mulf %k, %h : f32
  minrnn.yield %n : f32
}
