// The recurrence analysis on affine steps: h' = A h + B for each of its rules.
// RUN: minrnn-opt %s --minrnn-prove-recurrence --canonicalize --cse | FileCheck %s

// The state is 1 h + 0.
// CHECK-LABEL: minrnn.cell @hold(
minrnn.cell @hold(%x: !minrnn.input) state(%h: f32) {
  %k = minrnn.project %x "k" : f32
  // CHECK-DAG: %[[ONE:.*]] = arith.constant 1.000000e+00
  // CHECK-DAG: %[[ZERO:.*]] = arith.constant 0.000000e+00
  // CHECK: minrnn.affine %[[ONE]] * %h + %[[ZERO]] in [1, 1], [0, 0] : f32
  minrnn.yield %h : f32
}

// What is free of the state is 0 h + itself.
// CHECK-LABEL: minrnn.cell @forget(
minrnn.cell @forget(%x: !minrnn.input) state(%h: f32) {
  // CHECK-DAG: %[[ZERO:.*]] = arith.constant 0.000000e+00
  // CHECK-DAG: %[[K:.*]] = minrnn.project
  // CHECK: %[[T:.*]] = math.tanh %[[K]]
  // CHECK-NEXT: minrnn.affine %[[ZERO]] * %h + %[[T]] in [0, 0], (-1, 1) : f32
  %k = minrnn.project %x "k" : f32
  %t = math.tanh %k : f32
  minrnn.yield %t : f32
}

// h + k, and k + h.
// CHECK-LABEL: minrnn.cell @add(
minrnn.cell @add(%x: !minrnn.input) state(%h: f32) {
  // CHECK-DAG: %[[TWO:.*]] = arith.constant 2.000000e+00
  // CHECK-DAG: %[[K:.*]] = minrnn.project
  // CHECK: %[[B:.*]] = arith.addf %[[K]], %[[K]]
  // CHECK-NEXT: minrnn.affine %[[TWO]] * %h + %[[B]] in [2, 2], (-inf, inf) : f32
  %k = minrnn.project %x "k" : f32
  %0 = arith.addf %h, %k : f32
  %1 = arith.addf %k, %h : f32
  %n = arith.addf %0, %1 : f32
  minrnn.yield %n : f32
}

// k - h.
// CHECK-LABEL: minrnn.cell @sub(
minrnn.cell @sub(%x: !minrnn.input) state(%h: f32) {
  // CHECK-DAG: %[[MINUS:.*]] = arith.constant -1.000000e+00
  // CHECK-DAG: %[[K:.*]] = minrnn.project
  // CHECK: minrnn.affine %[[MINUS]] * %h + %[[K]] in [-1, -1], (-inf, inf) : f32
  %k = minrnn.project %x "k" : f32
  %n = arith.subf %k, %h : f32
  minrnn.yield %n : f32
}

// h - k.
// CHECK-LABEL: minrnn.cell @sub_from_state(
minrnn.cell @sub_from_state(%x: !minrnn.input) state(%h: f32) {
  // CHECK-DAG: %[[ONE:.*]] = arith.constant 1.000000e+00
  // CHECK-DAG: %[[K:.*]] = minrnn.project
  // CHECK: %[[B:.*]] = arith.negf %[[K]]
  // CHECK-NEXT: minrnn.affine %[[ONE]] * %h + %[[B]]
  %k = minrnn.project %x "k" : f32
  %n = arith.subf %h, %k : f32
  minrnn.yield %n : f32
}

// -(h + k).
// CHECK-LABEL: minrnn.cell @neg(
minrnn.cell @neg(%x: !minrnn.input) state(%h: f32) {
  // CHECK-DAG: %[[MINUS:.*]] = arith.constant -1.000000e+00
  // CHECK-DAG: %[[K:.*]] = minrnn.project
  // CHECK: %[[B:.*]] = arith.negf %[[K]]
  // CHECK-NEXT: minrnn.affine %[[MINUS]] * %h + %[[B]]
  %k = minrnn.project %x "k" : f32
  %0 = arith.addf %h, %k : f32
  %n = arith.negf %0 : f32
  minrnn.yield %n : f32
}

