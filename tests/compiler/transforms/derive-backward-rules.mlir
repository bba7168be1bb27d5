// The derivative rules, one step for each. The output region of the backward
// scan has the gates %k and %l, the mask of resets, the gradient of the output,
// the state before the step, the bias, and what arrives from later steps; it
// yields the gradients of the gates and of the bias. (Dead code is removed
// first. That the cell is parallel shows in its forward, which is a scan.)
// RUN: minrnn-opt %s --split-input-file --minrnn-derive-backward --cse --canonicalize | FileCheck %s

// x + y: the gradient goes to both.
// CHECK-LABEL: func.func @backward(
// CHECK: } output (%[[K:[^ ,]*]], %[[L:[^ ,]*]], %{{[^ ,]*}}, %[[DH:[^ ,]*]], %[[S:[^ ,]*]], %{{[^ ,]*}}, %{{[^ ,]*}}, %[[C:[^ ,]*]], %{{[^ ,]*}}) {
// CHECK-DAG: %[[ZERO:.*]] = arith.constant 0.000000e+00 : f32
// CHECK-DAG: %[[D:.*]] = arith.addf %[[DH]], %[[C]] : f32
// CHECK: minrnn.yield %[[D]], %[[D]], %[[ZERO]], %[[ZERO]] : f32, f32, f32, f32
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
    %n = arith.addf %k, %l : f32
    minrnn.yield %n : f32
  }
  return %r : tensor<?x1x?xf32>
}
}

// -----

// x - y.
// CHECK-LABEL: func.func @backward(
// CHECK: } output (%[[K:[^ ,]*]], %[[L:[^ ,]*]], %{{[^ ,]*}}, %[[DH:[^ ,]*]], %[[S:[^ ,]*]], %{{[^ ,]*}}, %{{[^ ,]*}}, %[[C:[^ ,]*]], %{{[^ ,]*}}) {
// CHECK-DAG: %[[ZERO:.*]] = arith.constant 0.000000e+00 : f32
// CHECK-DAG: %[[D:.*]] = arith.addf %[[DH]], %[[C]] : f32
// CHECK-DAG: %[[Y:.*]] = arith.negf %[[D]]
// CHECK: minrnn.yield %[[D]], %[[Y]], %[[ZERO]], %[[ZERO]] : f32, f32, f32, f32
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
    %n = arith.subf %k, %l : f32
    minrnn.yield %n : f32
  }
  return %r : tensor<?x1x?xf32>
}
}

// -----

// x y.
// CHECK-LABEL: func.func @backward(
// CHECK: } output (%[[K:[^ ,]*]], %[[L:[^ ,]*]], %{{[^ ,]*}}, %[[DH:[^ ,]*]], %[[S:[^ ,]*]], %{{[^ ,]*}}, %{{[^ ,]*}}, %[[C:[^ ,]*]], %{{[^ ,]*}}) {
// CHECK-DAG: %[[ZERO:.*]] = arith.constant 0.000000e+00 : f32
// CHECK-DAG: %[[D:.*]] = arith.addf %[[DH]], %[[C]] : f32
// CHECK-DAG: %[[X:.*]] = arith.mulf %[[D]], %[[L]]
// CHECK-DAG: %[[Y:.*]] = arith.mulf %[[D]], %[[K]]
// CHECK: minrnn.yield %[[X]], %[[Y]], %[[ZERO]], %[[ZERO]] : f32, f32, f32, f32
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
    %n = arith.mulf %k, %l : f32
    minrnn.yield %n : f32
  }
  return %r : tensor<?x1x?xf32>
}
}

// -----

// x / y: 1 / y, and -(x / y) / y.
// CHECK-LABEL: func.func @backward(
// CHECK: } output (%[[K:[^ ,]*]], %[[L:[^ ,]*]], %{{[^ ,]*}}, %[[DH:[^ ,]*]], %[[S:[^ ,]*]], %{{[^ ,]*}}, %{{[^ ,]*}}, %[[C:[^ ,]*]], %{{[^ ,]*}}) {
// CHECK-DAG: %[[ZERO:.*]] = arith.constant 0.000000e+00 : f32
// CHECK-DAG: %[[D:.*]] = arith.addf %[[DH]], %[[C]] : f32
// CHECK-DAG: %[[R:.*]] = arith.divf %[[K]], %[[L]]
// CHECK-DAG: %[[X:.*]] = arith.divf %[[D]], %[[L]]
// CHECK-DAG: %[[M:.*]] = arith.mulf %[[X]], %[[R]]
// CHECK-DAG: %[[Y:.*]] = arith.negf %[[M]]
// CHECK: minrnn.yield %[[X]], %[[Y]], %[[ZERO]], %[[ZERO]] : f32, f32, f32, f32
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
    %n = arith.divf %k, %l : f32
    minrnn.yield %n : f32
  }
  return %r : tensor<?x1x?xf32>
}
}

