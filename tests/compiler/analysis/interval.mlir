// The interval analysis: one cell for each of its rules. The step is free of
// the state, so that its coefficient is 0 and its offset is the value in
// question; the interval after the comma is what the analysis claims of it, in
// exact arithmetic.
// RUN: minrnn-opt %s --minrnn-prove-recurrence | FileCheck %s

//===-- Leaves ------------------------------------------------------------------===//

// A projection can be anything.
// CHECK-LABEL: minrnn.cell @projection(
// CHECK: minrnn.affine {{.*}} in [0, 0], (-inf, inf) : f32
minrnn.cell @projection(%x: !minrnn.input) state(%h: f32) {
  %k = minrnn.project %x "k" : f32
  %b = arith.negf %k : f32
  minrnn.yield %b : f32
}

// A constant is a point.
// CHECK-LABEL: minrnn.cell @constant(
// CHECK: minrnn.affine {{.*}} in [0, 0], [2.50000e+00, 2.50000e+00] : f32
minrnn.cell @constant(%x: !minrnn.input) state(%h: f32) {
  %k = minrnn.project %x "k" : f32
  %b = arith.constant 2.5 : f32
  minrnn.yield %b : f32
}

// An infinite constant is no number, and a NaN neither.
// CHECK-LABEL: minrnn.cell @infinite_constant(
// CHECK: minrnn.affine {{.*}} in [0, 0], (-inf, inf) : f32
minrnn.cell @infinite_constant(%x: !minrnn.input) state(%h: f32) {
  %k = minrnn.project %x "k" : f32
  %b = arith.constant 0x7F800000 : f32
  minrnn.yield %b : f32
}

// See above.
// CHECK-LABEL: minrnn.cell @nan_constant(
// CHECK: minrnn.affine {{.*}} in [0, 0], (-inf, inf) : f32
minrnn.cell @nan_constant(%x: !minrnn.input) state(%h: f32) {
  %k = minrnn.project %x "k" : f32
  %b = arith.constant 0x7FC00000 : f32
  minrnn.yield %b : f32
}

//===-- Sums --------------------------------------------------------------------===//

// (0, 1) + (0, 1): an open end makes an open end.
// CHECK-LABEL: minrnn.cell @add_open(
// CHECK: minrnn.affine {{.*}} in [0, 0], (0, 2) : f32
minrnn.cell @add_open(%x: !minrnn.input) state(%h: f32) {
  %k = minrnn.project %x "k" : f32
  %unit = minrnn.sigmoid %k : f32
  %l = minrnn.project %x "l" : f32
  %unit2 = minrnn.sigmoid %l : f32
  %b = arith.addf %unit, %unit2 : f32
  minrnn.yield %b : f32
}

// [0, inf) + 1: both ends are reached.
// CHECK-LABEL: minrnn.cell @add_closed(
// CHECK: minrnn.affine {{.*}} in [0, 0], [1, inf) : f32
minrnn.cell @add_closed(%x: !minrnn.input) state(%h: f32) {
  %k = minrnn.project %x "k" : f32
  %nonneg = math.absf %k : f32
  %c1 = arith.constant 1.0 : f32
  %b = arith.addf %nonneg, %c1 : f32
  minrnn.yield %b : f32
}

// [0, inf) + (0, 1): zero would need both.
// CHECK-LABEL: minrnn.cell @add_mixed(
// CHECK: minrnn.affine {{.*}} in [0, 0], (0, inf) : f32
minrnn.cell @add_mixed(%x: !minrnn.input) state(%h: f32) {
  %k = minrnn.project %x "k" : f32
  %nonneg = math.absf %k : f32
  %unit = minrnn.sigmoid %k : f32
  %b = arith.addf %nonneg, %unit : f32
  minrnn.yield %b : f32
}

// The sum of these two is no double: the ends move outwards, and close.
// CHECK-LABEL: minrnn.cell @add_rounded(
// CHECK: minrnn.affine {{.*}} in [0, 0], [9.999999999999999e-01, 1.0000000000000002e+00] : f32
minrnn.cell @add_rounded(%x: !minrnn.input) state(%h: f32) {
  %k = minrnn.project %x "k" : f32
  %c1 = arith.constant 1.0 : f32
  %tiny = arith.constant 1.0e-30 : f32
  %b = arith.addf %c1, %tiny : f32
  minrnn.yield %b : f32
}

// 1 - (0, 1).
// CHECK-LABEL: minrnn.cell @sub(
// CHECK: minrnn.affine {{.*}} in [0, 0], (0, 1) : f32
minrnn.cell @sub(%x: !minrnn.input) state(%h: f32) {
  %c1 = arith.constant 1.0 : f32
  %k = minrnn.project %x "k" : f32
  %unit = minrnn.sigmoid %k : f32
  %b = arith.subf %c1, %unit : f32
  minrnn.yield %b : f32
}

// (0, inf) - (0, inf): infinity minus infinity says nothing.
// CHECK-LABEL: minrnn.cell @sub_unbounded(
// CHECK: minrnn.affine {{.*}} in [0, 0], (-inf, inf) : f32
minrnn.cell @sub_unbounded(%x: !minrnn.input) state(%h: f32) {
  %k = minrnn.project %x "k" : f32
  %pos = math.exp %k : f32
  %l = minrnn.project %x "l" : f32
  %pos2 = math.exp %l : f32
  %b = arith.subf %pos, %pos2 : f32
  minrnn.yield %b : f32
}

