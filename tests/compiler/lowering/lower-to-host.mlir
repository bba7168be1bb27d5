// Loops over vectors of channels: eight of them here.
// RUN: minrnn-opt %S/Inputs/scans.mlir --minrnn-lower-to-host=width=8 --cse --canonicalize | FileCheck %s

// One function an entry, called after the cell, that takes its argument block:
// five pointers and three sizes, then the range of work.
// CHECK-LABEL: func.func @c_forward(%arg0: !llvm.ptr) attributes {minrnn.entry = "forward", minrnn.tile_channels = 8 : i64, minrnn.tile_time = 0 : i64} {
// CHECK-COUNT-5: llvm.load {{.*}} -> !llvm.ptr
// CHECK: %[[TPLACE:.*]] = llvm.getelementptr %arg0[6]
// CHECK-NEXT: %[[T:.*]] = llvm.load %[[TPLACE]]
// CHECK: llvm.getelementptr %arg0[8]
// CHECK-NEXT: %[[BEGIN:.*]] = llvm.load
// CHECK: llvm.getelementptr %arg0[9]
// CHECK-NEXT: %[[END:.*]] = llvm.load
// CHECK: scf.for %{{.*}} = %[[BEGIN]] to %[[END]]
// CHECK: %[[FULL:.*]] = arith.cmpi sge
// CHECK: scf.if %[[FULL]] {
// A full tile needs no mask; an absent bias or initial state is zero.
// CHECK-NOT: masked
// CHECK: llvm.icmp "ne"
// CHECK: scf.if %{{.*}} -> (vector<8xf32>) {
// CHECK: llvm.load %{{.*}} {alignment = 4 : i64} : !llvm.ptr -> vector<8xf32>
// CHECK: } else {
// CHECK: scf.for %{{.*}} = %{{.*}} to %[[T]] step %{{.*}} iter_args({{.*}}) -> (vector<8xf32>)
// CHECK: minrnn.sigmoid %{{.*}} : vector<8xf32>
// CHECK: llvm.store %{{.*}} {alignment = 4 : i64} : vector<8xf32>, !llvm.ptr
// The last tile of a row is masked, its loads and its stores.
// CHECK: } else {
// CHECK: %[[MASK:.*]] = arith.cmpi {{slt|sgt}}, %{{.*}}, %{{.*}} : vector<8xi32>
// CHECK-NOT: llvm.load {{.*}} vector
// CHECK: llvm.intr.masked.load %{{.*}}, %[[MASK]]
// CHECK: scf.for
// CHECK: llvm.intr.masked.load
// CHECK-NOT: llvm.store
// CHECK: llvm.intr.masked.store %{{.*}}, %{{.*}}, %[[MASK]]
// CHECK: return

// In reverse: the step is T - 1 - i.
// CHECK-LABEL: func.func @c_backward(
// CHECK: llvm.getelementptr %arg0[10]
// CHECK-NEXT: %[[T:.*]] = llvm.load
// CHECK: scf.for %[[I:.*]] = %{{.*}} to %[[T]] step %{{.*}} iter_args({{.*}}) -> (vector<8xf32>, vector<8xf32>, vector<8xf32>)
// CHECK: %[[LAST:.*]] = arith.{{subi|addi}} %[[T]]
// CHECK: %[[STEP:.*]] = arith.subi %[[LAST]], %[[I]]
// The state before the first step is the initial one.
// CHECK: %[[ISFIRST:.*]] = arith.cmpi eq, %[[STEP]], %{{.*}} : i64
// CHECK: arith.select %[[ISFIRST]], %{{.*}}, %{{.*}} : vector<8xf32>
// CHECK: return

// CHECK-LABEL: func.func @c_step(
// CHECK: return
// CHECK-NOT: minrnn.scan
// CHECK-NOT: func.func @forward
