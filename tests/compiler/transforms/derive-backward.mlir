// The backward of a step: one scan, reversed in time, over the pre-activations,
// the mask of resets, the gradients of the output and the states one step late.
// RUN: minrnn-opt %s --split-input-file --minrnn-derive-backward --cse --canonicalize | FileCheck %s

// CHECK-LABEL: func.func @backward(
// CHECK-SAME: %[[P:[^:]*]]: tensor<?x?x2x?xf32> {minrnn.name = "preactivations"}, %[[BIAS:[^:]*]]: tensor<2x?xf32> {minrnn.name = "bias"}, %[[RESET:[^:]*]]: tensor<?x?xi8> {minrnn.name = "reset"}, %[[H0:[^:]*]]: tensor<?x1x?xf32> {minrnn.name = "initial"}, %[[H:[^:]*]]: tensor<?x?x?xf32> {minrnn.name = "output"}, %[[DH:[^:]*]]: tensor<?x?x?xf32> {minrnn.name = "d_output"}, %[[DLAST:[^:]*]]: tensor<?x1x?xf32> {minrnn.name = "d_last"})
// CHECK-SAME: -> (tensor<?x?x2x?xf32> {minrnn.name = "d_preactivations"}, tensor<?x2x?xf32> {minrnn.name = "d_bias_rows"}, tensor<?x1x?xf32> {minrnn.name = "d_initial"}) {
// CHECK-NEXT: %[[BEFORE:.*]] = minrnn.delay %[[H]] initial %[[H0]]
// CHECK-NEXT: %[[DP:.*]], %[[DB:.*]], %[[DH0:.*]] = minrnn.scan reverse sequences(%[[P]], %[[RESET]], %[[DH]], %[[BEFORE]] : {{.*}}) parameters(%[[BIAS]] : tensor<2x?xf32>) initial(%[[DLAST]] : tensor<?x1x?xf32>) -> (tensor<?x?x2x?xf32>) sums(tensor<?x2x?xf32>) last tensor<?x1x?xf32>

// With n = a h + b, the gradient of h is a (dh + c): the recurrence in c has the
// step's own coefficient, and neither the state nor c within it.
// CHECK-SAME: combine linear element (%[[K:[^ ,]*]], %{{[^ ,]*}}, %{{[^ ,]*}}, %[[D:[^ ,]*]], %{{[^ ,]*}}, %[[BK:[^ ,]*]], %{{[^ ,]*}}) {
// CHECK-NEXT:   %[[KB:.*]] = arith.addf %[[K]], %[[BK]]
// CHECK-NEXT:   %[[A:.*]] = minrnn.sigmoid %[[KB]]
// CHECK-NEXT:   %[[B:.*]] = arith.mulf %[[D]], %[[A]]
// CHECK-NEXT:   minrnn.yield %[[A]], %[[B]] : f32, f32

