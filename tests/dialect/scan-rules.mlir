// The rules of operations over sequences, S2 to S9: each with the words of its
// error. The neighbours that obey are in roundtrip-scan.mlir.
// RUN: minrnn-opt %s --verify-diagnostics --split-input-file

// S2: a value in a step for each initial state.
func.func @s2(%s: tensor<?x?x2x?xf32>, %h0: tensor<?x3x?xf32>) {
  // expected-error @+1 {{'minrnn.delay' op expects a value in a step for each initial state, found 2 values and 3 states}}
  %0 = minrnn.delay %s initial %h0 : tensor<?x?x2x?xf32>, tensor<?x3x?xf32>
  return
}

// -----

// S2: a sequence without a gate axis has one.
func.func @s2(%s: tensor<?x?x?xf32>, %h0: tensor<?x2x?xf32>) {
  // expected-error @+1 {{'minrnn.delay' op expects a value in a step for each initial state, found 1 values and 2 states}}
  %0 = minrnn.delay %s initial %h0 : tensor<?x?x?xf32>, tensor<?x2x?xf32>
  return
}

// -----

// S2 obeyed, by either kind of sequence.
func.func @s2(%s: tensor<?x?x?xf32>, %t: tensor<?x?x1x?xf32>, %h0: tensor<?x1x?xf32>) {
  %0 = minrnn.delay %s initial %h0 : tensor<?x?x?xf32>, tensor<?x1x?xf32>
  %1 = minrnn.delay %t initial %h0 : tensor<?x?x1x?xf32>, tensor<?x1x?xf32>
  return
}

// -----

// S3: the arguments of `element`.
func.func @s3(%p: tensor<?x?x2x?xf32>, %h0: tensor<?x1x?xf32>) {
  // expected-error @+1 {{'minrnn.scan' op expects 'element' to take 2 scalars, found 1}}
  %h, %l = minrnn.scan sequences(%p : tensor<?x?x2x?xf32>) initial(%h0 : tensor<?x1x?xf32>) -> (tensor<?x?x?xf32>) last tensor<?x1x?xf32>
  combine linear element(%k) { minrnn.yield %k, %k : f32, f32 }
  output(%k, %v, %b, %a) { minrnn.yield %a : f32 }
  return
}

// -----

// S3: one for the mask of resets and one for each parameter among them.
func.func @s3(%p: tensor<?x?x2x?xf32>, %r: tensor<?x?xi8>, %u: tensor<3x?xf32>, %h0: tensor<?x1x?xf32>) {
  // expected-error @+1 {{'minrnn.scan' op expects 'element' to take 6 scalars, found 2}}
  %h, %l = minrnn.scan sequences(%p, %r : tensor<?x?x2x?xf32>, tensor<?x?xi8>) parameters(%u : tensor<3x?xf32>) initial(%h0 : tensor<?x1x?xf32>) -> (tensor<?x?x?xf32>) last tensor<?x1x?xf32>
  combine linear element(%k, %v) { minrnn.yield %k, %k : f32, f32 }
  output(%k, %v, %b, %a) { minrnn.yield %a : f32 }
  return
}

// -----

// S3: it yields a coefficient and an offset.
func.func @s3(%p: tensor<?x?x1x?xf32>, %h0: tensor<?x1x?xf32>) {
  // expected-error @+1 {{'minrnn.scan' op expects 'element' to yield 2 values, found 1}}
  %h, %l = minrnn.scan sequences(%p : tensor<?x?x1x?xf32>) initial(%h0 : tensor<?x1x?xf32>) -> (tensor<?x?x?xf32>) last tensor<?x1x?xf32>
  combine linear element(%k) { minrnn.yield %k : f32 }
  output(%k, %b, %a) { minrnn.yield %a : f32 }
  return
}

// -----

// S3: of every state.
func.func @s3(%p: tensor<?x?x1x?xf32>, %h0: tensor<?x3x?xf32>) {
  // expected-error @+1 {{'minrnn.scan' op expects 'element' to yield 6 values, found 2}}
  %h, %l = minrnn.scan sequences(%p : tensor<?x?x1x?xf32>) initial(%h0 : tensor<?x3x?xf32>) -> (tensor<?x?x?xf32>) last tensor<?x3x?xf32>
  combine linear element(%k) { minrnn.yield %k, %k : f32, f32 }
  output(%k, %b, %a) { minrnn.yield %a : f32 }
  return
}

// -----

// S3: an empty region has no yield.
func.func @s3(%p: tensor<?x?x1x?xf32>, %h0: tensor<?x1x?xf32>) {
  // expected-error @+1 {{'minrnn.scan' op expects 'element' to end in 'minrnn.yield'}}
  %h, %l = minrnn.scan sequences(%p : tensor<?x?x1x?xf32>) initial(%h0 : tensor<?x1x?xf32>) -> (tensor<?x?x?xf32>) last tensor<?x1x?xf32>
  combine linear element(%k) { }
  output(%k, %b, %a) { minrnn.yield %a : f32 }
  return
}

// -----

