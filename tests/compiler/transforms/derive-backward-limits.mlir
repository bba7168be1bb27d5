// Gradients where the textbook's rules give a NaN, or either side of a kink. The
// arguments are those of derive-backward-rules.mlir.
// RUN: minrnn-opt %s --split-input-file --minrnn-derive-backward --cse --canonicalize | FileCheck %s

// max(x, 0): a constant wins a tie, so that the slope at 0 is 0.
// CHECK-LABEL: func.func @backward(
// CHECK: } output (%[[K:[^ ,]*]], %[[L:[^ ,]*]], %{{[^ ,]*}}, %[[DH:[^ ,]*]], %[[S:[^ ,]*]], %{{[^ ,]*}}, %{{[^ ,]*}}, %[[C:[^ ,]*]], %{{[^ ,]*}}) {
// CHECK-DAG: %[[ZERO:.*]] = arith.constant 0.000000e+00 : f32
// CHECK-DAG: %[[D:.*]] = arith.addf %[[DH]], %[[C]] : f32
// CHECK-DAG: %[[W:.*]] = arith.cmpf ogt, %[[K]], %[[ZERO]]
// CHECK-DAG: %[[X:.*]] = arith.select %[[W]], %[[D]], %[[ZERO]]
// CHECK: minrnn.yield %[[X]], %[[ZERO]], %[[ZERO]], %[[ZERO]]
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
    %c = arith.constant 0.0 : f32
    %n = arith.maximumf %k, %c : f32
    minrnn.yield %n : f32
  }
  return %r : tensor<?x1x?xf32>
}
}

// -----

// max(0, x): the same.
// CHECK-LABEL: func.func @backward(
// CHECK: } output (%[[K:[^ ,]*]], %[[L:[^ ,]*]], %{{[^ ,]*}}, %[[DH:[^ ,]*]], %[[S:[^ ,]*]], %{{[^ ,]*}}, %{{[^ ,]*}}, %[[C:[^ ,]*]], %{{[^ ,]*}}) {
// CHECK-DAG: %[[ZERO:.*]] = arith.constant 0.000000e+00 : f32
// CHECK-DAG: %[[D:.*]] = arith.addf %[[DH]], %[[C]] : f32
// CHECK-DAG: %[[W:.*]] = arith.cmpf oge, %[[ZERO]], %[[K]]
// CHECK-DAG: %[[X:.*]] = arith.select %[[W]], %[[ZERO]], %[[D]]
// CHECK: minrnn.yield %[[X]], %[[ZERO]], %[[ZERO]], %[[ZERO]]
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
    %c = arith.constant 0.0 : f32
    %n = arith.maximumf %c, %k : f32
    minrnn.yield %n : f32
  }
  return %r : tensor<?x1x?xf32>
}
}

// -----

// min(x, 1): the same, of a constant that is computed.
// CHECK-LABEL: func.func @backward(
// CHECK: } output (%[[K:[^ ,]*]], %[[L:[^ ,]*]], %{{[^ ,]*}}, %[[DH:[^ ,]*]], %[[S:[^ ,]*]], %{{[^ ,]*}}, %{{[^ ,]*}}, %[[C:[^ ,]*]], %{{[^ ,]*}}) {
// CHECK-DAG: %[[ZERO:.*]] = arith.constant 0.000000e+00 : f32
// CHECK-DAG: %[[D:.*]] = arith.addf %[[DH]], %[[C]] : f32
// CHECK-DAG: %[[ONE:.*]] = arith.constant 1.000000e+00 : f32
// CHECK-DAG: %[[W:.*]] = arith.cmpf olt, %[[K]], %[[ONE]]
// CHECK-DAG: %[[X:.*]] = arith.select %[[W]], %[[D]], %[[ZERO]]
// CHECK: minrnn.yield %[[X]], %[[ZERO]], %[[ZERO]], %[[ZERO]]
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
    %c = arith.constant 0.5 : f32
    %u = arith.addf %c, %c : f32
    %n = arith.minimumf %k, %u : f32
    minrnn.yield %n : f32
  }
  return %r : tensor<?x1x?xf32>
}
}

// -----

