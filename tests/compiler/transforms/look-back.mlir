// Tiles of time that are blocks meet in scratch memory, which the program
// clears; a sum over time becomes one for each tile.
// RUN: minrnn-opt %s --minrnn-fuse-gates --minrnn-derive-backward --minrnn-look-back | FileCheck %s
// Beside what there is, it is done to copies.
// RUN: minrnn-opt %s --minrnn-fuse-gates --minrnn-derive-backward --minrnn-look-back=beside | FileCheck %s --check-prefix=BESIDE
// Once, and on a GPU alone.
// RUN: not minrnn-opt %s --minrnn-fuse-gates --minrnn-derive-backward --minrnn-look-back --minrnn-look-back 2>&1 | FileCheck %s --check-prefix=AGAIN
// RUN: not minrnn-opt %s --minrnn-fuse-gates --minrnn-derive-backward --minrnn-look-back=beside --minrnn-look-back=beside 2>&1 | FileCheck %s --check-prefix=AGAIN
// AGAIN: error: 'func.func' op expects an entry that minrnn-look-back has not been through, found its scratch tensors
// RUN: not minrnn-opt %s --minrnn-fuse-gates --minrnn-derive-backward --minrnn-look-back --minrnn-lower-to-host 2>&1 | FileCheck %s --check-prefix=HOST
// HOST: error: 'func.func' op expects no scratch tensors of the schedule lookback, which is one of GPUs

// CHECK: minrnn.program "c" parallel
// CHECK-DAG: %[[TICKETS:.*]] = minrnn.tensor "tickets" scratch [batch, channels] i32
// CHECK-DAG: %[[PUBLISHED:.*]] = minrnn.tensor "published" scratch [batch, tiles, channels] i32
// CHECK-DAG: %[[SUMMARIES:.*]] = minrnn.tensor "summaries" scratch [batch, tiles, summary, channels] f32
// CHECK-DAG: %[[SUMS:.*]] = minrnn.tensor "d_bias_tiles" scratch [batch, tiles, gates, channels] f32
// CHECK-NOT: d_bias_rows
// CHECK: minrnn.procedure forward
// CHECK: minrnn.fill %[[TICKETS]]
// CHECK-NEXT: minrnn.fill %[[PUBLISHED]]
// CHECK-NEXT: minrnn.launch @forward ({{.*}}"tickets" = %[[TICKETS]], "published" = %[[PUBLISHED]], "summaries" = %[[SUMMARIES]])
// CHECK: minrnn.procedure step
// CHECK-NOT: minrnn.fill
// CHECK: minrnn.procedure backward
// CHECK: minrnn.fill %[[TICKETS]]
// CHECK-NEXT: minrnn.fill %[[PUBLISHED]]
// CHECK-NEXT: minrnn.launch @backward ({{.*}}"d_bias_tiles" = %[[SUMS]]
// CHECK: minrnn.sum {{.*}} = %[[SUMS]]
minrnn.cell @c(%x: !minrnn.input) state(%s: f32) {
  %k = minrnn.project %x "z" : f32
  %v = minrnn.project %x "h" : f32
  %a = minrnn.sigmoid %k : f32
  %n = minrnn.affine %a * %s + %v in (0, 1), (-inf, inf) : f32
  minrnn.yield %n : f32
}

// CHECK: func.func @forward({{.*}}tensor<?x?xi32> {minrnn.name = "tickets"}, %{{.*}}: tensor<?x?x?xi32> {minrnn.name = "published"}, %{{.*}}: tensor<?x?x2x?xf32> {minrnn.name = "summaries"})
// CHECK: func.func @backward({{.*}}tensor<?x?x2x?xf32> {minrnn.name = "d_bias_tiles"}

// BESIDE: minrnn.program "c" parallel
// BESIDE-DAG: %[[ROWS:.*]] = minrnn.tensor "d_bias_rows" scratch [batch, gates, channels] f32
// BESIDE-DAG: %[[SUMS:.*]] = minrnn.tensor "d_bias_tiles" scratch [batch, tiles, gates, channels] f32
// BESIDE: minrnn.procedure forward {
// BESIDE-NOT: minrnn.fill
// BESIDE: minrnn.launch @forward (
// BESIDE-NOT: tickets
// BESIDE: minrnn.procedure step
// BESIDE: minrnn.procedure backward {
// BESIDE-NOT: minrnn.fill
// BESIDE: minrnn.launch @backward ({{.*}}"d_bias_rows" = %[[ROWS]]
// BESIDE: minrnn.sum {{.*}} = %[[ROWS]]
// BESIDE: minrnn.procedure forward_lookback
// BESIDE: minrnn.fill
// BESIDE: minrnn.launch @forward_lookback ({{.*}}"tickets" = {{.*}}"summaries" =
// BESIDE: minrnn.procedure backward_lookback
// BESIDE: minrnn.fill
// BESIDE: minrnn.launch @backward_lookback ({{.*}}"d_bias_tiles" = %[[SUMS]]
// BESIDE: minrnn.sum {{.*}} = %[[SUMS]]
// BESIDE-DAG: func.func @forward({{.*}}"initial"}) ->
// BESIDE-DAG: func.func @forward_lookback({{.*}}"summaries"}) ->
// BESIDE-DAG: func.func @backward({{.*}}"d_bias_rows"}
// BESIDE-DAG: func.func @backward_lookback({{.*}}"d_bias_tiles"}