// x - x is 0, but the analysis does not see that they are one.
// CHECK-LABEL: minrnn.cell @sub_itself(
// CHECK: minrnn.affine {{.*}} in [0, 0], (-1, 1) : f32
minrnn.cell @sub_itself(%x: !minrnn.input) state(%h: f32) {
  %k = minrnn.project %x "k" : f32
  %unit = minrnn.sigmoid %k : f32
  %b = arith.subf %unit, %unit : f32
  minrnn.yield %b : f32
}

// -[0, inf): the ends change places.
// CHECK-LABEL: minrnn.cell @neg(
// CHECK: minrnn.affine {{.*}} in [0, 0], (-inf, 0] : f32
minrnn.cell @neg(%x: !minrnn.input) state(%h: f32) {
  %k = minrnn.project %x "k" : f32
  %nonneg = math.absf %k : f32
  %b = arith.negf %nonneg : f32
  minrnn.yield %b : f32
}

//===-- Products ----------------------------------------------------------------===//

// (0, 1) * (0, 1).
// CHECK-LABEL: minrnn.cell @mul_unit(
// CHECK: minrnn.affine {{.*}} in [0, 0], (0, 1) : f32
minrnn.cell @mul_unit(%x: !minrnn.input) state(%h: f32) {
  %k = minrnn.project %x "k" : f32
  %unit = minrnn.sigmoid %k : f32
  %l = minrnn.project %x "l" : f32
  %unit2 = minrnn.sigmoid %l : f32
  %b = arith.mulf %unit, %unit2 : f32
  minrnn.yield %b : f32
}

// (-1, 1) * (-1, 1).
// CHECK-LABEL: minrnn.cell @mul_signs(
// CHECK: minrnn.affine {{.*}} in [0, 0], (-1, 1) : f32
minrnn.cell @mul_signs(%x: !minrnn.input) state(%h: f32) {
  %k = minrnn.project %x "k" : f32
  %sym = math.tanh %k : f32
  %l = minrnn.project %x "l" : f32
  %sym2 = math.tanh %l : f32
  %b = arith.mulf %sym, %sym2 : f32
  minrnn.yield %b : f32
}

// -2 * (0, 1).
// CHECK-LABEL: minrnn.cell @mul_negative(
// CHECK: minrnn.affine {{.*}} in [0, 0], (-2, 0) : f32
minrnn.cell @mul_negative(%x: !minrnn.input) state(%h: f32) {
  %k = minrnn.project %x "k" : f32
  %unit = minrnn.sigmoid %k : f32
  %cm2 = arith.constant -2.0 : f32
  %b = arith.mulf %unit, %cm2 : f32
  minrnn.yield %b : f32
}

// 0 * (0, inf): no number of the interval is infinite, so that the product is 0.
// CHECK-LABEL: minrnn.cell @mul_zero_unbounded(
// CHECK: minrnn.affine {{.*}} in [0, 0], [0, 0] : f32
minrnn.cell @mul_zero_unbounded(%x: !minrnn.input) state(%h: f32) {
  %k = minrnn.project %x "k" : f32
  %pos = math.exp %k : f32
  %c0 = arith.constant 0.0 : f32
  %b = arith.mulf %pos, %c0 : f32
  minrnn.yield %b : f32
}

// 0 * (-inf, inf).
// CHECK-LABEL: minrnn.cell @mul_zero_everything(
// CHECK: minrnn.affine {{.*}} in [0, 0], [0, 0] : f32
minrnn.cell @mul_zero_everything(%x: !minrnn.input) state(%h: f32) {
  %k = minrnn.project %x "k" : f32
  %c0 = arith.constant 0.0 : f32
  %b = arith.mulf %k, %c0 : f32
  minrnn.yield %b : f32
}

// [0, inf) * (0, 1): zero is reached through one factor.
// CHECK-LABEL: minrnn.cell @mul_closed_zero(
// CHECK: minrnn.affine {{.*}} in [0, 0], [0, inf) : f32
minrnn.cell @mul_closed_zero(%x: !minrnn.input) state(%h: f32) {
  %k = minrnn.project %x "k" : f32
  %nonneg = math.absf %k : f32
  %unit = minrnn.sigmoid %k : f32
  %b = arith.mulf %nonneg, %unit : f32
  minrnn.yield %b : f32
}

// (0, inf) * (0, inf): the ends 0 * inf give an open zero.
// CHECK-LABEL: minrnn.cell @mul_open_zero(
// CHECK: minrnn.affine {{.*}} in [0, 0], (0, inf) : f32
minrnn.cell @mul_open_zero(%x: !minrnn.input) state(%h: f32) {
  %k = minrnn.project %x "k" : f32
  %pos = math.exp %k : f32
  %l = minrnn.project %x "l" : f32
  %pos2 = math.exp %l : f32
  %b = arith.mulf %pos, %pos2 : f32
  minrnn.yield %b : f32
}

// (0, inf) * (-1, 1).
// CHECK-LABEL: minrnn.cell @mul_unbounded_signs(
// CHECK: minrnn.affine {{.*}} in [0, 0], (-inf, inf) : f32
minrnn.cell @mul_unbounded_signs(%x: !minrnn.input) state(%h: f32) {
  %k = minrnn.project %x "k" : f32
  %pos = math.exp %k : f32
  %l = minrnn.project %x "l" : f32
  %sym2 = math.tanh %l : f32
  %b = arith.mulf %pos, %sym2 : f32
  minrnn.yield %b : f32
}

