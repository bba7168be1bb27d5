// Of several states one that is not proven positive keeps all in linear space:
// they are one scan.
// RUN: minrnn-opt %s --minrnn-log-space '--remarks-filter=minrnn.*' --remark-format=emitRemark 2>&1 | FileCheck %s
// RUN: not minrnn-opt %s --minrnn-log-space=domain=log 2>&1 | FileCheck %s --check-prefix=LOG

// CHECK: log-space-refused-state.mlir:[[#@LINE+10]]:10: remark: {{.*}}LogSpace{{.*}}scanned in linear space: {{.*}}coefficient lies in (-1, 1) and is not proven positive
// CHECK: minrnn.scan {{.*}} combine linear
// CHECK-NOT: math.log2
// LOG: log-space-refused-state.mlir:[[#@LINE+7]]:10: error: expects a positive recurrence for a scan in log space, but its coefficient lies in (-1, 1) and is not proven positive
// LOG-NOT: error
// LOG-NOT: module {
func.func @forward(%p: tensor<?x?x1x?xf32>, %h0: tensor<?x2x?xf32>) -> (tensor<?x?x?xf32>, tensor<?x2x?xf32>) {
  %h, %l = minrnn.scan sequences(%p : tensor<?x?x1x?xf32>) initial(%h0 : tensor<?x2x?xf32>) -> (tensor<?x?x?xf32>) last tensor<?x2x?xf32>
  combine linear element(%k) {
    %a = minrnn.sigmoid %k : f32
    %b = math.tanh %k : f32
    minrnn.yield %a, %a, %b, %a : f32, f32, f32, f32
  } output(%k, %s, %t, %sn, %tn) { minrnn.yield %sn : f32 }
  return %h, %l : tensor<?x?x?xf32>, tensor<?x2x?xf32>
}
