// A proven cell becomes functions over sequences: the equations within the scan
// and the sequential scan of a step. (program.mlir tests the program beside them.)
// RUN: minrnn-opt %s --split-input-file --minrnn-fuse-gates --cse --canonicalize | FileCheck %s

// CHECK: minrnn.program "c" parallel gates ["z", "h", "unread"] recurrent [] parameters [] states ["s"] output "s" {
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
// CHECK-SAME: %[[P:[^:]*]]: tensor<?x?x3x?xf32> {minrnn.name = "preactivations"}, %[[BIAS:[^:]*]]: tensor<3x?xf32> {minrnn.name = "bias"}, %[[RESET:[^:]*]]: tensor<?x?xi8> {minrnn.name = "reset"}, %[[H0:[^:]*]]: tensor<?x1x?xf32> {minrnn.name = "initial"})
// CHECK-SAME: -> (tensor<?x?x?xf32> {minrnn.name = "output"}, tensor<?x1x?xf32> {minrnn.name = "last"}) {
// CHECK-NEXT: %[[H:.*]], %[[LAST:.*]] = minrnn.scan sequences(%[[P]], %[[RESET]] : tensor<?x?x3x?xf32>, tensor<?x?xi8>) parameters(%[[BIAS]] : tensor<3x?xf32>) initial(%[[H0]] : tensor<?x1x?xf32>) -> (tensor<?x?x?xf32>) last tensor<?x1x?xf32>
// The gate that is projected twice is one argument; the state is none. Each
// gate has its bias added; where a sequence starts anew the coefficient is zero.
// CHECK-SAME: combine linear element (%[[K:[^ ,]*]], %[[V:[^ ,]*]], %{{[^ ,]*}}, %[[R:[^ ,]*]], %[[BK:[^ ,]*]], %[[BV:[^ ,]*]], %{{[^ ,]*}}) {
// CHECK-NEXT:   %[[ZERO:.*]] = arith.constant 0.000000e+00 : f32
// CHECK-NEXT:   %[[NEW:.*]] = arith.cmpf une, %[[R]], %[[ZERO]] : f32
// CHECK-NEXT:   %[[KB:.*]] = arith.addf %[[K]], %[[BK]] : f32
// CHECK-NEXT:   %[[VB:.*]] = arith.addf %[[V]], %[[BV]] : f32
// CHECK-NEXT:   %[[A:.*]] = minrnn.sigmoid %[[KB]] : f32
// CHECK-NEXT:   %[[B:.*]] = arith.mulf %[[VB]], %[[KB]] : f32
// CHECK-NEXT:   %[[AR:.*]] = arith.select %[[NEW]], %[[ZERO]], %[[A]] : f32
// CHECK-NEXT:   minrnn.yield %[[AR]], %[[B]] : f32, f32
// CHECK-NEXT: } output ({{(%[^ ,]+, )+}}%[[AFTER:[^ ,]*]]) {
// CHECK-NEXT:   minrnn.yield %[[AFTER]] : f32
// CHECK-NEXT: }
// CHECK-NEXT: return %[[H]], %[[LAST]]

