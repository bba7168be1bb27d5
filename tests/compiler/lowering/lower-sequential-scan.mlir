// A sequential scan on a GPU and on the host: the steps of one channel, or of a vector of
// them, in order. Products of states come from outside, step by step: a call
// takes the positions from `first` on, `count` of them.
// RUN: minrnn-opt %S/Inputs/sequential-scans.mlir --minrnn-lower-to-gpu --cse --canonicalize | FileCheck %s
// RUN: minrnn-opt %S/Inputs/sequential-scans.mlir --minrnn-lower-to-host=width=8 --cse --canonicalize | FileCheck %s --check-prefix=HOST
// Whatever is left at the scan level is gone.
// RUN: minrnn-opt %S/Inputs/sequential-scans.mlir --minrnn-lower-to-gpu | FileCheck %s --check-prefix=GONE
// RUN: minrnn-opt %S/Inputs/sequential-scans.mlir --minrnn-lower-to-host | FileCheck %s --check-prefix=GONE
// GONE-NOT: minrnn.{{scan|sequential_scan|delay}} {{[a-z%]}}

// CHECK-LABEL: gpu.func @forward(
// CHECK-SAME: %[[P:[^:]*]]: !llvm.ptr, %[[IN:[^:]*]]: !llvm.ptr, %[[REC:[^:]*]]: !llvm.ptr, %[[U:[^:]*]]: !llvm.ptr, %[[H0:[^:]*]]: !llvm.ptr, %[[Y:[^:]*]]: !llvm.ptr, %[[S:[^:]*]]: !llvm.ptr, %[[LAST:[^:]*]]: !llvm.ptr, %{{[^:]*}}: i64, %[[T:[^:]*]]: i64, %[[C:[^:]*]]: i64, %[[REVERSE:[^:]*]]: i64, %[[FIRST:[^:]*]]: i64, %[[COUNT:[^:]*]]: i64)
// One step a call is bound by its memory: all threads of a block have a channel.
// CHECK-SAME: kernel attributes {known_block_size = array<i32: 256, 1, 1>
// CHECK-SAME: {element = "f32", name = "recurrent", shape = ["batch", "time", "recurrent", "channels"]}, {element = "f32", name = "parameters", shape = ["parameters", "channels"]}
// CHECK-SAME: {element = "f32", name = "states", optional, shape = ["batch", "time", "states", "channels"], written}
// CHECK-SAME: {element = "i64", name = "reverse", shape = []}, {element = "i64", name = "first", shape = []}, {element = "i64", name = "count", shape = []}]
// CHECK-SAME: minrnn.tile_channels = 256 : i64, minrnn.tile_time = 0 : i64}
// CHECK-DAG: %[[HASH0:.*]] = llvm.icmp "ne" %[[H0]]
// CHECK-DAG: %[[HASS:.*]] = llvm.icmp "ne" %[[S]]
// CHECK-DAG: %[[HASLAST:.*]] = llvm.icmp "ne" %[[LAST]]
// Parameters must be there, and are read before the loop.
// CHECK: %[[INSIDE:.*]] = arith.cmpi slt, %{{.*}}, %[[C]] : i64
// CHECK: %[[UAT:.*]] = llvm.getelementptr %[[U]]
// CHECK-NEXT: %[[UV:.*]] = llvm.load %[[UAT]]
// CHECK: %[[STATES:.*]]:2 = scf.if %[[HASH0]] -> (f32, f32) {
// CHECK: %[[END:.*]] = arith.addi %[[FIRST]], %[[COUNT]] : i64
// CHECK: %[[DONE:.*]]:2 = scf.for %{{.*}} = %[[FIRST]] to %[[END]] step %c1_i64 iter_args(%[[A:.*]] = %[[STATES]]#0, %[[B:.*]] = %[[STATES]]#1) -> (f32, f32)
// CHECK: llvm.getelementptr %[[P]][
// CHECK-NEXT: %[[K:.*]] = llvm.load
// CHECK: llvm.getelementptr %[[IN]][
// CHECK-NEXT: %[[V:.*]] = llvm.load
// CHECK: llvm.getelementptr %[[REC]][
// CHECK-NEXT: %[[Q:.*]] = llvm.load
// CHECK: %[[N:.*]] = arith.mulf %[[K]], %[[A]] fastmath<contract>
// CHECK: %[[M:.*]] = arith.mulf %[[UV]], %[[B]] fastmath<contract>
// CHECK: %[[O:.*]] = arith.mulf %[[V]], %[[Q]] fastmath<contract>
// CHECK: scf.if %[[INSIDE]] {
// CHECK-NEXT: %[[YAT:.*]] = llvm.getelementptr %[[Y]][
// CHECK-NEXT: llvm.store %[[O]], %[[YAT]]
// CHECK-NEXT: scf.if %[[HASS]] {
// CHECK: llvm.store %[[N]], %{{.*}}
// CHECK: llvm.store %[[M]], %{{.*}}
// CHECK: scf.yield %[[N]], %[[M]] : f32, f32
// CHECK: arith.andi %[[INSIDE]], %[[HASLAST]] : i1
// CHECK: llvm.store %[[DONE]]#0
// CHECK: llvm.store %[[DONE]]#1
// CHECK: gpu.return