// [-1, 1] * [-1, 1]: -1 * -1 reaches what other corners do not.
// CHECK-LABEL: minrnn.cell @mul_closed_end_wins(
// CHECK: minrnn.affine {{.*}} in [0, 0], [-1, 1] : f32
minrnn.cell @mul_closed_end_wins(%x: !minrnn.input) state(%h: f32) {
  %k = minrnn.project %x "k" : f32
  %cm1 = arith.constant -1.0 : f32
  %c1 = arith.constant 1.0 : f32
  %l = minrnn.project %x "l" : f32
  %k1 = arith.maximumf %k, %cm1 : f32
  %k2 = arith.minimumf %k1, %c1 : f32
  %l1 = arith.maximumf %l, %cm1 : f32
  %l2 = arith.minimumf %l1, %c1 : f32
  %b = arith.mulf %k2, %l2 : f32
  minrnn.yield %b : f32
}

// A square is not negative.
// CHECK-LABEL: minrnn.cell @square(
// CHECK: minrnn.affine {{.*}} in [0, 0], [0, inf) : f32
minrnn.cell @square(%x: !minrnn.input) state(%h: f32) {
  %k = minrnn.project %x "k" : f32
  %b = arith.mulf %k, %k : f32
  minrnn.yield %b : f32
}

// The square of (-1, 1): zero is reached, one is not.
// CHECK-LABEL: minrnn.cell @square_of_symmetric(
// CHECK: minrnn.affine {{.*}} in [0, 0], [0, 1) : f32
minrnn.cell @square_of_symmetric(%x: !minrnn.input) state(%h: f32) {
  %k = minrnn.project %x "k" : f32
  %sym = math.tanh %k : f32
  %b = arith.mulf %sym, %sym : f32
  minrnn.yield %b : f32
}

// The square of a positive number is positive.
// CHECK-LABEL: minrnn.cell @square_of_positive(
// CHECK: minrnn.affine {{.*}} in [0, 0], (0, inf) : f32
minrnn.cell @square_of_positive(%x: !minrnn.input) state(%h: f32) {
  %k = minrnn.project %x "k" : f32
  %pos = math.exp %k : f32
  %b = arith.mulf %pos, %pos : f32
  minrnn.yield %b : f32
}

// The square of (-inf, 0).
// CHECK-LABEL: minrnn.cell @square_of_negative(
// CHECK: minrnn.affine {{.*}} in [0, 0], (0, inf) : f32
minrnn.cell @square_of_negative(%x: !minrnn.input) state(%h: f32) {
  %k = minrnn.project %x "k" : f32
  %pos = math.exp %k : f32
  %neg = arith.negf %pos : f32
  %b = arith.mulf %neg, %neg : f32
  minrnn.yield %b : f32
}

// exp(-400)^2 is 0 in double, and is not 0: the interval has to hold it.
// CHECK-LABEL: minrnn.cell @mul_underflow(
// CHECK: minrnn.affine {{.*}} in [0, 0], [{{-4.94.*e-324}}, {{4.94.*e-324}}] : f32
minrnn.cell @mul_underflow(%x: !minrnn.input) state(%h: f32) {
  %k = minrnn.project %x "k" : f32
  %l = minrnn.project %x "l" : f32
  %far = arith.constant -400.0 : f32
  %k1 = arith.minimumf %k, %far : f32
  %l1 = arith.minimumf %l, %far : f32
  %e = math.exp %k1 : f32
  %d = math.exp %l1 : f32
  %b = arith.mulf %e, %d : f32
  minrnn.yield %b : f32
}

//===-- Quotients ---------------------------------------------------------------===//

// (0, 1) / [1, inf).
// CHECK-LABEL: minrnn.cell @div_positive(
// CHECK: minrnn.affine {{.*}} in [0, 0], (0, 1) : f32
minrnn.cell @div_positive(%x: !minrnn.input) state(%h: f32) {
  %k = minrnn.project %x "k" : f32
  %nonneg = math.absf %k : f32
  %c1 = arith.constant 1.0 : f32
  %l = minrnn.project %x "l" : f32
  %unit2 = minrnn.sigmoid %l : f32
  %d = arith.addf %nonneg, %c1 : f32
  %b = arith.divf %unit2, %d : f32
  minrnn.yield %b : f32
}

// 1 / (0, 1).
// CHECK-LABEL: minrnn.cell @div_small(
// CHECK: minrnn.affine {{.*}} in [0, 0], (1, inf) : f32
minrnn.cell @div_small(%x: !minrnn.input) state(%h: f32) {
  %c1 = arith.constant 1.0 : f32
  %k = minrnn.project %x "k" : f32
  %unit = minrnn.sigmoid %k : f32
  %b = arith.divf %c1, %unit : f32
  minrnn.yield %b : f32
}

// 1 / (0, inf).
// CHECK-LABEL: minrnn.cell @div_unbounded(
// CHECK: minrnn.affine {{.*}} in [0, 0], (0, inf) : f32
minrnn.cell @div_unbounded(%x: !minrnn.input) state(%h: f32) {
  %c1 = arith.constant 1.0 : f32
  %k = minrnn.project %x "k" : f32
  %pos = math.exp %k : f32
  %b = arith.divf %c1, %pos : f32
  minrnn.yield %b : f32
}

