// A scan in log space whose coefficients are at most 1, and whose offsets are
// far from the largest f32, carries plain states: elements (log2 a, b), and no
// logarithm of a state.
// RUN: minrnn-opt %s --minrnn-log-space --minrnn-plain-states --cse --canonicalize --split-input-file | FileCheck %s

// CHECK-LABEL: func.func @shrinks(
// CHECK: minrnn.scan {{.*}} combine (%[[A0:[^,]*]], %[[B0:[^,]*]], %[[A1:[^,]*]], %[[B1:[^)]*]]) {
// CHECK-DAG: %[[A:.*]] = arith.addf %[[A1]], %[[A0]] : f32
// CHECK-DAG: %[[POWER:.*]] = math.exp2 %[[A1]] : f32
// CHECK: %[[KEPT:.*]] = arith.mulf %[[POWER]], %[[B0]] : f32
// CHECK: %[[B:.*]] = arith.addf %[[KEPT]], %[[B1]] : f32
// CHECK: minrnn.yield %[[A]], %[[B]]
// CHECK: identity [0.000000e+00, 0.000000e+00]
// A negative state stays refused.
// CHECK-SAME: encode (%[[S:[^)]*]]) {
// CHECK: %[[NEGATIVE:.*]] = arith.cmpf olt, %[[S]], %{{.*}} : f32
// CHECK: arith.select %[[NEGATIVE]], %{{.*}}, %[[S]] : f32
// CHECK: decode (%[[T:[^)]*]]) {
// CHECK-NEXT: minrnn.yield %[[T]] : f32
// CHECK: element
// CHECK: %[[SUM:.*]] = minrnn.logaddexp2
// CHECK: %[[LOGA:.*]] = arith.negf %[[SUM]] : f32
// CHECK: %[[LOGB:.*]] = arith.select
// CHECK: %[[OFFSET:.*]] = math.exp2 %[[LOGB]] : f32
// CHECK: minrnn.yield %[[LOGA]], %[[OFFSET]] : f32, f32
func.func @shrinks(%p: tensor<?x?x2x?xf32>, %h0: tensor<?x1x?xf32>) -> (tensor<?x?x?xf32>, tensor<?x1x?xf32>) {
  %h, %l = minrnn.scan sequences(%p : tensor<?x?x2x?xf32>) initial(%h0 : tensor<?x1x?xf32>) -> (tensor<?x?x?xf32>) last tensor<?x1x?xf32>
  combine linear element(%k, %v) {
    %a = minrnn.sigmoid %k : f32
    %b = minrnn.positive %v : f32
    minrnn.yield %a, %b : f32, f32
  } output(%k, %v, %before, %after) { minrnn.yield %after : f32 }
  return %h, %l : tensor<?x?x?xf32>, tensor<?x1x?xf32>
}

// -----

// An offset may be infinite in f32, and its logarithm brings the state back.
// CHECK-LABEL: func.func @overflows(
// CHECK: minrnn.scan {{.*}} last tensor<?x1x?xf32> combine log
func.func @overflows(%p: tensor<?x?x2x?xf32>, %h0: tensor<?x1x?xf32>) -> (tensor<?x?x?xf32>, tensor<?x1x?xf32>) {
  %h, %l = minrnn.scan sequences(%p : tensor<?x?x2x?xf32>) initial(%h0 : tensor<?x1x?xf32>) -> (tensor<?x?x?xf32>) last tensor<?x1x?xf32>
  combine linear element(%k, %v) {
    %a = minrnn.sigmoid %k : f32
    %b = math.exp %v : f32
    minrnn.yield %a, %b : f32, f32
  } output(%k, %v, %before, %after) { minrnn.yield %after : f32 }
  return %h, %l : tensor<?x?x?xf32>, tensor<?x1x?xf32>
}

// -----

// A coefficient that may be above 1 can bring back what is too small for f32.
// CHECK-LABEL: func.func @grows(
// CHECK: minrnn.scan {{.*}} combine log
func.func @grows(%p: tensor<?x?x2x?xf32>, %h0: tensor<?x1x?xf32>) -> (tensor<?x?x?xf32>, tensor<?x1x?xf32>) {
  %h, %l = minrnn.scan sequences(%p : tensor<?x?x2x?xf32>) initial(%h0 : tensor<?x1x?xf32>) -> (tensor<?x?x?xf32>) last tensor<?x1x?xf32>
  combine linear element(%k, %v) {
    %a = math.exp %k : f32
    %b = minrnn.positive %v : f32
    minrnn.yield %a, %b : f32, f32
  } output(%k, %v, %before, %after) { minrnn.yield %after : f32 }
  return %h, %l : tensor<?x?x?xf32>, tensor<?x1x?xf32>
}
