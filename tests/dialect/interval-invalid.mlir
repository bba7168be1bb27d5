// The rules of the interval attribute, in both its places.
// RUN: minrnn-opt %s --verify-diagnostics --split-input-file

// I1: the form. (Its positive neighbours are in roundtrip-interval.mlir.)
// expected-error @+1 {{expects an interval as in "(0, 1]", with inf for an unbounded end; found "0, 1"}}
module attributes {t.i = #minrnn.interval<"0, 1">} {}

// -----

// expected-error @+1 {{expects an interval as in "(0, 1]", with inf for an unbounded end; found "(0, 1"}}
module attributes {t.i = #minrnn.interval<"(0, 1">} {}

// -----

// expected-error @+1 {{expects an interval as in "(0, 1]", with inf for an unbounded end; found "(0 1)"}}
module attributes {t.i = #minrnn.interval<"(0 1)">} {}

// -----

// expected-error @+1 {{found "(0, 1, 2)"}}
module attributes {t.i = #minrnn.interval<"(0, 1, 2)">} {}

// -----

// expected-error @+1 {{found "(0, nan)"}}
module attributes {t.i = #minrnn.interval<"(0, nan)">} {}

// -----

// expected-error @+1 {{found "(--1, 1)"}}
module attributes {t.i = #minrnn.interval<"(--1, 1)">} {}

// -----

// expected-error @+1 {{found ""}}
module attributes {t.i = #minrnn.interval<"">} {}

// -----

// expected-error @+1 {{expected string}}
module attributes {t.i = #minrnn.interval<(0, 1)>} {}

// -----

// I2: not empty.
// expected-error @+1 {{expects an interval with a number in it: its lower end below its upper end, or both closed and equal}}
module attributes {t.i = #minrnn.interval<"(1, 0)">} {}

// -----

// expected-error @+1 {{expects an interval with a number in it}}
module attributes {t.i = #minrnn.interval<"(0, 0]">} {}

// -----

// I3: infinity is no number.
// expected-error @+1 {{expects an infinite end to be open: '(' or ')'}}
module attributes {t.i = #minrnn.interval<"[-inf, 0)">} {}

// -----

// expected-error @+1 {{expects an infinite end to be open: '(' or ')'}}
module attributes {t.i = #minrnn.interval<"(0, inf]">} {}

// -----

// Within an operation the same rules hold, without quotes.
minrnn.cell @c(%x: !minrnn.input) state(%h: f32) {
  %k = minrnn.project %x "z" : f32
  // expected-error @+1 {{expects an infinite end to be open}}
  %n = minrnn.affine %k * %h + %k in (0, 1), (0, inf] : f32
  minrnn.yield %n : f32
}

// -----

minrnn.cell @c(%x: !minrnn.input) state(%h: f32) {
  %k = minrnn.project %x "z" : f32
  // expected-error @+1 {{expects an interval with a number in it}}
  %n = minrnn.affine %k * %h + %k in (2, 1), (0, 1) : f32
  minrnn.yield %n : f32
}

// -----

minrnn.cell @c(%x: !minrnn.input) state(%h: f32) {
  %k = minrnn.project %x "z" : f32
  // expected-error @+1 {{expected '['}}
  %n = minrnn.affine %k * %h + %k in 0, 1 : f32
  minrnn.yield %n : f32
}

// -----

minrnn.cell @c(%x: !minrnn.input) state(%h: f32) {
  %k = minrnn.project %x "z" : f32
  // expected-error @+1 {{expected floating point literal}}
  %n = minrnn.affine %k * %h + %k in (zero, 1), (0, 1) : f32
  minrnn.yield %n : f32
}

// -----

minrnn.cell @c(%x: !minrnn.input) state(%h: f32) {
  %k = minrnn.project %x "z" : f32
  // expected-error @+1 {{expected ']'}}
  %n = minrnn.affine %k * %h + %k in (0, 1, (0, 1) : f32
  minrnn.yield %n : f32
}