// 1 / (-inf, 0).
// CHECK-LABEL: minrnn.cell @div_negative(
// CHECK: minrnn.affine {{.*}} in [0, 0], (-inf, 0) : f32
minrnn.cell @div_negative(%x: !minrnn.input) state(%h: f32) {
  %k = minrnn.project %x "k" : f32
  %pos = math.exp %k : f32
  %c1 = arith.constant 1.0 : f32
  %neg = arith.negf %pos : f32
  %b = arith.divf %c1, %neg : f32
  minrnn.yield %b : f32
}

// 1 / (-1, 1): across zero nothing is known.
// CHECK-LABEL: minrnn.cell @div_across_zero(
// CHECK: minrnn.affine {{.*}} in [0, 0], (-inf, inf) : f32
minrnn.cell @div_across_zero(%x: !minrnn.input) state(%h: f32) {
  %c1 = arith.constant 1.0 : f32
  %k = minrnn.project %x "k" : f32
  %sym = math.tanh %k : f32
  %b = arith.divf %c1, %sym : f32
  minrnn.yield %b : f32
}

// 1 / [0, inf): zero is one of the divisors.
// CHECK-LABEL: minrnn.cell @div_touching_zero(
// CHECK: minrnn.affine {{.*}} in [0, 0], (-inf, inf) : f32
minrnn.cell @div_touching_zero(%x: !minrnn.input) state(%h: f32) {
  %c1 = arith.constant 1.0 : f32
  %k = minrnn.project %x "k" : f32
  %nonneg = math.absf %k : f32
  %b = arith.divf %c1, %nonneg : f32
  minrnn.yield %b : f32
}

// 0 / (0, inf).
// CHECK-LABEL: minrnn.cell @div_zero_by_zero(
// CHECK: minrnn.affine {{.*}} in [0, 0], [0, 0] : f32
minrnn.cell @div_zero_by_zero(%x: !minrnn.input) state(%h: f32) {
  %c0 = arith.constant 0.0 : f32
  %k = minrnn.project %x "k" : f32
  %pos = math.exp %k : f32
  %b = arith.divf %c0, %pos : f32
  minrnn.yield %b : f32
}

// 1 / 3 is no double: the ends move outwards.
// CHECK-LABEL: minrnn.cell @div_rounded(
// CHECK: minrnn.affine {{.*}} in [0, 0], [3.3333333333333326e-01, 3.3333333333333337e-01] : f32
minrnn.cell @div_rounded(%x: !minrnn.input) state(%h: f32) {
  %k = minrnn.project %x "k" : f32
  %c1 = arith.constant 1.0 : f32
  %c3 = arith.constant 3.0 : f32
  %b = arith.divf %c1, %c3 : f32
  minrnn.yield %b : f32
}

//===-- Choices -----------------------------------------------------------------===//

// max((-inf, inf), 0).
// CHECK-LABEL: minrnn.cell @max(
// CHECK: minrnn.affine {{.*}} in [0, 0], [0, inf) : f32
minrnn.cell @max(%x: !minrnn.input) state(%h: f32) {
  %k = minrnn.project %x "k" : f32
  %c0 = arith.constant 0.0 : f32
  %b = arith.maximumf %k, %c0 : f32
  minrnn.yield %b : f32
}

// max((0, 1), [0, inf)): the first is above 0 already.
// CHECK-LABEL: minrnn.cell @max_open(
// CHECK: minrnn.affine {{.*}} in [0, 0], (0, inf) : f32
minrnn.cell @max_open(%x: !minrnn.input) state(%h: f32) {
  %k = minrnn.project %x "k" : f32
  %unit = minrnn.sigmoid %k : f32
  %nonneg = math.absf %k : f32
  %b = arith.maximumf %unit, %nonneg : f32
  minrnn.yield %b : f32
}

// max((0, 1), 1): the one is reached.
// CHECK-LABEL: minrnn.cell @max_upper(
// CHECK: minrnn.affine {{.*}} in [0, 0], [1, 1] : f32
minrnn.cell @max_upper(%x: !minrnn.input) state(%h: f32) {
  %k = minrnn.project %x "k" : f32
  %unit = minrnn.sigmoid %k : f32
  %c1 = arith.constant 1.0 : f32
  %b = arith.maximumf %unit, %c1 : f32
  minrnn.yield %b : f32
}

// min((-inf, inf), 1).
// CHECK-LABEL: minrnn.cell @min(
// CHECK: minrnn.affine {{.*}} in [0, 0], (-inf, 1] : f32
minrnn.cell @min(%x: !minrnn.input) state(%h: f32) {
  %k = minrnn.project %x "k" : f32
  %c1 = arith.constant 1.0 : f32
  %b = arith.minimumf %k, %c1 : f32
  minrnn.yield %b : f32
}

// min((0, 1), (0, inf)).
// CHECK-LABEL: minrnn.cell @min_both(
// CHECK: minrnn.affine {{.*}} in [0, 0], (0, 1) : f32
minrnn.cell @min_both(%x: !minrnn.input) state(%h: f32) {
  %k = minrnn.project %x "k" : f32
  %unit = minrnn.sigmoid %k : f32
  %l = minrnn.project %x "l" : f32
  %pos2 = math.exp %l : f32
  %b = arith.minimumf %unit, %pos2 : f32
  minrnn.yield %b : f32
}

