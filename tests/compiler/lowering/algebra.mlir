// A scan of any algebra is lowered by its regions. This one is max-plus, of
// states that are carried negated.
// RUN: minrnn-opt %s --minrnn-lower-to-gpu="warps=2 steps-per-thread=1" --cse --canonicalize | FileCheck %s
// RUN: minrnn-opt %s --minrnn-lower-to-host=width=8 --cse --canonicalize | FileCheck %s --check-prefix=HOST

// CHECK-LABEL: gpu.func @forward(
// CHECK-SAME: workgroup(%[[SHARED:[^ ]*]] : memref<2x2x1x32xvector<2xf32>, #gpu.address_space<workgroup>>)
// CHECK-DAG: %[[ONE:.*]] = arith.constant -1.000000e+03 : f32
// CHECK-DAG: %[[NONE:.*]] = arith.constant 0.000000e+00 : f32
// CHECK: %[[INITIAL:.*]] = scf.if
// CHECK: %[[ENCODED:.*]] = arith.negf %[[INITIAL]]
// Where there is no step, the initial state leaves as it came.
// CHECK: scf.if
// Two steps of a whole tile come to one element.
// CHECK: scf.for {{.*}} iter_args(%[[CARRIED:[^ ]*]] = %[[ENCODED]],
// CHECK: %[[A:.*]] = arith.addf %[[A1:.*]], %[[A0:.*]] fastmath<contract>
// CHECK: %[[C:.*]] = arith.addf %[[A1]], %[[B0:.*]] fastmath<contract>
// CHECK: %[[B:.*]] = arith.maximumf %[[C]], %[[B1:.*]] : f32
// CHECK: %[[HALF:.*]] = llvm.insertelement %[[A]],
// CHECK: %[[BOTH:.*]] = llvm.insertelement %[[B]], %[[HALF]]
// CHECK: memref.store %[[BOTH]], %[[SHARED]]
// CHECK: gpu.barrier
// Of an element and a state, only the state.
// CHECK: %[[FROM0:.*]] = memref.load %[[SHARED]]
// CHECK: %[[FROM0A:.*]] = llvm.extractelement %[[FROM0]][%c0_i64
// CHECK: %[[FROM0B:.*]] = llvm.extractelement %[[FROM0]][%c1_i64
// CHECK-NEXT: %[[M:.*]] = arith.addf %[[FROM0A]], %[[CARRIED]] fastmath<contract>
// CHECK-NEXT: %[[N:.*]] = arith.maximumf %[[M]], %[[FROM0B]]
// CHECK: %[[FROM1:.*]] = memref.load %[[SHARED]]
// CHECK: %[[FROM1A:.*]] = llvm.extractelement %[[FROM1]][%c0_i64
// CHECK: %[[FROM1B:.*]] = llvm.extractelement %[[FROM1]][%c1_i64
// CHECK-NEXT: %[[P:.*]] = arith.addf %[[FROM1A]], %[[N]] fastmath<contract>
// CHECK-NEXT: %[[LEAVING:.*]] = arith.maximumf %[[P]], %[[FROM1B]]
// CHECK: %[[S0:.*]] = arith.addf %[[A0]], %[[ENTERING:.*]] fastmath<contract>
// CHECK: %[[S1:.*]] = arith.maximumf %[[S0]], %[[B0]]
// CHECK: %[[PLAIN:.*]] = arith.negf %[[S1]]
// CHECK: llvm.store %[[PLAIN]],
// CHECK: scf.yield %[[LEAVING]],
// Beyond the end a step is the identity.
// CHECK: %[[DONE:.*]] = scf.if
// CHECK: scf.for
// CHECK: arith.select %[[EXISTS0:.*]], %{{.*}}, %[[NONE]] : f32
// CHECK: arith.select %[[EXISTS0]], %{{.*}}, %[[ONE]] : f32
// CHECK: %[[LAST:.*]] = arith.negf %[[DONE]]
// CHECK: llvm.store %[[LAST]],

// HOST: %[[INITIAL:.*]] = scf.if
// HOST: %[[ENCODED:.*]] = arith.negf %[[INITIAL]]
// HOST: %[[DONE:.*]] = scf.for {{.*}} iter_args(%[[S:.*]] = %[[ENCODED]]) -> (vector<8xf32>)
// HOST: %[[K:.*]] = llvm.load
// HOST: %[[V:.*]] = llvm.load
// HOST: %[[M:.*]] = arith.addf %[[K]], %[[S]] fastmath<contract>
// HOST: %[[N:.*]] = arith.maximumf %[[M]], %[[V]]
// HOST: %[[PLAIN:.*]] = arith.negf %[[N]]
// HOST: llvm.store %[[PLAIN]],
// HOST: scf.yield %[[N]]
// HOST: %[[LAST:.*]] = arith.negf %[[DONE]]
// HOST: arith.select %{{.*}}, %{{.*}}, %[[LAST]]
module {
  minrnn.program "m" parallel gates ["z", "h"] recurrent [] parameters [] states ["s"] output "s" {}
  func.func @forward(%p: tensor<?x?x2x?xf32> {minrnn.name = "preactivations"}, %h0: tensor<?x1x?xf32> {minrnn.name = "initial"}) -> (tensor<?x?x?xf32> {minrnn.name = "output"}, tensor<?x1x?xf32> {minrnn.name = "last"}) {
    %y, %last = minrnn.scan sequences(%p : tensor<?x?x2x?xf32>) initial(%h0 : tensor<?x1x?xf32>) -> (tensor<?x?x?xf32>) last tensor<?x1x?xf32>
    combine(%a0, %b0, %a1, %b1) {
      %a = arith.addf %a1, %a0 : f32
      %c = arith.addf %a1, %b0 : f32
      %b = arith.maximumf %c, %b1 : f32
      minrnn.yield %a, %b : f32, f32
    } identity [0.0, -1000.0] encode(%s) {
      %t = arith.negf %s : f32
      minrnn.yield %t : f32
    } decode(%s) {
      %t = arith.negf %s : f32
      minrnn.yield %t : f32
    } element(%k, %v) {
      minrnn.yield %k, %v : f32, f32
    } output(%k, %v, %before, %after) {
      minrnn.yield %after : f32
    }
    return %y, %last : tensor<?x?x?xf32>, tensor<?x1x?xf32>
  }
}
