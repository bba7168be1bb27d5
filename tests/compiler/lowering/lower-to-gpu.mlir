// The carry schedule on a GPU: two warps of one step each, and of two in the
// whole tiles of a forward pass, which have four then.
// RUN: minrnn-opt %S/Inputs/scans.mlir --minrnn-lower-to-gpu="warps=2 steps-per-thread=1" --cse --canonicalize | FileCheck %s
// Of the default size the same, and whatever is left at the scan level is gone.
// RUN: minrnn-opt %S/Inputs/scans.mlir --minrnn-lower-to-gpu | FileCheck %s --check-prefix=DEFAULT
// DEFAULT: module attributes {gpu.container_module} {
// The program stays.
// DEFAULT-NEXT: minrnn.program "c" parallel gates ["z", "h"] recurrent [] parameters [] states ["h"] output "h"
// DEFAULT-NOT: minrnn.{{scan|sequential_scan|delay}} {{[a-z%]}}
// DEFAULT: gpu.func @forward({{.*}} workgroup({{.*}} : memref<2x8x1x32xvector<2xf32>, #gpu.address_space<workgroup>>) kernel attributes {known_block_size = array<i32: 32, 8, 1>, minrnn.arguments = [{{.*}}], minrnn.entry = "forward", minrnn.tile_channels = 32 : i64, minrnn.tile_time = 128 : i64, nvvm.minctasm = 2 : i32}