// (h + k) l, and l (h + k): either factor may hold the state.
// CHECK-LABEL: minrnn.cell @mul(
minrnn.cell @mul(%x: !minrnn.input) state(%h: f32) {
  // CHECK: %[[K:.*]] = minrnn.project %x "k"
  // CHECK: %[[L:.*]] = minrnn.project %x "l"
  // CHECK: %[[KL:.*]] = arith.mulf %[[K]], %[[L]]
  // CHECK: minrnn.affine %[[L]] * %h + %[[KL]]
  %k = minrnn.project %x "k" : f32
  %l = minrnn.project %x "l" : f32
  %0 = arith.addf %h, %k : f32
  %n = arith.mulf %0, %l : f32
  minrnn.yield %n : f32
}

// CHECK-LABEL: minrnn.cell @mul_by_state(
minrnn.cell @mul_by_state(%x: !minrnn.input) state(%h: f32) {
  // CHECK: %[[K:.*]] = minrnn.project %x "k"
  // CHECK: minrnn.affine %[[K]] * %h + %{{.*}} in (-inf, inf), [0, 0]
  %k = minrnn.project %x "k" : f32
  %n = arith.mulf %k, %h : f32
  minrnn.yield %n : f32
}

// (h + k) / l.
// CHECK-LABEL: minrnn.cell @div(
minrnn.cell @div(%x: !minrnn.input) state(%h: f32) {
  // CHECK-DAG: %[[ONE:.*]] = arith.constant 1.000000e+00
  // CHECK-DAG: %[[K:.*]] = minrnn.project %x "k"
  // CHECK-DAG: %[[L:.*]] = minrnn.project %x "l"
  // CHECK-DAG: %[[E:.*]] = math.exp %[[L]]
  // CHECK-DAG: %[[A:.*]] = arith.divf %[[ONE]], %[[E]]
  // CHECK-DAG: %[[B:.*]] = arith.divf %[[K]], %[[E]]
  // CHECK: minrnn.affine %[[A]] * %h + %[[B]] in (0, inf), (-inf, inf)
  %k = minrnn.project %x "k" : f32
  %l = minrnn.project %x "l" : f32
  %e = math.exp %l : f32
  %0 = arith.addf %h, %k : f32
  %n = arith.divf %0, %e : f32
  minrnn.yield %n : f32
}

// (1 - z) h + z k, from either end.
// CHECK-LABEL: minrnn.cell @lerp_from(
minrnn.cell @lerp_from(%x: !minrnn.input) state(%h: f32) {
  // CHECK-DAG: %[[ONE:.*]] = arith.constant 1.000000e+00
  // CHECK-DAG: %[[K:.*]] = minrnn.project %x "k"
  // CHECK-DAG: %[[Z:.*]] = minrnn.sigmoid
  // CHECK-DAG: %[[A:.*]] = arith.subf %[[ONE]], %[[Z]]
  // CHECK-DAG: %[[B:.*]] = arith.mulf %[[K]], %[[Z]]
  // CHECK: minrnn.affine %[[A]] * %h + %[[B]] in (0, 1), (-inf, inf)
  %k = minrnn.project %x "k" : f32
  %l = minrnn.project %x "l" : f32
  %z = minrnn.sigmoid %l : f32
  %n = minrnn.lerp %h, %k, %z : f32
  minrnn.yield %n : f32
}

// CHECK-LABEL: minrnn.cell @lerp_to(
minrnn.cell @lerp_to(%x: !minrnn.input) state(%h: f32) {
  // CHECK-DAG: %[[ONE:.*]] = arith.constant 1.000000e+00
  // CHECK-DAG: %[[K:.*]] = minrnn.project %x "k"
  // CHECK-DAG: %[[Z:.*]] = minrnn.sigmoid
  // CHECK-DAG: %[[KEEP:.*]] = arith.subf %[[ONE]], %[[Z]]
  // CHECK-DAG: %[[B:.*]] = arith.mulf %[[K]], %[[KEEP]]
  // CHECK: minrnn.affine %[[Z]] * %h + %[[B]] in (0, 1), (-inf, inf)
  %k = minrnn.project %x "k" : f32
  %l = minrnn.project %x "l" : f32
  %z = minrnn.sigmoid %l : f32
  %n = minrnn.lerp %k, %h, %z : f32
  minrnn.yield %n : f32
}

