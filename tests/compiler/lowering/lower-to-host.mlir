// Loops over vectors of channels: eight of them here.
// RUN: minrnn-opt %S/Inputs/scans.mlir --minrnn-lower-to-host=width=8 --cse --canonicalize | FileCheck %s

// One function an entry, called after the cell, that takes its argument block:
// six pointers and four sizes, then the range of work.
// CHECK-LABEL: func.func @c_forward(%arg0: !llvm.ptr) attributes {
// CHECK-SAME: minrnn.arguments = [{element = "f32", name = "preactivations", shape = ["batch", "time", "gates", "channels"]}, {element = "f32", name = "bias", optional, shape = ["gates", "channels"]}, {element = "i8", name = "reset", optional, shape = ["batch", "time"]}, {element = "f32", name = "initial", optional, shape = ["batch", "states", "channels"]}, {element = "f32", name = "output", shape = ["batch", "time", "channels"], written}, {element = "f32", name = "last", optional, shape = ["batch", "states", "channels"], written}, {element = "i64", name = "batch", shape = []}, {element = "i64", name = "time", shape = []}, {element = "i64", name = "channels", shape = []}, {element = "i64", name = "reverse", shape = []}], minrnn.entry = "forward", minrnn.tile_channels = 8 : i64, minrnn.tile_time = 0 : i64} {
// CHECK-COUNT-6: llvm.load {{.*}} -> !llvm.ptr
// CHECK-NOT: llvm.load {{.*}} -> !llvm.ptr
// CHECK: %[[TPLACE:.*]] = llvm.getelementptr %arg0[7]
// CHECK-NEXT: %[[T:.*]] = llvm.load %[[TPLACE]]
// CHECK: %[[REVERSEPLACE:.*]] = llvm.getelementptr %arg0[9]
// CHECK-NEXT: %[[REVERSE:.*]] = llvm.load %[[REVERSEPLACE]]
// CHECK: llvm.getelementptr %arg0[10]
// CHECK-NEXT: %[[BEGIN:.*]] = llvm.load
// CHECK: llvm.getelementptr %arg0[11]
// CHECK-NEXT: %[[END:.*]] = llvm.load
// CHECK: scf.for %{{.*}} = %[[BEGIN]] to %[[END]]
// CHECK: %[[FULL:.*]] = arith.cmpi sge
// CHECK: scf.if %[[FULL]] {
// A full tile needs no mask; an absent bias or initial state is zero.
// CHECK-NOT: masked
// CHECK: scf.if %{{.*}} -> (vector<8xf32>) {
// CHECK: llvm.load %{{.*}} {alignment = 4 : i64} : !llvm.ptr -> vector<8xf32>
// CHECK: } else {
// CHECK-NEXT: scf.yield %[[ZERO:.*]] : vector<8xf32>
// CHECK: scf.if %{{.*}} -> (vector<8xf32>, vector<8xf32>) {
// CHECK: } else {
// CHECK-NEXT: scf.yield %[[ZERO]], %[[ZERO]] : vector<8xf32>, vector<8xf32>
// Turned round, it starts at the last step.
// CHECK: %[[TURNED:.*]] = arith.cmpi ne, %[[REVERSE]], %{{.*}} : i64
// CHECK: arith.select %[[TURNED]], %{{.*}}, %{{.*}} : i64
// CHECK: scf.for %{{.*}} = %{{.*}} to %[[T]] step %{{.*}} iter_args({{.*}}) -> (vector<8xf32>)
// Eight steps ahead, one cache line for the eight channels of each gate.
// CHECK: %[[AHEAD:.*]] = arith.muli %{{.*}}, %c8_i64 : i64
// CHECK: arith.addi %{{.*}}, %[[AHEAD]] : i64
// CHECK-COUNT-2: llvm.intr.prefetch
// CHECK-NOT: llvm.intr.prefetch
// One byte a step, for all channels alike.
// CHECK: llvm.load %{{.*}} {alignment = 1 : i64} : !llvm.ptr -> i8
// CHECK: %[[RESET:.*]] = vector.broadcast %{{.*}} : f32 to vector<8xf32>
// CHECK: %[[NEW:.*]] = arith.cmpf une, %[[RESET]], %[[ZERO]] : vector<8xf32>
// CHECK: %[[S:.*]] = minrnn.sigmoid %{{.*}} : vector<8xf32>
// CHECK: arith.select %[[NEW]], %[[ZERO]], %[[S]] : vector<8xi1>, vector<8xf32>
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

// In reverse: from step T - 1 on, unless the forward pass was turned round.
// CHECK-LABEL: func.func @c_backward(
// CHECK: llvm.getelementptr %arg0[11]
// CHECK-NEXT: %[[T:.*]] = llvm.load
// CHECK: llvm.getelementptr %arg0[13]
// CHECK-NEXT: %[[REVERSE:.*]] = llvm.load
// CHECK: %[[LAST:.*]] = arith.addi %[[T]], %c-1_i64 : i64
// CHECK: %[[TURNED:.*]] = arith.cmpi eq, %[[REVERSE]], %c0_i64 : i64
// CHECK: arith.select %[[TURNED]], %[[LAST]], %c0_i64 : i64
// CHECK: scf.for %[[I:.*]] = %{{.*}} to %[[T]] step %{{.*}} iter_args({{.*}}) -> (vector<8xf32>, vector<8xf32>, vector<8xf32>)
// The state before the first step is the initial one.
// CHECK: %[[ISFIRST:.*]] = arith.cmpi eq, %[[I]], %[[LAST]] : i64
// CHECK-NOT: llvm.intr.prefetch
// CHECK: arith.select %[[ISFIRST]], %{{.*}}, %{{.*}} : vector<8xf32>
// CHECK: return

// CHECK-LABEL: func.func @c_step(
// CHECK-NOT: scf.for {{.*}} iter_args
// CHECK-NOT: llvm.intr.prefetch
// CHECK: return
// CHECK-NOT: minrnn.scan
// CHECK-NOT: func.func @forward
