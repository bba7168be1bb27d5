// Every operation of a program, printed as it is read, in its own syntax and in
// the generic one.
// RUN: minrnn-opt %s --verify-roundtrip | FileCheck %s
// RUN: minrnn-opt %s --mlir-print-op-generic | minrnn-opt --verify-roundtrip | FileCheck %s
// RUN: minrnn-opt %s --mlir-print-op-generic | FileCheck %s --check-prefix=GENERIC
// RUN: minrnn-opt %s --emit-bytecode | minrnn-opt | FileCheck %s
// A tensor that no operation names is no dead code.
// RUN: minrnn-opt %s --cse --canonicalize | FileCheck %s --check-prefix=KEPT
// KEPT: minrnn.tensor "d_input"

// GENERIC: "minrnn.program"() <{cell = "c", gates = ["z"], kind = "sequential", output = "y", parameters = ["u"], recurrent = [{name = "q", state = "h"}, {inner = 0 : i64, name = "v", stage = 0 : i64}], states = ["h", "s"]}> ({
// GENERIC: "minrnn.tensor"() <{axes = ["batch", "time"], element = "u8", name = "reset", optional, role = "input"}> : () -> !minrnn.buffer
// GENERIC: "minrnn.tensor"() <{axes = ["batch", "time", "inputs"], element = "io", name = "d_input", of = "input", optional, role = "gradient"}> : () -> !minrnn.buffer
// GENERIC: "minrnn.procedure"() <{name = "forward"}> ({
// GENERIC: "minrnn.product"(%{{.*}}, %{{.*}}, %{{.*}}) <{transpose_b}> : (!minrnn.buffer, !minrnn.buffer, !minrnn.buffer) -> ()
// GENERIC: "minrnn.for_time"() ({
// GENERIC: "minrnn.view"(%{{.*}}) <{range = array<i64: 0, 1>, steps = "current"}> : (!minrnn.buffer) -> !minrnn.buffer
// GENERIC: "minrnn.view"(%{{.*}}) <{range = array<i64: 0, 1>, steps = "all"}> : (!minrnn.buffer) -> !minrnn.buffer
// GENERIC: "minrnn.launch"(%{{.*}}, %{{.*}}, %{{.*}}) <{entry = @forward, names = ["preactivations", "initial", "last"]}>
// GENERIC: "minrnn.for_time"() <{adjoint}> ({
// GENERIC: "minrnn.product"(%{{.*}}, %{{.*}}, %{{.*}}) <{accumulate, transpose_a}> : (!minrnn.buffer, !minrnn.buffer, !minrnn.buffer) -> ()

