// What sequences are stored as. Arithmetic, carried states, weights and their
// gradients are f32 whatever it is.
// RUN: minrnn-opt %S/Inputs/scans.mlir --minrnn-lower-to-gpu="warps=1 steps-per-thread=1 io-type=f32" --cse --canonicalize | FileCheck %s --check-prefix=F32
// RUN: minrnn-opt %S/Inputs/scans.mlir --minrnn-lower-to-gpu="warps=1 steps-per-thread=1 io-type=f16" --cse --canonicalize | FileCheck %s --check-prefix=F16
// RUN: minrnn-opt %S/Inputs/scans.mlir --minrnn-lower-to-gpu="warps=1 steps-per-thread=1 io-type=bf16" --cse --canonicalize | FileCheck %s --check-prefix=BF16
// RUN: minrnn-opt %S/Inputs/scans.mlir --minrnn-lower-to-gpu="warps=1 steps-per-thread=1 io-type=bf16 rounds-to-bf16=true" --cse --canonicalize | FileCheck %s --check-prefix=ROUNDS
// RUN: minrnn-opt %S/Inputs/scans.mlir --minrnn-lower-to-host="width=8 io-type=f16" --cse --canonicalize | FileCheck %s --check-prefix=HOST16
// RUN: minrnn-opt %S/Inputs/scans.mlir --minrnn-lower-to-host="width=8 io-type=bf16" --cse --canonicalize | FileCheck %s --check-prefix=HOSTB16
// f32 is the default.
// RUN: minrnn-opt %S/Inputs/scans.mlir --minrnn-lower-to-gpu -o %t.default
// RUN: minrnn-opt %S/Inputs/scans.mlir --minrnn-lower-to-gpu=io-type=f32 | diff - %t.default

// F32-NOT: {{ext|trunc}}f
// F32-NOT: arith.bitcast
// F32: {element = "f32", name = "preactivations"
// F32-NOT: {{ext|trunc}}f
// F32-NOT: arith.bitcast

// Of the entries' arrays these are stored so, and no others.
// F16-LABEL: gpu.func @forward(
// F16-SAME: minrnn.arguments = [{element = "f16", name = "preactivations", {{[^}]*}}}, {element = "f32", name = "bias", {{[^}]*}}}, {element = "i8", name = "reset", {{[^}]*}}}, {element = "f32", name = "initial", {{[^}]*}}}, {element = "f16", name = "output", {{[^}]*}}}, {element = "f32", name = "last", {{[^}]*}}},
// F16: %[[PAT:.*]] = llvm.getelementptr %arg0[%{{.*}}] : (!llvm.ptr, i64) -> !llvm.ptr, f16
// F16: %[[YAT:.*]] = llvm.getelementptr %arg4[%{{.*}}] : (!llvm.ptr, i64) -> !llvm.ptr, f16
// F16: %[[P:.*]] = llvm.load %[[PAT]] {alignment = 2 : i64} : !llvm.ptr -> f16
// What is carried from tile to tile is what memory holds.
// F16: scf.for {{.*}} = %[[YAT]], {{.*}} = %[[P]],
// F16: %[[X:.*]] = arith.extf %{{.*}} : f16 to f32
// F16: arith.addf %[[X]], %{{.*}} fastmath<contract> : f32
// F16: %[[HALF:.*]] = arith.truncf %{{.*}} : f32 to f16
// F16: llvm.store %[[HALF]], %{{.*}} {alignment = 2 : i64} : f16, !llvm.ptr
// The last state is not rounded.
// F16: llvm.getelementptr %arg5[%{{.*}}] : (!llvm.ptr, i64) -> !llvm.ptr, f32
// F16-NEXT: llvm.store %{{.*}} {alignment = 4 : i64} : f32, !llvm.ptr
// F16-LABEL: gpu.func @backward(
// F16-SAME: minrnn.arguments = [{element = "f16", name = "preactivations", {{[^}]*}}}, {element = "f32", name = "bias", {{[^}]*}}}, {element = "i8", name = "reset", {{[^}]*}}}, {element = "f32", name = "initial", {{[^}]*}}}, {element = "f16", name = "output", {{[^}]*}}}, {element = "f16", name = "d_output", {{[^}]*}}}, {element = "f32", name = "d_last", {{[^}]*}}}, {element = "f16", name = "d_preactivations", {{[^}]*}}}, {element = "f32", name = "d_bias_rows", {{[^}]*}}}, {element = "f32", name = "d_initial", {{[^}]*}}},
// F16-LABEL: gpu.func @step(
// F16-SAME: minrnn.arguments = [{element = "f16", name = "preactivations", {{[^}]*}}}, {element = "f32", name = "bias", {{[^}]*}}}, {element = "i8", name = "reset", {{[^}]*}}}, {element = "f32", name = "initial", {{[^}]*}}}, {element = "f32", name = "last", {{[^}]*}}},