// -----

// -x.
// CHECK-LABEL: func.func @backward(
// CHECK: } output (%[[K:[^ ,]*]], %[[L:[^ ,]*]], %{{[^ ,]*}}, %[[DH:[^ ,]*]], %[[S:[^ ,]*]], %{{[^ ,]*}}, %{{[^ ,]*}}, %[[C:[^ ,]*]], %{{[^ ,]*}}) {
// CHECK-DAG: %[[ZERO:.*]] = arith.constant 0.000000e+00 : f32
// CHECK-DAG: %[[D:.*]] = arith.addf %[[DH]], %[[C]] : f32
// CHECK-DAG: %[[X:.*]] = arith.negf %[[D]]
// CHECK: minrnn.yield %[[X]], %[[ZERO]], %[[ZERO]], %[[ZERO]] : f32, f32, f32, f32
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
    %n = arith.negf %k : f32
    minrnn.yield %n : f32
  }
  return %r : tensor<?x1x?xf32>
}
}

// -----

// max(x, y): the larger takes it all; of equal ones, the first.
// CHECK-LABEL: func.func @backward(
// CHECK: } output (%[[K:[^ ,]*]], %[[L:[^ ,]*]], %{{[^ ,]*}}, %[[DH:[^ ,]*]], %[[S:[^ ,]*]], %{{[^ ,]*}}, %{{[^ ,]*}}, %[[C:[^ ,]*]], %{{[^ ,]*}}) {
// CHECK-DAG: %[[ZERO:.*]] = arith.constant 0.000000e+00 : f32
// CHECK-DAG: %[[D:.*]] = arith.addf %[[DH]], %[[C]] : f32
// CHECK-DAG: %[[C:.*]] = arith.cmpf oge, %[[K]], %[[L]]
// CHECK-DAG: %[[X:.*]] = arith.select %[[C]], %[[D]], %[[ZERO]]
// CHECK-DAG: %[[Y:.*]] = arith.select %[[C]], %[[ZERO]], %[[D]]
// CHECK: minrnn.yield %[[X]], %[[Y]], %[[ZERO]], %[[ZERO]] : f32, f32, f32, f32
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
    %n = arith.maximumf %k, %l : f32
    minrnn.yield %n : f32
  }
  return %r : tensor<?x1x?xf32>
}
}

// -----

// min(x, y).
// CHECK-LABEL: func.func @backward(
// CHECK: } output (%[[K:[^ ,]*]], %[[L:[^ ,]*]], %{{[^ ,]*}}, %[[DH:[^ ,]*]], %[[S:[^ ,]*]], %{{[^ ,]*}}, %{{[^ ,]*}}, %[[C:[^ ,]*]], %{{[^ ,]*}}) {
// CHECK-DAG: %[[ZERO:.*]] = arith.constant 0.000000e+00 : f32
// CHECK-DAG: %[[D:.*]] = arith.addf %[[DH]], %[[C]] : f32
// CHECK-DAG: %[[C:.*]] = arith.cmpf ole, %[[K]], %[[L]]
// CHECK-DAG: %[[X:.*]] = arith.select %[[C]], %[[D]], %[[ZERO]]
// CHECK-DAG: %[[Y:.*]] = arith.select %[[C]], %[[ZERO]], %[[D]]
// CHECK: minrnn.yield %[[X]], %[[Y]], %[[ZERO]], %[[ZERO]] : f32, f32, f32, f32
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
    %n = arith.minimumf %k, %l : f32
    minrnn.yield %n : f32
  }
  return %r : tensor<?x1x?xf32>
}
}

// -----

