// The backward of a step: one scan, reversed in time, over the pre-activations,
// the states one step late and the gradients of the output.
// RUN: minrnn-opt %s --minrnn-derive-backward --cse --canonicalize | FileCheck %s

// CHECK-LABEL: func.func @backward(
// CHECK-SAME: %[[P:.*]]: tensor<?x?x2x?xf32>, %[[BIAS:.*]]: tensor<2x?xf32>, %[[H0:.*]]: tensor<?x?xf32>, %[[H:.*]]: tensor<?x?x?xf32>, %[[DH:.*]]: tensor<?x?x?xf32>, %[[DLAST:.*]]: tensor<?x?xf32>)
// CHECK-SAME: -> (tensor<?x?x2x?xf32>, tensor<?x2x?xf32>, tensor<?x?xf32>) {
// CHECK-NEXT: %[[BEFORE:.*]] = minrnn.delay %[[H]] initial %[[H0]]
// CHECK-NEXT: %[[DP:.*]], %[[DH0:.*]] = minrnn.scan linear reverse sequences(%[[P]], %[[BEFORE]], %[[DH]] : {{.*}}) bias(%[[BIAS]] : tensor<2x?xf32>) initial(%[[DLAST]] : tensor<?x?xf32>)

// With n = a h + b, the gradient of h is a (dh + c): the recurrence in c has the
// step's own coefficient, and neither the state nor c within it.
// CHECK-SAME: element (%[[K:[^ ,]*]], %{{[^ ,]*}}, %{{[^ ,]*}}, %[[D:[^ ,]*]]) {
// CHECK-NEXT:   %[[A:.*]] = minrnn.sigmoid %[[K]]
// CHECK-NEXT:   %[[B:.*]] = arith.mulf %[[D]], %[[A]]
// CHECK-NEXT:   minrnn.yield %[[A]], %[[B]] : f32, f32

// The gates are recomputed from the pre-activations.
// CHECK-NEXT: } output (%[[K:[^ ,]*]], %{{[^ ,]*}}, %[[S:[^ ,]*]], %[[D:[^ ,]*]], %[[C:[^ ,]*]], %{{[^ ,]*}}) {
// CHECK:   %[[SUM:.*]] = arith.addf %[[D]], %[[C]]
// CHECK:   %[[DA:.*]] = arith.mulf %[[SUM]], %[[S]]
// CHECK:   %[[DK:.*]] = arith.mulf %[[DA]], %{{.*}}
// CHECK:   minrnn.yield %[[DK]], %[[SUM]] : f32, f32
// CHECK-NEXT: }
// CHECK-NEXT: %[[DB:.*]] = minrnn.sum_time %[[DP]]
// CHECK-NEXT: return %[[DP]], %[[DB]], %[[DH0]]
func.func @step(%p: tensor<?x2x?xf32>, %b: tensor<2x?xf32>, %h: tensor<?x?xf32>) -> tensor<?x?xf32> {
  %r = minrnn.step %p : tensor<?x2x?xf32> bias(%b : tensor<2x?xf32>) previous(%h : tensor<?x?xf32>) -> tensor<?x?xf32> (%k, %l, %s) {
    %a = minrnn.sigmoid %k : f32
    %m = arith.mulf %a, %s : f32
    %n = arith.addf %m, %l : f32
    minrnn.yield %n : f32
  }
  return %r : tensor<?x?xf32>
}
