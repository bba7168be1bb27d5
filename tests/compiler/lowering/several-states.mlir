// A scan of two states: each has its own part of a tile's summary and its own
// carry; the output sees both, before the step and after it.
// RUN: minrnn-opt %s --minrnn-lower-to-gpu="warps=2 steps-per-thread=1" --cse --canonicalize | FileCheck %s
// RUN: minrnn-opt %s --minrnn-lower-to-host=width=8 --cse --canonicalize | FileCheck %s --check-prefix=HOST
// In log space the carries are logarithms, and what the output sees is not.
// RUN: minrnn-opt %s --minrnn-log-space --minrnn-lower-to-host=width=8 --cse --canonicalize | FileCheck %s --check-prefix=LOG

// CHECK-LABEL: gpu.func @forward(
// CHECK-SAME: workgroup(%[[SHARED:[^ ]*]] : memref<2x2x4x32xf32, #gpu.address_space<workgroup>>)
// CHECK: %[[STATES:.*]]:2 = scf.if
// CHECK: %[[DONE:.*]]:3 = scf.for {{.*}} iter_args(%[[A:.*]] = %[[STATES]]#0, %[[B:.*]] = %[[STATES]]#1, %{{.*}} = %{{.*}}) -> (f32, f32, i64)
// CHECK: %[[K:.*]] = llvm.load
// CHECK: %[[V:.*]] = llvm.load
// CHECK-DAG: %[[EK:.*]] = math.exp %[[K]]
// CHECK-DAG: %[[EV:.*]] = math.exp %[[V]]
// Beyond the end a step is the identity.
// CHECK: %[[A0:.*]] = arith.select %[[EXISTS:.*]], %[[EK]], %[[ONE:.*]] : f32
// CHECK: %[[B0:.*]] = arith.select %[[EXISTS]], %[[EV]], %[[ZERO:.*]] : f32
// CHECK: %[[A1:.*]] = arith.select %[[EXISTS]], %[[EV]], %[[ONE]] : f32
// CHECK: %[[B1:.*]] = arith.select %[[EXISTS]], %[[EK]], %[[ZERO]] : f32
// CHECK: memref.store %[[A0]], %[[SHARED]][%{{[^,]*}}, %{{[^,]*}}, %c0, %{{[^,]*}}]
// CHECK: memref.store %[[B0]], %[[SHARED]][%{{[^,]*}}, %{{[^,]*}}, %c1, %{{[^,]*}}]
// CHECK: memref.store %[[A1]], %[[SHARED]][%{{[^,]*}}, %{{[^,]*}}, %c2, %{{[^,]*}}]
// CHECK: memref.store %[[B1]], %[[SHARED]][%{{[^,]*}}, %{{[^,]*}}, %c3, %{{[^,]*}}]
// CHECK: gpu.barrier
// CHECK-COUNT-8: memref.load %[[SHARED]]
// CHECK-NOT: memref.load
// CHECK: %[[KEPT0:.*]] = arith.mulf %[[A0]], %[[S:.*]] fastmath<contract>
// CHECK: %[[N:.*]] = arith.addf %[[KEPT0]], %[[B0]] fastmath<contract>
// CHECK: %[[KEPT1:.*]] = arith.mulf %[[A1]], %[[T:.*]] fastmath<contract>
// CHECK: %[[M:.*]] = arith.addf %[[KEPT1]], %[[B1]] fastmath<contract>
// CHECK: %[[P:.*]] = arith.mulf %[[S]], %[[M]] fastmath<contract>
// CHECK: llvm.store %[[P]],
// CHECK: llvm.store %[[N]],
// CHECK: llvm.store %[[M]],
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
