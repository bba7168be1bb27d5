// A projection of a value computed within the step: one entry computes the
// value, the others are given its product and, going back, the gradient that
// arrives at it.
// RUN: split-file %s %t
// RUN: minrnn-opt %t/one.mlir --minrnn-prove-recurrence --minrnn-fuse-gates --minrnn-derive-backward --cse --canonicalize | FileCheck %s
// RUN: minrnn-opt %t/two.mlir --minrnn-prove-recurrence --minrnn-fuse-gates --minrnn-derive-backward --cse --canonicalize | FileCheck %s --check-prefix=TWO

//--- one.mlir

// CHECK: minrnn.program "c" sequential gates ["k"] recurrent [{name = "s", state = "h"}, {inner = 0 : i64, name = "u", stage = 0 : i64}, {inner = 1 : i64, name = "v", stage = 0 : i64}, {inner = 0 : i64, name = "w", stage = 0 : i64}] parameters []
minrnn.cell @c(%x: !minrnn.input) state(%h: f32) {
  %k = minrnn.project %x "k" : f32
  %s = minrnn.project %h "s" : f32 -> f32
  %f = arith.mulf %s, %h : f32
  %u = minrnn.project %f "u" : f32 -> f32
  %v = minrnn.project %k "v" : f32 -> f32
  %w = minrnn.project %f "w" : f32 -> f32
  %uv = arith.addf %u, %v : f32
  %n = arith.addf %uv, %w : f32
  minrnn.yield %n : f32
}

// The step adds up the products. At a reset it takes them as they are: what is
// projected need not be zero there.
// CHECK-LABEL: func.func @forward(
// CHECK: body (%{{[^ ,]*}}, %{{[^ ,]*}}, %[[U:[^ ,]*]], %[[V:[^ ,]*]], %[[W:[^ ,]*]], %{{[^ ,]*}}, %{{[^ ,]*}}, %{{[^ ,]*}}, %[[BU:[^ ,]*]], %[[BV:[^ ,]*]], %[[BW:[^ ,]*]], %{{[^ ,]*}}) {
// CHECK-NEXT: %[[UB:.*]] = arith.addf %[[U]], %[[BU]]
// CHECK-NEXT: %[[VB:.*]] = arith.addf %[[V]], %[[BV]]
// CHECK-NEXT: %[[WB:.*]] = arith.addf %[[W]], %[[BW]]
// CHECK-NEXT: %[[UV:.*]] = arith.addf %[[UB]], %[[VB]]
// CHECK-NEXT: %[[N:.*]] = arith.addf %[[UV]], %[[WB]]
// CHECK-NEXT: minrnn.yield %[[N]], %[[N]]

// The gradient of f comes through its projections alone, and goes on to the
// state and its projection, which a reset cuts off. (A product that nothing
// takes sends a zero, which the sum might meet with an infinity.)
// CHECK-LABEL: func.func @backward(
// CHECK-SAME: %[[DF:[^:]*]]: tensor<?x?x2x?xf32> {minrnn.name = "d_inner"}, %{{[^:]*}}: tensor<?x1x?xf32> {minrnn.name = "d_last"})
// CHECK: body (%{{[^ ,]*}}, %[[S:[^ ,]*]], %{{[^ ,]*}}, %{{[^ ,]*}}, %{{[^ ,]*}}, %[[R:[^ ,]*]], %[[DH:[^ ,]*]], %[[DF:[^ ,]*]], %[[DK:[^ ,]*]], %[[H:[^ ,]*]], %{{[^ ,]*}}, %[[BS:[^ ,]*]], %{{[^ ,]*}}, %{{[^ ,]*}}, %{{[^ ,]*}}, %[[C:[^ ,]*]]) {
// CHECK: %[[NEW:.*]] = arith.cmpf une, %[[R]]
// CHECK-NEXT: %[[HR:.*]] = arith.select %[[NEW]], %{{.*}}, %[[H]]
// CHECK-NEXT: %[[SR:.*]] = arith.select %[[NEW]], %{{.*}}, %[[S]]
// CHECK-NEXT: %[[SB:.*]] = arith.addf %[[SR]], %[[BS]]
// CHECK-NEXT: %[[TAKEN:.*]] = arith.cmpf une, %[[DF]]
// CHECK-NEXT: %[[G:.*]] = arith.addf %[[DH]], %[[C]]
// CHECK-NEXT: %[[DS:.*]] = arith.mulf %[[DF]], %[[HR]]
// CHECK-NEXT: %[[DHS:.*]] = arith.mulf %[[DF]], %[[SB]]
// CHECK-NEXT: %[[DHF:.*]] = arith.select %[[TAKEN]], %[[DHS]], %{{.*}}
// CHECK-NEXT: %[[DSR:.*]] = arith.select %[[NEW]], %{{.*}}, %[[DS]]
// CHECK-NEXT: %[[DHR:.*]] = arith.select %[[NEW]], %{{.*}}, %[[DHF]]
// CHECK-NEXT: minrnn.yield %[[DHR]], %[[DK]], %[[DSR]], %[[G]], %[[G]], %[[G]], %[[DK]], %[[DS]], %[[G]], %[[G]], %[[G]]