// S3: scalars are f32 (the custom syntax has no room for another type).
func.func @s3(%p: tensor<?x?x1x?xf32>, %h0: tensor<?x1x?xf32>) {
  // expected-error @+1 {{'minrnn.scan' op expects 'element' to take scalars of type 'f32', found 'i32'}}
  %h, %l = "minrnn.scan"(%p, %h0) <{identity = array<f32: 1.0, 0.0>, operandSegmentSizes = array<i32: 1, 0, 1, 0>, resultSegmentSizes = array<i32: 1, 0, 0, 1>}> ({
  ^bb0(%k: i32):
    %c = arith.constant 1.0 : f32
    minrnn.yield %c, %c : f32, f32
  }, {
  ^bb0(%k: f32, %b: f32, %a: f32):
    minrnn.yield %a : f32
  }, {
  ^bb0(%a0: f32, %b0: f32, %a1: f32, %b1: f32):
    minrnn.yield %a1, %b1 : f32, f32
  }, {
  }, {
  }, {
  }) : (tensor<?x?x1x?xf32>, tensor<?x1x?xf32>) -> (tensor<?x?x?xf32>, tensor<?x1x?xf32>)
  return
}

// -----

// S4: the arguments of `output`.
func.func @s4(%p: tensor<?x?x1x?xf32>, %h0: tensor<?x1x?xf32>) {
  // expected-error @+1 {{'minrnn.scan' op expects 'output' to take 3 scalars, found 2}}
  %h, %l = minrnn.scan sequences(%p : tensor<?x?x1x?xf32>) initial(%h0 : tensor<?x1x?xf32>) -> (tensor<?x?x?xf32>) last tensor<?x1x?xf32>
  combine linear element(%k) { minrnn.yield %k, %k : f32, f32 }
  output(%k, %a) { minrnn.yield %a : f32 }
  return
}

// -----

// S4: two for each state among them.
func.func @s4(%p: tensor<?x?x1x?xf32>, %h0: tensor<?x2x?xf32>) {
  // expected-error @+1 {{'minrnn.scan' op expects 'output' to take 5 scalars, found 3}}
  %h, %l = minrnn.scan sequences(%p : tensor<?x?x1x?xf32>) initial(%h0 : tensor<?x2x?xf32>) -> (tensor<?x?x?xf32>) last tensor<?x2x?xf32>
  combine linear element(%k) { minrnn.yield %k, %k, %k, %k : f32, f32, f32, f32 }
  output(%k, %b, %a) { minrnn.yield %a : f32 }
  return
}

// -----

// S4: it yields one value for each gate of a result.
func.func @s4(%p: tensor<?x?x1x?xf32>, %h0: tensor<?x1x?xf32>) {
  // expected-error @+1 {{'minrnn.scan' op expects 'output' to yield 3 values, found 1}}
  %h, %d, %l = minrnn.scan sequences(%p : tensor<?x?x1x?xf32>) initial(%h0 : tensor<?x1x?xf32>) -> (tensor<?x?x?xf32>, tensor<?x?x2x?xf32>) last tensor<?x1x?xf32>
  combine linear element(%k) { minrnn.yield %k, %k : f32, f32 }
  output(%k, %b, %a) { minrnn.yield %a : f32 }
  return
}

// -----

// S4: and of a sum.
func.func @s4(%p: tensor<?x?x1x?xf32>, %h0: tensor<?x1x?xf32>) {
  // expected-error @+1 {{'minrnn.scan' op expects 'output' to yield 3 values, found 1}}
  %h, %d, %l = minrnn.scan sequences(%p : tensor<?x?x1x?xf32>) initial(%h0 : tensor<?x1x?xf32>) -> (tensor<?x?x?xf32>) sums (tensor<?x2x?xf32>) last tensor<?x1x?xf32>
  combine linear element(%k) { minrnn.yield %k, %k : f32, f32 }
  output(%k, %b, %a) { minrnn.yield %a : f32 }
  return
}

// -----

// S4: an empty region has no yield.
func.func @s4(%p: tensor<?x?x1x?xf32>, %h0: tensor<?x1x?xf32>) {
  // expected-error @+1 {{'minrnn.scan' op expects 'output' to end in 'minrnn.yield'}}
  %h, %l = minrnn.scan sequences(%p : tensor<?x?x1x?xf32>) initial(%h0 : tensor<?x1x?xf32>) -> (tensor<?x?x?xf32>) last tensor<?x1x?xf32>
  combine linear element(%k) { minrnn.yield %k, %k : f32, f32 }
  output(%k, %b, %a) { }
  return
}

// -----

// S5: the last states are as the initial ones.
func.func @s5(%p: tensor<?x?x1x?xf32>, %h0: tensor<?x1x?xf32>) {
  // expected-error @+1 {{'minrnn.scan' op expects the last states to be as the initial ones, of type 'tensor<?x1x?xf32>', found 'tensor<?x2x?xf32>'}}
  %h, %l = minrnn.scan sequences(%p : tensor<?x?x1x?xf32>) initial(%h0 : tensor<?x1x?xf32>) -> (tensor<?x?x?xf32>) last tensor<?x2x?xf32>
  combine linear element(%k) { minrnn.yield %k, %k : f32, f32 }
  output(%k, %b, %a) { minrnn.yield %a : f32 }
  return
}

// -----