// Chosen by a condition free of the state.
// CHECK-LABEL: minrnn.cell @select(
minrnn.cell @select(%x: !minrnn.input) state(%h: f32) {
  // CHECK-DAG: %[[ONE:.*]] = arith.constant 1.000000e+00
  // CHECK-DAG: %[[ZERO:.*]] = arith.constant 0.000000e+00
  // CHECK-DAG: %[[K:.*]] = minrnn.project
  // CHECK: %[[C:.*]] = arith.cmpf ogt, %[[K]], %[[ZERO]]
  // CHECK-DAG: %[[A:.*]] = arith.select %[[C]], %[[ONE]], %[[ZERO]]
  // CHECK-DAG: %[[B:.*]] = arith.select %[[C]], %[[ZERO]], %[[K]]
  // CHECK: minrnn.affine %[[A]] * %h + %[[B]] in [0, 1], (-inf, inf)
  %k = minrnn.project %x "k" : f32
  %zero = arith.constant 0.0 : f32
  %c = arith.cmpf ogt, %k, %zero : f32
  %n = arith.select %c, %h, %k : f32
  minrnn.yield %n : f32
}

// A state that is used many times, along several paths: h - k h + (h + k) = (2 - k) h + k.
// CHECK-LABEL: minrnn.cell @many(
minrnn.cell @many(%x: !minrnn.input) state(%h: f32) {
  // CHECK: %[[K:.*]] = minrnn.project
  // CHECK: %[[MINUS:.*]] = arith.negf %[[K]]
  // CHECK: %[[PART:.*]] = arith.addf %[[MINUS]], %{{.*}}
  // CHECK: %[[A:.*]] = arith.addf %[[PART]], %{{.*}}
  // CHECK: minrnn.affine %[[A]] * %h + %[[K]]
  %k = minrnn.project %x "k" : f32
  %kh = arith.mulf %k, %h : f32
  %0 = arith.subf %h, %kh : f32
  %1 = arith.addf %h, %k : f32
  %n = arith.addf %0, %1 : f32
  minrnn.yield %n : f32
}

// What the step does not use may do anything with the state, a projection too.
// CHECK-LABEL: minrnn.cell @dead(
minrnn.cell @dead(%x: !minrnn.input) state(%h: f32) {
  // CHECK-NOT: math.tanh
  // CHECK: minrnn.affine
  %k = minrnn.project %x "k" : f32
  %t = math.tanh %h : f32
  %n = arith.mulf %k, %h : f32
  minrnn.yield %n : f32
}

// A step that is written as affine is proven like any other: what it claims of
// its intervals is not taken for granted.
// CHECK-LABEL: minrnn.cell @claimed(
minrnn.cell @claimed(%x: !minrnn.input) state(%h: f32) {
  // CHECK: %[[K:.*]] = minrnn.project
  // CHECK: minrnn.affine %[[K]] * %h + %[[K]] in (-inf, inf), (-inf, inf) : f32
  %k = minrnn.project %x "k" : f32
  %n = minrnn.affine %k * %h + %k in (0, 1), (0, inf) : f32
  minrnn.yield %n : f32
}

// And it is one of the forms that a step may be made of: -(k h + l).
// CHECK-LABEL: minrnn.cell @nested(
minrnn.cell @nested(%x: !minrnn.input) state(%h: f32) {
  // CHECK: %[[K:.*]] = minrnn.project %x "k"
  // CHECK: %[[L:.*]] = minrnn.project %x "l"
  // CHECK-DAG: %[[A:.*]] = arith.negf %[[K]]
  // CHECK-DAG: %[[B:.*]] = arith.negf %[[L]]
  // CHECK: minrnn.affine %[[A]] * %h + %[[B]]
  %k = minrnn.project %x "k" : f32
  %l = minrnn.project %x "l" : f32
  %0 = minrnn.affine %k * %h + %l in (0, 1), (0, inf) : f32
  %n = arith.negf %0 : f32
  minrnn.yield %n : f32
}

