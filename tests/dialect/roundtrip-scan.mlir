// Every operation over sequences, printed as it is read, in its own syntax and
// in the generic one.
// RUN: minrnn-opt %s --verify-roundtrip | FileCheck %s
// RUN: minrnn-opt %s --mlir-print-op-generic | minrnn-opt --verify-roundtrip | FileCheck %s
// RUN: minrnn-opt %s --mlir-print-op-generic | FileCheck %s --check-prefix=GENERIC
// RUN: minrnn-opt %s --emit-bytecode | minrnn-opt | FileCheck %s

// GENERIC: "minrnn.scan"(%{{.*}}, %{{.*}}, %{{.*}}, %{{.*}}) <{identity = array<f32: 0.000000e+00, -1.000000e+30>, operandSegmentSizes = array<i32: 2, 1, 1, 0>, resultSegmentSizes = array<i32: 1, 0, 0, 1>}> ({
// GENERIC: "minrnn.scan"(%{{.*}}, %{{.*}}, %{{.*}}) <{identity = array<f32: 1.000000e+00, 0.000000e+00, 1.000000e+00, 0.000000e+00>, operandSegmentSizes = array<i32: 2, 0, 1, 0>, resultSegmentSizes = array<i32: 1, 2, 0, 1>, reverse}> ({

// CHECK-LABEL: func.func @forward
func.func @forward(%p: tensor<?x?x2x?xf32>, %reset: tensor<?x?xi8>, %bias: tensor<2x?xf32>, %h0: tensor<?x1x?xf32>) -> (tensor<?x?x?xf32>, tensor<?x1x?xf32>) {
  // CHECK: %{{.*}}, %{{.*}} = minrnn.scan sequences(%{{.*}}, %{{.*}} : tensor<?x?x2x?xf32>, tensor<?x?xi8>) parameters(%{{.*}} : tensor<2x?xf32>) initial(%{{.*}} : tensor<?x1x?xf32>) -> (tensor<?x?x?xf32>) last tensor<?x1x?xf32> attributes {note = "kept"}
  // CHECK-SAME: combine log element (%[[K:.*]], %[[V:.*]], %{{.*}}, %{{.*}}, %{{.*}}) {
  // CHECK-NEXT:   minrnn.yield %[[K]], %[[V]] : f32, f32
  // CHECK-NEXT: } output (%{{.*}}, %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}}, %[[AFTER:.*]]) {
  // CHECK-NEXT:   minrnn.yield %[[AFTER]] : f32
  // CHECK-NEXT: }
  %h, %last = minrnn.scan sequences(%p, %reset : tensor<?x?x2x?xf32>, tensor<?x?xi8>) parameters(%bias : tensor<2x?xf32>) initial(%h0 : tensor<?x1x?xf32>) -> (tensor<?x?x?xf32>) last tensor<?x1x?xf32> attributes {note = "kept"}
  combine log element(%k, %v, %r, %bk, %bv) {
    minrnn.yield %k, %v : f32, f32
  } output(%k, %v, %r, %bk, %bv, %before, %after) {
    minrnn.yield %after : f32
  }
  return %h, %last : tensor<?x?x?xf32>, tensor<?x1x?xf32>
}

