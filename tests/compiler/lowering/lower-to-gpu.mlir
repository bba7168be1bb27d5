// The carry schedule on a GPU: two warps of two steps each, a tile of four.
// RUN: minrnn-opt %S/Inputs/scans.mlir --minrnn-lower-to-gpu="warps=2 steps-per-thread=2" --cse --canonicalize | FileCheck %s
// Of the default size the same, and whatever is left at the scan level is gone.
// RUN: minrnn-opt %S/Inputs/scans.mlir --minrnn-lower-to-gpu | FileCheck %s --check-prefix=DEFAULT
// DEFAULT: module attributes {gpu.container_module, minrnn.cell = "c"
// DEFAULT-NOT: minrnn.{{scan|step|delay|sum_time|packed_projection}} {{[a-z%]}}
// DEFAULT: gpu.func @forward({{.*}} workgroup({{.*}} : memref<2x8x2x32xf32, #gpu.address_space<workgroup>>) kernel attributes {known_block_size = array<i32: 32, 8, 1>, minrnn.entry = "forward", minrnn.tile_channels = 32 : i64, minrnn.tile_time = 64 : i64}

// CHECK-LABEL: gpu.func @forward(
// CHECK-SAME: %[[P:[^:]*]]: !llvm.ptr, %[[BIAS:[^:]*]]: !llvm.ptr, %[[H0:[^:]*]]: !llvm.ptr, %[[H:[^:]*]]: !llvm.ptr, %[[LAST:[^:]*]]: !llvm.ptr, %{{[^:]*}}: i64, %[[T:[^:]*]]: i64, %[[C:[^:]*]]: i64)
// CHECK-SAME: workgroup(%[[SHARED:[^ ]*]] : memref<2x2x2x32xf32, #gpu.address_space<workgroup>>) kernel attributes {known_block_size = array<i32: 32, 2, 1>
// CHECK-SAME: minrnn.tile_time = 4 : i64
// A channel beyond the last one reads the last, and writes nothing.
// CHECK: %[[INSIDE:.*]] = arith.cmpi slt, %[[CHANNEL:.*]], %[[C]] : i64
// CHECK: arith.minsi %[[CHANNEL]]
// Pointers that may be null are asked before they are read.
// CHECK: %[[HASBIAS:.*]] = llvm.icmp "ne" %[[BIAS]]
// CHECK: scf.if %[[HASBIAS]] -> (f32) {
// CHECK: llvm.getelementptr %[[BIAS]]
// CHECK: } else {
// CHECK: %[[HASH0:.*]] = llvm.icmp "ne" %[[H0]]
// CHECK: %[[STATE:.*]] = scf.if %[[HASH0]] -> (f32) {
// CHECK: llvm.getelementptr %[[H0]]
// CHECK: scf.for %{{.*}} = %{{.*}} to %[[T]] step %{{.*}} iter_args(%[[CARRY:.*]] = %[[STATE]], %{{.*}}) -> (f32, i64)
// All loads of a tile, two gates of two steps, come before its one barrier.
// CHECK-COUNT-4: llvm.load
// CHECK-NOT: llvm.load
// CHECK-NOT: llvm.store
// The thread's summary goes to shared memory.
// CHECK: memref.store %{{.*}}, %[[SHARED]]
// CHECK: memref.store %{{.*}}, %[[SHARED]]
// CHECK: gpu.barrier
// CHECK: memref.load %[[SHARED]]
// CHECK-NOT: gpu.barrier
// CHECK-NOT: llvm.load
// Two steps are stored, where step and channel exist.
// CHECK: arith.andi %{{.*}}, %[[INSIDE]]
// CHECK: llvm.getelementptr %[[H]]
// CHECK-NEXT: llvm.store
// CHECK: llvm.getelementptr %[[H]]
// CHECK-NEXT: llvm.store
// CHECK: scf.yield
// CHECK: }
// The last state, by the first warp, unless its pointer is null.
// CHECK: llvm.icmp "ne" %[[LAST]]
// CHECK: llvm.getelementptr %[[LAST]]
// CHECK-NEXT: llvm.store
// CHECK: gpu.return

// CHECK-LABEL: gpu.func @backward(
// CHECK-SAME: %[[P:[^:]*]]: !llvm.ptr, %[[BIAS:[^:]*]]: !llvm.ptr, %[[H0:[^:]*]]: !llvm.ptr, %[[H:[^:]*]]: !llvm.ptr, %[[DH:[^:]*]]: !llvm.ptr, %[[DLAST:[^:]*]]: !llvm.ptr, %[[DP:[^:]*]]: !llvm.ptr, %[[DB:[^:]*]]: !llvm.ptr, %[[DH0:[^:]*]]: !llvm.ptr, %{{[^:]*}}: i64, %[[T:[^:]*]]: i64, %{{[^:]*}}: i64)
// CHECK: scf.for
// In reverse: the time is the last position less the position.
// CHECK: %[[LASTPOS:.*]] = arith.subi %[[T]], %{{.*}} : i64
// CHECK: %[[POS:.*]] = arith.minsi %{{.*}}, %[[LASTPOS]]
// CHECK: %[[TIME:.*]] = arith.subi %[[LASTPOS]], %[[POS]]
// The state before the first step is the initial one; else it is the output of
// the step before.
// CHECK: %[[ISFIRST:.*]] = arith.cmpi eq, %[[TIME]], %{{.*}} : i64
// CHECK: arith.select %[[ISFIRST]]
// CHECK: llvm.getelementptr %[[H]][
// CHECK: arith.select %[[ISFIRST]], %{{.*}}, %{{.*}} : f32
// CHECK: llvm.getelementptr %[[DH]][
// CHECK: gpu.barrier
// CHECK: llvm.getelementptr %[[DP]][
// CHECK: scf.yield %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}} : f32, i64, f32, f32
// CHECK: llvm.getelementptr %[[DH0]][
// The bias's gradient of each gate is summed over the warps, between barriers.
// CHECK: gpu.barrier
// CHECK: gpu.barrier
// CHECK: llvm.icmp "ne" %[[DB]]
// CHECK: gpu.barrier
// CHECK: gpu.barrier
// CHECK: llvm.getelementptr %[[DB]][
// CHECK: gpu.return

// A step has no time and no barrier: one thread a channel.
// CHECK-LABEL: gpu.func @step(
// CHECK-SAME: kernel attributes {known_block_size = array<i32: 64, 1, 1>, minrnn.entry = "step", minrnn.tile_channels = 64 : i64, minrnn.tile_time = 0 : i64}
// CHECK-NOT: gpu.barrier
// CHECK-NOT: scf.for
// CHECK: llvm.store
// CHECK: gpu.return