// Two states, each affine in itself: one proof each, in their order.
// CHECK-LABEL: minrnn.cell @two(
// CHECK-NOT: minrnn.sequential
minrnn.cell @two(%x: !minrnn.input) state(%h: f32, %c: f32) {
  // CHECK: %[[K:.*]] = minrnn.project %x "k"
  // CHECK: %[[L:.*]] = minrnn.project %x "l"
  // CHECK: %[[S:.*]] = minrnn.sigmoid %[[L]]
  // CHECK: %[[N:.*]] = minrnn.affine %[[S]] * %h + %[[K]] in (0, 1), (-inf, inf) : f32
  // CHECK: %[[E:.*]] = math.exp %[[K]]
  // CHECK: %[[M:.*]] = minrnn.affine %{{.*}} * %c + %[[E]] in [1, 1], (0, inf) : f32
  // CHECK: minrnn.yield %[[N]], %[[M]] : f32, f32
  %k = minrnn.project %x "k" : f32
  %l = minrnn.project %x "l" : f32
  %s = minrnn.sigmoid %l : f32
  %sh = arith.mulf %s, %h : f32
  %n = arith.addf %sh, %k : f32
  %e = math.exp %k : f32
  %m = arith.addf %c, %e : f32
  minrnn.yield %n, %m : f32, f32
}

// A state that nothing reads, and one that is held.
// CHECK-LABEL: minrnn.cell @idle(
minrnn.cell @idle(%x: !minrnn.input) state(%h: f32, %c: f32) {
  // CHECK-DAG: %[[ONE:.*]] = arith.constant 1.000000e+00
  // CHECK-DAG: %[[ZERO:.*]] = arith.constant 0.000000e+00
  // CHECK: %[[K:.*]] = minrnn.project %x "k"
  // CHECK-NEXT: %[[N:.*]] = minrnn.affine %[[ZERO]] * %h + %[[K]] in [0, 0], (-inf, inf) : f32
  // CHECK-NEXT: %[[M:.*]] = minrnn.affine %[[ONE]] * %c + %[[ZERO]] in [1, 1], [0, 0] : f32
  // CHECK-NEXT: minrnn.yield %[[N]], %[[M]] : f32, f32
  %k = minrnn.project %x "k" : f32
  minrnn.yield %k, %c : f32, f32
}

// Two states that share a next value, free of both: a proof each.
// CHECK-LABEL: minrnn.cell @shared(
minrnn.cell @shared(%x: !minrnn.input) state(%h: f32, %c: f32) {
  // CHECK-DAG: %[[ZERO:.*]] = arith.constant 0.000000e+00
  // CHECK-DAG: %[[T:.*]] = math.tanh
  // CHECK-DAG: %[[N:.*]] = minrnn.affine %[[ZERO]] * %h + %[[T]] in [0, 0], (-1, 1) : f32
  // CHECK-DAG: %[[M:.*]] = minrnn.affine %[[ZERO]] * %c + %[[T]] in [0, 0], (-1, 1) : f32
  // CHECK: minrnn.yield %[[N]], %[[M]] : f32, f32
  %k = minrnn.project %x "k" : f32
  %t = math.tanh %k : f32
  minrnn.yield %t, %t : f32, f32
}

// The output may do anything with the states, before the step and after it,
// and mix them: time does not run through it. What it reads of a next value is
// the proven one.
// CHECK-LABEL: minrnn.cell @output(
// CHECK-NOT: minrnn.sequential
minrnn.cell @output(%x: !minrnn.input) state(%h: f32, %c: f32) {
  // CHECK: %[[K:.*]] = minrnn.project %x "k"
  // CHECK: %[[N:.*]] = minrnn.affine %[[K]] * %h + %{{.*}} in
  // CHECK: %[[M:.*]] = minrnn.affine %{{.*}} * %c + %[[K]] in
  // CHECK: %[[A:.*]] = arith.mulf %[[N]], %[[M]]
  // CHECK: %[[B:.*]] = arith.mulf %h, %c
  // CHECK: %[[D:.*]] = arith.maximumf %[[A]], %[[B]]
  // CHECK: %[[Y:.*]] = math.tanh %[[D]]
  // CHECK: minrnn.output %[[Y]] : f32
  // CHECK: minrnn.yield %[[N]], %[[M]] : f32, f32
  %k = minrnn.project %x "k" : f32
  %n = arith.mulf %k, %h : f32
  %m = arith.addf %c, %k : f32
  %a = arith.mulf %n, %m : f32
  %b = arith.mulf %h, %c : f32
  %d = arith.maximumf %a, %b : f32
  %y = math.tanh %d : f32
  minrnn.output %y : f32
  minrnn.yield %n, %m : f32, f32
}