// select(x < y, sqrt(x), y): the root's slope is selected once more where the
// root is not taken.
// CHECK-LABEL: func.func @backward(
// CHECK: } output (%[[K:[^ ,]*]], %[[L:[^ ,]*]], %{{[^ ,]*}}, %[[DH:[^ ,]*]], %[[S:[^ ,]*]], %{{[^ ,]*}}, %{{[^ ,]*}}, %[[C:[^ ,]*]], %{{[^ ,]*}}) {
// CHECK-DAG: %[[ZERO:.*]] = arith.constant 0.000000e+00 : f32
// CHECK-DAG: %[[D:.*]] = arith.addf %[[DH]], %[[C]] : f32
// CHECK-DAG: %[[T:.*]] = arith.cmpf olt, %[[K]], %[[L]]
// CHECK-DAG: %[[R:.*]] = math.sqrt %[[K]]
// CHECK-DAG: %[[SEED:.*]] = arith.select %[[T]], %[[D]], %[[ZERO]]
// CHECK-DAG: %[[H:.*]] = arith.mulf %[[SEED]], %cst{{.*}}
// CHECK-DAG: %[[Q:.*]] = arith.divf %[[H]], %[[R]]
// CHECK-DAG: %[[X:.*]] = arith.select %[[T]], %[[Q]], %[[ZERO]]
// CHECK-DAG: %[[Y:.*]] = arith.select %[[T]], %[[ZERO]], %[[D]]
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
    %u = math.sqrt %k : f32
    %n = arith.select %c, %u, %l : f32
    minrnn.yield %n : f32
  }
  return %r : tensor<?x1x?xf32>
}
}

// -----

// select(x < y, x y, y): nothing is selected twice where the slope is a number.
// CHECK-LABEL: func.func @backward(
// CHECK: } output (%[[K:[^ ,]*]], %[[L:[^ ,]*]], %{{[^ ,]*}}, %[[DH:[^ ,]*]], %[[S:[^ ,]*]], %{{[^ ,]*}}, %{{[^ ,]*}}, %[[C:[^ ,]*]], %{{[^ ,]*}}) {
// CHECK-DAG: %[[ZERO:.*]] = arith.constant 0.000000e+00 : f32
// CHECK-DAG: %[[D:.*]] = arith.addf %[[DH]], %[[C]] : f32
// CHECK-DAG: %[[T:.*]] = arith.cmpf olt, %[[K]], %[[L]]
// CHECK-DAG: %[[SEED:.*]] = arith.select %[[T]], %[[D]], %[[ZERO]]
// CHECK-DAG: %[[X:.*]] = arith.mulf %[[SEED]], %[[L]]
// CHECK-DAG: %[[P:.*]] = arith.mulf %[[SEED]], %[[K]]
// CHECK-DAG: %[[OTHER:.*]] = arith.select %[[T]], %[[ZERO]], %[[D]]
// CHECK-DAG: %[[Y:.*]] = arith.addf %[[OTHER]], %[[P]]
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
    %u = arith.mulf %k, %l : f32
    %n = arith.select %c, %u, %l : f32
    minrnn.yield %n : f32
  }
  return %r : tensor<?x1x?xf32>
}
}

// -----

// A value that two branches take is taken where either is.
// CHECK-LABEL: func.func @backward(
// CHECK: } output (%[[K:[^ ,]*]], %[[L:[^ ,]*]], %{{[^ ,]*}}, %[[DH:[^ ,]*]], %[[S:[^ ,]*]], %{{[^ ,]*}}, %{{[^ ,]*}}, %[[C:[^ ,]*]], %{{[^ ,]*}}) {
// CHECK-DAG: %[[ZERO:.*]] = arith.constant 0.000000e+00 : f32
// CHECK-DAG: %[[D:.*]] = arith.addf %[[DH]], %[[C]] : f32
// CHECK-DAG: %[[T:.*]] = arith.cmpf olt, %[[K]], %[[L]]
// CHECK-DAG: %[[U:.*]] = arith.cmpf ogt, %[[L]], %[[ZERO]]
// CHECK-DAG: %[[EITHER:.*]] = arith.ori %{{.*}}, %{{.*}} : i1
// CHECK-DAG: %[[Q:.*]] = arith.divf %{{.*}}, %[[K]]
// CHECK-DAG: %[[X:.*]] = arith.select %[[EITHER]], %[[Q]], %[[ZERO]]
// CHECK: minrnn.yield %[[X]]
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
    %z = arith.constant 0.0 : f32
    %c = arith.cmpf olt, %k, %l : f32
    %d = arith.cmpf ogt, %l, %z : f32
    %u = math.log %k : f32
    %v = arith.select %c, %u, %z : f32
    %w = arith.select %d, %u, %z : f32
    %n = arith.addf %v, %w : f32
    minrnn.yield %n : f32
  }
  return %r : tensor<?x1x?xf32>
}
}

// -----