// A choice: the gradient goes where the value came from, and none to the condition.
// CHECK-LABEL: func.func @backward(
// CHECK: } output (%[[K:[^ ,]*]], %[[L:[^ ,]*]], %{{[^ ,]*}}, %[[DH:[^ ,]*]], %[[S:[^ ,]*]], %{{[^ ,]*}}, %{{[^ ,]*}}, %[[C:[^ ,]*]], %{{[^ ,]*}}) {
// CHECK-DAG: %[[ZERO:.*]] = arith.constant 0.000000e+00 : f32
// CHECK-DAG: %[[D:.*]] = arith.addf %[[DH]], %[[C]] : f32
// CHECK-DAG: %[[C:.*]] = arith.cmpf olt, %[[K]], %[[L]]
// CHECK-DAG: %[[X:.*]] = arith.select %[[C]], %[[D]], %[[ZERO]]
// CHECK-DAG: %[[Y:.*]] = arith.select %[[C]], %[[ZERO]], %[[D]]
// CHECK: minrnn.yield %[[X]], %[[Y]], %[[ZERO]], %[[ZERO]] : f32, f32, f32, f32
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
    %c = arith.cmpf olt, %k, %l : f32
    %n = arith.select %c, %k, %l : f32
    minrnn.yield %n : f32
  }
  return %r : tensor<?x1x?xf32>
}
}

// -----

// |x|: its sign, which is 0 at 0.
// CHECK-LABEL: func.func @backward(
// CHECK: } output (%[[K:[^ ,]*]], %[[L:[^ ,]*]], %{{[^ ,]*}}, %[[DH:[^ ,]*]], %[[S:[^ ,]*]], %{{[^ ,]*}}, %{{[^ ,]*}}, %[[C:[^ ,]*]], %{{[^ ,]*}}) {
// CHECK-DAG: %[[ZERO:.*]] = arith.constant 0.000000e+00 : f32
// CHECK-DAG: %[[D:.*]] = arith.addf %[[DH]], %[[C]] : f32
// CHECK-DAG: %[[C:.*]] = arith.cmpf ogt, %[[K]], %[[ZERO]]
// CHECK-DAG: %[[Z:.*]] = arith.cmpf oeq, %[[K]], %[[ZERO]]
// CHECK-DAG: %[[M:.*]] = arith.negf %[[D]]
// CHECK-DAG: %[[Y:.*]] = arith.select %[[C]], %[[D]], %[[M]]
// CHECK-DAG: %[[X:.*]] = arith.select %[[Z]], %[[ZERO]], %[[Y]]
// CHECK: minrnn.yield %[[X]], %[[ZERO]], %[[ZERO]], %[[ZERO]] : f32, f32, f32, f32
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
    %n = math.absf %k : f32
    minrnn.yield %n : f32
  }
  return %r : tensor<?x1x?xf32>
}
}

// -----

// exp(x): itself.
// CHECK-LABEL: func.func @backward(
// CHECK: } output (%[[K:[^ ,]*]], %[[L:[^ ,]*]], %{{[^ ,]*}}, %[[DH:[^ ,]*]], %[[S:[^ ,]*]], %{{[^ ,]*}}, %{{[^ ,]*}}, %[[C:[^ ,]*]], %{{[^ ,]*}}) {
// CHECK-DAG: %[[ZERO:.*]] = arith.constant 0.000000e+00 : f32
// CHECK-DAG: %[[D:.*]] = arith.addf %[[DH]], %[[C]] : f32
// CHECK-DAG: %[[R:.*]] = math.exp %[[K]]
// CHECK-DAG: %[[X:.*]] = arith.mulf %[[D]], %[[R]]
// CHECK: minrnn.yield %[[X]], %[[ZERO]], %[[ZERO]], %[[ZERO]] : f32, f32, f32, f32
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
    %n = math.exp %k : f32
    minrnn.yield %n : f32
  }
  return %r : tensor<?x1x?xf32>
}
}

// -----

