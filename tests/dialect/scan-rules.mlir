// The rules of operations over sequences, S1 to S6: each with the words of its
// error. The neighbours that obey are in roundtrip-scan.mlir.
// RUN: minrnn-opt %s --verify-diagnostics --split-input-file

// S1: the gate axes have one size.
func.func @s1(%x: tensor<?x?x?xf32>, %w: tensor<3x?x?xf32>) {
  // expected-error @+1 {{'minrnn.packed_projection' op expects a gate axis of size 2, one for each gate, found 3 in the weight and 2 in the result}}
  %p = minrnn.packed_projection %x, %w gates ["z", "h"] : tensor<?x?x?xf32>, tensor<3x?x?xf32> -> tensor<?x?x2x?xf32>
  return
}

// -----

func.func @s1(%x: tensor<?x?x?xf32>, %w: tensor<2x?x?xf32>) {
  // expected-error @+1 {{expects a gate axis of size 2, one for each gate, found 2 in the weight and 1 in the result}}
  %p = minrnn.packed_projection %x, %w gates ["z", "h"] : tensor<?x?x?xf32>, tensor<2x?x?xf32> -> tensor<?x?x1x?xf32>
  return
}

// -----

// S2: one gate axis.
func.func @s2(%s: tensor<?x?x2x?xf32>) {
  // expected-error @+1 {{'minrnn.sum_time' op expects one gate axis, found 2 gates in the operand and 3 in the result}}
  %0 = minrnn.sum_time %s : tensor<?x?x2x?xf32> -> tensor<?x3x?xf32>
  return
}

// -----

// S3: the arguments of `element`.
func.func @s3(%p: tensor<?x?x2x?xf32>, %h0: tensor<?x?xf32>) {
  // expected-error @+1 {{'minrnn.scan' op expects 'element' to take 2 scalars, found 1}}
  %h, %l = minrnn.scan linear sequences(%p : tensor<?x?x2x?xf32>) initial(%h0 : tensor<?x?xf32>) -> (tensor<?x?x?xf32>), tensor<?x?xf32>
  element(%k) { minrnn.yield %k, %k : f32, f32 }
  output(%k, %v, %b, %a) { minrnn.yield %a : f32 }
  return
}

// -----

// S3: it yields a coefficient and an offset.
func.func @s3(%p: tensor<?x?x1x?xf32>, %h0: tensor<?x?xf32>) {
  // expected-error @+1 {{'minrnn.scan' op expects 'element' to yield 2 values, found 1}}
  %h, %l = minrnn.scan linear sequences(%p : tensor<?x?x1x?xf32>) initial(%h0 : tensor<?x?xf32>) -> (tensor<?x?x?xf32>), tensor<?x?xf32>
  element(%k) { minrnn.yield %k : f32 }
  output(%k, %b, %a) { minrnn.yield %a : f32 }
  return
}

// -----

// S3: an empty region has no yield.
func.func @s3(%p: tensor<?x?x1x?xf32>, %h0: tensor<?x?xf32>) {
  // expected-error @+1 {{'minrnn.scan' op expects 'element' to end in 'minrnn.yield'}}
  %h, %l = minrnn.scan linear sequences(%p : tensor<?x?x1x?xf32>) initial(%h0 : tensor<?x?xf32>) -> (tensor<?x?x?xf32>), tensor<?x?xf32>
  element(%k) { }
  output(%k, %b, %a) { minrnn.yield %a : f32 }
  return
}

// -----

// S3: scalars are f32 (the custom syntax has no room for another type).
func.func @s3(%p: tensor<?x?x1x?xf32>, %h0: tensor<?x?xf32>) {
  // expected-error @+1 {{'minrnn.scan' op expects 'element' to take scalars of type 'f32', found 'i32'}}
  %h, %l = "minrnn.scan"(%p, %h0) <{operandSegmentSizes = array<i32: 1, 0, 1>}> ({
  ^bb0(%k: i32):
    %c = arith.constant 1.0 : f32
    minrnn.yield %c, %c : f32, f32
  }, {
  ^bb0(%k: f32, %b: f32, %a: f32):
    minrnn.yield %a : f32
  }) : (tensor<?x?x1x?xf32>, tensor<?x?xf32>) -> (tensor<?x?x?xf32>, tensor<?x?xf32>)
  return
}

// -----

// S4: the arguments of `output`.
func.func @s4(%p: tensor<?x?x1x?xf32>, %h0: tensor<?x?xf32>) {
  // expected-error @+1 {{'minrnn.scan' op expects 'output' to take 3 scalars, found 2}}
  %h, %l = minrnn.scan linear sequences(%p : tensor<?x?x1x?xf32>) initial(%h0 : tensor<?x?xf32>) -> (tensor<?x?x?xf32>), tensor<?x?xf32>
  element(%k) { minrnn.yield %k, %k : f32, f32 }
  output(%k, %a) { minrnn.yield %a : f32 }
  return
}

// -----

// S4: it yields one value for each gate of a result.
func.func @s4(%p: tensor<?x?x1x?xf32>, %h0: tensor<?x?xf32>) {
  // expected-error @+1 {{'minrnn.scan' op expects 'output' to yield 3 values, found 1}}
  %h, %d, %l = minrnn.scan linear sequences(%p : tensor<?x?x1x?xf32>) initial(%h0 : tensor<?x?xf32>) -> (tensor<?x?x?xf32>, tensor<?x?x2x?xf32>), tensor<?x?xf32>
  element(%k) { minrnn.yield %k, %k : f32, f32 }
  output(%k, %b, %a) { minrnn.yield %a : f32 }
  return
}