// CHECK-LABEL: func.func @step(
// CHECK-SAME: %[[P:[^:]*]]: tensor<?x1x3x?xf32> {minrnn.name = "preactivations"}, %[[BIAS:[^:]*]]: tensor<3x?xf32> {minrnn.name = "bias"}, %[[RESET:[^:]*]]: tensor<?x1xi8> {minrnn.name = "reset"}, %[[H:[^:]*]]: tensor<?x1x?xf32> {minrnn.name = "initial"})
// CHECK-SAME: -> (tensor<?x1x?xf32> {minrnn.name = "output"}, tensor<?x1x?xf32> {minrnn.name = "last"}) {
// CHECK-NEXT: %{{.*}}, %{{.*}} = minrnn.sequential_scan sequences(%[[P]], %[[RESET]] : tensor<?x1x3x?xf32>, tensor<?x1xi8>) parameters(%[[BIAS]] : tensor<3x?xf32>) initial(%[[H]] : tensor<?x1x?xf32>) -> (tensor<?x1x?xf32>) last tensor<?x1x?xf32>
// CHECK-SAME: body (%[[K:[^ ,]*]], %[[V:[^ ,]*]], %{{[^ ,]*}}, %[[R:[^ ,]*]], %[[BK:[^ ,]*]], %[[BV:[^ ,]*]], %{{[^ ,]*}}, %[[S:[^ ,]*]]) {
// CHECK-NEXT:   %[[ZERO:.*]] = arith.constant 0.000000e+00 : f32
// CHECK-NEXT:   %[[NEW:.*]] = arith.cmpf une, %[[R]], %[[ZERO]] : f32
// CHECK-NEXT:   %[[SR:.*]] = arith.select %[[NEW]], %[[ZERO]], %[[S]] : f32
// CHECK-NEXT:   %[[KB:.*]] = arith.addf %[[K]], %[[BK]] : f32
// CHECK-NEXT:   %[[VB:.*]] = arith.addf %[[V]], %[[BV]] : f32
// CHECK-NEXT:   %[[A:.*]] = minrnn.sigmoid %[[KB]]
// CHECK-NEXT:   %[[B:.*]] = arith.mulf %[[VB]], %[[KB]]
// CHECK-NEXT:   %[[KEPT:.*]] = arith.mulf %[[A]], %[[SR]]
// CHECK-NEXT:   %[[N:.*]] = arith.addf %[[KEPT]], %[[B]]
// The next state, and the output, which it is.
// CHECK-NEXT:   minrnn.yield %[[N]], %[[N]] : f32, f32

// -----

// Two states, an output of its own, this channel of the input and parameters,
// of which one is read twice: the states are stored beside the output.
// CHECK: minrnn.program "two" parallel gates ["z"] recurrent [] parameters ["u", "w"] states ["s", "t"] output "y" {
minrnn.cell @two(%x: !minrnn.input) state(%s: f32, %t: f32) {
  %k = minrnn.project %x "z" : f32
  %v = minrnn.read %x : f32
  %u = minrnn.parameter "u" : f32
  %w = minrnn.parameter "w" : f32
  %again = minrnn.parameter "u" : f32
  %b = arith.mulf %v, %again : f32
  %n = minrnn.affine %k * %s + %u in (-inf, inf), (-inf, inf) : f32
  %m = minrnn.affine %w * %t + %b in (-inf, inf), (-inf, inf) : f32
  %p = arith.mulf %s, %t : f32
  %q = arith.mulf %n, %p : f32
  minrnn.output %q : f32
  minrnn.yield %n, %m : f32, f32
}

