// The forward scan in log space: the element's coefficients become base-2
// logarithms, each formula by its own rule. log2 e = 1.4427.
// RUN: minrnn-opt %s --minrnn-log-space --cse --canonicalize --split-input-file | FileCheck %s
// RUN: minrnn-opt %s --minrnn-log-space=domain=log --cse --canonicalize --split-input-file | FileCheck %s
// Asked to stay linear it stays.
// RUN: minrnn-opt %s --minrnn-log-space=domain=linear --split-input-file | FileCheck %s --check-prefix=LINEAR
// LINEAR-COUNT-5: minrnn.scan {{.*}} combine linear
// LINEAR-NOT: minrnn.scan {{.*}} combine log

// log2 sigmoid(x) = -log2(2^0 + 2^(-x log2 e)); sigmoid(-x) takes the product
// with the other sign, so that both share it. exp(x) is x log2 e.
// CHECK-LABEL: func.func @gates(
// CHECK: minrnn.scan sequences{{.*}} combine log
// CHECK-SAME: element (%[[K:[^ ,]*]], %[[V:[^ ,]*]]) {
// CHECK-DAG: %[[LOG2E:.*]] = arith.constant 1.44269502 : f32
// CHECK-DAG: %[[ZERO:.*]] = arith.constant 0.000000e+00 : f32
// CHECK: %[[KE:.*]] = arith.mulf %[[K]], %[[LOG2E]]
// CHECK: %[[S:.*]] = minrnn.logaddexp2 %[[KE]], %[[ZERO]]
// CHECK: %[[A:.*]] = arith.negf %[[S]]
// CHECK: %[[VE:.*]] = arith.mulf %[[V]], %[[LOG2E]]
// CHECK: minrnn.yield %[[A]], %[[VE]] : f32, f32
func.func @gates(%p: tensor<?x?x2x?xf32>, %h0: tensor<?x1x?xf32>) -> (tensor<?x?x?xf32>, tensor<?x1x?xf32>) {
  %h, %l = minrnn.scan sequences(%p : tensor<?x?x2x?xf32>) initial(%h0 : tensor<?x1x?xf32>) -> (tensor<?x?x?xf32>) last tensor<?x1x?xf32>
  combine linear element(%k, %v) {
    %n = arith.negf %k : f32
    %a = minrnn.sigmoid %n : f32
    %b = math.exp %v : f32
    minrnn.yield %a, %b : f32, f32
  } output(%k, %v, %before, %after) { minrnn.yield %after : f32 }
  return %h, %l : tensor<?x?x?xf32>, tensor<?x1x?xf32>
}

// -----

// A product is a sum, a quotient a difference, a sum logaddexp2, a root half;
// a constant is its logarithm: log2 8 = 3, and 0 has -1e30, which is 0 again.
// CHECK-LABEL: func.func @arithmetic(
// CHECK: minrnn.scan sequences{{.*}} combine log
// CHECK-SAME: element (%[[K:[^ ,]*]], %[[V:[^ ,]*]]) {
// CHECK-DAG: %[[LOG2E:.*]] = arith.constant 1.44269502 : f32
// CHECK-DAG: %[[THREE:.*]] = arith.constant 3.000000e+00 : f32
// CHECK-DAG: %[[FAR:.*]] = arith.constant -1.000000e+30 : f32
// CHECK-DAG: %[[HALF:.*]] = arith.constant 5.000000e-01 : f32
// CHECK-DAG: %[[E:.*]] = arith.mulf %[[K]], %[[LOG2E]]
// CHECK-DAG: %[[F:.*]] = arith.mulf %[[V]], %[[LOG2E]]
// CHECK-DAG: %[[EF:.*]] = arith.addf %[[E]], %[[F]]
// CHECK-DAG: %[[ROOT:.*]] = arith.mulf %[[EF]], %[[HALF]]
// CHECK-DAG: %[[A:.*]] = arith.subf %[[ROOT]], %[[F]]
// CHECK-DAG: %[[SUM:.*]] = minrnn.logaddexp2 %[[E]], %[[THREE]]
// CHECK-DAG: %[[B:.*]] = arith.select %{{.*}}, %[[SUM]], %[[FAR]]
// CHECK: minrnn.yield %[[A]], %[[B]] : f32, f32
func.func @arithmetic(%p: tensor<?x?x2x?xf32>, %h0: tensor<?x1x?xf32>) -> (tensor<?x?x?xf32>, tensor<?x1x?xf32>) {
  %h, %l = minrnn.scan sequences(%p : tensor<?x?x2x?xf32>) initial(%h0 : tensor<?x1x?xf32>) -> (tensor<?x?x?xf32>) last tensor<?x1x?xf32>
  combine linear element(%k, %v) {
    %zero = arith.constant 0.0 : f32
    %eight = arith.constant 8.0 : f32
    %e = math.exp %k : f32
    %f = math.exp %v : f32
    %ef = arith.mulf %e, %f : f32
    %root = math.sqrt %ef : f32
    %a = arith.divf %root, %f : f32
    %sum = arith.addf %e, %eight : f32
    %c = arith.cmpf ogt, %k, %v : f32
    %b = arith.select %c, %sum, %zero : f32
    minrnn.yield %a, %b : f32, f32
  } output(%k, %v, %before, %after) { minrnn.yield %after : f32 }
  return %h, %l : tensor<?x?x?xf32>, tensor<?x1x?xf32>
}

