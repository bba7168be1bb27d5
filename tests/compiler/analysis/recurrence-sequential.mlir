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
minrnn.cell @chained(%x: !minrnn.input) state(%h: f32) {
  %k = minrnn.project %x "z" : f32
  // expected-remark @+1 {{sequential: 'minrnn.project' projects a value computed within the step; to make it parallel, project the input vector instead}}
  %u = minrnn.project %k "u" : f32 -> f32
  %n = arith.mulf %u, %h : f32
  minrnn.yield %n : f32
}

// -----

// So it is in a step that is written as affine.
minrnn.cell @chained_affine(%x: !minrnn.input) state(%h: f32) {
  %k = minrnn.project %x "z" : f32
  // expected-remark @+1 {{sequential: 'minrnn.project' projects a value computed within the step}}
  %u = minrnn.project %k "u" : f32 -> f32
  %n = minrnn.affine %u * %h + %k in (0, 1), (0, inf) : f32
  minrnn.yield %n : f32
}

// -----

// Of several states: one that reads another is no recurrence in itself alone.
// CHECK-LABEL: minrnn.cell @coupled(
// CHECK-SAME: attributes {minrnn.sequential = "'arith.addf' mixes one state into the next value of another; to make it parallel, let each state's next value read that state alone", minrnn.sequential_at = {{.*}}} {
minrnn.cell @coupled(%x: !minrnn.input) state(%h: f32, %c: f32) {
  %k = minrnn.project %x "z" : f32
  %kh = arith.mulf %k, %h : f32
  // expected-remark @+1 {{sequential: 'arith.addf' mixes one state into the next value of another; to make it parallel, let each state's next value read that state alone}}
  %n = arith.addf %kh, %c : f32
  %kc = arith.mulf %k, %c : f32
  %m = arith.addf %kc, %h : f32
  minrnn.yield %n, %m : f32, f32
}

// -----

// One way is enough: the first state is affine, the second reads it.
// CHECK-LABEL: minrnn.cell @triangular(
// CHECK-NOT: minrnn.affine
minrnn.cell @triangular(%x: !minrnn.input) state(%h: f32, %c: f32) {
  %k = minrnn.project %x "z" : f32
  %n = arith.mulf %k, %h : f32
  %kc = arith.mulf %k, %c : f32
  // expected-remark @+1 {{sequential: 'arith.addf' mixes one state into the next value of another}}
  %m = arith.addf %kc, %h : f32
  minrnn.yield %n, %m : f32, f32
}

// -----

// Also from the second to the first.
minrnn.cell @triangular_up(%x: !minrnn.input) state(%h: f32, %c: f32) {
  %k = minrnn.project %x "z" : f32
  // expected-remark @+1 {{sequential: 'arith.mulf' mixes one state into the next value of another}}
  %kc = arith.mulf %k, %c : f32
  %n = arith.addf %kc, %h : f32
  %m = arith.mulf %k, %c : f32
  minrnn.yield %n, %m : f32, f32
}

// -----

// It reads the other state's next value: where that one reads its own state.
minrnn.cell @through_next(%x: !minrnn.input) state(%h: f32, %c: f32) {
  %k = minrnn.project %x "z" : f32
  %n = arith.mulf %k, %h : f32
  // expected-remark @+1 {{sequential: 'arith.subf' mixes one state into the next value of another}}
  %m = arith.subf %k, %c : f32
  %o = arith.addf %n, %m : f32
  minrnn.yield %o, %m : f32, f32
}

// -----

// The other state within a function, a factor, a condition: all the same.
minrnn.cell @gated(%x: !minrnn.input) state(%h: f32, %c: f32) {
  %k = minrnn.project %x "z" : f32
  // expected-remark @+1 {{sequential: 'minrnn.sigmoid' mixes one state into the next value of another}}
  %g = minrnn.sigmoid %c : f32
  %n = arith.mulf %g, %h : f32
  minrnn.yield %n, %k : f32, f32
}

// -----

minrnn.cell @chosen(%x: !minrnn.input) state(%h: f32, %c: f32) {
  %k = minrnn.project %x "z" : f32
  // expected-remark @+1 {{sequential: 'arith.cmpf' mixes one state into the next value of another}}
  %g = arith.cmpf ogt, %c, %k : f32
  %n = arith.select %g, %h, %k : f32
  minrnn.yield %n, %c : f32, f32
}

// -----

// A product of two states.
minrnn.cell @product(%x: !minrnn.input) state(%h: f32, %c: f32) {
  %k = minrnn.project %x "z" : f32
  // expected-remark @+1 {{sequential: 'arith.mulf' mixes one state into the next value of another}}
  %n = arith.mulf %h, %c : f32
  minrnn.yield %n, %c : f32, f32
}