// CHECK-LABEL: gpu.func @forward(
// CHECK-SAME: %[[P:[^:]*]]: !llvm.ptr, %[[BIAS:[^:]*]]: !llvm.ptr, %[[RESET:[^:]*]]: !llvm.ptr, %[[H0:[^:]*]]: !llvm.ptr, %[[H:[^:]*]]: !llvm.ptr, %[[LAST:[^:]*]]: !llvm.ptr, %{{[^:]*}}: i64, %[[T:[^:]*]]: i64, %[[C:[^:]*]]: i64, %[[REVERSE:[^:]*]]: i64)
// CHECK-SAME: workgroup(%[[SHARED:[^ ]*]] : memref<2x2x1x32xvector<2xf32>, #gpu.address_space<workgroup>>) kernel attributes {known_block_size = array<i32: 32, 2, 1>
// What the caller passes goes with the kernel.
// CHECK-SAME: minrnn.arguments = [{element = "f32", name = "preactivations", shape = ["batch", "time", "gates", "channels"]}, {element = "f32", name = "bias", optional, shape = ["gates", "channels"]}, {element = "i8", name = "reset", optional, shape = ["batch", "time"]}, {element = "f32", name = "initial", optional, shape = ["batch", "states", "channels"]}, {element = "f32", name = "output", shape = ["batch", "time", "channels"], written}, {element = "f32", name = "last", optional, shape = ["batch", "states", "channels"], written}, {element = "i64", name = "batch", shape = []}, {element = "i64", name = "time", shape = []}, {element = "i64", name = "channels", shape = []}, {element = "i64", name = "reverse", shape = []}]
// CHECK-SAME: minrnn.tile_time = 4 : i64
// Pointers that may be null are asked.
// CHECK-DAG: %[[HASBIAS:.*]] = llvm.icmp "ne" %[[BIAS]]
// CHECK-DAG: %[[HASRESET:.*]] = llvm.icmp "ne" %[[RESET]]
// CHECK-DAG: %[[HASH0:.*]] = llvm.icmp "ne" %[[H0]]
// CHECK-DAG: %[[HASLAST:.*]] = llvm.icmp "ne" %[[LAST]]
// A channel beyond the last one reads the last, and writes nothing.
// CHECK: %[[INSIDE:.*]] = arith.cmpi slt, %[[CHANNEL:.*]], %[[C]] : i64
// CHECK: arith.minsi %[[CHANNEL]]
// Turned round, it starts at the last step, and steps are one less each.
// CHECK-DAG: %[[LASTTIME:.*]] = arith.addi %[[T]], %c-1_i64 : i64
// CHECK-DAG: %[[TURNED:.*]] = arith.cmpi ne, %[[REVERSE]], %c0_i64 : i64
// CHECK: %[[ORIGIN:.*]] = arith.select %[[TURNED]], %[[LASTTIME]], %c0_i64 : i64
// CHECK: %[[DIRECTION:.*]] = arith.select %[[TURNED]], %c-1_i64, %c1_i64 : i64
// From one step to the next are 32 bits.
// CHECK: %[[GATES:.*]] = arith.muli %[[C]], %c2_i64 : i64
// CHECK: %[[SIGN:.*]] = arith.trunci %[[DIRECTION]] : i64 to i32
// CHECK: %[[NARROW:.*]] = arith.trunci %[[GATES]] : i64 to i32
// CHECK: %[[SHARED32:.*]] = arith.muli %[[NARROW]], %[[SIGN]] : i32
// It is made each thread's own by a minimum with a larger number.
// CHECK: %[[BEYOND:.*]] = arith.subi %c2147483647_i32, %{{.*}} : i32
// CHECK: %[[STRIDE:.*]] = arith.minsi %[[SHARED32]], %[[BEYOND]] : i32
// CHECK: scf.if %[[HASBIAS]] -> (f32, f32) {
// CHECK: llvm.getelementptr %[[BIAS]]
// CHECK: } else {
// CHECK-NEXT: scf.yield %[[ZERO:.*]], %[[ZERO]] : f32, f32
// CHECK: %[[WRITER:.*]] = arith.andi %{{.*}}, %[[INSIDE]]
// CHECK: %[[STATE:.*]] = scf.if %[[HASH0]] -> (f32) {
// CHECK: llvm.getelementptr %[[H0]]
// CHECK: } else {
// CHECK-NEXT: scf.yield %[[ZERO]] : f32
// Whole tiles have a loop of their own, unless a reset mask is given.
// CHECK: %[[ALL:.*]] = arith.divui %[[T]], %c4_i64 : i64
// CHECK: %[[TILES:.*]] = arith.select %[[HASRESET]], %c0_i64, %[[ALL]] : i64
// CHECK: %[[WHOLE:.*]] = arith.muli %[[TILES]], %c4_i64 : i64
// CHECK: arith.cmpi sgt, %[[WHOLE]], %c0_i64 : i64
// CHECK: %[[FIRST:.*]] = llvm.getelementptr %[[P]][
// CHECK: llvm.getelementptr %[[H]][
// The loads of the first tile, two gates of two steps, come before the loop.
// CHECK: %[[FAR:.*]] = arith.extsi %[[STRIDE]] : i32 to i64
// CHECK-COUNT-4: llvm.load {{.*}} -> f32
// CHECK: scf.for %[[AT:.*]] = %c0_i64 to %[[WHOLE]] step %c4_i64 iter_args(%[[CARRY:[^ ]*]] = %[[STATE]], %[[POINTER:[^ ]*]] = %[[FIRST]],
// CHECK: %[[NEXT:.*]] = arith.addi %[[AT]], %c4_i64 : i64
// Nothing is clamped, selected or loaded from the mask; those of the next tile
// are under way while this one is computed.
// CHECK-NOT: arith.minsi
// CHECK-NOT: arith.select
// CHECK: %[[LATER:.*]] = llvm.getelementptr %[[POINTER]][
// CHECK: %[[HASNEXT:.*]] = arith.cmpi slt, %[[NEXT]], %[[WHOLE]] : i64
// CHECK: scf.if %[[HASNEXT]] -> (f32, f32, f32, f32) {
// CHECK-COUNT-4: llvm.load {{.*}} -> f32
// CHECK-NOT: llvm.load
// CHECK: } else {
// CHECK-NOT: llvm.store
// The thread's summary goes to shared memory, as one vector.
// CHECK: memref.store %{{.*}}, %[[SHARED]]
// CHECK-NOT: memref.store
// CHECK: gpu.barrier
// CHECK: memref.load %[[SHARED]]
// CHECK-NOT: gpu.barrier
// CHECK-NOT: llvm.load
// Two steps are stored, where the channel exists.
// CHECK: scf.if %[[INSIDE]] {
// CHECK-COUNT-2: llvm.store
// CHECK-NOT: llvm.store
// CHECK: scf.yield
// The other loop takes what is left: steps that do not exist stand for the last
// one, and are neither counted nor stored; the mask is read where it is given.
// CHECK: arith.cmpi slt, %[[WHOLE]], %[[T]] : i64
// CHECK: arith.minsi %{{.*}} : i32
// CHECK: scf.if %[[HASRESET]] -> (i32) {
// CHECK-COUNT-1: llvm.load %{{.*}} {alignment = 1 : i64} : !llvm.ptr -> i8
// CHECK: scf.for
// CHECK: %[[EXISTS:.*]] = arith.cmpi sge, %{{.*}}, %c0_i32 : i32
// CHECK: arith.select %[[EXISTS]]
// CHECK: gpu.barrier
// CHECK: %[[STORES:.*]] = arith.andi %[[INSIDE]], %[[EXISTS]]
// CHECK: scf.if %[[STORES]] {
// CHECK: llvm.store
// The last state, by the first warp, unless its pointer is null.
// CHECK: arith.andi %[[WRITER]], %[[HASLAST]]
// CHECK: llvm.getelementptr %[[LAST]]
// CHECK-NEXT: llvm.store
// CHECK: gpu.return

