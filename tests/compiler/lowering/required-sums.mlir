// A sum over time whose tensor may not be absent. No cell of ours has one, but
// IR written by hand may: here it is `carried`. A call that goes on from an earlier
// one starts from what that left, without asking for the pointer.
// RUN: minrnn-opt %s --minrnn-lower-to-gpu --cse --canonicalize | FileCheck %s
// RUN: minrnn-opt %s --minrnn-lower-to-host=width=8 --cse --canonicalize | FileCheck %s --check-prefix=HOST

// CHECK-LABEL: gpu.func @backward(
// CHECK-SAME: %[[REC:[^:]*]]: !llvm.ptr, %[[DLAST:[^:]*]]: !llvm.ptr, %[[DREC:[^:]*]]: !llvm.ptr, %[[SUM:[^:]*]]: !llvm.ptr, %[[DH0:[^:]*]]: !llvm.ptr, %{{[^:]*}}: i64, %{{[^:]*}}: i64, %{{[^:]*}}: i64, %{{[^:]*}}: i64, %[[FIRST:[^:]*]]: i64, %{{[^:]*}}: i64)
// CHECK-SAME: {element = "f32", name = "carried", shape = ["batch", "states", "channels"], written}
// CHECK-NOT: llvm.icmp "ne" %[[SUM]]
// CHECK: %[[CONTINUED:.*]] = arith.cmpi ne, %[[FIRST]], %c0_i64 : i64
// CHECK: %[[START:.*]] = scf.if %[[CONTINUED]] -> (f32) {
// CHECK: %[[AT:.*]] = llvm.getelementptr %[[SUM]]
// CHECK-NEXT: %[[LEFT:.*]] = llvm.load %[[AT]]
// CHECK-NEXT: scf.yield %[[LEFT]] : f32
// CHECK-NEXT: } else {
// CHECK-NEXT: scf.yield %cst : f32
// CHECK: scf.for {{.*}} iter_args(%{{.*}} = %{{.*}}, %{{.*}} = %[[START]]) -> (f32, f32)

// HOST-LABEL: func.func @w_backward(
// HOST: %[[FIRSTAT:.*]] = llvm.getelementptr %arg0[9]
// HOST-NEXT: %[[FIRST:.*]] = llvm.load %[[FIRSTAT]]
// HOST: %[[CONTINUED:.*]] = arith.cmpi ne, %[[FIRST]], %{{.*}} : i64
// HOST: %[[START:.*]] = scf.if %[[CONTINUED]] -> (vector<8xf32>) {
// HOST: llvm.load {{.*}} -> vector<8xf32>
// HOST: } else {
// HOST-NEXT: scf.yield %{{.*}} : vector<8xf32>
// HOST: scf.for {{.*}} iter_args(%{{.*}} = %{{.*}}, %{{.*}} = %[[START]]) -> (vector<8xf32>, vector<8xf32>)
module {
  minrnn.program "w" sequential gates ["z"] recurrent [{name = "q", state = "h"}] parameters [] states ["h"] output "h" {}
  func.func @backward(%recurrent: tensor<?x?x1x?xf32> {minrnn.name = "recurrent"}, %dlast: tensor<?x1x?xf32> {minrnn.name = "d_last"}) -> (tensor<?x?x1x?xf32> {minrnn.name = "d_recurrent"}, tensor<?x1x?xf32> {minrnn.name = "carried"}, tensor<?x1x?xf32> {minrnn.name = "d_initial"}) {
    %dr, %sum, %dh0 = minrnn.sequential_scan reverse sequences(%recurrent : tensor<?x?x1x?xf32>) initial(%dlast : tensor<?x1x?xf32>) -> (tensor<?x?x1x?xf32>) sums (tensor<?x1x?xf32>) last tensor<?x1x?xf32>
    body(%q, %dh) {
      %0 = arith.mulf %q, %dh : f32
      minrnn.yield %0, %0, %q : f32, f32, f32
    }
    return %dr, %sum, %dh0 : tensor<?x?x1x?xf32>, tensor<?x1x?xf32>, tensor<?x1x?xf32>
  }
}
