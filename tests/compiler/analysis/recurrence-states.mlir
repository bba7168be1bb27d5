// Steps of several states that are not affine: which state reads which, where it
// does, and a state that nothing reads.
// RUN: minrnn-opt %s --minrnn-prove-recurrence '--remarks-filter=minrnn.*' --remark-format=emitRemark --verify-diagnostics --split-input-file | FileCheck %s

// Of several states: one that reads another is no recurrence in itself alone.
// CHECK-LABEL: minrnn.cell @coupled(
// CHECK-SAME: attributes {minrnn.sequential = "'arith.addf' lets the next value of 'h' read the state 'c'; to make it parallel, compute that value from 'h' and the input alone", minrnn.sequential_at = {{.*}}} {
minrnn.cell @coupled(%x: !minrnn.input) state(%h: f32, %c: f32) {
  %k = minrnn.project %x "z" : f32
  %kh = arith.mulf %k, %h : f32
  // expected-remark @+1 {{sequential: 'arith.addf' lets the next value of 'h' read the state 'c'; to make it parallel, compute that value from 'h' and the input alone}}
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
  // expected-remark @+1 {{sequential: 'arith.addf' lets the next value of 'c' read the state 'h'}}
  %m = arith.addf %kc, %h : f32
  minrnn.yield %n, %m : f32, f32
}

// -----

// Also from the second to the first.
minrnn.cell @triangular_up(%x: !minrnn.input) state(%h: f32, %c: f32) {
  %k = minrnn.project %x "z" : f32
  // expected-remark @+1 {{sequential: 'arith.mulf' lets the next value of 'h' read the state 'c'}}
  %kc = arith.mulf %k, %c : f32
  %n = arith.addf %kc, %h : f32
  %m = arith.mulf %k, %c : f32
  minrnn.yield %n, %m : f32, f32
}

// -----

// It reads the other state's next value: the caret is where it does, not where
// that one reads its own state.
minrnn.cell @through_next(%x: !minrnn.input) state(%h: f32, %c: f32) {
  %k = minrnn.project %x "z" : f32
  %n = arith.mulf %k, %h : f32
  %m = arith.subf %k, %c : f32
  // expected-remark @+1 {{sequential: 'arith.addf' lets the next value of 'h' read the state 'c'; to make it parallel, compute that value from 'h' and the input alone}}
  %o = arith.addf %n, %m : f32
  minrnn.yield %o, %m : f32, f32
}

// -----

// So it is whichever operand it is, and though that one is not affine in this
// state: what is not affine is the other's business.
minrnn.cell @through_next_first(%x: !minrnn.input) state(%h: f32, %c: f32) {
  %k = minrnn.project %x "z" : f32
  %t = math.tanh %h : f32
  %m = arith.addf %t, %c : f32
  // expected-remark @+1 {{sequential: 'arith.addf' lets the next value of 'h' read the state 'c'}}
  %o = arith.addf %m, %h : f32
  minrnn.yield %o, %m : f32, f32
}

// -----

// What is not affine in the state itself comes first where it is its own.
minrnn.cell @own_first(%x: !minrnn.input) state(%h: f32, %c: f32) {
  %k = minrnn.project %x "z" : f32
  // expected-remark @+1 {{sequential: 'math.tanh' is not an affine function of the state}}
  %t = math.tanh %h : f32
  %m = arith.addf %t, %c : f32
  minrnn.yield %m, %k : f32, f32
}

// -----

// What the other state's next value needs as well is not the place.
minrnn.cell @common(%x: !minrnn.input) state(%h: f32, %p: f32) {
  %k = minrnn.project %x "z" : f32
  %faded = arith.subf %p, %k : f32
  %pn = arith.mulf %faded, %k : f32
  %old = arith.addf %faded, %k : f32
  // expected-remark @-1 {{sequential: 'arith.addf' lets the next value of 'h' read the state 'p'}}
  %n = arith.mulf %old, %h : f32
  minrnn.yield %n, %pn : f32, f32
}

// -----

// Nor is what a third state needs.
minrnn.cell @three(%x: !minrnn.input) state(%a: f32, %b: f32, %p: f32) {
  %k = minrnn.project %x "z" : f32
  %pn = arith.mulf %p, %k : f32
  %e = math.exp %pn : f32
  // expected-remark @+1 {{sequential: 'arith.mulf' lets the next value of 'a' read the state 'p'}}
  %an = arith.mulf %e, %a : f32
  %bn = arith.mulf %e, %b : f32
  minrnn.yield %an, %bn, %pn : f32, f32, f32
}

// -----

