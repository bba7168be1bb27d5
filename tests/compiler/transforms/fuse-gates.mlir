// A proven cell becomes functions over sequences: every projection packed into
// one, the equations within the scan and the step.
// RUN: minrnn-opt %s --minrnn-fuse-gates | FileCheck %s

// CHECK: module attributes {minrnn.cell = "c", minrnn.gates = ["z", "h", "unread"], minrnn.states = ["s"]} {
// The cell itself is gone.
// CHECK-NOT: minrnn.cell @
minrnn.cell @c(%x: !minrnn.input) state(%s: f32) {
  %k = minrnn.project %x "z" : f32
  %v = minrnn.project %x "h" : f32
  %again = minrnn.project %x "z" : f32
  %u = minrnn.project %x "unread" : f32
  %a = minrnn.sigmoid %k : f32
  %b = arith.mulf %v, %again : f32
  // What reads the state is the old step, replaced by the affine one.
  %old = minrnn.lerp %s, %v, %a : f32
  %n = minrnn.affine %a * %s + %b in (0, 1), (-inf, inf) : f32
  minrnn.yield %n : f32
}

// CHECK-LABEL: func.func @forward(
// CHECK-SAME: %[[X:.*]]: tensor<?x?x?xf32>, %[[W:.*]]: tensor<3x?x?xf32>, %[[BIAS:.*]]: tensor<3x?xf32>, %[[H0:.*]]: tensor<?x?xf32>) -> (tensor<?x?x?xf32>, tensor<?x?xf32>) {
// CHECK-NEXT: %[[P:.*]] = minrnn.packed_projection %[[X]], %[[W]] gates ["z", "h", "unread"] : tensor<?x?x?xf32>, tensor<3x?x?xf32> -> tensor<?x?x3x?xf32>
// CHECK-NEXT: %[[H:.*]], %[[LAST:.*]] = minrnn.scan linear sequences(%[[P]] : tensor<?x?x3x?xf32>) bias(%[[BIAS]] : tensor<3x?xf32>) initial(%[[H0]] : tensor<?x?xf32>)
// The proof goes with it.
// CHECK-SAME: minrnn.coefficient_range = #minrnn.interval<"(0, 1)">, minrnn.offset_range = #minrnn.interval<"(-inf, inf)">
// The gate that is projected twice is one argument; the state is none.
// CHECK-SAME: element (%[[K:.*]], %[[V:.*]], %{{.*}}) {
// CHECK-NEXT:   %[[A:.*]] = minrnn.sigmoid %[[K]] : f32
// CHECK-NEXT:   %[[B:.*]] = arith.mulf %[[V]], %[[K]] : f32
// CHECK-NEXT:   minrnn.yield %[[A]], %[[B]] : f32, f32
// CHECK-NEXT: } output (%{{.*}}, %{{.*}}, %{{.*}}, %{{.*}}, %[[AFTER:.*]]) {
// CHECK-NEXT:   minrnn.yield %[[AFTER]] : f32
// CHECK-NEXT: }
// CHECK-NEXT: return %[[H]], %[[LAST]]

// CHECK-LABEL: func.func @step(
// CHECK-SAME: %[[P:.*]]: tensor<?x3x?xf32>, %[[BIAS:.*]]: tensor<3x?xf32>, %[[H:.*]]: tensor<?x?xf32>) -> tensor<?x?xf32> {
// CHECK-NEXT: minrnn.step %[[P]] : tensor<?x3x?xf32> bias(%[[BIAS]] : tensor<3x?xf32>) previous(%[[H]] : tensor<?x?xf32>) -> tensor<?x?xf32>
// CHECK-SAME: (%[[K:.*]], %[[V:.*]], %{{.*}}, %[[S:.*]]) {
// CHECK:   %[[A:.*]] = minrnn.sigmoid %[[K]]
// CHECK:   %[[B:.*]] = arith.mulf %[[V]], %[[K]]
// CHECK:   %[[KEPT:.*]] = arith.mulf %[[A]], %[[S]]
// CHECK:   %[[N:.*]] = arith.addf %[[KEPT]], %[[B]]
// CHECK:   minrnn.yield %[[N]]