// sqrt(sigmoid(x)): by the logarithm, D sqrt(s) / 2 * sigmoid(-x), which has the
// limit 0 where the sigmoid underflows.
// CHECK-LABEL: func.func @backward(
// CHECK: } output (%[[K:[^ ,]*]], %[[L:[^ ,]*]], %{{[^ ,]*}}, %[[DH:[^ ,]*]], %[[S:[^ ,]*]], %{{[^ ,]*}}, %{{[^ ,]*}}, %[[C:[^ ,]*]], %{{[^ ,]*}}) {
// CHECK-DAG: %[[ZERO:.*]] = arith.constant 0.000000e+00 : f32
// CHECK-DAG: %[[D:.*]] = arith.addf %[[DH]], %[[C]] : f32
// CHECK-DAG: %[[P:.*]] = minrnn.sigmoid %[[K]]
// CHECK-DAG: %[[R:.*]] = math.sqrt %[[P]]
// CHECK-DAG: %[[H:.*]] = arith.mulf %[[D]], %cst{{.*}}
// CHECK-DAG: %[[G:.*]] = arith.mulf %[[H]], %[[R]]
// CHECK-DAG: %[[N:.*]] = arith.negf %[[K]]
// CHECK-DAG: %[[Q:.*]] = minrnn.sigmoid %[[N]]
// CHECK-DAG: %[[X:.*]] = arith.mulf %[[G]], %[[Q]]
// CHECK-NOT: arith.divf
// CHECK: minrnn.yield %[[X]], %[[ZERO]], %[[ZERO]], %[[ZERO]]
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
    %u = minrnn.sigmoid %k : f32
    %n = math.sqrt %u : f32
    minrnn.yield %n : f32
  }
  return %r : tensor<?x1x?xf32>
}
}

// -----

// log(x exp(y)): the logarithm passes through the product; what does not take
// it up divides by itself.
// CHECK-LABEL: func.func @backward(
// CHECK: } output (%[[K:[^ ,]*]], %[[L:[^ ,]*]], %{{[^ ,]*}}, %[[DH:[^ ,]*]], %[[S:[^ ,]*]], %{{[^ ,]*}}, %{{[^ ,]*}}, %[[C:[^ ,]*]], %{{[^ ,]*}}) {
// CHECK-DAG: %[[ZERO:.*]] = arith.constant 0.000000e+00 : f32
// CHECK-DAG: %[[D:.*]] = arith.addf %[[DH]], %[[C]] : f32
// CHECK-DAG: %[[X:.*]] = arith.divf %[[D]], %[[K]]
// CHECK: minrnn.yield %[[X]], %[[D]], %[[ZERO]], %[[ZERO]]
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
    %e = math.exp %l : f32
    %product = arith.mulf %k, %e : f32
    %n = math.log %product : f32
    minrnn.yield %n : f32
  }
  return %r : tensor<?x1x?xf32>
}
}

// -----

// sqrt(-expm1(exp(x))): x exp(x) / expm1(x), which is 1 at 0.
// CHECK-LABEL: func.func @backward(
// CHECK: } output (%[[K:[^ ,]*]], %[[L:[^ ,]*]], %{{[^ ,]*}}, %[[DH:[^ ,]*]], %[[S:[^ ,]*]], %{{[^ ,]*}}, %{{[^ ,]*}}, %[[C:[^ ,]*]], %{{[^ ,]*}}) {
// CHECK-DAG: %[[ZERO:.*]] = arith.constant 0.000000e+00 : f32
// CHECK-DAG: %[[D:.*]] = arith.addf %[[DH]], %[[C]] : f32
// CHECK-DAG: %[[E:.*]] = math.exp %[[K]]
// CHECK-DAG: %[[M:.*]] = math.expm1 %[[E]]
// CHECK-DAG: %[[EE:.*]] = math.exp %[[E]]
// CHECK-DAG: %[[XE:.*]] = arith.mulf %[[E]], %[[EE]]
// CHECK-DAG: %[[Q:.*]] = arith.divf %[[XE]], %[[M]]
// CHECK-DAG: %[[I:.*]] = arith.cmpf oeq, %[[M]], %[[ZERO]]
// CHECK-DAG: %[[F:.*]] = arith.select %[[I]], %cst{{.*}}, %[[Q]]
// CHECK-DAG: %[[X:.*]] = arith.mulf %{{.*}}, %[[F]]
// CHECK: minrnn.yield %[[X]], %[[ZERO]], %[[ZERO]], %[[ZERO]]
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
    %e = math.exp %k : f32
    %grown = math.expm1 %e : f32
    %g = arith.negf %grown : f32
    %n = math.sqrt %g : f32
    minrnn.yield %n : f32
  }
  return %r : tensor<?x1x?xf32>
}
}