// S5 holds for a sequential scan too.
func.func @s5(%p: tensor<?x?x1x?xf32>, %h0: tensor<?x1x?xf32>) {
  // expected-error @+1 {{'minrnn.sequential_scan' op expects the last states to be as the initial ones, of type 'tensor<?x1x?xf32>', found 'tensor<?x2x?xf32>'}}
  %l = minrnn.sequential_scan sequences(%p : tensor<?x?x1x?xf32>) initial(%h0 : tensor<?x1x?xf32>) last tensor<?x2x?xf32>
  body(%k, %s) { minrnn.yield %s : f32 }
  return
}

// -----

// S5: a gate axis has a static size: it is the number of values in a region.
// Of a sequence,
func.func @s5(%p: tensor<?x?x?x?xf32>, %h0: tensor<?x1x?xf32>) {
  // expected-error @+1 {{'minrnn.scan' op expects gate axes of static size, found 'tensor<?x?x?x?xf32>'}}
  %h, %l = minrnn.scan sequences(%p : tensor<?x?x?x?xf32>) initial(%h0 : tensor<?x1x?xf32>) -> (tensor<?x?x?xf32>) last tensor<?x1x?xf32>
  combine linear element(%k) { minrnn.yield %k, %k : f32, f32 }
  output(%k, %b, %a) { minrnn.yield %a : f32 }
  return
}

// -----

// of a stored sequence,
func.func @s5(%p: tensor<?x?x1x?xf32>, %h0: tensor<?x1x?xf32>) {
  // expected-error @+1 {{'minrnn.scan' op expects gate axes of static size, found 'tensor<?x?x?x?xf32>'}}
  %h, %l = minrnn.scan sequences(%p : tensor<?x?x1x?xf32>) initial(%h0 : tensor<?x1x?xf32>) -> (tensor<?x?x?x?xf32>) last tensor<?x1x?xf32>
  combine linear element(%k) { minrnn.yield %k, %k : f32, f32 }
  output(%k, %b, %a) { minrnn.yield %a : f32 }
  return
}

// -----

// of a parameter,
func.func @s5(%p: tensor<?x?x1x?xf32>, %u: tensor<?x?xf32>, %h0: tensor<?x1x?xf32>) {
  // expected-error @+1 {{'minrnn.sequential_scan' op expects gate axes of static size, found 'tensor<?x?xf32>'}}
  %l = minrnn.sequential_scan sequences(%p : tensor<?x?x1x?xf32>) parameters(%u : tensor<?x?xf32>) initial(%h0 : tensor<?x1x?xf32>) last tensor<?x1x?xf32>
  body(%k, %b, %s) { minrnn.yield %s : f32 }
  return
}

// -----

// of a sum,
func.func @s5(%p: tensor<?x?x1x?xf32>, %h0: tensor<?x1x?xf32>) {
  // expected-error @+1 {{'minrnn.sequential_scan' op expects gate axes of static size, found 'tensor<?x?x?xf32>'}}
  %d, %l = minrnn.sequential_scan sequences(%p : tensor<?x?x1x?xf32>) initial(%h0 : tensor<?x1x?xf32>) sums (tensor<?x?x?xf32>) last tensor<?x1x?xf32>
  body(%k, %s) { minrnn.yield %s, %k : f32, f32 }
  return
}

// -----

// of the states.
func.func @s5(%p: tensor<?x?x1x?xf32>, %h0: tensor<?x?x?xf32>) {
  // expected-error @+1 {{'minrnn.sequential_scan' op expects gate axes of static size, found 'tensor<?x?x?xf32>'}}
  %l = minrnn.sequential_scan sequences(%p : tensor<?x?x1x?xf32>) initial(%h0 : tensor<?x?x?xf32>) last tensor<?x?x?xf32>
  body(%k, %s) { minrnn.yield %s : f32 }
  return
}

// -----

// S5 obeyed: all other axes may be static, or of any size.
func.func @s5(%p: tensor<2x3x1x4xf32>, %r: tensor<2x3xi8>, %u: tensor<1x4xf32>, %h0: tensor<2x1x4xf32>) {
  %h, %l = minrnn.scan sequences(%p, %r : tensor<2x3x1x4xf32>, tensor<2x3xi8>) parameters(%u : tensor<1x4xf32>) initial(%h0 : tensor<2x1x4xf32>) -> (tensor<2x3x4xf32>) last tensor<2x1x4xf32>
  combine linear element(%k, %t, %b) { minrnn.yield %k, %k : f32, f32 }
  output(%k, %t, %b, %s, %n) { minrnn.yield %n : f32 }
  return
}

// -----

// S6: an argument for each gate, one for the state.
func.func @s6(%p: tensor<?x?x2x?xf32>, %h0: tensor<?x1x?xf32>) {
  // expected-error @+1 {{'minrnn.sequential_scan' op expects 'body' to take 3 scalars, found 2}}
  %l = minrnn.sequential_scan sequences(%p : tensor<?x?x2x?xf32>) initial(%h0 : tensor<?x1x?xf32>) last tensor<?x1x?xf32>
  body(%k, %s) { minrnn.yield %s : f32 }
  return
}

// -----

// S6: and for each parameter, and every state.
func.func @s6(%p: tensor<?x?x2x?xf32>, %u: tensor<3x?xf32>, %h0: tensor<?x2x?xf32>) {
  // expected-error @+1 {{'minrnn.sequential_scan' op expects 'body' to take 7 scalars, found 3}}
  %l = minrnn.sequential_scan sequences(%p : tensor<?x?x2x?xf32>) parameters(%u : tensor<3x?xf32>) initial(%h0 : tensor<?x2x?xf32>) last tensor<?x2x?xf32>
  body(%k, %v, %s) { minrnn.yield %s, %s : f32, f32 }
  return
}