// Backwards in time, of two states, over several sequences, without
// parameters; the states one step late, and two sums over time.
// CHECK-LABEL: func.func @backward
func.func @backward(%p: tensor<?x?x1x?xf32>, %h: tensor<?x?x2x?xf32>, %h0: tensor<?x2x?xf32>, %c0: tensor<?x2x?xf32>) -> (tensor<?x?x1x?xf32>, tensor<?x1x?xf32>, tensor<?x2x?xf32>, tensor<?x2x?xf32>) {
  // CHECK: minrnn.delay %{{.*}} initial %{{.*}} : tensor<?x?x2x?xf32>, tensor<?x2x?xf32>
  %before = minrnn.delay %h initial %h0 : tensor<?x?x2x?xf32>, tensor<?x2x?xf32>
  // CHECK: %{{.*}}, %{{.*}}:2, %{{.*}} = minrnn.scan reverse sequences(%{{.*}}, %{{.*}} : tensor<?x?x1x?xf32>, tensor<?x?x2x?xf32>) initial(%{{.*}} : tensor<?x2x?xf32>) -> (tensor<?x?x1x?xf32>) sums(tensor<?x1x?xf32>, tensor<?x2x?xf32>) last tensor<?x2x?xf32>
  // CHECK-SAME: combine linear element (%[[K:.*]], %[[B:.*]], %[[C:.*]]) {
  // CHECK-NEXT:   minrnn.yield %[[K]], %[[B]], %[[K]], %[[C]] : f32, f32, f32, f32
  // CHECK-NEXT: } output (%[[K:.*]], %[[B:.*]], %[[C:.*]], %[[DB:.*]], %[[DC:.*]], %{{.*}}, %{{.*}}) {
  // CHECK-NEXT:   minrnn.yield %[[DB]], %[[K]], %[[B]], %[[DC]] : f32, f32, f32, f32
  // CHECK-NEXT: }
  %dp, %db, %dv, %dh0 = minrnn.scan reverse sequences(%p, %before : tensor<?x?x1x?xf32>, tensor<?x?x2x?xf32>) initial(%c0 : tensor<?x2x?xf32>) -> (tensor<?x?x1x?xf32>) sums (tensor<?x1x?xf32>, tensor<?x2x?xf32>) last tensor<?x2x?xf32>
  combine linear element(%k, %b, %c) {
    minrnn.yield %k, %b, %k, %c : f32, f32, f32, f32
  } output(%k, %b, %c, %gb, %gc, %nb, %nc) {
    minrnn.yield %gb, %k, %b, %gc : f32, f32, f32, f32
  }
  return %dp, %db, %dv, %dh0 : tensor<?x?x1x?xf32>, tensor<?x1x?xf32>, tensor<?x2x?xf32>, tensor<?x2x?xf32>
}

// The states at tile boundaries: kept by the forward scan, taken by the one
// backwards, with a region that recomputes those between.
// GENERIC: "minrnn.scan"(%{{.*}}, %{{.*}}) <{identity = array<f32: 1.000000e+00, 0.000000e+00>, operandSegmentSizes = array<i32: 1, 0, 1, 0>, resultSegmentSizes = array<i32: 1, 0, 1, 1>}> ({
// GENERIC: "minrnn.scan"(%{{.*}}, %{{.*}}, %{{.*}}) <{identity = array<f32: 1.000000e+00, 0.000000e+00>, operandSegmentSizes = array<i32: 1, 0, 1, 1>, resultSegmentSizes = array<i32: 1, 0, 0, 1>, reverse}> ({
// CHECK-LABEL: func.func @boundaries
func.func @boundaries(%p: tensor<?x?x1x?xf32>, %h0: tensor<?x1x?xf32>) -> (tensor<?x?x1x?xf32>, tensor<?x1x?xf32>) {
  // CHECK: %{{.*}}, %[[B:.*]], %{{.*}} = minrnn.scan sequences(%{{.*}} : tensor<?x?x1x?xf32>) initial(%{{.*}} : tensor<?x1x?xf32>) -> (tensor<?x?x?xf32>) keeps tensor<?x?x1x?xf32> last tensor<?x1x?xf32>
  // CHECK-SAME: combine linear element (%{{.*}}) {
  %h, %b, %l = minrnn.scan sequences(%p : tensor<?x?x1x?xf32>) initial(%h0 : tensor<?x1x?xf32>) -> (tensor<?x?x?xf32>) keeps tensor<?x?x1x?xf32> last tensor<?x1x?xf32>
  combine linear element(%k) {
    minrnn.yield %k, %k : f32, f32
  } output(%k, %before, %after) {
    minrnn.yield %after : f32
  }
  // CHECK: minrnn.scan reverse sequences(%{{.*}} : tensor<?x?x1x?xf32>) initial(%{{.*}} : tensor<?x1x?xf32>) boundaries(%[[B]] : tensor<?x?x1x?xf32>) -> (tensor<?x?x1x?xf32>) last tensor<?x1x?xf32>
  // CHECK-SAME: combine linear states (%[[K:.*]]) {
  // CHECK-NEXT:   minrnn.yield %[[K]], %[[K]] : f32, f32
  // CHECK-NEXT: } element (%[[K:.*]], %[[S:.*]]) {
  // CHECK-NEXT:   minrnn.yield %[[K]], %[[S]] : f32, f32
  // CHECK-NEXT: } output (%{{.*}}, %{{.*}}, %[[C:.*]], %{{.*}}) {
  %dp, %dh0 = minrnn.scan reverse sequences(%p : tensor<?x?x1x?xf32>) initial(%h0 : tensor<?x1x?xf32>) boundaries(%b : tensor<?x?x1x?xf32>) -> (tensor<?x?x1x?xf32>) last tensor<?x1x?xf32>
  combine linear states(%k) {
    minrnn.yield %k, %k : f32, f32
  } element(%k, %s) {
    minrnn.yield %k, %s : f32, f32
  } output(%k, %s, %c, %next) {
    minrnn.yield %c : f32
  }
  return %dp, %dh0 : tensor<?x?x1x?xf32>, tensor<?x1x?xf32>
}