// -----

// g(x): log2(x + 0.5) above zero, log2 sigmoid(x) below. softplus(x) far below
// zero is e^x, and has its logarithm where it is itself no number of f32.
// CHECK-LABEL: func.func @activations(
// CHECK: minrnn.scan sequences{{.*}} combine log
// CHECK-SAME: element (%[[K:[^ ,]*]], %[[V:[^ ,]*]]) {
// CHECK-DAG: %[[ZERO:.*]] = arith.constant 0.000000e+00 : f32
// CHECK-DAG: %[[HALF:.*]] = arith.constant 5.000000e-01 : f32
// CHECK-DAG: %[[LOG2E:.*]] = arith.constant 1.44269502 : f32
// CHECK-DAG: %[[LIMIT:.*]] = arith.constant -1.500000e+01 : f32
// CHECK-DAG: %[[X:.*]] = arith.addf %[[K]], %[[HALF]]
// CHECK-DAG: %[[ABOVE:.*]] = math.log2 %[[X]]
// CHECK-DAG: %[[ISABOVE:.*]] = arith.cmpf oge, %[[K]], %[[ZERO]]
// CHECK-DAG: %[[A:.*]] = arith.select %[[ISABOVE]], %[[ABOVE]], %{{.*}}
// CHECK-DAG: %[[S:.*]] = minrnn.softplus %[[V]]
// CHECK-DAG: %[[ISSMALL:.*]] = arith.cmpf olt, %[[V]], %[[LIMIT]]
// CHECK-DAG: %[[SMALL:.*]] = arith.mulf %[[V]], %[[LOG2E]]
// CHECK-DAG: %[[LARGE:.*]] = math.log2 %[[S]]
// CHECK-DAG: %[[B:.*]] = arith.select %[[ISSMALL]], %[[SMALL]], %[[LARGE]]
// CHECK: minrnn.yield %[[A]], %[[B]] : f32, f32
func.func @activations(%p: tensor<?x?x2x?xf32>, %h0: tensor<?x1x?xf32>) -> (tensor<?x?x?xf32>, tensor<?x1x?xf32>) {
  %h, %l = minrnn.scan sequences(%p : tensor<?x?x2x?xf32>) initial(%h0 : tensor<?x1x?xf32>) -> (tensor<?x?x?xf32>) last tensor<?x1x?xf32>
  combine linear element(%k, %v) {
    %a = minrnn.positive %k : f32
    %b = minrnn.softplus %v : f32
    minrnn.yield %a, %b : f32, f32
  } output(%k, %v, %before, %after) { minrnn.yield %after : f32 }
  return %h, %l : tensor<?x?x?xf32>, tensor<?x1x?xf32>
}

// -----

