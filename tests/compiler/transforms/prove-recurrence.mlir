// The proof written into the cell: the step becomes minrnn.affine, and what it
// was made of stays for the derivative; see compiler/analysis for every rule.
// RUN: minrnn-opt %{cells}/mingru.mlir --minrnn-prove-recurrence '--remarks-filter=minrnn.*' --remark-format=emitRemark 2>&1 | FileCheck %s
// Proving twice changes nothing.
// RUN: minrnn-opt %{cells}/mingru.mlir --minrnn-prove-recurrence -o %t.once
// RUN: minrnn-opt %t.once --minrnn-prove-recurrence -o %t.twice
// RUN: diff %t.once %t.twice

// CHECK: mingru.mlir:5:1: remark: {{.*}}parallel (affine): a in (0, 1), b in (0, inf)
// CHECK: minrnn.cell @mingru(%x: !minrnn.input) state(%h: f32) {
// CHECK: %[[K:.*]] = minrnn.project %x "z" : f32
// CHECK: %[[V:.*]] = minrnn.project %x "h" : f32
// CHECK: %[[Z:.*]] = minrnn.sigmoid %[[K]] : f32
// CHECK: %[[G:.*]] = minrnn.positive %[[V]] : f32
// CHECK-DAG: %[[ONE:.*]] = arith.constant 1.000000e+00 : f32
// CHECK-DAG: %[[KEEP:.*]] = arith.subf %{{.*}}, %[[Z]] : f32
// CHECK-DAG: %[[A:.*]] = arith.mulf %{{.*}}, %[[KEEP]] : f32
// CHECK-DAG: %[[B:.*]] = arith.mulf %[[G]], %[[Z]] : f32
// CHECK: %[[N:.*]] = minrnn.affine %[[A]] * %h + %[[B]] in (0, 1), (0, inf) : f32
// CHECK-NEXT: minrnn.yield %[[N]] : f32