// exp(x) - 1: exp(x), computed afresh, for the result plus one cancels.
// CHECK-LABEL: func.func @backward(
// CHECK: } output (%[[K:[^ ,]*]], %[[L:[^ ,]*]], %{{[^ ,]*}}, %[[DH:[^ ,]*]], %[[S:[^ ,]*]], %{{[^ ,]*}}, %{{[^ ,]*}}, %[[C:[^ ,]*]], %{{[^ ,]*}}) {
// CHECK-DAG: %[[ZERO:.*]] = arith.constant 0.000000e+00 : f32
// CHECK-DAG: %[[D:.*]] = arith.addf %[[DH]], %[[C]] : f32
// CHECK-DAG: %[[R:.*]] = math.exp %[[K]]
// CHECK-DAG: %[[X:.*]] = arith.mulf %[[D]], %[[R]]
// CHECK: minrnn.yield %[[X]], %[[ZERO]], %[[ZERO]], %[[ZERO]] : f32, f32, f32, f32
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
    %n = math.expm1 %k : f32
    minrnn.yield %n : f32
  }
  return %r : tensor<?x1x?xf32>
}
}

// -----

// log(x): 1 / x.
// CHECK-LABEL: func.func @backward(
// CHECK: } output (%[[K:[^ ,]*]], %[[L:[^ ,]*]], %{{[^ ,]*}}, %[[DH:[^ ,]*]], %[[S:[^ ,]*]], %{{[^ ,]*}}, %{{[^ ,]*}}, %[[C:[^ ,]*]], %{{[^ ,]*}}) {
// CHECK-DAG: %[[ZERO:.*]] = arith.constant 0.000000e+00 : f32
// CHECK-DAG: %[[D:.*]] = arith.addf %[[DH]], %[[C]] : f32
// CHECK-DAG: %[[X:.*]] = arith.divf %[[D]], %[[K]]
// CHECK: minrnn.yield %[[X]], %[[ZERO]], %[[ZERO]], %[[ZERO]] : f32, f32, f32, f32
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
    %n = math.log %k : f32
    minrnn.yield %n : f32
  }
  return %r : tensor<?x1x?xf32>
}
}

// -----

// sqrt(x): 1 / (2 sqrt(x)).
// CHECK-LABEL: func.func @backward(
// CHECK: } output (%[[K:[^ ,]*]], %[[L:[^ ,]*]], %{{[^ ,]*}}, %[[DH:[^ ,]*]], %[[S:[^ ,]*]], %{{[^ ,]*}}, %{{[^ ,]*}}, %[[C:[^ ,]*]], %{{[^ ,]*}}) {
// CHECK-DAG: %[[ZERO:.*]] = arith.constant 0.000000e+00 : f32
// CHECK-DAG: %[[D:.*]] = arith.addf %[[DH]], %[[C]] : f32
// CHECK-DAG: %[[R:.*]] = math.sqrt %[[K]]
// CHECK-DAG: %[[H:.*]] = arith.mulf %[[D]], %cst{{.*}}
// CHECK-DAG: %[[X:.*]] = arith.divf %[[H]], %[[R]]
// CHECK: minrnn.yield %[[X]], %[[ZERO]], %[[ZERO]], %[[ZERO]] : f32, f32, f32, f32
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
    %n = math.sqrt %k : f32
    minrnn.yield %n : f32
  }
  return %r : tensor<?x1x?xf32>
}
}

// -----

// tanh(x): 4 sigmoid(2x) sigmoid(-2x), without the cancellation of 1 - tanh(x)^2.
// CHECK-LABEL: func.func @backward(
// CHECK: } output (%[[K:[^ ,]*]], %[[L:[^ ,]*]], %{{[^ ,]*}}, %[[DH:[^ ,]*]], %[[S:[^ ,]*]], %{{[^ ,]*}}, %{{[^ ,]*}}, %[[C:[^ ,]*]], %{{[^ ,]*}}) {
// CHECK-DAG: %[[ZERO:.*]] = arith.constant 0.000000e+00 : f32
// CHECK-DAG: %[[D:.*]] = arith.addf %[[DH]], %[[C]] : f32
// CHECK-DAG: %[[T:.*]] = arith.mulf %[[K]], %cst{{.*}}
// CHECK-DAG: %[[P:.*]] = minrnn.sigmoid %[[T]]
// CHECK-DAG: %[[N:.*]] = arith.negf %[[T]]
// CHECK-DAG: %[[Q:.*]] = minrnn.sigmoid %[[N]]
// CHECK-DAG: %[[PQ:.*]] = arith.mulf %[[P]], %[[Q]]
// CHECK-DAG: %[[S:.*]] = arith.mulf %[[PQ]], %cst{{.*}}
// CHECK-DAG: %[[X:.*]] = arith.mulf %[[D]], %[[S]]
// CHECK: minrnn.yield %[[X]], %[[ZERO]], %[[ZERO]], %[[ZERO]] : f32, f32, f32, f32
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
    %n = math.tanh %k : f32
    minrnn.yield %n : f32
  }
  return %r : tensor<?x1x?xf32>
}
}