// -----

// S6: one next state.
func.func @s6(%p: tensor<?x?x1x?xf32>, %h0: tensor<?x1x?xf32>) {
  // expected-error @+1 {{'minrnn.sequential_scan' op expects 'body' to yield 1 values, found 2}}
  %l = minrnn.sequential_scan sequences(%p : tensor<?x?x1x?xf32>) initial(%h0 : tensor<?x1x?xf32>) last tensor<?x1x?xf32>
  body(%k, %s) { minrnn.yield %s, %k : f32, f32 }
  return
}

// -----

// S6: then what is stored, and what is added up.
func.func @s6(%p: tensor<?x?x1x?xf32>, %h0: tensor<?x2x?xf32>) {
  // expected-error @+1 {{'minrnn.sequential_scan' op expects 'body' to yield 8 values, found 2}}
  %y, %z, %d, %l = minrnn.sequential_scan sequences(%p : tensor<?x?x1x?xf32>) initial(%h0 : tensor<?x2x?xf32>) -> (tensor<?x?x?xf32>, tensor<?x?x2x?xf32>) sums (tensor<?x3x?xf32>) last tensor<?x2x?xf32>
  body(%k, %s, %t) { minrnn.yield %s, %k : f32, f32 }
  return
}

// -----

// S6: scalars are f32 (the custom syntax has no room for another type).
func.func @s6(%p: tensor<?x?x1x?xf32>, %h0: tensor<?x1x?xf32>) {
  // expected-error @+1 {{'minrnn.sequential_scan' op expects 'body' to take scalars of type 'f32', found 'f64'}}
  %l = "minrnn.sequential_scan"(%p, %h0) <{operandSegmentSizes = array<i32: 1, 0, 1>, resultSegmentSizes = array<i32: 0, 0, 1>}> ({
  ^bb0(%k: f64, %s: f32):
    minrnn.yield %s : f32
  }) : (tensor<?x?x1x?xf32>, tensor<?x1x?xf32>) -> tensor<?x1x?xf32>
  return
}

// -----

// S6: an empty region has no yield.
func.func @s6(%p: tensor<?x?x1x?xf32>, %h0: tensor<?x1x?xf32>) {
  // expected-error @+1 {{'minrnn.sequential_scan' op expects 'body' to end in 'minrnn.yield'}}
  %l = minrnn.sequential_scan sequences(%p : tensor<?x?x1x?xf32>) initial(%h0 : tensor<?x1x?xf32>) last tensor<?x1x?xf32>
  body(%k, %s) { }
  return
}

// -----

// S8: `combine` takes two elements,
func.func @s8(%p: tensor<?x?x1x?xf32>, %h0: tensor<?x1x?xf32>) {
  // expected-error @+1 {{'minrnn.scan' op expects 'combine' to take two elements, each of two values or more for each of 1 states, found 3 scalars}}
  %h, %l = minrnn.scan sequences(%p : tensor<?x?x1x?xf32>) initial(%h0 : tensor<?x1x?xf32>) -> (tensor<?x?x?xf32>) last tensor<?x1x?xf32>
  combine(%a, %b, %c) { minrnn.yield %a : f32 } identity [0.0]
  element(%k) { minrnn.yield %k, %k : f32, f32 }
  output(%k, %b0, %a0) { minrnn.yield %a0 : f32 }
  return
}

// -----

// S8: of two values or more,
func.func @s8(%p: tensor<?x?x1x?xf32>, %h0: tensor<?x1x?xf32>) {
  // expected-error @+1 {{'minrnn.scan' op expects 'combine' to take two elements, each of two values or more for each of 1 states, found 2 scalars}}
  %h, %l = minrnn.scan sequences(%p : tensor<?x?x1x?xf32>) initial(%h0 : tensor<?x1x?xf32>) -> (tensor<?x?x?xf32>) last tensor<?x1x?xf32>
  combine(%a, %b) { minrnn.yield %b : f32 } identity [0.0]
  element(%k) { minrnn.yield %k, %k : f32, f32 }
  output(%k, %b0, %a0) { minrnn.yield %a0 : f32 }
  return
}

// -----

// S8: as many for each state,
func.func @s8(%p: tensor<?x?x1x?xf32>, %h0: tensor<?x2x?xf32>) {
  // expected-error @+1 {{'minrnn.scan' op expects 'combine' to take two elements, each of two values or more for each of 2 states, found 10 scalars}}
  %h, %l = minrnn.scan sequences(%p : tensor<?x?x1x?xf32>) initial(%h0 : tensor<?x2x?xf32>) -> (tensor<?x?x?xf32>) last tensor<?x2x?xf32>
  combine(%a, %b, %c, %d, %e, %f, %g, %h1, %i, %j) { minrnn.yield %f, %g, %h1, %i, %j : f32, f32, f32, f32, f32 } identity [0.0, 0.0, 0.0, 0.0, 0.0]
  element(%k) { minrnn.yield %k, %k : f32, f32 }
  output(%k, %b0, %b1, %a0, %a1) { minrnn.yield %a0 : f32 }
  return
}

// -----