// Where a next value is free of the state, the output reads it as it was.
// CHECK-LABEL: minrnn.cell @output_of_free(
minrnn.cell @output_of_free(%x: !minrnn.input) state(%h: f32) {
  // CHECK: %[[T:.*]] = math.tanh
  // CHECK: %[[N:.*]] = minrnn.affine %{{.*}} * %h + %[[T]] in
  // CHECK: %[[Y:.*]] = arith.mulf %[[T]], %h
  // CHECK: minrnn.output %[[Y]] : f32
  // CHECK: minrnn.yield %[[N]]
  %k = minrnn.project %x "k" : f32
  %t = math.tanh %k : f32
  %y = arith.mulf %t, %h : f32
  minrnn.output %y : f32
  minrnn.yield %t : f32
}

// This channel of the input and a learned number are free of the state.
// CHECK-LABEL: minrnn.cell @free(
minrnn.cell @free(%x: !minrnn.input) state(%h: f32) {
  // CHECK: %[[V:.*]] = minrnn.read %x
  // CHECK: %[[U:.*]] = minrnn.parameter "u"
  // CHECK: minrnn.affine %[[U]] * %h + %[[V]] in (-inf, inf), (-inf, inf) : f32
  %k = minrnn.project %x "k" : f32
  %v = minrnn.read %x : f32
  %u = minrnn.parameter "u" : f32
  %uh = arith.mulf %u, %h : f32
  %n = arith.addf %uh, %v : f32
  minrnn.yield %n : f32
}

// So is any function of what is free: maximum, minimum, a quotient, exp(x) - 1.
// CHECK-LABEL: minrnn.cell @functions(
minrnn.cell @functions(%x: !minrnn.input) state(%h: f32) {
  // CHECK: %[[A:.*]] = arith.maximumf
  // CHECK: %[[I:.*]] = arith.minimumf %[[A]]
  // CHECK: %[[E:.*]] = math.expm1 %[[I]]
  // CHECK: %[[D:.*]] = arith.divf %[[E]], %[[A]]
  // CHECK: minrnn.affine %[[D]] * %h + %{{.*}} in
  %k = minrnn.project %x "k" : f32
  %l = minrnn.project %x "l" : f32
  %a = arith.maximumf %k, %l : f32
  %i = arith.minimumf %a, %l : f32
  %e = math.expm1 %i : f32
  %d = arith.divf %e, %a : f32
  %n = arith.mulf %d, %h : f32
  minrnn.yield %n : f32
}

// Affine within affine, both of one state: l (k h + l) + (k h + l).
// CHECK-LABEL: minrnn.cell @nested_twice(
minrnn.cell @nested_twice(%x: !minrnn.input) state(%h: f32) {
  // CHECK: %[[K:.*]] = minrnn.project %x "k"
  // CHECK: %[[L:.*]] = minrnn.project %x "l"
  // CHECK-DAG: %[[LK:.*]] = arith.mulf %[[K]], %[[L]]
  // CHECK-DAG: %[[LL:.*]] = arith.mulf %[[L]], %[[L]]
  // CHECK-DAG: %[[A:.*]] = arith.addf %[[LK]], %[[K]]
  // CHECK-DAG: %[[B:.*]] = arith.addf %[[LL]], %[[L]]
  // CHECK: minrnn.affine %[[A]] * %h + %[[B]]
  %k = minrnn.project %x "k" : f32
  %l = minrnn.project %x "l" : f32
  %0 = minrnn.affine %k * %h + %l in (0, 1), (0, inf) : f32
  %1 = arith.mulf %l, %0 : f32
  %n = arith.addf %1, %0 : f32
  minrnn.yield %n : f32
}
