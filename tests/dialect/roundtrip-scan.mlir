// Every operation over sequences, printed as it is read, in its own syntax and
// in the generic one.
// RUN: minrnn-opt %s --verify-roundtrip | FileCheck %s
// RUN: minrnn-opt %s --mlir-print-op-generic | minrnn-opt --verify-roundtrip | FileCheck %s
// RUN: minrnn-opt %s --emit-bytecode | minrnn-opt | FileCheck %s

// CHECK-LABEL: func.func @forward
func.func @forward(%x: tensor<?x?x?xf32>, %w: tensor<2x?x?xf32>, %bias: tensor<2x?xf32>, %h0: tensor<?x?xf32>) -> (tensor<?x?x?xf32>, tensor<?x?xf32>) {
  // CHECK: %[[P:.*]] = minrnn.packed_projection %{{.*}}, %{{.*}} gates ["z", "h"] : tensor<?x?x?xf32>, tensor<2x?x?xf32> -> tensor<?x?x2x?xf32>
  %p = minrnn.packed_projection %x, %w gates ["z", "h"] : tensor<?x?x?xf32>, tensor<2x?x?xf32> -> tensor<?x?x2x?xf32>
  // CHECK: %{{.*}}, %{{.*}} = minrnn.scan log sequences(%[[P]] : tensor<?x?x2x?xf32>) bias(%{{.*}} : tensor<2x?xf32>) initial(%{{.*}} : tensor<?x?xf32>) -> (tensor<?x?x?xf32>), tensor<?x?xf32> attributes {note = "kept"}
  // CHECK-SAME: element (%[[K:.*]], %[[V:.*]]) {
  // CHECK-NEXT:   minrnn.yield %[[K]], %[[V]] : f32, f32
  // CHECK-NEXT: } output (%{{.*}}, %{{.*}}, %{{.*}}, %[[AFTER:.*]]) {
  // CHECK-NEXT:   minrnn.yield %[[AFTER]] : f32
  // CHECK-NEXT: }
  %h, %last = minrnn.scan log sequences(%p : tensor<?x?x2x?xf32>) bias(%bias : tensor<2x?xf32>) initial(%h0 : tensor<?x?xf32>) -> (tensor<?x?x?xf32>), tensor<?x?xf32> attributes {note = "kept"}
  element(%k, %v) {
    minrnn.yield %k, %v : f32, f32
  } output(%k, %v, %before, %after) {
    minrnn.yield %after : f32
  }
  return %h, %last : tensor<?x?x?xf32>, tensor<?x?xf32>
}

// Backwards in time, over several sequences, without a bias; the states one
// step late, and the sum over time.
// CHECK-LABEL: func.func @backward
func.func @backward(%p: tensor<?x?x1x?xf32>, %h: tensor<?x?x?xf32>, %h0: tensor<?x?xf32>, %c0: tensor<?x?xf32>) -> (tensor<?x1x?xf32>, tensor<?x?xf32>) {
  // CHECK: minrnn.delay %{{.*}} initial %{{.*}} : tensor<?x?x?xf32>, tensor<?x?xf32>
  %before = minrnn.delay %h initial %h0 : tensor<?x?x?xf32>, tensor<?x?xf32>
  // CHECK: minrnn.scan linear reverse sequences(%{{.*}}, %{{.*}} : tensor<?x?x1x?xf32>, tensor<?x?x?xf32>) initial(
  %dp, %dh0 = minrnn.scan linear reverse sequences(%p, %before : tensor<?x?x1x?xf32>, tensor<?x?x?xf32>) initial(%c0 : tensor<?x?xf32>) -> (tensor<?x?x1x?xf32>), tensor<?x?xf32>
  element(%k, %b) {
    minrnn.yield %k, %b : f32, f32
  } output(%k, %b, %c, %next) {
    minrnn.yield %c : f32
  }
  // CHECK: minrnn.sum_time %{{.*}} : tensor<?x?x1x?xf32> -> tensor<?x1x?xf32>
  %db = minrnn.sum_time %dp : tensor<?x?x1x?xf32> -> tensor<?x1x?xf32>
  return %db, %dh0 : tensor<?x1x?xf32>, tensor<?x?xf32>
}

// CHECK-LABEL: func.func @step
func.func @step(%p: tensor<?x1x?xf32>, %bias: tensor<1x?xf32>, %h: tensor<?x?xf32>) -> (tensor<?x?xf32>, tensor<?x?xf32>) {
  // CHECK: minrnn.step %{{.*}} : tensor<?x1x?xf32> bias(%{{.*}} : tensor<1x?xf32>) previous(%{{.*}} : tensor<?x?xf32>) -> tensor<?x?xf32>
  // CHECK-SAME: (%[[K:.*]], %[[H:.*]]) {
  %n = minrnn.step %p : tensor<?x1x?xf32> bias(%bias : tensor<1x?xf32>) previous(%h : tensor<?x?xf32>) -> tensor<?x?xf32> (%k, %s) {
    %0 = minrnn.lerp %s, %k, %k : f32
    minrnn.yield %0 : f32
  }
  // CHECK: minrnn.step %{{.*}} : tensor<?x1x?xf32> previous(%{{.*}} : tensor<?x?xf32>) -> tensor<?x?xf32>
  %m = minrnn.step %p : tensor<?x1x?xf32> previous(%n : tensor<?x?xf32>) -> tensor<?x?xf32> (%k, %s) {
    minrnn.yield %s : f32
  }
  return %n, %m : tensor<?x?xf32>, tensor<?x?xf32>
}
