// A scan of two states: each has its own part of a tile's summary and its own
// carry; the output sees both, before the step and after it.
// RUN: minrnn-opt %s --minrnn-lower-to-gpu="warps=2 steps-per-thread=1" --cse --canonicalize | FileCheck %s
// RUN: minrnn-opt %s --minrnn-lower-to-host=width=8 --cse --canonicalize | FileCheck %s --check-prefix=HOST
// In log space the carries are logarithms, and what the output sees is not.
// RUN: minrnn-opt %s --minrnn-log-space --minrnn-lower-to-host=width=8 --cse --canonicalize | FileCheck %s --check-prefix=LOG

// CHECK-LABEL: gpu.func @forward(
// CHECK-SAME: workgroup(%[[SHARED:[^ ]*]] : memref<2x2x1x32xvector<4xf32>, #gpu.address_space<workgroup>>)
// CHECK: %[[STATES:.*]]:2 = scf.if
// CHECK: scf.for {{.*}} iter_args(%{{[^ ]*}} = %[[STATES]]#0, %{{[^ ]*}} = %[[STATES]]#1,
// CHECK: %[[EK:.*]] = math.exp %[[K:.*]] : f32
// CHECK: %[[EV:.*]] = math.exp %[[V:.*]] : f32
// CHECK: %[[EK1:.*]] = math.exp %{{.*}} : f32
// CHECK: %[[EV1:.*]] = math.exp %{{.*}} : f32
// Two steps come to one element, whose four values are one vector.
// CHECK: %[[A0:.*]] = arith.mulf %[[EK1]], %[[EK]] fastmath<contract>
// CHECK: %[[BKEPT0:.*]] = arith.mulf %[[EK1]], %[[EV]] fastmath<contract>
// CHECK: %[[B0:.*]] = arith.addf %[[BKEPT0]], %[[EV1]] fastmath<contract>
// CHECK: %[[A1:.*]] = arith.mulf %[[EV1]], %[[EV]] fastmath<contract>
// CHECK: %[[BKEPT1:.*]] = arith.mulf %[[EV1]], %[[EK]] fastmath<contract>
// CHECK: %[[B1:.*]] = arith.addf %[[BKEPT1]], %[[EK1]] fastmath<contract>
// CHECK: %[[VALUE0:.*]] = llvm.insertelement %[[A0]], %{{.*}}[%c0_i64
// CHECK: %[[VALUE1:.*]] = llvm.insertelement %[[B0]], %[[VALUE0]][%c1_i64
// CHECK: %[[VALUE2:.*]] = llvm.insertelement %[[A1]], %[[VALUE1]][%c2_i64
// CHECK: %[[VALUE3:.*]] = llvm.insertelement %[[B1]], %[[VALUE2]][%c3_i64
// CHECK: memref.store %[[VALUE3]], %[[SHARED]][%{{[^,]*}}, %{{[^,]*}}, %c0, %{{[^,]*}}]
// CHECK: gpu.barrier
// CHECK-COUNT-2: memref.load %[[SHARED]]
// CHECK-NOT: memref.load
// CHECK: %[[KEPT0:.*]] = arith.mulf %[[EK]], %[[S:.*]] fastmath<contract>
// CHECK: %[[N:.*]] = arith.addf %[[KEPT0]], %[[EV]] fastmath<contract>
// CHECK: %[[KEPT1:.*]] = arith.mulf %[[EV]], %[[T:.*]] fastmath<contract>
// CHECK: %[[M:.*]] = arith.addf %[[KEPT1]], %[[EK]] fastmath<contract>
// CHECK: %[[P:.*]] = arith.mulf %[[S]], %[[M]] fastmath<contract>
// CHECK: llvm.store %[[P]],
// CHECK: llvm.store %[[N]],
// CHECK: llvm.store %[[M]],
// Beyond the end a step is the identity.
// CHECK: %[[DONE:.*]]:2 = scf.if
// CHECK: scf.for
// CHECK: arith.select %[[EXISTS:.*]], %{{.*}}, %[[ONE:.*]] : f32
// CHECK: arith.select %[[EXISTS]], %{{.*}}, %[[ZERO:.*]] : f32
// CHECK: arith.select %[[EXISTS]], %{{.*}}, %[[ONE]] : f32
// CHECK: arith.select %[[EXISTS]], %{{.*}}, %[[ZERO]] : f32
// CHECK: llvm.store %[[DONE]]#0
// CHECK: llvm.store %[[DONE]]#1