// GENERIC: "minrnn.sequential_scan"(%{{.*}}, %{{.*}}, %{{.*}}) <{operandSegmentSizes = array<i32: 1, 1, 1>, resultSegmentSizes = array<i32: 0, 0, 1>}> ({
// GENERIC: "minrnn.sequential_scan"(%{{.*}}, %{{.*}}) <{operandSegmentSizes = array<i32: 1, 0, 1>, resultSegmentSizes = array<i32: 2, 1, 1>, reverse}> ({
// A sequential scan that stores nothing, of one step; and one that stores two sequences
// and a sum, backwards.
// CHECK-LABEL: func.func @sequential
func.func @sequential(%p: tensor<?x1x1x?xf32>, %bias: tensor<1x?xf32>, %h0: tensor<?x1x?xf32>) -> (tensor<?x1x?xf32>, tensor<?x?x?xf32>, tensor<?x?x2x?xf32>, tensor<?x1x?xf32>, tensor<?x1x?xf32>) {
  // CHECK: minrnn.sequential_scan sequences(%{{.*}} : tensor<?x1x1x?xf32>) parameters(%{{.*}} : tensor<1x?xf32>) initial(%{{.*}} : tensor<?x1x?xf32>) last tensor<?x1x?xf32> attributes {note = "kept"}
  // CHECK-SAME: body (%[[K:.*]], %[[B:.*]], %[[H:.*]]) {
  // CHECK-NEXT:   %[[N:.*]] = minrnn.lerp %[[H]], %[[K]], %[[B]] : f32
  // CHECK-NEXT:   minrnn.yield %[[N]] : f32
  // CHECK-NEXT: }
  %n = minrnn.sequential_scan sequences(%p : tensor<?x1x1x?xf32>) parameters(%bias : tensor<1x?xf32>) initial(%h0 : tensor<?x1x?xf32>) last tensor<?x1x?xf32> attributes {note = "kept"}
  body(%k, %b, %h) {
    %0 = minrnn.lerp %h, %k, %b : f32
    minrnn.yield %0 : f32
  }
  // CHECK: %{{.*}}:2, %{{.*}}, %{{.*}} = minrnn.sequential_scan reverse sequences(%{{.*}} : tensor<?x1x1x?xf32>) initial(%{{.*}} : tensor<?x1x?xf32>) -> (tensor<?x?x?xf32>, tensor<?x?x2x?xf32>) sums(tensor<?x1x?xf32>) last tensor<?x1x?xf32>
  // CHECK-SAME: body (%[[K:.*]], %[[H:.*]]) {
  // CHECK-NEXT:   minrnn.yield %[[H]], %[[K]], %[[H]], %[[H]], %[[K]] : f32, f32, f32, f32, f32
  %y, %s, %sum, %m = minrnn.sequential_scan reverse sequences(%p : tensor<?x1x1x?xf32>) initial(%n : tensor<?x1x?xf32>) -> (tensor<?x?x?xf32>, tensor<?x?x2x?xf32>) sums (tensor<?x1x?xf32>) last tensor<?x1x?xf32>
  body(%k, %h) {
    minrnn.yield %h, %k, %h, %h, %k : f32, f32, f32, f32, f32
  }
  return %n, %y, %s, %sum, %m : tensor<?x1x?xf32>, tensor<?x?x?xf32>, tensor<?x?x2x?xf32>, tensor<?x1x?xf32>, tensor<?x1x?xf32>
}