// -----

// sigmoid(x): sigmoid(x) sigmoid(-x).
// CHECK-LABEL: func.func @backward(
// CHECK: } output (%[[K:[^ ,]*]], %[[L:[^ ,]*]], %{{[^ ,]*}}, %[[DH:[^ ,]*]], %[[S:[^ ,]*]], %{{[^ ,]*}}, %{{[^ ,]*}}, %[[C:[^ ,]*]], %{{[^ ,]*}}) {
// CHECK-DAG: %[[ZERO:.*]] = arith.constant 0.000000e+00 : f32
// CHECK-DAG: %[[D:.*]] = arith.addf %[[DH]], %[[C]] : f32
// CHECK-DAG: %[[P:.*]] = minrnn.sigmoid %[[K]]
// CHECK-DAG: %[[N:.*]] = arith.negf %[[K]]
// CHECK-DAG: %[[Q:.*]] = minrnn.sigmoid %[[N]]
// CHECK-DAG: %[[S:.*]] = arith.mulf %[[P]], %[[Q]]
// CHECK-DAG: %[[X:.*]] = arith.mulf %[[D]], %[[S]]
// CHECK: minrnn.yield %[[X]], %[[ZERO]], %[[ZERO]], %[[ZERO]] : f32, f32, f32, f32
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
    %n = minrnn.sigmoid %k : f32
    minrnn.yield %n : f32
  }
  return %r : tensor<?x1x?xf32>
}
}

// -----

// g(x): 1 for x >= 0, sigmoid's slope otherwise.
// CHECK-LABEL: func.func @backward(
// CHECK: } output (%[[K:[^ ,]*]], %[[L:[^ ,]*]], %{{[^ ,]*}}, %[[DH:[^ ,]*]], %[[S:[^ ,]*]], %{{[^ ,]*}}, %{{[^ ,]*}}, %[[C:[^ ,]*]], %{{[^ ,]*}}) {
// CHECK-DAG: %[[ZERO:.*]] = arith.constant 0.000000e+00 : f32
// CHECK-DAG: %[[D:.*]] = arith.addf %[[DH]], %[[C]] : f32
// CHECK-DAG: %[[P:.*]] = minrnn.sigmoid %[[K]]
// CHECK-DAG: %[[N:.*]] = arith.negf %[[K]]
// CHECK-DAG: %[[Q:.*]] = minrnn.sigmoid %[[N]]
// CHECK-DAG: %[[PQ:.*]] = arith.mulf %[[P]], %[[Q]]
// CHECK-DAG: %[[C:.*]] = arith.cmpf oge, %[[K]], %[[ZERO]]
// CHECK-DAG: %[[S:.*]] = arith.select %[[C]], %{{.*}}, %[[PQ]]
// CHECK-DAG: %[[X:.*]] = arith.mulf %[[D]], %[[S]]
// CHECK: minrnn.yield %[[X]], %[[ZERO]], %[[ZERO]], %[[ZERO]] : f32, f32, f32, f32
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
    %n = minrnn.positive %k : f32
    minrnn.yield %n : f32
  }
  return %r : tensor<?x1x?xf32>
}
}

// -----

// softplus(x): sigmoid(x).
// CHECK-LABEL: func.func @backward(
// CHECK: } output (%[[K:[^ ,]*]], %[[L:[^ ,]*]], %{{[^ ,]*}}, %[[DH:[^ ,]*]], %[[S:[^ ,]*]], %{{[^ ,]*}}, %{{[^ ,]*}}, %[[C:[^ ,]*]], %{{[^ ,]*}}) {
// CHECK-DAG: %[[ZERO:.*]] = arith.constant 0.000000e+00 : f32
// CHECK-DAG: %[[D:.*]] = arith.addf %[[DH]], %[[C]] : f32
// CHECK-DAG: %[[P:.*]] = minrnn.sigmoid %[[K]]
// CHECK-DAG: %[[X:.*]] = arith.mulf %[[D]], %[[P]]
// CHECK: minrnn.yield %[[X]], %[[ZERO]], %[[ZERO]], %[[ZERO]] : f32, f32, f32, f32
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
    %n = minrnn.softplus %k : f32
    minrnn.yield %n : f32
  }
  return %r : tensor<?x1x?xf32>
}
}