// Either of (0, 1) and 1.
// CHECK-LABEL: minrnn.cell @select(
// CHECK: minrnn.affine {{.*}} in [0, 0], (0, 1] : f32
minrnn.cell @select(%x: !minrnn.input) state(%h: f32) {
  %k = minrnn.project %x "k" : f32
  %l = minrnn.project %x "l" : f32
  %cond = arith.cmpf ogt, %k, %l : f32
  %unit = minrnn.sigmoid %k : f32
  %c1 = arith.constant 1.0 : f32
  %b = arith.select %cond, %unit, %c1 : f32
  minrnn.yield %b : f32
}

// Either of -2 and (0, inf): all that lies between, too.
// CHECK-LABEL: minrnn.cell @select_hull(
// CHECK: minrnn.affine {{.*}} in [0, 0], [-2, inf) : f32
minrnn.cell @select_hull(%x: !minrnn.input) state(%h: f32) {
  %k = minrnn.project %x "k" : f32
  %l = minrnn.project %x "l" : f32
  %cond = arith.cmpf ogt, %k, %l : f32
  %cm2 = arith.constant -2.0 : f32
  %pos = math.exp %k : f32
  %b = arith.select %cond, %cm2, %pos : f32
  minrnn.yield %b : f32
}

// |(-inf, inf)|.
// CHECK-LABEL: minrnn.cell @abs(
// CHECK: minrnn.affine {{.*}} in [0, 0], [0, inf) : f32
minrnn.cell @abs(%x: !minrnn.input) state(%h: f32) {
  %k = minrnn.project %x "k" : f32
  %b = math.absf %k : f32
  minrnn.yield %b : f32
}

// |(-1, 1)|.
// CHECK-LABEL: minrnn.cell @abs_symmetric(
// CHECK: minrnn.affine {{.*}} in [0, 0], [0, 1) : f32
minrnn.cell @abs_symmetric(%x: !minrnn.input) state(%h: f32) {
  %k = minrnn.project %x "k" : f32
  %sym = math.tanh %k : f32
  %b = math.absf %sym : f32
  minrnn.yield %b : f32
}

// |(-inf, 0)|.
// CHECK-LABEL: minrnn.cell @abs_negative(
// CHECK: minrnn.affine {{.*}} in [0, 0], (0, inf) : f32
minrnn.cell @abs_negative(%x: !minrnn.input) state(%h: f32) {
  %k = minrnn.project %x "k" : f32
  %pos = math.exp %k : f32
  %neg = arith.negf %pos : f32
  %b = math.absf %neg : f32
  minrnn.yield %b : f32
}

//===-- Functions ---------------------------------------------------------------===//

// exp((-inf, inf)).
// CHECK-LABEL: minrnn.cell @exp(
// CHECK: minrnn.affine {{.*}} in [0, 0], (0, inf) : f32
minrnn.cell @exp(%x: !minrnn.input) state(%h: f32) {
  %k = minrnn.project %x "k" : f32
  %b = math.exp %k : f32
  minrnn.yield %b : f32
}

// exp((-inf, 0]) holds its upper end.
// CHECK-LABEL: minrnn.cell @exp_bounded(
// CHECK: minrnn.affine {{.*}} in [0, 0], (0, 1] : f32
minrnn.cell @exp_bounded(%x: !minrnn.input) state(%h: f32) {
  %k = minrnn.project %x "k" : f32
  %c0 = arith.constant 0.0 : f32
  %k1 = arith.minimumf %k, %c0 : f32
  %b = math.exp %k1 : f32
  minrnn.yield %b : f32
}

// exp([1000, inf)) begins beyond the largest double.
// CHECK-LABEL: minrnn.cell @exp_overflow(
// CHECK: minrnn.affine {{.*}} in [0, 0], [1.797693134862315{{[0-9]*}}e+308, inf) : f32
minrnn.cell @exp_overflow(%x: !minrnn.input) state(%h: f32) {
  %k = minrnn.project %x "k" : f32
  %c = arith.constant 1000.0 : f32
  %k1 = arith.maximumf %k, %c : f32
  %b = math.exp %k1 : f32
  minrnn.yield %b : f32
}

// log((0, inf)).
// CHECK-LABEL: minrnn.cell @log(
// CHECK: minrnn.affine {{.*}} in [0, 0], (-inf, inf) : f32
minrnn.cell @log(%x: !minrnn.input) state(%h: f32) {
  %k = minrnn.project %x "k" : f32
  %pos = math.exp %k : f32
  %b = math.log %pos : f32
  minrnn.yield %b : f32
}

// log((1, inf)).
// CHECK-LABEL: minrnn.cell @log_above_one(
// CHECK: minrnn.affine {{.*}} in [0, 0], (0, inf) : f32
minrnn.cell @log_above_one(%x: !minrnn.input) state(%h: f32) {
  %k = minrnn.project %x "k" : f32
  %pos = math.exp %k : f32
  %c1 = arith.constant 1.0 : f32
  %s = arith.addf %pos, %c1 : f32
  %b = math.log %s : f32
  minrnn.yield %b : f32
}

// The logarithm of what may be negative.
// CHECK-LABEL: minrnn.cell @log_of_anything(
// CHECK: minrnn.affine {{.*}} in [0, 0], (-inf, inf) : f32
minrnn.cell @log_of_anything(%x: !minrnn.input) state(%h: f32) {
  %k = minrnn.project %x "k" : f32
  %b = math.log %k : f32
  minrnn.yield %b : f32
}

