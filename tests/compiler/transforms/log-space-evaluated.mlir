// A formula without a rule of its own is computed, and its logarithm taken; a
// zero among its values has -1e30 for one, and so has what is below zero by its
// rounding alone. So are the parts that may be
// negative, though the whole is not.
// RUN: minrnn-opt %s --minrnn-log-space --cse --canonicalize | FileCheck %s

// CHECK: minrnn.scan sequences{{.*}} combine log
// CHECK-SAME: element (%[[K:[^ ,]*]]) {
// CHECK-DAG: %[[ZERO:.*]] = arith.constant 0.000000e+00 : f32
// CHECK-DAG: %[[FAR:.*]] = arith.constant -1.000000e+30 : f32
// |k|
// CHECK-DAG: %[[M:.*]] = math.absf %[[K]]
// CHECK-DAG: %[[MZERO:.*]] = arith.cmpf ole, %[[M]], %[[ZERO]]
// CHECK-DAG: %[[MLOG:.*]] = math.log2 %[[M]]
// CHECK-DAG: %[[A:.*]] = arith.select %[[MZERO]], %[[FAR]], %[[MLOG]]
// k k, whose factors have no logarithm.
// CHECK-DAG: %[[Q:.*]] = arith.mulf %[[K]], %[[K]]
// CHECK-DAG: %[[QLOG:.*]] = math.log2 %[[Q]]
// CHECK-DAG: %[[B:.*]] = arith.select %{{.*}}, %[[FAR]], %[[QLOG]]
// CHECK: minrnn.yield %[[A]], %[[B]] : f32, f32
func.func @evaluated(%p: tensor<?x?x1x?xf32>, %h0: tensor<?x1x?xf32>) -> (tensor<?x?x?xf32>, tensor<?x1x?xf32>) {
  %h, %l = minrnn.scan sequences(%p : tensor<?x?x1x?xf32>) initial(%h0 : tensor<?x1x?xf32>) -> (tensor<?x?x?xf32>) last tensor<?x1x?xf32>
  combine linear element(%k) {
    %a = math.absf %k : f32
    %b = arith.mulf %k, %k : f32
    minrnn.yield %a, %b : f32, f32
  } output(%k, %before, %after) { minrnn.yield %after : f32 }
  return %h, %l : tensor<?x?x?xf32>, tensor<?x1x?xf32>
}

// A reverse scan is a backward: gradients have either sign, and it stays.
// CHECK: minrnn.scan reverse {{.*}} combine linear
func.func @reverse(%p: tensor<?x?x1x?xf32>, %h0: tensor<?x1x?xf32>) -> (tensor<?x?x?xf32>, tensor<?x1x?xf32>) {
  %h, %l = minrnn.scan reverse sequences(%p : tensor<?x?x1x?xf32>) initial(%h0 : tensor<?x1x?xf32>) -> (tensor<?x?x?xf32>) last tensor<?x1x?xf32>
  combine linear element(%k) {
    %a = math.exp %k : f32
    minrnn.yield %a, %a : f32, f32
  } output(%k, %before, %after) { minrnn.yield %after : f32 }
  return %h, %l : tensor<?x?x?xf32>, tensor<?x1x?xf32>
}

// What is finite by the contract stays as it is; what may overflow on the way,
// here to exp(-inf), may have -inf for its logarithm. As an offset that is
// raised to the stand-in, a NaN apart; a coefficient needs none.
// CHECK: minrnn.scan sequences{{.*}} combine log
// CHECK-SAME: element (%[[K:[^ ,]*]]) {
// CHECK-DAG: %[[LOG2E:.*]] = arith.constant 1.44269502 : f32
// CHECK-DAG: %[[FAR:.*]] = arith.constant -1.000000e+30 : f32
// CHECK-DAG: %[[N:.*]] = arith.negf
// CHECK-DAG: %[[L:.*]] = arith.mulf %[[N]], %[[LOG2E]]
// CHECK-DAG: %[[ISLOW:.*]] = arith.cmpf olt, %[[L]], %[[FAR]]
// CHECK-DAG: %[[B:.*]] = arith.select %[[ISLOW]], %[[FAR]], %[[L]]
// CHECK: minrnn.yield %[[L]], %[[B]] : f32, f32
func.func @infinite(%p: tensor<?x?x1x?xf32>, %h0: tensor<?x1x?xf32>) -> (tensor<?x?x?xf32>, tensor<?x1x?xf32>) {
  %h, %l = minrnn.scan sequences(%p : tensor<?x?x1x?xf32>) initial(%h0 : tensor<?x1x?xf32>) -> (tensor<?x?x?xf32>) last tensor<?x1x?xf32>
  combine linear element(%k) {
    %e = math.exp %k : f32
    %n = arith.negf %e : f32
    %a = math.exp %n : f32
    minrnn.yield %a, %a : f32, f32
  } output(%k, %before, %after) { minrnn.yield %after : f32 }
  return %h, %l : tensor<?x?x?xf32>, tensor<?x1x?xf32>
}

// A divisor that has no closed form may be zero: then a quotient is infinite,
// or of zero by zero a NaN.
// CHECK: minrnn.scan sequences{{.*}} combine log
// CHECK-SAME: element (%[[K:[^ ,]*]]) {
// CHECK-DAG: %[[NOTHING:.*]] = arith.constant -1.000000e+20 : f32
// CHECK-DAG: %[[NAN:.*]] = arith.constant 0x7FC00000 : f32
// CHECK-DAG: %[[INF:.*]] = arith.constant 0x7F800000 : f32
// CHECK: %[[T:.*]] = math.tanh
// CHECK: %[[TL:.*]] = math.log2 %[[T]]
// CHECK: %[[TLOG:.*]] = arith.select %{{.*}}, %{{.*}}, %[[TL]] : f32
// CHECK: %[[ML:.*]] = math.log2
// CHECK: %[[MLOG:.*]] = arith.select %{{.*}}, %{{.*}}, %[[ML]] : f32
// CHECK-DAG: %[[Q:.*]] = arith.subf %[[MLOG]], %[[TLOG]]
// CHECK-DAG: %[[MZERO:.*]] = arith.cmpf olt, %[[MLOG]], %[[NOTHING]]
// CHECK-DAG: %[[OFZERO:.*]] = arith.select %[[MZERO]], %[[NAN]], %[[INF]]
// CHECK-DAG: %[[TZERO:.*]] = arith.cmpf olt, %[[TLOG]], %[[NOTHING]]
// CHECK: %[[B:.*]] = arith.select %[[TZERO]], %[[OFZERO]], %[[Q]]
// CHECK: minrnn.yield %[[TLOG]], %[[B]]
func.func @quotient(%p: tensor<?x?x1x?xf32>, %h0: tensor<?x1x?xf32>) -> (tensor<?x?x?xf32>, tensor<?x1x?xf32>) {
  %h, %l = minrnn.scan sequences(%p : tensor<?x?x1x?xf32>) initial(%h0 : tensor<?x1x?xf32>) -> (tensor<?x?x?xf32>) last tensor<?x1x?xf32>
  combine linear element(%k) {
    %m = math.absf %k : f32
    %e = math.exp %k : f32
    %t = math.tanh %e : f32
    %q = arith.divf %m, %t : f32
    minrnn.yield %t, %q : f32, f32
  } output(%k, %before, %after) { minrnn.yield %after : f32 }
  return %h, %l : tensor<?x?x?xf32>, tensor<?x1x?xf32>
}