// -----

// lerp(x, y, w): 1 - w, w and y - x.
// CHECK-LABEL: func.func @backward(
// CHECK: } output (%[[K:[^ ,]*]], %[[L:[^ ,]*]], %{{[^ ,]*}}, %[[DH:[^ ,]*]], %[[S:[^ ,]*]], %{{[^ ,]*}}, %{{[^ ,]*}}, %[[C:[^ ,]*]], %{{[^ ,]*}}) {
// CHECK-DAG: %[[ZERO:.*]] = arith.constant 0.000000e+00 : f32
// CHECK-DAG: %[[D:.*]] = arith.addf %[[DH]], %[[C]] : f32
// CHECK-DAG: %[[X:.*]] = arith.mulf %[[D]], %[[L]]
// CHECK-DAG: %[[E:.*]] = arith.subf %[[K]], %[[S]]
// CHECK-DAG: %[[W:.*]] = arith.mulf %[[D]], %[[E]]
// CHECK: minrnn.yield %[[X]], %[[W]], %[[ZERO]], %[[ZERO]] : f32, f32, f32, f32
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
    %n = minrnn.lerp %s, %k, %l : f32
    minrnn.yield %n : f32
  }
  return %r : tensor<?x1x?xf32>
}
}

// -----

// log2(2^x + 2^y): sigmoid(+-(x - y) ln 2).
// CHECK-LABEL: func.func @backward(
// CHECK: } output (%[[K:[^ ,]*]], %[[L:[^ ,]*]], %{{[^ ,]*}}, %[[DH:[^ ,]*]], %[[S:[^ ,]*]], %{{[^ ,]*}}, %{{[^ ,]*}}, %[[C:[^ ,]*]], %{{[^ ,]*}}) {
// CHECK-DAG: %[[ZERO:.*]] = arith.constant 0.000000e+00 : f32
// CHECK-DAG: %[[D:.*]] = arith.addf %[[DH]], %[[C]] : f32
// CHECK-DAG: %[[E:.*]] = arith.subf %[[K]], %[[L]]
// CHECK-DAG: %[[T:.*]] = arith.mulf %[[E]], %cst{{.*}}
// CHECK-DAG: %[[P:.*]] = minrnn.sigmoid %[[T]]
// CHECK-DAG: %[[X:.*]] = arith.mulf %[[D]], %[[P]]
// CHECK-DAG: %[[N:.*]] = arith.negf %[[T]]
// CHECK-DAG: %[[Q:.*]] = minrnn.sigmoid %[[N]]
// CHECK-DAG: %[[Y:.*]] = arith.mulf %[[D]], %[[Q]]
// CHECK: minrnn.yield %[[X]], %[[Y]], %[[ZERO]], %[[ZERO]] : f32, f32, f32, f32
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
    %n = minrnn.logaddexp2 %k, %l : f32
    minrnn.yield %n : f32
  }
  return %r : tensor<?x1x?xf32>
}
}

// -----

// A value used twice adds up its gradients; one that nothing reads has none.
// CHECK-LABEL: func.func @backward(
// CHECK: } output (%[[K:[^ ,]*]], %[[L:[^ ,]*]], %{{[^ ,]*}}, %[[DH:[^ ,]*]], %[[S:[^ ,]*]], %{{[^ ,]*}}, %{{[^ ,]*}}, %[[C:[^ ,]*]], %{{[^ ,]*}}) {
// CHECK-DAG: %[[ZERO:.*]] = arith.constant 0.000000e+00 : f32
// CHECK-DAG: %[[D:.*]] = arith.addf %[[DH]], %[[C]] : f32
// CHECK-DAG: %[[X:.*]] = arith.addf %[[D]], %[[D]]
// CHECK: minrnn.yield %[[X]], %[[ZERO]], %[[ZERO]], %[[ZERO]] : f32, f32, f32, f32
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
    %u = math.exp %l : f32
    %n = arith.addf %k, %k : f32
    minrnn.yield %n : f32
  }
  return %r : tensor<?x1x?xf32>
}
}