// S8: and yields one.
func.func @s8(%p: tensor<?x?x1x?xf32>, %h0: tensor<?x1x?xf32>) {
  // expected-error @+1 {{'minrnn.scan' op expects 'combine' to yield 2 values, found 1}}
  %h, %l = minrnn.scan sequences(%p : tensor<?x?x1x?xf32>) initial(%h0 : tensor<?x1x?xf32>) -> (tensor<?x?x?xf32>) last tensor<?x1x?xf32>
  combine(%a0, %b0, %a1, %b1) { minrnn.yield %b1 : f32 } identity [1.0, 0.0]
  element(%k) { minrnn.yield %k, %k : f32, f32 }
  output(%k, %b0, %a0) { minrnn.yield %a0 : f32 }
  return
}

// -----

// S8: the identity is an element.
func.func @s8(%p: tensor<?x?x1x?xf32>, %h0: tensor<?x1x?xf32>) {
  // expected-error @+1 {{'minrnn.scan' op expects 'identity' to hold 2 numbers, found 1}}
  %h, %l = minrnn.scan sequences(%p : tensor<?x?x1x?xf32>) initial(%h0 : tensor<?x1x?xf32>) -> (tensor<?x?x?xf32>) last tensor<?x1x?xf32>
  combine(%a0, %b0, %a1, %b1) { minrnn.yield %a1, %b1 : f32, f32 } identity [1.0]
  element(%k) { minrnn.yield %k, %k : f32, f32 }
  output(%k, %b0, %a0) { minrnn.yield %a0 : f32 }
  return
}

// -----

// S8: elements can be applied to states: no coefficient of the first enters an
// offset, by whatever way.
func.func @s8(%p: tensor<?x?x1x?xf32>, %h0: tensor<?x1x?xf32>) {
  // expected-error @+1 {{'minrnn.scan' op expects no offset that 'combine' yields to depend on a coefficient of the first element}}
  %h, %l = minrnn.scan sequences(%p : tensor<?x?x1x?xf32>) initial(%h0 : tensor<?x1x?xf32>) -> (tensor<?x?x?xf32>) last tensor<?x1x?xf32>
  combine(%a0, %b0, %a1, %b1) {
    %s = arith.addf %a0, %b1 : f32
    %t = arith.mulf %s, %a1 : f32
    minrnn.yield %a1, %t : f32, f32
  } identity [1.0, 0.0]
  element(%k) { minrnn.yield %k, %k : f32, f32 }
  output(%k, %b0, %a0) { minrnn.yield %a0 : f32 }
  return
}

// -----

// S8: of no state.
func.func @s8(%p: tensor<?x?x1x?xf32>, %h0: tensor<?x2x?xf32>) {
  // expected-error @+1 {{'minrnn.scan' op expects no offset that 'combine' yields to depend on a coefficient of the first element}}
  %h, %l = minrnn.scan sequences(%p : tensor<?x?x1x?xf32>) initial(%h0 : tensor<?x2x?xf32>) -> (tensor<?x?x?xf32>) last tensor<?x2x?xf32>
  combine(%a0, %b0, %c0, %d0, %a1, %b1, %c1, %d1) { minrnn.yield %a1, %c0, %c1, %d1 : f32, f32, f32, f32 } identity [1.0, 0.0, 1.0, 0.0]
  element(%k) { minrnn.yield %k, %k, %k, %k : f32, f32, f32, f32 }
  output(%k, %b0, %b1, %a0, %a1) { minrnn.yield %a0 : f32 }
  return
}

// -----

// S8 obeyed: max-plus, and two states that read each other, whose elements are
// the rows of a matrix with the offset behind.
func.func @s8(%p: tensor<?x?x1x?xf32>, %h0: tensor<?x1x?xf32>) {
  %h, %l = minrnn.scan sequences(%p : tensor<?x?x1x?xf32>) initial(%h0 : tensor<?x1x?xf32>) -> (tensor<?x?x?xf32>) last tensor<?x1x?xf32>
  combine(%a0, %b0, %a1, %b1) {
    %a = arith.addf %a1, %a0 : f32
    %c = arith.addf %a1, %b0 : f32
    %b = arith.maximumf %c, %b1 : f32
    minrnn.yield %a, %b : f32, f32
  } identity [0.0, -1.0e30]
  element(%k) { minrnn.yield %k, %k : f32, f32 }
  output(%k, %b0, %a0) { minrnn.yield %a0 : f32 }
  return
}
func.func @s8_matrix(%p: tensor<?x?x1x?xf32>, %h0: tensor<?x2x?xf32>) {
  %h, %l = minrnn.scan sequences(%p : tensor<?x?x1x?xf32>) initial(%h0 : tensor<?x2x?xf32>) -> (tensor<?x?x?xf32>) last tensor<?x2x?xf32>
  combine(%a0, %b0, %u0, %c0, %d0, %v0, %a1, %b1, %u1, %c1, %d1, %v1) {
    %0 = arith.mulf %a1, %u0 : f32
    %1 = arith.mulf %b1, %v0 : f32
    %2 = arith.addf %0, %1 : f32
    %u = arith.addf %2, %u1 : f32
    %3 = arith.mulf %c1, %u0 : f32
    %4 = arith.mulf %d1, %v0 : f32
    %5 = arith.addf %3, %4 : f32
    %v = arith.addf %5, %v1 : f32
    %6 = arith.mulf %a1, %a0 : f32
    %7 = arith.mulf %b1, %c0 : f32
    %a = arith.addf %6, %7 : f32
    minrnn.yield %a, %b1, %u, %c1, %d1, %v : f32, f32, f32, f32, f32, f32
  } identity [1.0, 0.0, 0.0, 0.0, 1.0, 0.0]
  element(%k) { minrnn.yield %k, %k, %k, %k, %k, %k : f32, f32, f32, f32, f32, f32 }
  output(%k, %b0, %b1, %a0, %a1) { minrnn.yield %a0 : f32 }
  return
}