// The gates are recomputed from the pre-activations. The gradients are stored,
// those of the bias added up over time.
// CHECK-NEXT: } output (%[[K:[^ ,]*]], %{{[^ ,]*}}, %{{[^ ,]*}}, %[[D:[^ ,]*]], %[[S:[^ ,]*]], %{{[^ ,]*}}, %{{[^ ,]*}}, %[[C:[^ ,]*]], %{{[^ ,]*}}) {
// CHECK:   %[[SUM:.*]] = arith.addf %[[D]], %[[C]]
// CHECK:   %[[DA:.*]] = arith.mulf %[[SUM]], %[[S]]
// CHECK:   %[[DK:.*]] = arith.mulf %[[DA]], %{{.*}}
// CHECK:   minrnn.yield %[[DK]], %[[SUM]], %[[DK]], %[[SUM]] : f32, f32, f32, f32
// CHECK-NEXT: }
// CHECK-NEXT: return %[[DP]], %[[DB]], %[[DH0]]
module {
minrnn.program "c" parallel gates ["k0", "k1"] recurrent [] parameters [] states ["s0"] output "s0" {}
func.func @forward(%p: tensor<?x?x1x?xf32>, %h: tensor<?x1x?xf32>) {
  %l = minrnn.scan sequences(%p : tensor<?x?x1x?xf32>) initial(%h : tensor<?x1x?xf32>) last tensor<?x1x?xf32>
  combine linear element(%k) { minrnn.yield %k, %k : f32, f32 } output(%k, %b, %a) { minrnn.yield }
  return
}
func.func @step(%p: tensor<?x1x2x?xf32> {minrnn.name = "preactivations"}, %m: tensor<?x1xi8> {minrnn.name = "reset"}, %b: tensor<2x?xf32> {minrnn.name = "bias"}, %h: tensor<?x1x?xf32> {minrnn.name = "initial"}) -> (tensor<?x1x?xf32> {minrnn.name = "last"}) {
  %r = minrnn.sequential_scan sequences(%p, %m : tensor<?x1x2x?xf32>, tensor<?x1xi8>) parameters(%b : tensor<2x?xf32>) initial(%h : tensor<?x1x?xf32>) last tensor<?x1x?xf32>
  body(%k, %l, %t, %bk, %bl, %s) {
    %kb = arith.addf %k, %bk : f32
    %lb = arith.addf %l, %bl : f32
    %a = minrnn.sigmoid %kb : f32
    %kept = arith.mulf %a, %s : f32
    %n = arith.addf %kept, %lb : f32
    minrnn.yield %n : f32
  }
  return %r : tensor<?x1x?xf32>
}
}

// -----

