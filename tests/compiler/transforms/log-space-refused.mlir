// A scan that is not proven positive has no logarithm: a remark under auto, an
// error under log, either at the value in question.
// RUN: minrnn-opt %s --minrnn-log-space '--remarks-filter=minrnn.*' --remark-format=emitRemark 2>&1 | FileCheck %s
// RUN: not minrnn-opt %s --minrnn-log-space=domain=log 2>&1 | FileCheck %s --check-prefix=LOG

// CHECK: log-space-refused.mlir:[[#@LINE+11]]:10: remark: {{.*}}LogSpace{{.*}}scanned in linear space: {{.*}}offset lies in (-1, 1) and is not proven positive
// CHECK: minrnn.scan {{.*}} combine linear
// CHECK-NOT: math.log2
// LOG: log-space-refused.mlir:[[#@LINE+8]]:10: error: expects a positive recurrence for a scan in log space, but its offset lies in (-1, 1) and is not proven positive
// LOG: log-space-refused.mlir:[[#@LINE+4]]:{{[0-9]+}}: note: in this cell; compile it with --scan=linear
// LOG-NOT: error
// LOG-NOT: module {
func.func @forward(%p: tensor<?x?x1x?xf32>, %h0: tensor<?x1x?xf32>) -> (tensor<?x?x?xf32>, tensor<?x1x?xf32>) {
  %h, %l = minrnn.scan sequences(%p : tensor<?x?x1x?xf32>) initial(%h0 : tensor<?x1x?xf32>) -> (tensor<?x?x?xf32>) last tensor<?x1x?xf32>
  combine linear element(%k) {
    %a = minrnn.sigmoid %k : f32
    %b = math.tanh %k : f32
    minrnn.yield %a, %b : f32, f32
  } output(%k, %before, %after) { minrnn.yield %after : f32 }
  return %h, %l : tensor<?x?x?xf32>, tensor<?x1x?xf32>
}