// HOST: scf.for {{.*}} iter_args(%[[S:.*]] = %[[STATES:.*]]#0, %[[T:.*]] = %[[STATES]]#1) -> (vector<8xf32>, vector<8xf32>)
// HOST: %[[K:.*]] = llvm.load
// HOST: %[[V:.*]] = llvm.load
// HOST-DAG: %[[EK:.*]] = math.exp %[[K]]
// HOST-DAG: %[[EV:.*]] = math.exp %[[V]]
// HOST: %[[KEPT0:.*]] = arith.mulf %[[EK]], %[[S]] fastmath<contract>
// HOST: %[[N:.*]] = arith.addf %[[KEPT0]], %[[EV]] fastmath<contract>
// HOST: %[[KEPT1:.*]] = arith.mulf %[[EV]], %[[T]] fastmath<contract>
// HOST: %[[M:.*]] = arith.addf %[[KEPT1]], %[[EK]] fastmath<contract>
// HOST: %[[P:.*]] = arith.mulf %[[S]], %[[M]] fastmath<contract>
// HOST: llvm.store %[[P]],
// HOST: llvm.store %[[N]],
// HOST: llvm.store %[[M]],
// HOST: scf.yield %[[N]], %[[M]]

// LOG: %[[STATES:.*]]:2 = scf.if
// A zero has a stand-in for its logarithm.
// LOG: %[[ISZERO:.*]] = arith.cmpf oeq, %[[STATES]]#0, %{{.*}}
// LOG: %[[LOG0:.*]] = math.log2 %[[STATES]]#0
// LOG: %[[C0:.*]] = arith.select %[[ISZERO]], %{{.*}}, %[[LOG0]]
// LOG: %[[LOG1:.*]] = math.log2 %[[STATES]]#1
// LOG: %[[C1:.*]] = arith.select %{{.*}}, %{{.*}}, %[[LOG1]]
// LOG: %[[DONE:.*]]:2 = scf.for {{.*}} iter_args(%[[S:.*]] = %[[C0]], %[[T:.*]] = %[[C1]]) -> (vector<8xf32>, vector<8xf32>)
// LOG-DAG: %[[KEPT0:.*]] = arith.addf %{{.*}}, %[[S]] fastmath<contract>
// LOG-DAG: %[[KEPT1:.*]] = arith.addf %{{.*}}, %[[T]] fastmath<contract>
// LOG-DAG: %[[N:.*]] = minrnn.logaddexp2 %[[KEPT0]], %{{.*}}
// LOG-DAG: %[[M:.*]] = minrnn.logaddexp2 %[[KEPT1]], %{{.*}}
// LOG-DAG: %[[SP:.*]] = math.exp2 %[[S]]
// LOG-DAG: %[[NP:.*]] = math.exp2 %[[N]]
// LOG-DAG: %[[MP:.*]] = math.exp2 %[[M]]
// LOG: %[[P:.*]] = arith.mulf %[[SP]], %[[MP]] fastmath<contract>
// LOG: llvm.store %[[P]],
// LOG: llvm.store %[[NP]],
// LOG: llvm.store %[[MP]],
// LOG: scf.yield %[[N]], %[[M]]
// Without a step the initial states are the last ones.
// LOG: %[[EMPTY:.*]] = arith.cmpi sle, %{{.*}}, %c0
// LOG: %[[INITIAL:.*]]:2 = scf.if
// LOG-DAG: %[[PLAIN0:.*]] = math.exp2 %[[DONE]]#0
// LOG-DAG: %[[PLAIN1:.*]] = math.exp2 %[[DONE]]#1
// LOG-DAG: %[[LAST0:.*]] = arith.select %[[EMPTY]], %[[INITIAL]]#0, %[[PLAIN0]]
// LOG-DAG: %[[LAST1:.*]] = arith.select %[[EMPTY]], %[[INITIAL]]#1, %[[PLAIN1]]
// LOG: llvm.store %[[LAST0]],
// LOG: llvm.store %[[LAST1]],
module {
  minrnn.program "s" parallel gates ["z", "h"] recurrent [] parameters [] states ["s", "t"] output "y" {}
  func.func @forward(%p: tensor<?x?x2x?xf32> {minrnn.name = "preactivations"}, %h0: tensor<?x2x?xf32> {minrnn.name = "initial"}) -> (tensor<?x?x?xf32> {minrnn.name = "output"}, tensor<?x?x2x?xf32> {minrnn.name = "states"}, tensor<?x2x?xf32> {minrnn.name = "last"}) {
    %y, %s, %last = minrnn.scan sequences(%p : tensor<?x?x2x?xf32>) initial(%h0 : tensor<?x2x?xf32>) -> (tensor<?x?x?xf32>, tensor<?x?x2x?xf32>) last tensor<?x2x?xf32>
    combine linear element(%k, %v) {
      %a = math.exp %k : f32
      %b = math.exp %v : f32
      minrnn.yield %a, %b, %b, %a : f32, f32, f32, f32
    } output(%k, %v, %s0, %t0, %s1, %t1) {
      %q = arith.mulf %s0, %t1 : f32
      minrnn.yield %q, %s1, %t1 : f32, f32, f32
    }
    return %y, %s, %last : tensor<?x?x?xf32>, tensor<?x?x2x?xf32>, tensor<?x2x?xf32>
  }
}