// -----

// States that change places: there is no operation to name but the yield.
// CHECK-LABEL: minrnn.cell @swapped(
// CHECK-SAME: attributes {minrnn.sequential = "'minrnn.yield' hands on another state unchanged; to make it parallel, let each state's next value read that state alone", minrnn.sequential_at = {{.*}}} {
minrnn.cell @swapped(%x: !minrnn.input) state(%h: f32, %c: f32) {
  %k = minrnn.project %x "z" : f32
  // expected-remark @+1 {{sequential: 'minrnn.yield' hands on another state unchanged; to make it parallel, let each state's next value read that state alone}}
  minrnn.yield %c, %h : f32, f32
}

// -----

// A delay line: each state takes over the one before.
minrnn.cell @delay(%x: !minrnn.input) state(%h: f32, %c: f32) {
  %k = minrnn.project %x "z" : f32
  // expected-remark @+1 {{sequential: 'minrnn.yield' hands on another state unchanged}}
  minrnn.yield %k, %h : f32, f32
}

// -----

// Two states may share a next value only where it is free of both.
minrnn.cell @shared(%x: !minrnn.input) state(%h: f32, %c: f32) {
  %k = minrnn.project %x "z" : f32
  // expected-remark @+1 {{sequential: 'arith.mulf' mixes one state into the next value of another}}
  %n = arith.mulf %k, %h : f32
  minrnn.yield %n, %n : f32, f32
}

// -----

// So it is with one that is written as affine: it is a form of one state.
minrnn.cell @shared_affine(%x: !minrnn.input) state(%h: f32, %c: f32) {
  %k = minrnn.project %x "z" : f32
  // expected-remark @+1 {{sequential: 'minrnn.affine' mixes one state into the next value of another}}
  %n = minrnn.affine %k * %h + %k in (0, 1), (0, inf) : f32
  minrnn.yield %n, %n : f32, f32
}

// -----

minrnn.cell @swapped_affine(%x: !minrnn.input) state(%h: f32, %c: f32) {
  %k = minrnn.project %x "z" : f32
  %n = minrnn.affine %k * %h + %k in (0, 1), (0, inf) : f32
  // expected-remark @+1 {{sequential: 'minrnn.affine' mixes one state into the next value of another}}
  %m = minrnn.affine %k * %c + %k in (0, 1), (0, inf) : f32
  minrnn.yield %m, %n : f32, f32
}

// -----

// One state that is not affine makes the cell sequential, whichever it is.
minrnn.cell @second(%x: !minrnn.input) state(%h: f32, %c: f32) {
  %k = minrnn.project %x "z" : f32
  %n = arith.mulf %k, %h : f32
  // expected-remark @+1 {{sequential: 'math.tanh' is not an affine function of the state}}
  %m = math.tanh %c : f32
  minrnn.yield %n, %m : f32, f32
}

// -----

// A state that only the output projects mixes the channels all the same.
minrnn.cell @projected_output(%x: !minrnn.input) state(%h: f32) {
  %k = minrnn.project %x "z" : f32
  %n = arith.mulf %k, %h : f32
  // expected-remark @+1 {{sequential: 'minrnn.project' projects a value that depends on the state, which mixes the channels from step to step; to make it parallel, project the input '%x' instead}}
  %u = minrnn.project %h "u" : f32 -> f32
  minrnn.output %u : f32
  minrnn.yield %n : f32
}

// -----

minrnn.cell @chained_output(%x: !minrnn.input) state(%h: f32) {
  %k = minrnn.project %x "z" : f32
  %n = arith.mulf %k, %h : f32
  // expected-remark @+1 {{sequential: 'minrnn.project' projects a value computed within the step; to make it parallel, project the input vector instead}}
  %u = minrnn.project %n "u" : f32 -> f32
  minrnn.output %u : f32
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

minrnn.cell @log2_add_exp2(%x: !minrnn.input) state(%h: f32) {
  %k = minrnn.project %x "z" : f32
  // expected-remark @+1 {{sequential: 'minrnn.log2_add_exp2' is not an affine function of the state}}
  %n = minrnn.log2_add_exp2 %k, %h : f32
  minrnn.yield %n : f32
}

// -----

// A verdict from before does not outlive its reason.
// CHECK-LABEL: minrnn.cell @stale(
// CHECK-NOT: minrnn.sequential
// CHECK: minrnn.affine
// expected-remark @+1 {{parallel (affine): a in (-inf, inf), b in [0, 0]}}
minrnn.cell @stale(%x: !minrnn.input) state(%h: f32) attributes {minrnn.sequential = "it was"} {
  %k = minrnn.project %x "z" : f32
  %n = arith.mulf %k, %h : f32
  minrnn.yield %n : f32
}