// -----

// S3: an element has as many values as `combine` takes of one.
func.func @s3(%p: tensor<?x?x1x?xf32>, %h0: tensor<?x1x?xf32>) {
  // expected-error @+1 {{'minrnn.scan' op expects 'element' to yield 3 values, found 2}}
  %h, %l = minrnn.scan sequences(%p : tensor<?x?x1x?xf32>) initial(%h0 : tensor<?x1x?xf32>) -> (tensor<?x?x?xf32>) last tensor<?x1x?xf32>
  combine(%a0, %b0, %c0, %a1, %b1, %c1) { minrnn.yield %a1, %b1, %c1 : f32, f32, f32 } identity [1.0, 0.0, 0.0]
  element(%k) { minrnn.yield %k, %k : f32, f32 }
  output(%k, %b0, %a0) { minrnn.yield %a0 : f32 }
  return
}

// -----

// S9: as many plain states as carried ones.
func.func @s9(%p: tensor<?x?x1x?xf32>, %h0: tensor<?x1x?xf32>) {
  // expected-error @+1 {{'minrnn.scan' op expects 'encode' to take 1 scalars, found 2}}
  %h, %l = minrnn.scan sequences(%p : tensor<?x?x1x?xf32>) initial(%h0 : tensor<?x1x?xf32>) -> (tensor<?x?x?xf32>) last tensor<?x1x?xf32>
  combine(%a0, %b0, %a1, %b1) { minrnn.yield %a1, %b1 : f32, f32 } identity [1.0, 0.0] encode(%s, %t) { minrnn.yield %s : f32 } decode(%s) { minrnn.yield %s : f32 }
  element(%k) { minrnn.yield %k, %k : f32, f32 }
  output(%k, %b0, %a0) { minrnn.yield %a0 : f32 }
  return
}

// -----

// S9: either way.
func.func @s9(%p: tensor<?x?x1x?xf32>, %h0: tensor<?x1x?xf32>) {
  // expected-error @+1 {{'minrnn.scan' op expects 'decode' to yield 1 values, found 2}}
  %h, %l = minrnn.scan sequences(%p : tensor<?x?x1x?xf32>) initial(%h0 : tensor<?x1x?xf32>) -> (tensor<?x?x?xf32>) last tensor<?x1x?xf32>
  combine(%a0, %b0, %a1, %b1) { minrnn.yield %a1, %b1 : f32, f32 } identity [1.0, 0.0] encode(%s) { minrnn.yield %s : f32 } decode(%s) { minrnn.yield %s, %s : f32, f32 }
  element(%k) { minrnn.yield %k, %k : f32, f32 }
  output(%k, %b0, %a0) { minrnn.yield %a0 : f32 }
  return
}

// -----

// S9: both or none (the custom syntax has no room for one alone).
func.func @s9(%p: tensor<?x?x1x?xf32>, %h0: tensor<?x1x?xf32>) {
  // expected-error @+1 {{'minrnn.scan' op expects 'encode' and 'decode' together}}
  %h, %l = "minrnn.scan"(%p, %h0) <{identity = array<f32: 1.0, 0.0>, operandSegmentSizes = array<i32: 1, 0, 1, 0>, resultSegmentSizes = array<i32: 1, 0, 0, 1>}> ({
  ^bb0(%k: f32):
    minrnn.yield %k, %k : f32, f32
  }, {
  ^bb0(%k: f32, %b: f32, %a: f32):
    minrnn.yield %a : f32
  }, {
  ^bb0(%a0: f32, %b0: f32, %a1: f32, %b1: f32):
    minrnn.yield %a1, %b1 : f32, f32
  }, {
  }, {
  }, {
  ^bb0(%s: f32):
    minrnn.yield %s : f32
  }) : (tensor<?x?x1x?xf32>, tensor<?x1x?xf32>) -> (tensor<?x?x?xf32>, tensor<?x1x?xf32>)
  return
}

// -----

// S9 obeyed.
func.func @s9(%p: tensor<?x?x1x?xf32>, %h0: tensor<?x1x?xf32>) {
  %h, %l = minrnn.scan sequences(%p : tensor<?x?x1x?xf32>) initial(%h0 : tensor<?x1x?xf32>) -> (tensor<?x?x?xf32>) last tensor<?x1x?xf32>
  combine(%a0, %b0, %a1, %b1) { minrnn.yield %a1, %b1 : f32, f32 } identity [1.0, 0.0] encode(%s) { minrnn.yield %s : f32 } decode(%s) { minrnn.yield %s : f32 }
  element(%k) { minrnn.yield %k, %k : f32, f32 }
  output(%k, %b0, %a0) { minrnn.yield %a0 : f32 }
  return
}

// -----