// sqrt([0, inf)).
// CHECK-LABEL: minrnn.cell @sqrt(
// CHECK: minrnn.affine {{.*}} in [0, 0], [0, inf) : f32
minrnn.cell @sqrt(%x: !minrnn.input) state(%h: f32) {
  %k = minrnn.project %x "k" : f32
  %nonneg = math.absf %k : f32
  %b = math.sqrt %nonneg : f32
  minrnn.yield %b : f32
}

// sqrt((0, 1)).
// CHECK-LABEL: minrnn.cell @sqrt_positive(
// CHECK: minrnn.affine {{.*}} in [0, 0], (0, 1) : f32
minrnn.cell @sqrt_positive(%x: !minrnn.input) state(%h: f32) {
  %k = minrnn.project %x "k" : f32
  %unit = minrnn.sigmoid %k : f32
  %b = math.sqrt %unit : f32
  minrnn.yield %b : f32
}

// A root, where there is one, is not negative.
// CHECK-LABEL: minrnn.cell @sqrt_of_anything(
// CHECK: minrnn.affine {{.*}} in [0, 0], [0, inf) : f32
minrnn.cell @sqrt_of_anything(%x: !minrnn.input) state(%h: f32) {
  %k = minrnn.project %x "k" : f32
  %b = math.sqrt %k : f32
  minrnn.yield %b : f32
}

// tanh((-inf, inf)).
// CHECK-LABEL: minrnn.cell @tanh(
// CHECK: minrnn.affine {{.*}} in [0, 0], (-1, 1) : f32
minrnn.cell @tanh(%x: !minrnn.input) state(%h: f32) {
  %k = minrnn.project %x "k" : f32
  %b = math.tanh %k : f32
  minrnn.yield %b : f32
}

// tanh((0, inf)).
// CHECK-LABEL: minrnn.cell @tanh_positive(
// CHECK: minrnn.affine {{.*}} in [0, 0], (0, 1) : f32
minrnn.cell @tanh_positive(%x: !minrnn.input) state(%h: f32) {
  %k = minrnn.project %x "k" : f32
  %pos = math.exp %k : f32
  %b = math.tanh %pos : f32
  minrnn.yield %b : f32
}

// tanh([100, inf)) is 1 in double, and below 1 in truth.
// CHECK-LABEL: minrnn.cell @tanh_saturated(
// CHECK: minrnn.affine {{.*}} in [0, 0], [9.99999999999999{{[0-9]*}}e-01, 1) : f32
minrnn.cell @tanh_saturated(%x: !minrnn.input) state(%h: f32) {
  %k = minrnn.project %x "k" : f32
  %c = arith.constant 100.0 : f32
  %k1 = arith.maximumf %k, %c : f32
  %b = math.tanh %k1 : f32
  minrnn.yield %b : f32
}

// sigmoid((-inf, inf)).
// CHECK-LABEL: minrnn.cell @sigmoid(
// CHECK: minrnn.affine {{.*}} in [0, 0], (0, 1) : f32
minrnn.cell @sigmoid(%x: !minrnn.input) state(%h: f32) {
  %k = minrnn.project %x "k" : f32
  %b = minrnn.sigmoid %k : f32
  minrnn.yield %b : f32
}

// sigmoid([0, inf)).
// CHECK-LABEL: minrnn.cell @sigmoid_positive(
// CHECK: minrnn.affine {{.*}} in [0, 0], [5.00000e-01, 1) : f32
minrnn.cell @sigmoid_positive(%x: !minrnn.input) state(%h: f32) {
  %k = minrnn.project %x "k" : f32
  %nonneg = math.absf %k : f32
  %b = minrnn.sigmoid %nonneg : f32
  minrnn.yield %b : f32
}

// g((-inf, inf)).
// CHECK-LABEL: minrnn.cell @positive(
// CHECK: minrnn.affine {{.*}} in [0, 0], (0, inf) : f32
minrnn.cell @positive(%x: !minrnn.input) state(%h: f32) {
  %k = minrnn.project %x "k" : f32
  %b = minrnn.positive %k : f32
  minrnn.yield %b : f32
}

// g((-inf, 0]): g(0) = 0.5.
// CHECK-LABEL: minrnn.cell @positive_negative(
// CHECK: minrnn.affine {{.*}} in [0, 0], (0, 5.00000e-01] : f32
minrnn.cell @positive_negative(%x: !minrnn.input) state(%h: f32) {
  %k = minrnn.project %x "k" : f32
  %c0 = arith.constant 0.0 : f32
  %k1 = arith.minimumf %k, %c0 : f32
  %b = minrnn.positive %k1 : f32
  minrnn.yield %b : f32
}

// softplus((-inf, inf)).
// CHECK-LABEL: minrnn.cell @softplus(
// CHECK: minrnn.affine {{.*}} in [0, 0], (0, inf) : f32
minrnn.cell @softplus(%x: !minrnn.input) state(%h: f32) {
  %k = minrnn.project %x "k" : f32
  %b = minrnn.softplus %k : f32
  minrnn.yield %b : f32
}

// softplus((-inf, 0]): log 2 = 0.6931..., and a few units in the last place.
// CHECK-LABEL: minrnn.cell @softplus_negative(
// CHECK: minrnn.affine {{.*}} in [0, 0], (0, 6.93147180559945{{[0-9]*}}e-01] : f32
minrnn.cell @softplus_negative(%x: !minrnn.input) state(%h: f32) {
  %k = minrnn.project %x "k" : f32
  %c0 = arith.constant 0.0 : f32
  %k1 = arith.minimumf %k, %c0 : f32
  %b = minrnn.softplus %k1 : f32
  minrnn.yield %b : f32
}