// bf16 is the upper half of an f32, loaded and stored as bits: few processors
// have an instruction for it.
// BF16-LABEL: gpu.func @forward(
// BF16-SAME: minrnn.arguments = [{element = "bf16", name = "preactivations", {{[^}]*}}}, {element = "f32", name = "bias", {{[^}]*}}}, {element = "i8", name = "reset", {{[^}]*}}}, {element = "f32", name = "initial", {{[^}]*}}}, {element = "bf16", name = "output", {{[^}]*}}}, {element = "f32", name = "last", {{[^}]*}}},
// BF16: %[[PAT:.*]] = llvm.getelementptr %arg0[%{{.*}}] : (!llvm.ptr, i64) -> !llvm.ptr, i16
// BF16: %[[P:.*]] = llvm.load %[[PAT]] {alignment = 2 : i64} : !llvm.ptr -> i16
// BF16: scf.for {{.*}} = %[[P]],
// BF16: %[[WORD:.*]] = arith.extui %{{.*}} : i16 to i32
// BF16-NEXT: %[[BITS:.*]] = arith.shli %[[WORD]], %c16_i32 : i32
// BF16-NEXT: %[[X:.*]] = arith.bitcast %[[BITS]] : i32 to f32
// BF16: arith.addf %[[X]], %{{.*}} fastmath<contract> : f32
// To the nearest, of two the even one: half a unit less one more, and the last
// bit that stays. A NaN keeps its upper half, made quiet.
// BF16: %[[BITS:.*]] = arith.bitcast %[[Y:.*]] : f32 to i32
// BF16-DAG: %[[UPPER:.*]] = arith.shrui %[[BITS]], %c16_i32 : i32
// BF16-DAG: %[[LAST:.*]] = arith.andi %[[UPPER]], %c1_i32 : i32
// BF16-DAG: %[[MORE:.*]] = arith.addi %[[BITS]], %c32767_i32 : i32
// BF16-DAG: %[[SUM:.*]] = arith.addi %[[MORE]], %[[LAST]] : i32
// BF16-DAG: %[[ROUNDED:.*]] = arith.shrui %[[SUM]], %c16_i32 : i32
// BF16-DAG: %[[QUIET:.*]] = arith.ori %[[UPPER]], %c64_i32 : i32
// BF16-DAG: %[[NAN:.*]] = arith.cmpf uno, %[[Y]], %[[Y]] : f32
// BF16: %[[CHOSEN:.*]] = arith.select %[[NAN]], %[[QUIET]], %[[ROUNDED]] : i32
// BF16: %[[HALF:.*]] = arith.trunci %[[CHOSEN]] : i32 to i16
// BF16: llvm.store %[[HALF]], %{{.*}} {alignment = 2 : i64} : i16, !llvm.ptr
// BF16: llvm.store %{{.*}} {alignment = 4 : i64} : f32, !llvm.ptr

// Where the GPU rounds to bf16, one instruction does; a load stays a shift.
// ROUNDS-LABEL: gpu.func @forward(
// ROUNDS-NOT: arith.extf
// ROUNDS: arith.shli %{{.*}}, %c16_i32 : i32
// ROUNDS-NOT: arith.shrui
// ROUNDS: %[[HALF:.*]] = arith.truncf %{{.*}} : f32 to bf16
// ROUNDS-NEXT: %[[BITS:.*]] = arith.bitcast %[[HALF]] : bf16 to i16
// ROUNDS: llvm.store %[[BITS]], %{{.*}} {alignment = 2 : i64} : i16, !llvm.ptr

// Vectors alike, masked and not.
// HOST16-LABEL: func.func @c_forward(
// HOST16-SAME: {element = "f16", name = "preactivations"
// HOST16: %[[P:.*]] = llvm.load %{{.*}} {alignment = 2 : i64} : !llvm.ptr -> vector<8xf16>
// HOST16-NEXT: arith.extf %[[P]] : vector<8xf16> to vector<8xf32>
// HOST16: %[[HALF:.*]] = arith.truncf %{{.*}} : vector<8xf32> to vector<8xf16>
// HOST16: llvm.store %[[HALF]], %{{.*}} {alignment = 2 : i64} : vector<8xf16>, !llvm.ptr
// HOST16: llvm.intr.masked.load %{{.*}} {alignment = 2 : i32} : (!llvm.ptr, vector<8xi1>, vector<8xf16>) -> vector<8xf16>
// HOST16: llvm.intr.masked.store %{{.*}} {alignment = 2 : i32} : vector<8xf16>, vector<8xi1> into !llvm.ptr
// HOSTB16-LABEL: func.func @c_forward(
// HOSTB16-SAME: {element = "bf16", name = "preactivations"
// HOSTB16: %[[P:.*]] = llvm.load %{{.*}} {alignment = 2 : i64} : !llvm.ptr -> vector<8xi16>
// HOSTB16-NEXT: %[[WORD:.*]] = arith.extui %[[P]] : vector<8xi16> to vector<8xi32>
// HOSTB16-NEXT: %[[BITS:.*]] = arith.shli %[[WORD]], %{{.*}} : vector<8xi32>
// HOSTB16-NEXT: arith.bitcast %[[BITS]] : vector<8xi32> to vector<8xf32>
// HOSTB16: llvm.store %{{.*}} {alignment = 2 : i64} : vector<8xi16>, !llvm.ptr
// HOSTB16: llvm.intr.masked.store %{{.*}} {alignment = 2 : i32} : vector<8xi16>, vector<8xi1> into !llvm.ptr