// CHECK-LABEL: gpu.func @backward(
// CHECK-SAME: %[[P:[^:]*]]: !llvm.ptr, %[[BIAS:[^:]*]]: !llvm.ptr, %[[RESET:[^:]*]]: !llvm.ptr, %[[H0:[^:]*]]: !llvm.ptr, %[[H:[^:]*]]: !llvm.ptr, %[[DH:[^:]*]]: !llvm.ptr, %[[DLAST:[^:]*]]: !llvm.ptr, %[[DP:[^:]*]]: !llvm.ptr, %[[DB:[^:]*]]: !llvm.ptr, %[[DH0:[^:]*]]: !llvm.ptr, %{{[^:]*}}: i64, %[[T:[^:]*]]: i64, %{{[^:]*}}: i64, %[[REVERSE:[^:]*]]: i64)
// CHECK-DAG: %[[HASH0:.*]] = llvm.icmp "ne" %[[H0]]
// CHECK-DAG: %[[HASDB:.*]] = llvm.icmp "ne" %[[DB]]
// In reverse: it starts at the last step unless the forward pass was turned.
// CHECK: %[[LASTTIME:.*]] = arith.addi %[[T]], %c-1_i64 : i64
// CHECK: %[[TURNED:.*]] = arith.cmpi eq, %[[REVERSE]], %c0_i64 : i64
// CHECK: arith.select %[[TURNED]], %[[LASTTIME]], %c0_i64 : i64
// CHECK: %[[INITIAL:.*]] = scf.if %[[HASH0]] -> (f32) {
// CHECK: llvm.getelementptr %[[H0]]
// A thread takes half the steps, so that a tile has two. The state before the
// first step is the initial one; else it is the output of the step before, which
// is the one that comes next here.
// CHECK: %[[OUTPUTS:.*]] = llvm.getelementptr %[[H]][
// CHECK: llvm.getelementptr %[[DH]][
// CHECK: llvm.getelementptr %[[DP]][
// CHECK: scf.for %[[AT:.*]] = %c0_i64 to %{{.*}} step %c2_i64
// CHECK: arith.addi %[[AT]], %c2_i64 : i64
// CHECK: %[[POS:.*]] = arith.addi %[[AT]], %{{.*}} : i64
// CHECK: %[[AHEAD:.*]] = arith.subi %[[LASTTIME]], %[[POS]] : i64
// CHECK: %[[ISFIRST:.*]] = arith.cmpi slt, %[[AHEAD]], %c1_i64 : i64
// CHECK: arith.select %[[ISFIRST]], %[[INITIAL]], %{{.*}} : f32
// CHECK: arith.minsi %{{.*}}, %c1_i64 : i64
// CHECK: gpu.barrier
// CHECK: scf.yield %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}} : f32, f32, f32, !llvm.ptr
// CHECK: llvm.getelementptr %[[DH0]][
// The bias's gradient of each gate is summed over the warps, between barriers.
// CHECK: gpu.barrier
// CHECK: gpu.barrier
// CHECK: gpu.barrier
// CHECK: gpu.barrier
// CHECK-NOT: gpu.barrier
// CHECK: arith.andi %{{.*}}, %[[HASDB]]
// CHECK: llvm.getelementptr %[[DB]][
// CHECK: llvm.getelementptr %[[DB]][
// CHECK: gpu.return

// A step has no time and no barrier: one thread a channel.
// CHECK-LABEL: gpu.func @step(
// CHECK-SAME: kernel attributes {known_block_size = array<i32: 64, 1, 1>
// CHECK-SAME: {element = "f32", name = "preactivations", shape = ["batch", "gates", "channels"]}
// CHECK-SAME: {element = "i8", name = "reset", optional, shape = ["batch"]}
// CHECK-SAME: minrnn.entry = "step", minrnn.tile_channels = 64 : i64, minrnn.tile_time = 0 : i64}
// CHECK-NOT: gpu.barrier
// CHECK-NOT: scf.for
// CHECK: llvm.store
// CHECK: gpu.return