// CHECK: minrnn.program "c" sequential gates ["z"] recurrent [{name = "q", state = "h"}, {inner = 0 : i64, name = "v", stage = 0 : i64}] parameters ["u"] states ["h", "s"] output "y" attributes {note = "kept"} {
minrnn.program "c" sequential gates ["z"] recurrent [{name = "q", state = "h"}, {inner = 0 : i64, name = "v", stage = 0 : i64}] parameters ["u"] states ["h", "s"] output "y" attributes {note = "kept"} {
  // Values are called as their tensors are.
  // CHECK-NEXT: %input = minrnn.tensor "input" input [batch, time, inputs] io
  %a = minrnn.tensor "input" input [batch, time, inputs] io
  // CHECK-NEXT: %weight = minrnn.tensor "weight" parameter [gates, channels, inputs] io {note = "kept"}
  %w = minrnn.tensor "weight" parameter [gates, channels, inputs] io {note = "kept"}
  // CHECK-NEXT: %preactivations = minrnn.tensor "preactivations" saved [batch, time, gates, channels] io
  %p = minrnn.tensor "preactivations" saved [batch, time, gates, channels] io
  // CHECK-NEXT: %reset = minrnn.tensor "reset" optional input [batch, time] u8
  %m = minrnn.tensor "reset" optional input [batch, time] u8
  // CHECK-NEXT: %recurrent = minrnn.tensor "recurrent" saved [batch, time, recurrent, channels] f32
  %r = minrnn.tensor "recurrent" saved [batch, time, recurrent, channels] f32
  // CHECK-NEXT: %recurrent_weight = minrnn.tensor "recurrent_weight" parameter [recurrent, channels, channels] f32
  %rw = minrnn.tensor "recurrent_weight" parameter [recurrent, channels, channels] f32
  // CHECK-NEXT: %states = minrnn.tensor "states" saved [batch, time, states, channels] io
  %s = minrnn.tensor "states" saved [batch, time, states, channels] io
  // CHECK-NEXT: %initial = minrnn.tensor "initial" optional input [batch, states, channels] f32
  %i = minrnn.tensor "initial" optional input [batch, states, channels] f32
  // CHECK-NEXT: %carried = minrnn.tensor "carried" scratch [batch, states, channels] f32
  %c = minrnn.tensor "carried" scratch [batch, states, channels] f32
  // CHECK-NEXT: %d_recurrent = minrnn.tensor "d_recurrent" scratch [batch, time, recurrent, channels] f32
  %dr = minrnn.tensor "d_recurrent" scratch [batch, time, recurrent, channels] f32
  // CHECK-NEXT: %d_recurrent_weight = minrnn.tensor "d_recurrent_weight" optional gradient of "recurrent_weight" [recurrent, channels, channels] f32
  %drw = minrnn.tensor "d_recurrent_weight" optional gradient of "recurrent_weight" [recurrent, channels, channels] f32
  // CHECK-NEXT: %bias = minrnn.tensor "bias" optional parameter [gates, channels] f32
  %b = minrnn.tensor "bias" optional parameter [gates, channels] f32
  // CHECK-NEXT: %d_bias_rows = minrnn.tensor "d_bias_rows" scratch [batch, gates, channels] f32
  %dbr = minrnn.tensor "d_bias_rows" scratch [batch, gates, channels] f32
  // CHECK-NEXT: %d_bias = minrnn.tensor "d_bias" optional gradient of "bias" [gates, channels] f32
  %db = minrnn.tensor "d_bias" optional gradient of "bias" [gates, channels] f32
  // CHECK-NEXT: %d_input = minrnn.tensor "d_input" optional gradient of "input" [batch, time, inputs] io
  %di = minrnn.tensor "d_input" optional gradient of "input" [batch, time, inputs] io
  // CHECK-NEXT: minrnn.procedure forward attributes {note = "kept"} {
  minrnn.procedure forward attributes {note = "kept"} {
    // CHECK-NEXT: minrnn.product %preactivations = %input, %weight transposed
    minrnn.product %p = %a, %w transposed
    // CHECK-NEXT: minrnn.copy %carried = %initial
    minrnn.copy %c = %i
    // CHECK-NEXT: minrnn.for_time {
    minrnn.for_time {
      // CHECK-NEXT: %[[R:.*]] = minrnn.view %recurrent range [0, 1] steps current
      %0 = minrnn.view %r range [0, 1] steps current
      // CHECK-NEXT: %[[C:.*]] = minrnn.view %carried range [0, 1]
      %1 = minrnn.view %c range [0, 1]
      // CHECK-NEXT: %[[W:.*]] = minrnn.view %recurrent_weight range [0, 1]
      %2 = minrnn.view %rw range [0, 1]
      // CHECK-NEXT: minrnn.product %[[R]] = %[[C]], %[[W]] transposed
      minrnn.product %0 = %1, %2 transposed
      // CHECK-NEXT: minrnn.launch @forward ("preactivations" = %preactivations, "initial" = %carried, "last" = %carried)
      minrnn.launch @forward ("preactivations" = %p, "initial" = %c, "last" = %c)
    // CHECK-NEXT: }
    }
  // CHECK-NEXT: }
  }
  // CHECK-NEXT: minrnn.procedure backward {
  minrnn.procedure backward {
    // CHECK-NEXT: minrnn.for_time adjoint {
    // CHECK-NEXT: }
    minrnn.for_time adjoint {}
    // CHECK-NEXT: %[[G:.*]] = minrnn.view %d_recurrent range [0, 1] steps first
    %0 = minrnn.view %dr range [0, 1] steps first
    // CHECK-NEXT: minrnn.fill %[[G]]
    minrnn.fill %0
    // CHECK-NEXT: %[[L:.*]] = minrnn.view %d_recurrent range [0, 1] steps later
    %1 = minrnn.view %dr range [0, 1] steps later
    // CHECK-NEXT: %[[E:.*]] = minrnn.view %states range [0, 1] steps earlier
    %2 = minrnn.view %s range [0, 1] steps earlier
    // CHECK-NEXT: %[[DW:.*]] = minrnn.view %d_recurrent_weight range [0, 1]
    %3 = minrnn.view %drw range [0, 1]
    // CHECK-NEXT: minrnn.product %[[DW]] = %[[L]] transposed, %[[E]] accumulate
    minrnn.product %3 = %1 transposed, %2 accumulate
    // CHECK-NEXT: minrnn.sum %d_bias = %d_bias_rows
    minrnn.sum %db = %dbr
  }
  // CHECK: minrnn.procedure step {
  // CHECK-NEXT: }
  minrnn.procedure step {}
}