// A lerp by (0, 1) stays between its ends.
// CHECK-LABEL: minrnn.cell @lerp_unit(
// CHECK: minrnn.affine {{.*}} in [0, 0], (0, inf) : f32
minrnn.cell @lerp_unit(%x: !minrnn.input) state(%h: f32) {
  %c1 = arith.constant 1.0 : f32
  %k = minrnn.project %x "k" : f32
  %pos = math.exp %k : f32
  %l = minrnn.project %x "l" : f32
  %unit2 = minrnn.sigmoid %l : f32
  %b = minrnn.lerp %c1, %pos, %unit2 : f32
  minrnn.yield %b : f32
}

// Strictly between, where both ends count: an end that one of them does not
// reach is out.
// CHECK-LABEL: minrnn.cell @lerp_to_end(
// CHECK: minrnn.affine {{.*}} in [0, 0], (0, 1) : f32
minrnn.cell @lerp_to_end(%x: !minrnn.input) state(%h: f32) {
  %c1 = arith.constant 1.0 : f32
  %k = minrnn.project %x "k" : f32
  %unit = minrnn.sigmoid %k : f32
  %l = minrnn.project %x "l" : f32
  %weight = minrnn.sigmoid %l : f32
  %b = minrnn.lerp %unit, %c1, %weight : f32
  minrnn.yield %b : f32
}

// Between -1 and 2, both of them out; and one that both reach is in.
// CHECK-LABEL: minrnn.cell @lerp_points(
// CHECK: minrnn.affine {{.*}} in [0, 0], (-1, 2) : f32
minrnn.cell @lerp_points(%x: !minrnn.input) state(%h: f32) {
  %low = arith.constant -1.0 : f32
  %high = arith.constant 2.0 : f32
  %k = minrnn.project %x "k" : f32
  %weight = minrnn.sigmoid %k : f32
  %b = minrnn.lerp %low, %high, %weight : f32
  minrnn.yield %b : f32
}

// CHECK-LABEL: minrnn.cell @lerp_shared_end(
// CHECK: minrnn.affine {{.*}} in [0, 0], [0, inf) : f32
minrnn.cell @lerp_shared_end(%x: !minrnn.input) state(%h: f32) {
  %c0 = arith.constant 0.0 : f32
  %k = minrnn.project %x "k" : f32
  %l = minrnn.project %x "l" : f32
  %weight = minrnn.sigmoid %l : f32
  %relu = arith.maximumf %k, %c0 : f32
  %abs = math.absf %l : f32
  %b = minrnn.lerp %relu, %abs, %weight : f32
  minrnn.yield %b : f32
}

// A weight that reaches 0 or 1 reaches an end.
// CHECK-LABEL: minrnn.cell @lerp_closed_weight(
// CHECK: minrnn.affine {{.*}} in [0, 0], [-1, 2] : f32
minrnn.cell @lerp_closed_weight(%x: !minrnn.input) state(%h: f32) {
  %low = arith.constant -1.0 : f32
  %high = arith.constant 2.0 : f32
  %c0 = arith.constant 0.0 : f32
  %c1 = arith.constant 1.0 : f32
  %k = minrnn.project %x "k" : f32
  %k1 = arith.maximumf %k, %c0 : f32
  %weight = arith.minimumf %k1, %c1 : f32
  %b = minrnn.lerp %low, %high, %weight : f32
  minrnn.yield %b : f32
}

// The same mean as a sum: sigmoid(k) 1 + sigmoid(-k) x, in every order.
// CHECK-LABEL: minrnn.cell @mean(
// CHECK: minrnn.affine {{.*}} in [0, 0], (0, 1) : f32
minrnn.cell @mean(%x: !minrnn.input) state(%h: f32) {
  %k = minrnn.project %x "k" : f32
  %l = minrnn.project %x "l" : f32
  %minus = arith.negf %k : f32
  %weight = minrnn.sigmoid %k : f32
  %keep = minrnn.sigmoid %minus : f32
  %unit = minrnn.sigmoid %l : f32
  %scaled = arith.mulf %unit, %keep : f32
  %b = arith.addf %scaled, %weight : f32
  minrnn.yield %b : f32
}

// CHECK-LABEL: minrnn.cell @mean_of_two(
// CHECK: minrnn.affine {{.*}} in [0, 0], (-1, 2) : f32
minrnn.cell @mean_of_two(%x: !minrnn.input) state(%h: f32) {
  %two = arith.constant 2.0 : f32
  %k = minrnn.project %x "k" : f32
  %l = minrnn.project %x "l" : f32
  %minus = arith.negf %k : f32
  %weight = minrnn.sigmoid %k : f32
  %keep = minrnn.sigmoid %minus : f32
  %t = math.tanh %l : f32
  %first = arith.mulf %t, %weight : f32
  %second = arith.mulf %keep, %two : f32
  %b = arith.addf %first, %second : f32
  minrnn.yield %b : f32
}