// CHECK-LABEL: func.func @forward(
// CHECK-SAME: %{{[^:]*}}: tensor<?x?x1x?xf32> {minrnn.name = "preactivations"}, %[[IN:[^:]*]]: tensor<?x?x?xf32> {minrnn.name = "input"}, %[[BIAS:[^:]*]]: tensor<1x?xf32> {minrnn.name = "bias"}, %[[UW:[^:]*]]: tensor<2x?xf32> {minrnn.name = "parameters"}, %[[RESET:[^:]*]]: tensor<?x?xi8> {minrnn.name = "reset"}, %[[H0:[^:]*]]: tensor<?x2x?xf32> {minrnn.name = "initial"})
// CHECK-SAME: -> (tensor<?x?x?xf32> {minrnn.name = "output"}, tensor<?x?x2x?xf32> {minrnn.name = "states"}, tensor<?x2x?xf32> {minrnn.name = "last"}) {
// CHECK: minrnn.scan sequences(%{{[^ ,]*}}, %[[IN]], %[[RESET]] : tensor<?x?x1x?xf32>, tensor<?x?x?xf32>, tensor<?x?xi8>) parameters(%[[BIAS]], %[[UW]] : tensor<1x?xf32>, tensor<2x?xf32>) initial(%[[H0]] : tensor<?x2x?xf32>) -> (tensor<?x?x?xf32>, tensor<?x?x2x?xf32>) last tensor<?x2x?xf32>
// CHECK-SAME: combine linear element (%[[K:[^ ,]*]], %[[V:[^ ,]*]], %[[R:[^ ,]*]], %[[BK:[^ ,]*]], %[[U:[^ ,]*]], %[[W:[^ ,]*]]) {
// CHECK-DAG:    %[[KB:.*]] = arith.addf %[[K]], %[[BK]] : f32
// CHECK-DAG:    %[[B:.*]] = arith.mulf %[[V]], %[[U]] : f32
// CHECK-DAG:    %[[A0:.*]] = arith.select %{{.*}}, %{{.*}}, %[[KB]] : f32
// CHECK-DAG:    %[[A1:.*]] = arith.select %{{.*}}, %{{.*}}, %[[W]] : f32
// CHECK:        minrnn.yield %[[A0]], %[[U]], %[[A1]], %[[B]] : f32, f32, f32, f32
// The output reads the states before the step, zero where a sequence starts
// anew, and after it.
// CHECK-NEXT: } output (%{{[^ ,]*}}, %{{[^ ,]*}}, %[[R:[^ ,]*]], %{{[^ ,]*}}, %{{[^ ,]*}}, %{{[^ ,]*}}, %[[S:[^ ,]*]], %[[T:[^ ,]*]], %[[N:[^ ,]*]], %[[M:[^ ,]*]]) {
// CHECK-NEXT:   %[[ZERO:.*]] = arith.constant 0.000000e+00 : f32
// CHECK-NEXT:   %[[NEW:.*]] = arith.cmpf une, %[[R]], %[[ZERO]] : f32
// CHECK-NEXT:   %[[SR:.*]] = arith.select %[[NEW]], %[[ZERO]], %[[S]] : f32
// CHECK-NEXT:   %[[TR:.*]] = arith.select %[[NEW]], %[[ZERO]], %[[T]] : f32
// CHECK-NEXT:   %[[P:.*]] = arith.mulf %[[SR]], %[[TR]] : f32
// CHECK-NEXT:   %[[Q:.*]] = arith.mulf %[[N]], %[[P]] : f32
// CHECK-NEXT:   minrnn.yield %[[Q]], %[[N]], %[[M]] : f32, f32, f32

// The step has the output too, but stores the states as the next ones alone.
// CHECK-LABEL: func.func @step(
// CHECK-SAME: -> (tensor<?x1x?xf32> {minrnn.name = "output"}, tensor<?x2x?xf32> {minrnn.name = "last"}) {
// CHECK: minrnn.sequential_scan
// CHECK-SAME: -> (tensor<?x1x?xf32>) last tensor<?x2x?xf32>
// CHECK-SAME: body (%[[K:[^ ,]*]], %[[V:[^ ,]*]], %{{[^ ,]*}}, %[[BK:[^ ,]*]], %[[U:[^ ,]*]], %[[W:[^ ,]*]], %{{[^ ,]*}}, %{{[^ ,]*}}) {
// CHECK:   %[[SR:.*]] = arith.select
// CHECK:   %[[TR:.*]] = arith.select
// CHECK:   %[[KB:.*]] = arith.addf %[[K]], %[[BK]] : f32
// CHECK:   %[[B:.*]] = arith.mulf %[[V]], %[[U]] : f32
// CHECK:   %[[KS:.*]] = arith.mulf %[[KB]], %[[SR]] : f32
// CHECK:   %[[N:.*]] = arith.addf %[[KS]], %[[U]] : f32
// CHECK:   %[[WT:.*]] = arith.mulf %[[W]], %[[TR]] : f32
// CHECK:   %[[M:.*]] = arith.addf %[[WT]], %[[B]] : f32
// CHECK:   %[[P:.*]] = arith.mulf %[[SR]], %[[TR]] : f32
// CHECK:   %[[Q:.*]] = arith.mulf %[[N]], %[[P]] : f32
// CHECK:   minrnn.yield %[[N]], %[[M]], %[[Q]] : f32, f32, f32

// -----