// S5: of boundaries too, kept
func.func @s5(%p: tensor<?x?x1x?xf32>, %h0: tensor<?x1x?xf32>) {
  // expected-error @+1 {{'minrnn.scan' op expects gate axes of static size, found 'tensor<?x?x?x?xf32>'}}
  %h, %b, %l = minrnn.scan sequences(%p : tensor<?x?x1x?xf32>) initial(%h0 : tensor<?x1x?xf32>) -> (tensor<?x?x?xf32>) keeps tensor<?x?x?x?xf32> last tensor<?x1x?xf32>
  combine linear element(%k) { minrnn.yield %k, %k : f32, f32 }
  output(%k, %s, %n) { minrnn.yield %n : f32 }
  return
}

// -----

// or taken.
func.func @s5(%p: tensor<?x?x1x?xf32>, %b: tensor<?x?x?x?xf32>, %h0: tensor<?x1x?xf32>) {
  // expected-error @+1 {{'minrnn.scan' op expects gate axes of static size, found 'tensor<?x?x?x?xf32>'}}
  %l = minrnn.scan reverse sequences(%p : tensor<?x?x1x?xf32>) initial(%h0 : tensor<?x1x?xf32>) boundaries(%b : tensor<?x?x?x?xf32>) last tensor<?x1x?xf32>
  combine linear states(%k) { minrnn.yield %k, %k : f32, f32 }
  element(%k, %s) { minrnn.yield %k, %k : f32, f32 }
  output(%k, %s, %c, %n) { minrnn.yield }
  return
}

// -----

// S7: boundaries come with a region that recomputes the states,
func.func @s7(%p: tensor<?x?x1x?xf32>, %b: tensor<?x?x1x?xf32>, %h0: tensor<?x1x?xf32>) {
  // expected-error @+1 {{'minrnn.scan' op expects boundaries and a region 'states' together, in a reverse scan}}
  %l = minrnn.scan reverse sequences(%p : tensor<?x?x1x?xf32>) initial(%h0 : tensor<?x1x?xf32>) boundaries(%b : tensor<?x?x1x?xf32>) last tensor<?x1x?xf32>
  combine linear element(%k, %s) { minrnn.yield %k, %k : f32, f32 }
  output(%k, %s, %c, %n) { minrnn.yield }
  return
}

// -----

// S7: and it with them,
func.func @s7(%p: tensor<?x?x1x?xf32>, %h0: tensor<?x1x?xf32>) {
  // expected-error @+1 {{'minrnn.scan' op expects boundaries and a region 'states' together, in a reverse scan}}
  %l = minrnn.scan reverse sequences(%p : tensor<?x?x1x?xf32>) initial(%h0 : tensor<?x1x?xf32>) last tensor<?x1x?xf32>
  combine linear states(%k) { minrnn.yield %k, %k : f32, f32 }
  element(%k) { minrnn.yield %k, %k : f32, f32 }
  output(%k, %c, %n) { minrnn.yield }
  return
}

// -----

// S7: in a reverse scan.
func.func @s7(%p: tensor<?x?x1x?xf32>, %b: tensor<?x?x1x?xf32>, %h0: tensor<?x1x?xf32>) {
  // expected-error @+1 {{'minrnn.scan' op expects boundaries and a region 'states' together, in a reverse scan}}
  %l = minrnn.scan sequences(%p : tensor<?x?x1x?xf32>) initial(%h0 : tensor<?x1x?xf32>) boundaries(%b : tensor<?x?x1x?xf32>) last tensor<?x1x?xf32>
  combine linear states(%k) { minrnn.yield %k, %k : f32, f32 }
  element(%k, %s) { minrnn.yield %k, %k : f32, f32 }
  output(%k, %s, %c, %n) { minrnn.yield }
  return
}

// -----

// S7: it takes no more than the values of a step and the parameters,
func.func @s7(%p: tensor<?x?x1x?xf32>, %b: tensor<?x?x1x?xf32>, %u: tensor<2x?xf32>, %h0: tensor<?x1x?xf32>) {
  // expected-error @+1 {{'minrnn.scan' op expects 'states' to take leading values and the 2 parameters, at most 3 scalars, found 4}}
  %l = minrnn.scan reverse sequences(%p : tensor<?x?x1x?xf32>) parameters(%u : tensor<2x?xf32>) initial(%h0 : tensor<?x1x?xf32>) boundaries(%b : tensor<?x?x1x?xf32>) last tensor<?x1x?xf32>
  combine linear states(%k, %s, %v, %w) { minrnn.yield %k, %k : f32, f32 }
  element(%k, %s, %v, %w) { minrnn.yield %k, %k : f32, f32 }
  output(%k, %s, %v, %w, %c, %n) { minrnn.yield }
  return
}

// -----

// S7: and no less than the parameters,
func.func @s7(%p: tensor<?x?x1x?xf32>, %b: tensor<?x?x1x?xf32>, %u: tensor<2x?xf32>, %h0: tensor<?x1x?xf32>) {
  // expected-error @+1 {{'minrnn.scan' op expects 'states' to take leading values and the 2 parameters, at most 3 scalars, found 1}}
  %l = minrnn.scan reverse sequences(%p : tensor<?x?x1x?xf32>) parameters(%u : tensor<2x?xf32>) initial(%h0 : tensor<?x1x?xf32>) boundaries(%b : tensor<?x?x1x?xf32>) last tensor<?x1x?xf32>
  combine linear states(%k) { minrnn.yield %k, %k : f32, f32 }
  element(%k, %s, %v, %w) { minrnn.yield %k, %k : f32, f32 }
  output(%k, %s, %v, %w, %c, %n) { minrnn.yield }
  return
}

