// What a reverse scan yields is the gradient that arrives times a slope.
// RUN: minrnn-opt %s --minrnn-factor-slopes --cse --canonicalize | FileCheck %s

// CHECK-LABEL: func.func @slopes(
// CHECK: output (%[[K:[^,]*]], %[[V:[^,]*]], %[[C:[^,]*]], %{{.*}}) {
// CHECK-DAG: %[[S:.*]] = minrnn.sigmoid %[[K]] : f32
// A common factor leaves a difference, and the slopes are one.
// CHECK-DAG: %[[D:.*]] = arith.subf %[[V]], %[[K]] : f32
// CHECK-DAG: %[[DS:.*]] = arith.mulf %[[D]], %[[S]] : f32
// CHECK-DAG: %[[FIRST:.*]] = arith.mulf %[[DS]], %[[C]] : f32
// Of two slopes that may both be large, the product could overflow.
// CHECK-DAG: %[[CV:.*]] = arith.mulf %[[C]], %[[V]] : f32
// CHECK-DAG: %[[SECOND:.*]] = arith.mulf %[[CV]], %[[K]] : f32
// CHECK: minrnn.yield %[[FIRST]], %[[SECOND]] : f32, f32
func.func @slopes(%p: tensor<?x?x2x?xf32>, %h0: tensor<?x1x?xf32>) -> (tensor<?x?x2x?xf32>, tensor<?x1x?xf32>) {
  %d, %l = minrnn.scan reverse sequences(%p : tensor<?x?x2x?xf32>) initial(%h0 : tensor<?x1x?xf32>) -> (tensor<?x?x2x?xf32>) last tensor<?x1x?xf32>
  combine linear element(%k, %v) {
    minrnn.yield %k, %v : f32, f32
  } output(%k, %v, %c, %next) {
    %s = minrnn.sigmoid %k : f32
    %cv = arith.mulf %c, %v : f32
    %ck = arith.mulf %c, %k : f32
    %x = arith.mulf %cv, %s : f32
    %y = arith.mulf %ck, %s : f32
    %first = arith.subf %x, %y : f32
    %again = arith.mulf %c, %v : f32
    %second = arith.mulf %again, %k : f32
    minrnn.yield %first, %second : f32, f32
  }
  return %d, %l : tensor<?x?x2x?xf32>, tensor<?x1x?xf32>
}