// A sequential cell is a loop. The products of its states come from outside,
// and are zero where a sequence starts anew, but for their bias.
// CHECK: minrnn.program "rec" sequential gates ["z"] recurrent [{name = "a", state = "t"}, {name = "b", state = "s"}] parameters [] states ["s", "t"] output "s" {
minrnn.cell @rec(%x: !minrnn.input) state(%s: f32, %t: f32) attributes {minrnn.sequential = "it is"} {
  %k = minrnn.project %x "z" : f32
  %a = minrnn.project %t "a" : f32 -> f32
  %b = minrnn.project %s "b" : f32 -> f32
  %again = minrnn.project %t "a" : f32 -> f32
  %n = arith.addf %k, %a : f32
  %p = arith.mulf %b, %again : f32
  %m = arith.mulf %p, %s : f32
  minrnn.yield %n, %m : f32, f32
}

// CHECK-LABEL: func.func @forward(
// CHECK-SAME: %[[RECUR:[^:]*]]: tensor<?x?x2x?xf32> {minrnn.name = "recurrent"}, %[[BIAS:[^:]*]]: tensor<1x?xf32> {minrnn.name = "bias"}, %[[RBIAS:[^:]*]]: tensor<2x?xf32> {minrnn.name = "recurrent_bias"}, %[[RESET:[^:]*]]: tensor<?x?xi8> {minrnn.name = "reset"}, %[[H0:[^:]*]]: tensor<?x2x?xf32> {minrnn.name = "initial"})
// CHECK-NOT: minrnn.scan
// CHECK: minrnn.sequential_scan sequences(%{{[^ ,]*}}, %[[RECUR]], %[[RESET]] : tensor<?x?x1x?xf32>, tensor<?x?x2x?xf32>, tensor<?x?xi8>) parameters(%[[BIAS]], %[[RBIAS]] : tensor<1x?xf32>, tensor<2x?xf32>) initial(%[[H0]] : tensor<?x2x?xf32>) -> (tensor<?x?x?xf32>, tensor<?x?x2x?xf32>) last tensor<?x2x?xf32>
// CHECK-SAME: body (%[[K:[^ ,]*]], %[[PA:[^ ,]*]], %[[PB:[^ ,]*]], %[[R:[^ ,]*]], %[[BK:[^ ,]*]], %[[BA:[^ ,]*]], %[[BB:[^ ,]*]], %[[S:[^ ,]*]], %{{[^ ,]*}}) {
// CHECK-NEXT:   %[[ZERO:.*]] = arith.constant 0.000000e+00 : f32
// CHECK-NEXT:   %[[NEW:.*]] = arith.cmpf une, %[[R]], %[[ZERO]] : f32
// CHECK-NEXT:   %[[SR:.*]] = arith.select %[[NEW]], %[[ZERO]], %[[S]] : f32
// CHECK-NEXT:   %[[KB:.*]] = arith.addf %[[K]], %[[BK]] : f32
// CHECK-NEXT:   %[[PAR:.*]] = arith.select %[[NEW]], %[[ZERO]], %[[PA]] : f32
// CHECK-NEXT:   %[[A:.*]] = arith.addf %[[PAR]], %[[BA]] : f32
// CHECK-NEXT:   %[[PBR:.*]] = arith.select %[[NEW]], %[[ZERO]], %[[PB]] : f32
// CHECK-NEXT:   %[[B:.*]] = arith.addf %[[PBR]], %[[BB]] : f32
// CHECK-NEXT:   %[[N:.*]] = arith.addf %[[KB]], %[[A]] : f32
// CHECK-NEXT:   %[[P:.*]] = arith.mulf %[[B]], %[[A]] : f32
// CHECK-NEXT:   %[[M:.*]] = arith.mulf %[[P]], %[[SR]] : f32
// The next states, the output, which is the first of them, and the states.
// CHECK-NEXT:   minrnn.yield %[[N]], %[[M]], %[[N]], %[[N]], %[[M]] : f32, f32, f32, f32, f32
// CHECK-LABEL: func.func @step(
// CHECK: minrnn.yield %[[N:[^ ,]*]], %[[M:[^ ,]*]], %[[N]] : f32, f32, f32