// But one that reads this next value is computed from all that this one is.
minrnn.cell @read_on(%x: !minrnn.input) state(%a: f32, %b: f32, %p: f32) {
  %k = minrnn.project %x "z" : f32
  // expected-remark @+1 {{sequential: 'math.exp' lets the next value of 'a' read the state 'p'}}
  %e = math.exp %p : f32
  %an = arith.mulf %e, %a : f32
  %bn = arith.addf %an, %b : f32
  minrnn.yield %an, %bn, %k : f32, f32, f32
}

// -----

// Where the next value is all part of the other's, it is at what computes it.
minrnn.cell @within(%x: !minrnn.input) state(%h: f32, %c: f32) {
  %k = minrnn.project %x "z" : f32
  %kc = arith.mulf %k, %c : f32
  // expected-remark @+1 {{sequential: 'arith.addf' lets the next value of 'h' read the state 'c'}}
  %n = arith.addf %h, %kc : f32
  %m = arith.addf %kc, %n : f32
  minrnn.yield %n, %m : f32, f32
}

// -----

// The other state within a function, a factor, a condition: all the same.
minrnn.cell @gated(%x: !minrnn.input) state(%h: f32, %c: f32) {
  %k = minrnn.project %x "z" : f32
  // expected-remark @+1 {{sequential: 'minrnn.sigmoid' lets the next value of 'h' read the state 'c'}}
  %g = minrnn.sigmoid %c : f32
  %n = arith.mulf %g, %h : f32
  minrnn.yield %n, %k : f32, f32
}

// -----

minrnn.cell @chosen(%x: !minrnn.input) state(%h: f32, %c: f32) {
  %k = minrnn.project %x "z" : f32
  // expected-remark @+1 {{sequential: 'arith.cmpf' lets the next value of 'h' read the state 'c'}}
  %g = arith.cmpf ogt, %c, %k : f32
  %n = arith.select %g, %h, %k : f32
  minrnn.yield %n, %c : f32, f32
}

// -----

// A product of two states.
minrnn.cell @product(%x: !minrnn.input) state(%h: f32, %c: f32) {
  %k = minrnn.project %x "z" : f32
  // expected-remark @+1 {{sequential: 'arith.mulf' lets the next value of 'h' read the state 'c'}}
  %n = arith.mulf %h, %c : f32
  minrnn.yield %n, %c : f32, f32
}

// -----

// States that change places: there is no operation to name but the yield.
// CHECK-LABEL: minrnn.cell @swapped(
// CHECK-SAME: attributes {minrnn.sequential = "'minrnn.yield' hands on the state 'c' as the next value of 'h'; to make it parallel, compute that value from 'h' and the input alone", minrnn.sequential_at = {{.*}}} {
minrnn.cell @swapped(%x: !minrnn.input) state(%h: f32, %c: f32) {
  %k = minrnn.project %x "z" : f32
  // expected-remark @+1 {{sequential: 'minrnn.yield' hands on the state 'c' as the next value of 'h'; to make it parallel, compute that value from 'h' and the input alone}}
  minrnn.yield %c, %h : f32, f32
}

// -----

// A delay line: each state takes over the one before.
minrnn.cell @delay(%x: !minrnn.input) state(%h: f32, %c: f32) {
  %k = minrnn.project %x "z" : f32
  minrnn.output %c : f32
  // expected-remark @+1 {{sequential: 'minrnn.yield' hands on the state 'h' as the next value of 'c'}}
  minrnn.yield %k, %h : f32, f32
}

// -----

// Two states may share a next value only where it is free of both.
minrnn.cell @shared(%x: !minrnn.input) state(%h: f32, %c: f32) {
  %k = minrnn.project %x "z" : f32
  // expected-remark @+1 {{sequential: 'arith.mulf' lets the next value of 'c' read the state 'h'}}
  %n = arith.mulf %k, %h : f32
  minrnn.output %c : f32
  minrnn.yield %n, %n : f32, f32
}

// -----

// So it is with one that is written as affine: it is a form of one state.
minrnn.cell @shared_affine(%x: !minrnn.input) state(%h: f32, %c: f32) {
  %k = minrnn.project %x "z" : f32
  // expected-remark @+1 {{sequential: 'minrnn.affine' lets the next value of 'c' read the state 'h'}}
  %n = minrnn.affine %k * %h + %k in (0, 1), (0, inf) : f32
  minrnn.output %c : f32
  minrnn.yield %n, %n : f32, f32
}

// -----