// CHECK-LABEL: gpu.func @backward(
// CHECK-SAME: %[[REC:[^:]*]]: !llvm.ptr, %[[H0:[^:]*]]: !llvm.ptr, %[[S:[^:]*]]: !llvm.ptr, %[[DLAST:[^:]*]]: !llvm.ptr, %[[DIN:[^:]*]]: !llvm.ptr, %[[DREC:[^:]*]]: !llvm.ptr, %[[DU:[^:]*]]: !llvm.ptr, %[[DH0:[^:]*]]: !llvm.ptr, %{{[^:]*}}: i64, %[[T:[^:]*]]: i64, %{{[^:]*}}: i64, %[[REVERSE:[^:]*]]: i64, %[[FIRST:[^:]*]]: i64, %[[COUNT:[^:]*]]: i64)
// CHECK-DAG: %[[HASDIN:.*]] = llvm.icmp "ne" %[[DIN]]
// CHECK-DAG: %[[HASDU:.*]] = llvm.icmp "ne" %[[DU]]
// CHECK-DAG: %[[HASDH0:.*]] = llvm.icmp "ne" %[[DH0]]
// CHECK: %[[INITIAL:.*]]:2 = scf.if %{{.*}} -> (f32, f32) {
// CHECK: llvm.getelementptr %[[H0]]
// CHECK: %[[CARRIES:.*]]:2 = scf.if %{{.*}} -> (f32, f32) {
// CHECK: llvm.getelementptr %[[DLAST]]
// A call that goes on from an earlier one adds to the sums that it left.
// CHECK: %[[CONTINUES:.*]] = arith.cmpi ne, %[[FIRST]], %c0_i64 : i64
// CHECK-NEXT: %[[ADDS:.*]] = arith.andi %[[CONTINUES]], %[[HASDU]] : i1
// CHECK-NEXT: %[[SUM:.*]] = scf.if %[[ADDS]] -> (f32) {
// CHECK: llvm.getelementptr %[[DU]]
// CHECK: } else {
// CHECK-NEXT: scf.yield %cst : f32
// Against the forward pass: from the last step on, unless that was turned.
// CHECK: %[[LASTTIME:.*]] = arith.addi %[[T]], %c-1_i64 : i64
// CHECK: %[[TURNED:.*]] = arith.cmpi eq, %[[REVERSE]], %c0_i64 : i64
// CHECK: arith.select %[[TURNED]], %[[LASTTIME]], %c0_i64 : i64
// CHECK: %[[END:.*]] = arith.addi %[[FIRST]], %[[COUNT]] : i64
// CHECK: %[[DONE:.*]]:3 = scf.for %[[POS:.*]] = %[[FIRST]] to %[[END]] step %c1_i64 iter_args(%[[A:.*]] = %[[CARRIES]]#0, %[[B:.*]] = %[[CARRIES]]#1, %[[TOTAL:.*]] = %[[SUM]]) -> (f32, f32, f32)
// Each state before the step that the forward pass took first is its initial
// one.
// CHECK: %[[ISFIRST:.*]] = arith.cmpi eq, %[[POS]], %[[LASTTIME]] : i64
// CHECK: llvm.getelementptr %[[S]][
// CHECK: arith.select %[[ISFIRST]], %[[INITIAL]]#0, %{{.*}} : f32
// CHECK: llvm.getelementptr %[[S]][
// CHECK: arith.select %[[ISFIRST]], %[[INITIAL]]#1, %{{.*}} : f32
// CHECK: scf.if %[[HASDIN]] {
// CHECK-NEXT: llvm.getelementptr %[[DIN]][
// CHECK: llvm.getelementptr %[[DREC]][
// CHECK: %[[NEXT:.*]] = arith.addf %[[TOTAL]], %{{.*}} fastmath<contract>
// CHECK: scf.yield %{{.*}}, %{{.*}}, %[[NEXT]] : f32, f32, f32
// CHECK: scf.if %[[HASDH0]] {
// CHECK: llvm.store %[[DONE]]#0
// CHECK: llvm.store %[[DONE]]#1
// CHECK: scf.if %[[HASDU]] {
// CHECK: llvm.store %[[DONE]]#2
// CHECK: gpu.return

// HOST-LABEL: func.func @w_forward(%arg0: !llvm.ptr) attributes {minrnn.arguments = [{element = "f32", name = "preactivations"
// Eight pointers, six sizes, the range of work.
// HOST-COUNT-8: llvm.load {{.*}} -> !llvm.ptr
// HOST-NOT: llvm.load {{.*}} -> !llvm.ptr
// HOST: %[[FIRSTAT:.*]] = llvm.getelementptr %arg0[12]
// HOST-NEXT: %[[FIRST:.*]] = llvm.load %[[FIRSTAT]]
// HOST: %[[COUNTAT:.*]] = llvm.getelementptr %arg0[13]
// HOST-NEXT: %[[COUNT:.*]] = llvm.load %[[COUNTAT]]
// HOST: llvm.getelementptr %arg0[15]
// HOST-NOT: llvm.getelementptr %arg0[16]
// HOST: %[[END:.*]] = arith.addi %[[FIRST]], %[[COUNT]] : i64
// HOST: scf.for %{{.*}} = %[[FIRST]] to %[[END]] step %{{.*}} iter_args({{.*}}) -> (vector<8xf32>, vector<8xf32>)
// HOST: llvm.store {{.*}} : vector<8xf32>, !llvm.ptr
// The last tile of a row is masked.
// HOST: scf.for %{{.*}} = %[[FIRST]] to
// HOST: llvm.intr.masked.load
// HOST: llvm.intr.masked.store
// HOST: return
// HOST-LABEL: func.func @w_backward(%arg0: !llvm.ptr)
// HOST: scf.for {{.*}} -> (vector<8xf32>, vector<8xf32>, vector<8xf32>)
// HOST: return