// -----

// S4: an empty region has no yield.
func.func @s4(%p: tensor<?x?x1x?xf32>, %h0: tensor<?x?xf32>) {
  // expected-error @+1 {{'minrnn.scan' op expects 'output' to end in 'minrnn.yield'}}
  %h, %l = minrnn.scan linear sequences(%p : tensor<?x?x1x?xf32>) initial(%h0 : tensor<?x?xf32>) -> (tensor<?x?x?xf32>), tensor<?x?xf32>
  element(%k) { minrnn.yield %k, %k : f32, f32 }
  output(%k, %b, %a) { }
  return
}

// -----

// S5: a bias for each gate of the first four-axis sequence.
func.func @s5(%p: tensor<?x?x1x?xf32>, %bias: tensor<2x?xf32>, %h0: tensor<?x?xf32>) {
  // expected-error @+1 {{'minrnn.scan' op expects a bias for each of 1 gates, found 2}}
  %h, %l = minrnn.scan linear sequences(%p : tensor<?x?x1x?xf32>) bias(%bias : tensor<2x?xf32>) initial(%h0 : tensor<?x?xf32>) -> (tensor<?x?x?xf32>), tensor<?x?xf32>
  element(%k) { minrnn.yield %k, %k : f32, f32 }
  output(%k, %b, %a) { minrnn.yield %a : f32 }
  return
}

// -----

// S5 holds for a step too.
func.func @s5(%p: tensor<?x1x?xf32>, %bias: tensor<2x?xf32>, %h: tensor<?x?xf32>) {
  // expected-error @+1 {{'minrnn.step' op expects a bias for each of 1 gates, found 2}}
  %n = minrnn.step %p : tensor<?x1x?xf32> bias(%bias : tensor<2x?xf32>) previous(%h : tensor<?x?xf32>) -> tensor<?x?xf32> (%k, %s) { minrnn.yield %s : f32 }
  return
}

// -----

// S6: an argument for each gate, one for the state.
func.func @s6(%p: tensor<?x2x?xf32>, %h: tensor<?x?xf32>) {
  // expected-error @+1 {{'minrnn.step' op expects 'body' to take 3 scalars, found 2}}
  %n = minrnn.step %p : tensor<?x2x?xf32> previous(%h : tensor<?x?xf32>) -> tensor<?x?xf32> (%k, %s) { minrnn.yield %s : f32 }
  return
}

// -----

// S6: one next state.
func.func @s6(%p: tensor<?x1x?xf32>, %h: tensor<?x?xf32>) {
  // expected-error @+1 {{'minrnn.step' op expects 'body' to yield 1 values, found 2}}
  %n = minrnn.step %p : tensor<?x1x?xf32> previous(%h : tensor<?x?xf32>) -> tensor<?x?xf32> (%k, %s) { minrnn.yield %s, %k : f32, f32 }
  return
}

// -----

// S6: an empty region has no yield.
func.func @s6(%p: tensor<?x1x?xf32>, %h: tensor<?x?xf32>) {
  // expected-error @+1 {{'minrnn.step' op expects 'body' to end in 'minrnn.yield'}}
  %n = minrnn.step %p : tensor<?x1x?xf32> previous(%h : tensor<?x?xf32>) -> tensor<?x?xf32> (%k, %s) { }
  return
}

// -----

// A gate axis has a static size: it is the number of values in a region.
func.func @gates(%p: tensor<?x?x?x?xf32>, %h0: tensor<?x?xf32>) {
  // expected-error @+1 {{'minrnn.scan' op expects gate axes of static size, found 'tensor<?x?x?x?xf32>'}}
  %h, %l = minrnn.scan linear sequences(%p : tensor<?x?x?x?xf32>) initial(%h0 : tensor<?x?xf32>) -> (tensor<?x?x?xf32>), tensor<?x?xf32>
  element(%k) { minrnn.yield %k, %k : f32, f32 }
  output(%k, %b, %a) { minrnn.yield %a : f32 }
  return
}

// -----

func.func @gates(%p: tensor<?x?x?xf32>, %h: tensor<?x?xf32>) {
  // expected-error @+1 {{'minrnn.step' op expects a gate axis of static size, found 'tensor<?x?x?xf32>'}}
  %n = minrnn.step %p : tensor<?x?x?xf32> previous(%h : tensor<?x?xf32>) -> tensor<?x?xf32> (%k, %s) { minrnn.yield %s : f32 }
  return
}

// -----

// Types are tensors of f32 of the right rank.
func.func @rank(%p: tensor<?x?xf32>, %h0: tensor<?x?xf32>) {
  // expected-error @+1 {{'minrnn.scan' op operand #0 must be variadic of 3D/4D tensor of 32-bit float values, but got 'tensor<?x?xf32>'}}
  %h, %l = minrnn.scan linear sequences(%p : tensor<?x?xf32>) initial(%h0 : tensor<?x?xf32>) -> (tensor<?x?x?xf32>), tensor<?x?xf32>
  element(%k) { minrnn.yield %k, %k : f32, f32 }
  output(%k, %b, %a) { minrnn.yield %a : f32 }
  return
}

// -----

func.func @domain(%p: tensor<?x?x1x?xf32>, %h0: tensor<?x?xf32>) {
  // expected-error @+1 {{expected string or keyword containing one of the following enum values for attribute 'domain' [linear, log]}}
  %h, %l = minrnn.scan cubic sequences(%p : tensor<?x?x1x?xf32>) initial(%h0 : tensor<?x?xf32>) -> (tensor<?x?x?xf32>), tensor<?x?xf32>
  return
}