minrnn.cell @swapped_affine(%x: !minrnn.input) state(%h: f32, %c: f32) {
  %k = minrnn.project %x "z" : f32
  %n = minrnn.affine %k * %h + %k in (0, 1), (0, inf) : f32
  // expected-remark @+1 {{sequential: 'minrnn.affine' lets the next value of 'h' read the state 'c'}}
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

// A projection of a state comes before every other reason: none outlasts it.
// What would be left is told apart.
// CHECK-LABEL: minrnn.cell @mixed(
// CHECK-SAME: minrnn.sequential = "'minrnn.project' projects a value that depends on the state, {{[^"]*}}"
// CHECK-SAME: minrnn.sequential_then = "'arith.addf' lets the next value of 'h' read the state 'c'; to make it parallel, compute that value from 'h' and the input alone"
minrnn.cell @mixed(%x: !minrnn.input) state(%h: f32, %c: f32) {
  %k = minrnn.project %x "z" : f32
  %n = arith.addf %h, %c : f32
  // expected-remark @+1 {{sequential: 'minrnn.project' projects a value that depends on the state}}
  %u = minrnn.project %h "u" : f32 -> f32
  %m = arith.addf %c, %u : f32
  minrnn.yield %n, %m : f32, f32
}

// -----

// A state that nothing reads is an output: an LSTM's h, where no gate sees it.
// CHECK-LABEL: minrnn.cell @unread(
minrnn.cell @unread(%x: !minrnn.input) state(%h: f32, %c: f32) {
  %k = minrnn.project %x "f" : f32
  %n = arith.mulf %k, %c : f32
  // expected-remark @+1 {{sequential: no equation reads the state 'h', whose next value reads 'c'; to make it parallel, make that value the cell's 'minrnn.output' instead of a state}}
  %y = arith.mulf %k, %n : f32
  minrnn.yield %y, %n : f32, f32
}

// -----

// Where the layer above does not see it, it can go.
minrnn.cell @unread_second(%x: !minrnn.input) state(%c: f32, %h: f32) {
  %k = minrnn.project %x "f" : f32
  %n = arith.mulf %k, %c : f32
  // expected-remark @+1 {{sequential: no equation reads the state 'h', whose next value reads 'c'; to make it parallel, leave that state out}}
  %y = math.tanh %n : f32
  minrnn.yield %n, %y : f32, f32
}

// -----

minrnn.cell @unread_beside_output(%x: !minrnn.input) state(%h: f32, %c: f32) {
  %k = minrnn.project %x "f" : f32
  // expected-remark @+1 {{sequential: no equation reads the state 'h', whose next value reads 'c'; to make it parallel, leave that state out}}
  %n = arith.mulf %k, %c : f32
  minrnn.output %n : f32
  minrnn.yield %n, %n : f32, f32
}

// -----

// Unread it is handed on: the yield is the place.
minrnn.cell @unread_argument(%x: !minrnn.input) state(%h: f32, %c: f32) {
  %k = minrnn.project %x "f" : f32
  %n = arith.mulf %k, %c : f32
  // expected-remark @+1 {{sequential: no equation reads the state 'h', whose next value reads 'c'}}
  minrnn.yield %c, %n : f32, f32
}

// -----

// What the others lack is left to mend when it is mended, and comes first.
minrnn.cell @unread_and_more(%x: !minrnn.input) state(%h: f32, %c: f32) {
  %k = minrnn.project %x "f" : f32
  // expected-remark @+1 {{sequential: 'math.tanh' is not an affine function of the state}}
  %n = math.tanh %c : f32
  %y = arith.mulf %k, %n : f32
  minrnn.yield %y, %n : f32, f32
}

// -----

// One that the output reads is a state like any other.
minrnn.cell @read_by_output(%x: !minrnn.input) state(%h: f32, %c: f32) {
  %k = minrnn.project %x "f" : f32
  %n = arith.mulf %k, %c : f32
  // expected-remark @+1 {{sequential: 'arith.addf' lets the next value of 'h' read the state 'c'}}
  %y = arith.addf %k, %n : f32
  minrnn.output %h : f32
  minrnn.yield %y, %n : f32, f32
}

// -----

// Left unread once the projections are mended: what an LSTM comes to.
// CHECK-LABEL: minrnn.cell @lstm(
// CHECK-SAME: minrnn.sequential_then = "no equation reads the state 'h', whose next value reads 'c'; to make it parallel, make that value the cell's 'minrnn.output' instead of a state"
minrnn.cell @lstm(%x: !minrnn.input) state(%h: f32, %c: f32) {
  %k = minrnn.project %x "f" : f32
  // expected-remark @+1 {{sequential: 'minrnn.project' projects a value that depends on the state}}
  %u = minrnn.project %h "u" : f32 -> f32
  %f = minrnn.sigmoid %u : f32
  %n = minrnn.lerp %k, %c, %f : f32
  %y = math.tanh %n : f32
  minrnn.yield %y, %n : f32, f32
}