// An algebra without a name is written out, with what encodes and decodes; one
// that has a name, whose regions are written out, is printed by it.
// CHECK-LABEL: func.func @algebra
func.func @algebra(%p: tensor<?x?x1x?xf32>, %h0: tensor<?x1x?xf32>) -> (tensor<?x1x?xf32>, tensor<?x1x?xf32>) {
  // CHECK: minrnn.scan sequences(%{{.*}} : tensor<?x?x1x?xf32>) initial(%{{.*}} : tensor<?x1x?xf32>) last tensor<?x1x?xf32>
  // CHECK-SAME: combine (%[[A0:.*]], %[[B0:.*]], %[[A1:.*]], %[[B1:.*]]) {
  // CHECK-NEXT:   %[[A:.*]] = arith.addf %[[A1]], %[[A0]] : f32
  // CHECK-NEXT:   %[[C:.*]] = arith.addf %[[A1]], %[[B0]] : f32
  // CHECK-NEXT:   %[[B:.*]] = arith.maximumf %[[C]], %[[B1]] : f32
  // CHECK-NEXT:   minrnn.yield %[[A]], %[[B]] : f32, f32
  // CHECK-NEXT: } identity [0.000000e+00, -1.000000e+03] encode (%[[S:.*]]) {
  // CHECK-NEXT:   %[[T:.*]] = arith.negf %[[S]] : f32
  // CHECK-NEXT:   minrnn.yield %[[T]] : f32
  // CHECK-NEXT: } decode (%[[S:.*]]) {
  // CHECK-NEXT:   %[[T:.*]] = arith.negf %[[S]] : f32
  // CHECK-NEXT:   minrnn.yield %[[T]] : f32
  // CHECK-NEXT: } element (%[[K:.*]]) {
  %m = minrnn.scan sequences(%p : tensor<?x?x1x?xf32>) initial(%h0 : tensor<?x1x?xf32>) last tensor<?x1x?xf32>
  combine(%a0, %b0, %a1, %b1) {
    %a = arith.addf %a1, %a0 : f32
    %c = arith.addf %a1, %b0 : f32
    %b = arith.maximumf %c, %b1 : f32
    minrnn.yield %a, %b : f32, f32
  } identity [0.0, -1000.0] encode(%s) {
    %t = arith.negf %s : f32
    minrnn.yield %t : f32
  } decode(%s) {
    %t = arith.negf %s : f32
    minrnn.yield %t : f32
  } element(%k) {
    minrnn.yield %k, %k : f32, f32
  } output(%k, %before, %after) {
    minrnn.yield
  }
  // CHECK: minrnn.scan {{.*}} combine linear element
  %l = minrnn.scan sequences(%p : tensor<?x?x1x?xf32>) initial(%h0 : tensor<?x1x?xf32>) last tensor<?x1x?xf32>
  combine(%a0, %b0, %a1, %b1) {
    %a = arith.mulf %a1, %a0 : f32
    %c = arith.mulf %a1, %b0 : f32
    %b = arith.addf %c, %b1 : f32
    minrnn.yield %a, %b : f32, f32
  } identity [1.0, 0.0] element(%k) {
    minrnn.yield %k, %k : f32, f32
  } output(%k, %before, %after) {
    minrnn.yield
  }
  return %m, %l : tensor<?x1x?xf32>, tensor<?x1x?xf32>
}