// Before it, the gradients of their products, zero for the state's; what arrives
// at the state stays.
// CHECK-LABEL: func.func @backward_inner0(
// CHECK-NOT: d_inner
// CHECK-SAME: -> (tensor<?x?x4x?xf32> {minrnn.name = "d_recurrent"}, tensor<?x1x?xf32> {minrnn.name = "d_initial"}) {
// CHECK: body ({{(%[^ ,]+, )+}}%[[C:[^ ,]*]]) {
// CHECK-NEXT: %[[ZERO:.*]] = arith.constant 0.000000e+00 : f32
// CHECK-NEXT: %[[G:.*]] = arith.addf %{{.*}}, %[[C]]
// CHECK-NEXT: minrnn.yield %[[C]], %[[ZERO]], %[[G]], %[[G]], %[[G]]

// A single step is given the products as well.
// CHECK-LABEL: func.func @step(
// CHECK-SAME: tensor<?x1x4x?xf32> {minrnn.name = "recurrent"}
// CHECK-NOT: "inner"

// What is projected, each value once; the state stays as it is.
// CHECK-LABEL: func.func @forward_inner0(
// CHECK-SAME: -> (tensor<?x?x2x?xf32> {minrnn.name = "inner"}, tensor<?x1x?xf32> {minrnn.name = "last"}) {
// CHECK: body (%[[K:[^ ,]*]], %[[S:[^ ,]*]], %{{[^ ,]*}}, %{{[^ ,]*}}, %{{[^ ,]*}}, %[[R:[^ ,]*]], %[[BK:[^ ,]*]], %[[BS:[^ ,]*]], %{{[^ ,]*}}, %{{[^ ,]*}}, %{{[^ ,]*}}, %[[H:[^ ,]*]]) {
// CHECK: %[[HR:.*]] = arith.select %{{.*}}, %{{.*}}, %[[H]]
// CHECK-NEXT: %[[KB:.*]] = arith.addf %[[K]], %[[BK]]
// CHECK-NEXT: %[[SR:.*]] = arith.select %{{.*}}, %{{.*}}, %[[S]]
// CHECK-NEXT: %[[SB:.*]] = arith.addf %[[SR]], %[[BS]]
// CHECK-NEXT: %[[F:.*]] = arith.mulf %[[SB]], %[[HR]]
// CHECK-NEXT: minrnn.yield %[[H]], %[[F]], %[[KB]]

//--- two.mlir
// A value (t) that depends on the projection of another: it is computed in the
// second of two stages. A value of a later stage is zero in an earlier one.
// TWO: minrnn.program "deep" sequential gates ["k"] recurrent [{inner = 0 : i64, name = "v", stage = 0 : i64}, {inner = 1 : i64, name = "u", stage = 1 : i64}]
minrnn.cell @deep(%x: !minrnn.input) state(%h: f32) {
  %k = minrnn.project %x "k" : f32
  %f = arith.mulf %k, %h : f32
  %v = minrnn.project %f "v" : f32 -> f32
  %t = minrnn.sigmoid %v : f32
  %u = minrnn.project %t "u" : f32 -> f32
  minrnn.yield %u : f32
}

// The gradient of f is taken by `backward`, whose d_inner is that of both.
// TWO-LABEL: func.func @backward(
// TWO-SAME: tensor<?x?x2x?xf32> {minrnn.name = "d_inner"}, %{{[^:]*}}: tensor<?x1x?xf32> {minrnn.name = "d_last"})

// The entry of the first stage takes what arrived at t.
// TWO-LABEL: func.func @backward_inner0(
// TWO-SAME: tensor<?x?x2x?xf32> {minrnn.name = "d_inner"}

// That of the second comes before it: the gradient of the last product, which is
// that of the output. Nothing has arrived at a value yet.
// TWO-LABEL: func.func @backward_inner1(
// TWO-NOT: d_inner
// TWO-SAME: -> (tensor<?x?x2x?xf32> {minrnn.name = "d_recurrent"}, tensor<?x1x?xf32> {minrnn.name = "d_initial"}) {
// TWO: body ({{(%[^ ,]+, )+}}%[[C:[^ ,]*]]) {
// TWO: %[[G:.*]] = arith.addf %{{.*}}, %[[C]]
// TWO-NEXT: minrnn.yield %[[C]], %{{.*}}, %[[G]] : f32, f32, f32

// TWO-LABEL: func.func @forward_inner0(
// TWO: body (%[[K:[^ ,]*]], %{{[^ ,]*}}, %{{[^ ,]*}}, %{{[^ ,]*}}, %[[BK:[^ ,]*]], %{{[^ ,]*}}, %{{[^ ,]*}}, %[[H:[^ ,]*]]) {
// TWO: %[[F:.*]] = arith.mulf %{{.*}}, %{{.*}} : f32
// TWO-NOT: minrnn.sigmoid
// TWO: minrnn.yield %[[H]], %[[F]], %{{cst.*}} : f32, f32, f32

// TWO-LABEL: func.func @forward_inner1(
// TWO: body (%[[K:[^ ,]*]], %[[V:[^ ,]*]], %{{[^ ,]*}}, %{{[^ ,]*}}, %[[BK:[^ ,]*]], %[[BV:[^ ,]*]], %{{[^ ,]*}}, %[[H:[^ ,]*]]) {
// TWO: %[[F:.*]] = arith.mulf %{{.*}}, %{{.*}} : f32
// TWO: %[[VB:.*]] = arith.addf %[[V]], %[[BV]] : f32
// TWO: %[[T:.*]] = minrnn.sigmoid %[[VB]] : f32
// TWO: minrnn.yield %[[H]], %[[F]], %[[T]] : f32, f32, f32