// -----

// S7: and yields an element.
func.func @s7(%p: tensor<?x?x1x?xf32>, %b: tensor<?x?x1x?xf32>, %h0: tensor<?x1x?xf32>) {
  // expected-error @+1 {{'minrnn.scan' op expects 'states' to yield 2 values, found 1}}
  %l = minrnn.scan reverse sequences(%p : tensor<?x?x1x?xf32>) initial(%h0 : tensor<?x1x?xf32>) boundaries(%b : tensor<?x?x1x?xf32>) last tensor<?x1x?xf32>
  combine linear states(%k) { minrnn.yield %k : f32 }
  element(%k, %s) { minrnn.yield %k, %k : f32, f32 }
  output(%k, %s, %c, %n) { minrnn.yield }
  return
}

// -----

// S7: the forward scan has as many states.
func.func @s7(%p: tensor<?x?x1x?xf32>, %b: tensor<?x?x2x?xf32>, %h0: tensor<?x1x?xf32>) {
  // expected-error @+1 {{'minrnn.scan' op expects boundaries of 1 states, as it has itself, found 2}}
  %l = minrnn.scan reverse sequences(%p : tensor<?x?x1x?xf32>) initial(%h0 : tensor<?x1x?xf32>) boundaries(%b : tensor<?x?x2x?xf32>) last tensor<?x1x?xf32>
  combine linear states(%k) { minrnn.yield %k, %k : f32, f32 }
  element(%k, %s, %t) { minrnn.yield %k, %k : f32, f32 }
  output(%k, %s, %t, %c, %n) { minrnn.yield }
  return
}

// -----

// Types are tensors of f32 of the right rank, or the mask of resets.
func.func @rank(%p: tensor<?x?xf32>, %h0: tensor<?x1x?xf32>) {
  // expected-error @+1 {{'minrnn.scan' op operand #0 must be variadic of a sequence of f32 with three or four axes, or [batch, time] of i8, but got 'tensor<?x?xf32>'}}
  %h, %l = minrnn.scan sequences(%p : tensor<?x?xf32>) initial(%h0 : tensor<?x1x?xf32>) -> (tensor<?x?x?xf32>) last tensor<?x1x?xf32>
  combine linear element(%k) { minrnn.yield %k, %k : f32, f32 }
  output(%k, %b, %a) { minrnn.yield %a : f32 }
  return
}

// -----

func.func @rank(%p: tensor<?x?x1x?xi8>, %h0: tensor<?x1x?xf32>) {
  // expected-error @+1 {{'minrnn.sequential_scan' op operand #0 must be variadic of a sequence of f32 with three or four axes, or [batch, time] of i8, but got 'tensor<?x?x1x?xi8>'}}
  %l = minrnn.sequential_scan sequences(%p : tensor<?x?x1x?xi8>) initial(%h0 : tensor<?x1x?xf32>) last tensor<?x1x?xf32>
  body(%k, %s) { minrnn.yield %s : f32 }
  return
}

// -----

func.func @rank(%p: tensor<?x?x1x?xf32>, %h0: tensor<?x?xf32>) {
  // expected-error @+1 {{'minrnn.sequential_scan' op operand #1 must be 3D tensor of 32-bit float values, but got 'tensor<?x?xf32>'}}
  %l = minrnn.sequential_scan sequences(%p : tensor<?x?x1x?xf32>) initial(%h0 : tensor<?x?xf32>) last tensor<?x?xf32>
  body(%k, %s) { minrnn.yield %s : f32 }
  return
}

// -----

func.func @algebra(%p: tensor<?x?x1x?xf32>, %h0: tensor<?x1x?xf32>) {
  %h, %l = minrnn.scan sequences(%p : tensor<?x?x1x?xf32>) initial(%h0 : tensor<?x1x?xf32>) -> (tensor<?x?x?xf32>) last tensor<?x1x?xf32>
  // expected-error @+1 {{expects 'linear', 'log' or a region '(...) { ... }'}}
  combine cubic
  return
}

// -----

func.func @algebra(%p: tensor<?x?x1x?xf32>, %h0: tensor<?x1x?xf32>) {
  %h, %l = minrnn.scan sequences(%p : tensor<?x?x1x?xf32>) initial(%h0 : tensor<?x1x?xf32>) -> (tensor<?x?x?xf32>) last tensor<?x1x?xf32>
  // expected-error @+1 {{expected '['}}
  combine(%a0, %b0, %a1, %b1) { minrnn.yield %a1, %b1 : f32, f32 } identity 1.0
  return
}

// -----

// A body without a block, where the syntax asks for one.
func.func @body(%p: tensor<?x?x1x?xf32>, %h0: tensor<?x1x?xf32>) {
  // expected-error @+2 {{expected '{' to begin a region}}
  %l = minrnn.sequential_scan sequences(%p : tensor<?x?x1x?xf32>) initial(%h0 : tensor<?x1x?xf32>) last tensor<?x1x?xf32>
  body(%k, %s)
  return
}