// Two states, an output of its own, this channel of the input, parameters, the
// mask. What a reset cuts off has no gradient: neither the states before it nor
// the carries pass it.
// CHECK-LABEL: func.func @backward(
// CHECK-SAME: %[[P:[^:]*]]: tensor<?x?x1x?xf32> {minrnn.name = "preactivations"}, %[[IN:[^:]*]]: tensor<?x?x?xf32> {minrnn.name = "input"}, %[[BIAS:[^:]*]]: tensor<1x?xf32> {minrnn.name = "bias"}, %[[U:[^:]*]]: tensor<1x?xf32> {minrnn.name = "parameters"}, %[[RESET:[^:]*]]: tensor<?x?xi8> {minrnn.name = "reset"}, %[[H0:[^:]*]]: tensor<?x2x?xf32> {minrnn.name = "initial"}, %[[H:[^:]*]]: tensor<?x?x2x?xf32> {minrnn.name = "states"}, %[[DH:[^:]*]]: tensor<?x?x?xf32> {minrnn.name = "d_output"}, %[[DLAST:[^:]*]]: tensor<?x2x?xf32> {minrnn.name = "d_last"})
// CHECK-SAME: -> (tensor<?x?x1x?xf32> {minrnn.name = "d_preactivations"}, tensor<?x?x?xf32> {minrnn.name = "d_input"}, tensor<?x1x?xf32> {minrnn.name = "d_bias_rows"}, tensor<?x1x?xf32> {minrnn.name = "d_parameters_rows"}, tensor<?x2x?xf32> {minrnn.name = "d_initial"}) {
// CHECK-NEXT: %[[BEFORE:.*]] = minrnn.delay %[[H]] initial %[[H0]] : tensor<?x?x2x?xf32>, tensor<?x2x?xf32>
// CHECK-NEXT: minrnn.scan reverse sequences(%[[P]], %[[IN]], %[[RESET]], %[[DH]], %[[BEFORE]] : {{.*}}) parameters(%[[BIAS]], %[[U]] : {{.*}}) initial(%[[DLAST]] : tensor<?x2x?xf32>) -> (tensor<?x?x1x?xf32>, tensor<?x?x?xf32>) sums(tensor<?x1x?xf32>, tensor<?x1x?xf32>) last tensor<?x2x?xf32>
// The output is s t' with t' = u t + v: its gradient goes to s as it was, and to t.
// CHECK-SAME: combine linear element (%[[K:[^ ,]*]], %[[V:[^ ,]*]], %[[R:[^ ,]*]], %[[D:[^ ,]*]], %[[S:[^ ,]*]], %[[T:[^ ,]*]], %{{[^ ,]*}}, %[[W:[^ ,]*]]) {
// CHECK-DAG:   %[[ZERO:.*]] = arith.constant 0.000000e+00 : f32
// CHECK-DAG:   %[[NEW:.*]] = arith.cmpf une, %[[R]], %[[ZERO]] : f32
// CHECK-DAG:   %[[SR:.*]] = arith.select %[[NEW]], %[[ZERO]], %[[S]] : f32
// CHECK-DAG:   %[[TR:.*]] = arith.select %[[NEW]], %[[ZERO]], %[[T]] : f32
// CHECK-DAG:   %[[WT:.*]] = arith.mulf %[[W]], %[[TR]] : f32
// CHECK-DAG:   %[[N:.*]] = arith.addf %[[WT]], %[[V]] : f32
// CHECK-DAG:   %[[DS:.*]] = arith.mulf %[[D]], %[[N]] : f32
// CHECK-DAG:   %[[DN:.*]] = arith.mulf %[[D]], %[[SR]] : f32
// CHECK-DAG:   %[[DT:.*]] = arith.mulf %[[DN]], %[[W]] : f32
// CHECK-DAG:   %[[A0:.*]] = arith.select %[[NEW]], %[[ZERO]], %[[K]] : f32
// CHECK-DAG:   %[[B0:.*]] = arith.select %[[NEW]], %[[ZERO]], %[[DS]] : f32
// CHECK-DAG:   %[[A1:.*]] = arith.select %[[NEW]], %[[ZERO]], %[[W]] : f32
// CHECK-DAG:   %[[B1:.*]] = arith.select %[[NEW]], %[[ZERO]], %[[DT]] : f32
// CHECK:       minrnn.yield %[[A0]], %[[B0]], %[[A1]], %[[B1]] : f32, f32, f32, f32
// CHECK-NEXT: } output (%[[K:[^ ,]*]], %[[V:[^ ,]*]], %[[R:[^ ,]*]], %[[D:[^ ,]*]], %[[S:[^ ,]*]], %[[T:[^ ,]*]], %{{[^ ,]*}}, %[[W:[^ ,]*]], %[[CS:[^ ,]*]], %[[CT:[^ ,]*]], %{{[^ ,]*}}, %{{[^ ,]*}}) {
// CHECK-DAG:   %[[ZERO:.*]] = arith.constant 0.000000e+00 : f32
// CHECK-DAG:   %[[NEW:.*]] = arith.cmpf une, %[[R]], %[[ZERO]] : f32
// CHECK-DAG:   %[[SR:.*]] = arith.select %[[NEW]], %[[ZERO]], %[[S]] : f32
// CHECK-DAG:   %[[TR:.*]] = arith.select %[[NEW]], %[[ZERO]], %[[T]] : f32
// CHECK-DAG:   %[[DN:.*]] = arith.mulf %[[D]], %[[SR]] : f32
// CHECK-DAG:   %[[DV:.*]] = arith.addf %[[CT]], %[[DN]] : f32
// CHECK-DAG:   %[[DU:.*]] = arith.mulf %[[DV]], %[[TR]] : f32
// CHECK-DAG:   %[[DK:.*]] = arith.mulf %[[CS]], %[[SR]] : f32
// The gradients of the gate and of the input, then the sums, of which the bias,
// which this step does not read, has none.
// CHECK:       minrnn.yield %[[DK]], %[[DV]], %[[ZERO]], %[[DU]] : f32, f32, f32, f32
module {
minrnn.program "c" parallel gates ["k0"] recurrent [] parameters ["p0"] states ["s0", "s1"] output "y" {}
func.func @forward(%p: tensor<?x?x1x?xf32>, %h: tensor<?x1x?xf32>) {
  %l = minrnn.scan sequences(%p : tensor<?x?x1x?xf32>) initial(%h : tensor<?x1x?xf32>) last tensor<?x1x?xf32>
  combine linear element(%k) { minrnn.yield %k, %k : f32, f32 } output(%k, %b, %a) { minrnn.yield }
  return
}
func.func @step(%p: tensor<?x1x1x?xf32> {minrnn.name = "preactivations"}, %x: tensor<?x1x?xf32> {minrnn.name = "input"}, %b: tensor<1x?xf32> {minrnn.name = "bias"}, %u: tensor<1x?xf32> {minrnn.name = "parameters"}, %m: tensor<?x1xi8> {minrnn.name = "reset"}, %h: tensor<?x2x?xf32> {minrnn.name = "initial"}) -> (tensor<?x1x?xf32> {minrnn.name = "output"}, tensor<?x2x?xf32> {minrnn.name = "last"}) {
  %y, %r = minrnn.sequential_scan sequences(%p, %x, %m : tensor<?x1x1x?xf32>, tensor<?x1x?xf32>, tensor<?x1xi8>) parameters(%b, %u : tensor<1x?xf32>, tensor<1x?xf32>) initial(%h : tensor<?x2x?xf32>) -> (tensor<?x1x?xf32>) last tensor<?x2x?xf32>
  body(%k, %v, %t, %bk, %w, %h0, %h1) {
    %zero = arith.constant 0.0 : f32
    %new = arith.cmpf une, %t, %zero : f32
    %s0 = arith.select %new, %zero, %h0 : f32
    %s1 = arith.select %new, %zero, %h1 : f32
    %n0 = arith.mulf %k, %s0 : f32
    %wt = arith.mulf %w, %s1 : f32
    %n1 = arith.addf %wt, %v : f32
    %out = arith.mulf %s0, %n1 : f32
    minrnn.yield %n0, %n1, %out : f32, f32, f32
  }
  return %y, %r : tensor<?x1x?xf32>, tensor<?x2x?xf32>
}
}