// Of two states each part becomes a logarithm, in its place. A reset's
// coefficient of zero has its stand-in.
// CHECK-LABEL: func.func @states(
// CHECK: minrnn.scan sequences{{.*}} combine log
// CHECK-SAME: element (%[[K:[^ ,]*]], %[[V:[^ ,]*]], %[[R:[^ ,]*]]) {
// CHECK-DAG: %[[LOG2E:.*]] = arith.constant 1.44269502 : f32
// CHECK-DAG: %[[FAR:.*]] = arith.constant -1.000000e+30 : f32
// CHECK-DAG: %[[ZERO:.*]] = arith.constant 0.000000e+00 : f32
// CHECK-DAG: %[[NEW:.*]] = arith.cmpf une, %[[R]], %[[ZERO]]
// CHECK-DAG: %[[KE:.*]] = arith.mulf %[[K]], %[[LOG2E]]
// CHECK-DAG: %[[VE:.*]] = arith.mulf %[[V]], %[[LOG2E]]
// CHECK-DAG: %[[KR:.*]] = arith.select %[[NEW]], %[[FAR]], %[[KE]]
// CHECK-DAG: %[[VR:.*]] = arith.select %[[NEW]], %[[FAR]], %[[VE]]
// CHECK-DAG: %[[SUM:.*]] = minrnn.logaddexp2 %[[KE]], %[[VE]]
// CHECK: minrnn.yield %[[KR]], %[[VE]], %[[VR]], %[[SUM]] : f32, f32, f32, f32
// The output sees plain numbers.
// CHECK-NEXT: } output (%{{[^ ,]*}}, %{{[^ ,]*}}, %{{[^ ,]*}}, %[[S:[^ ,]*]], %[[T:[^ ,]*]], %{{[^ ,]*}}, %{{[^ ,]*}}) {
// CHECK-NEXT: %[[Q:.*]] = arith.subf %[[S]], %[[T]]
// CHECK-NEXT: minrnn.yield %[[Q]] : f32
func.func @states(%p: tensor<?x?x2x?xf32>, %reset: tensor<?x?xi8>, %h0: tensor<?x2x?xf32>) -> (tensor<?x?x?xf32>, tensor<?x2x?xf32>) {
  %h, %l = minrnn.scan sequences(%p, %reset : tensor<?x?x2x?xf32>, tensor<?x?xi8>) initial(%h0 : tensor<?x2x?xf32>) -> (tensor<?x?x?xf32>) last tensor<?x2x?xf32>
  combine linear element(%k, %v, %r) {
    %zero = arith.constant 0.0 : f32
    %new = arith.cmpf une, %r, %zero : f32
    %e = math.exp %k : f32
    %f = math.exp %v : f32
    %a = arith.select %new, %zero, %e : f32
    %b = arith.select %new, %zero, %f : f32
    %sum = arith.addf %e, %f : f32
    minrnn.yield %a, %f, %b, %sum : f32, f32, f32, f32
  } output(%k, %v, %r, %s, %t, %sn, %tn) {
    %q = arith.subf %s, %t : f32
    minrnn.yield %q : f32
  }
  return %h, %l : tensor<?x?x?xf32>, tensor<?x2x?xf32>
}

// -----

// -expm1(-x) of a positive x is positive, though its operand is not: it is
// computed, and its logarithm taken.
// CHECK-LABEL: func.func @expm1(
// CHECK: minrnn.scan sequences{{.*}} combine log
// CHECK-SAME: element (%[[K:[^ ,]*]]) {
// CHECK-DAG: %[[N:.*]] = arith.negf %{{.*}}
// CHECK-DAG: %[[M:.*]] = math.expm1 %[[N]]
// CHECK-DAG: %[[B:.*]] = arith.negf %[[M]]
// CHECK-DAG: %[[LOG:.*]] = math.log2 %[[B]]
// CHECK-DAG: %[[RESULT:.*]] = arith.select %{{.*}}, %{{.*}}, %[[LOG]]
// CHECK: minrnn.yield %{{.*}}, %[[RESULT]] : f32, f32
func.func @expm1(%p: tensor<?x?x1x?xf32>, %h0: tensor<?x1x?xf32>) -> (tensor<?x?x?xf32>, tensor<?x1x?xf32>) {
  %h, %l = minrnn.scan sequences(%p : tensor<?x?x1x?xf32>) initial(%h0 : tensor<?x1x?xf32>) -> (tensor<?x?x?xf32>) last tensor<?x1x?xf32>
  combine linear element(%k) {
    %x = minrnn.softplus %k : f32
    %n = arith.negf %x : f32
    %a = math.exp %n : f32
    %m = math.expm1 %n : f32
    %b = arith.negf %m : f32
    minrnn.yield %a, %b : f32, f32
  } output(%k, %before, %after) { minrnn.yield %after : f32 }
  return %h, %l : tensor<?x?x?xf32>, tensor<?x1x?xf32>
}