// Of two sigmoids that are not complements it is a sum.
// CHECK-LABEL: minrnn.cell @no_mean(
// CHECK: minrnn.affine {{.*}} in [0, 0], (0, 2) : f32
minrnn.cell @no_mean(%x: !minrnn.input) state(%h: f32) {
  %k = minrnn.project %x "k" : f32
  %l = minrnn.project %x "l" : f32
  %minus = arith.negf %k : f32
  %weight = minrnn.sigmoid %l : f32
  %keep = minrnn.sigmoid %minus : f32
  %scaled = arith.mulf %weight, %keep : f32
  %b = arith.addf %scaled, %weight : f32
  minrnn.yield %b : f32
}

// A lerp by anything goes anywhere.
// CHECK-LABEL: minrnn.cell @lerp_any(
// CHECK: minrnn.affine {{.*}} in [0, 0], (-inf, inf) : f32
minrnn.cell @lerp_any(%x: !minrnn.input) state(%h: f32) {
  %c1 = arith.constant 1.0 : f32
  %k = minrnn.project %x "k" : f32
  %pos = math.exp %k : f32
  %l = minrnn.project %x "l" : f32
  %b = minrnn.lerp %c1, %pos, %l : f32
  minrnn.yield %b : f32
}

// (1 - w) 1 + w 3 for w in [0, 2], each w on its own.
// CHECK-LABEL: minrnn.cell @lerp_beyond(
// CHECK: minrnn.affine {{.*}} in [0, 0], [-1, 7] : f32
minrnn.cell @lerp_beyond(%x: !minrnn.input) state(%h: f32) {
  %k = minrnn.project %x "k" : f32
  %c0 = arith.constant 0.0 : f32
  %c2 = arith.constant 2.0 : f32
  %c1 = arith.constant 1.0 : f32
  %c3 = arith.constant 3.0 : f32
  %k1 = arith.maximumf %k, %c0 : f32
  %w = arith.minimumf %k1, %c2 : f32
  %b = minrnn.lerp %c1, %c3, %w : f32
  minrnn.yield %b : f32
}

// log2(2^x + 2^y) of two sigmoids lies above 1 and below 2, but for the rounding
// of both ends; of anything it is anything.
// CHECK-LABEL: minrnn.cell @logaddexp2(
// CHECK: minrnn.affine {{.*}} in [0, 0], [9.99999999999999{{[0-9]}}e-01, 2.00000000000000{{[0-9]}}e+00] : f32
minrnn.cell @logaddexp2(%x: !minrnn.input) state(%h: f32) {
  %k = minrnn.project %x "k" : f32
  %s = minrnn.sigmoid %k : f32
  %b = minrnn.logaddexp2 %s, %s : f32
  minrnn.yield %b : f32
}

// CHECK-LABEL: minrnn.cell @logaddexp2_unbounded(
// CHECK: minrnn.affine {{.*}} in [0, 0], (1, inf) : f32
minrnn.cell @logaddexp2_unbounded(%x: !minrnn.input) state(%h: f32) {
  %k = minrnn.project %x "k" : f32
  %one = arith.constant 1.0 : f32
  %b = minrnn.logaddexp2 %one, %k : f32
  minrnn.yield %b : f32
}

//===-- exp(x) - 1, the channel, parameters ------------------------------------===//

// exp(x) - 1 is above -1 whatever x is,
// CHECK-LABEL: minrnn.cell @expm1(
// CHECK: minrnn.affine {{.*}} in [0, 0], (-1, inf) : f32
minrnn.cell @expm1(%x: !minrnn.input) state(%h: f32) {
  %k = minrnn.project %x "k" : f32
  %b = math.expm1 %k : f32
  minrnn.yield %b : f32
}

// between -1 and 0 for a negative one; so is what sqrt(1 - a^2) is computed as,
// for a = exp(-x), between 0 and 1.
// CHECK-LABEL: minrnn.cell @expm1_of_negative(
// CHECK: minrnn.affine {{.*}} in [0, 0], (0, 1) : f32
minrnn.cell @expm1_of_negative(%x: !minrnn.input) state(%h: f32) {
  %k = minrnn.project %x "k" : f32
  %pos = minrnn.softplus %k : f32
  %neg = arith.negf %pos : f32
  %m = math.expm1 %neg : f32
  %b = arith.negf %m : f32
  minrnn.yield %b : f32
}

// 0 is exact, and closed where x is.
// CHECK-LABEL: minrnn.cell @expm1_of_nonnegative(
// CHECK: minrnn.affine {{.*}} in [0, 0], [0, inf) : f32
minrnn.cell @expm1_of_nonnegative(%x: !minrnn.input) state(%h: f32) {
  %k = minrnn.project %x "k" : f32
  %nonneg = math.absf %k : f32
  %b = math.expm1 %nonneg : f32
  minrnn.yield %b : f32
}

// This channel of the input can be anything,
// CHECK-LABEL: minrnn.cell @read(
// CHECK: minrnn.affine {{.*}} in [0, 0], (-inf, inf) : f32
minrnn.cell @read(%x: !minrnn.input) state(%h: f32) {
  %k = minrnn.project %x "k" : f32
  %b = minrnn.read %x : f32
  minrnn.yield %b : f32
}

// and so can a learned number.
// CHECK-LABEL: minrnn.cell @parameter(
// CHECK: minrnn.affine {{.*}} in [0, 0], (-inf, inf) : f32
minrnn.cell @parameter(%x: !minrnn.input) state(%h: f32) {
  %k = minrnn.project %x "k" : f32
  %b = minrnn.parameter "u" : f32
  minrnn.yield %b : f32
}