// -----

// The backward of a sequential cell is a loop, in reverse. Its products have
// gradients of their own, zero where a sequence starts anew; their bias has
// the whole.
// CHECK-LABEL: func.func @backward(
// CHECK-SAME: %[[P:[^:]*]]: tensor<?x?x1x?xf32> {minrnn.name = "preactivations"}, %[[RECUR:[^:]*]]: tensor<?x?x1x?xf32> {minrnn.name = "recurrent"}, %[[BIAS:[^:]*]]: tensor<1x?xf32> {minrnn.name = "bias"}, %[[RBIAS:[^:]*]]: tensor<1x?xf32> {minrnn.name = "recurrent_bias"}, %[[RESET:[^:]*]]: tensor<?x?xi8> {minrnn.name = "reset"}, %[[H0:[^:]*]]: tensor<?x1x?xf32> {minrnn.name = "initial"}, %[[H:[^:]*]]: tensor<?x?x?xf32> {minrnn.name = "output"}, %[[DH:[^:]*]]: tensor<?x?x?xf32> {minrnn.name = "d_output"}, %[[DLAST:[^:]*]]: tensor<?x1x?xf32> {minrnn.name = "d_last"})
// CHECK-SAME: -> (tensor<?x?x1x?xf32> {minrnn.name = "d_preactivations"}, tensor<?x?x1x?xf32> {minrnn.name = "d_recurrent"}, tensor<?x1x?xf32> {minrnn.name = "d_bias_rows"}, tensor<?x1x?xf32> {minrnn.name = "d_recurrent_bias_rows"}, tensor<?x1x?xf32> {minrnn.name = "d_initial"}) {
// CHECK-NOT: minrnn.scan
// CHECK: %[[BEFORE:.*]] = minrnn.delay %[[H]] initial %[[H0]] : tensor<?x?x?xf32>, tensor<?x1x?xf32>
// CHECK-NEXT: %[[D:.*]]:2, %[[SUMS:.*]]:2, %[[DH0:.*]] = minrnn.sequential_scan reverse sequences(%[[P]], %[[RECUR]], %[[RESET]], %[[DH]], %[[BEFORE]] : {{.*}}) parameters(%[[BIAS]], %[[RBIAS]] : {{.*}}) initial(%[[DLAST]] : tensor<?x1x?xf32>) -> (tensor<?x?x1x?xf32>, tensor<?x?x1x?xf32>) sums(tensor<?x1x?xf32>, tensor<?x1x?xf32>) last tensor<?x1x?xf32>
// CHECK-SAME: body (%[[K:[^ ,]*]], %[[Q:[^ ,]*]], %[[R:[^ ,]*]], %[[DY:[^ ,]*]], %[[S:[^ ,]*]], %[[BK:[^ ,]*]], %[[BQ:[^ ,]*]], %[[C:[^ ,]*]]) {
// CHECK-DAG:   %[[ZERO:.*]] = arith.constant 0.000000e+00 : f32
// CHECK-DAG:   %[[NEW:.*]] = arith.cmpf une, %[[R]], %[[ZERO]] : f32
// CHECK-DAG:   %[[SR:.*]] = arith.select %[[NEW]], %[[ZERO]], %[[S]] : f32
// CHECK-DAG:   %[[QR:.*]] = arith.select %[[NEW]], %[[ZERO]], %[[Q]] : f32
// CHECK-DAG:   %[[QB:.*]] = arith.addf %[[QR]], %[[BQ]] : f32
// CHECK-DAG:   %[[G:.*]] = arith.addf %[[DY]], %[[C]] : f32
// CHECK-DAG:   %[[DQB:.*]] = arith.mulf %[[G]], %[[SR]] : f32
// CHECK-DAG:   %[[DS:.*]] = arith.mulf %[[G]], %[[QB]] : f32
// CHECK-DAG:   %[[DQ:.*]] = arith.select %[[NEW]], %[[ZERO]], %[[DQB]] : f32
// CHECK-DAG:   %[[NEXT:.*]] = arith.select %[[NEW]], %[[ZERO]], %[[DS]] : f32
// CHECK:       minrnn.yield %[[NEXT]], %[[G]], %[[DQ]], %[[G]], %[[DQB]] : f32, f32, f32, f32, f32
// CHECK-NEXT: }
// CHECK-NEXT: return %[[D]]#0, %[[D]]#1, %[[SUMS]]#0, %[[SUMS]]#1, %[[DH0]]
module {
minrnn.program "c" sequential gates ["k0"] recurrent [{name = "r0", state = "s0"}] parameters [] states ["s0"] output "s0" {}
func.func @step(%p: tensor<?x1x1x?xf32> {minrnn.name = "preactivations"}, %q: tensor<?x1x1x?xf32> {minrnn.name = "recurrent"}, %b: tensor<1x?xf32> {minrnn.name = "bias"}, %c: tensor<1x?xf32> {minrnn.name = "recurrent_bias"}, %m: tensor<?x1xi8> {minrnn.name = "reset"}, %h: tensor<?x1x?xf32> {minrnn.name = "initial"}) -> (tensor<?x1x?xf32> {minrnn.name = "last"}) {
  %r = minrnn.sequential_scan sequences(%p, %q, %m : tensor<?x1x1x?xf32>, tensor<?x1x1x?xf32>, tensor<?x1xi8>) parameters(%b, %c : tensor<1x?xf32>, tensor<1x?xf32>) initial(%h : tensor<?x1x?xf32>) last tensor<?x1x?xf32>
  body(%k, %u, %t, %bk, %bu, %s) {
    %zero = arith.constant 0.0 : f32
    %new = arith.cmpf une, %t, %zero : f32
    %sr = arith.select %new, %zero, %s : f32
    %kb = arith.addf %k, %bk : f32
    %ur = arith.select %new, %zero, %u : f32
    %ub = arith.addf %ur, %bu : f32
    %n = arith.mulf %ub, %sr : f32
    %o = arith.addf %n, %kb : f32
    minrnn.yield %o : f32
  }
  return %r : tensor<?x1x?xf32>
}
}
