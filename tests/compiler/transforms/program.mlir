// The program of a layer: what `forward`, `step` and `backward` of four kinds of
// cell run, in order.
// RUN: split-file %s %t
// RUN: minrnn-opt %t/parallel.mlir --minrnn-prove-recurrence --minrnn-fuse-gates --minrnn-derive-backward | FileCheck %s --check-prefix=PAR
// RUN: minrnn-opt %t/parallel.mlir --minrnn-prove-recurrence --minrnn-fuse-gates=recompute --minrnn-derive-backward | FileCheck %s --check-prefix=CHECKPOINTS
// RUN: minrnn-opt %t/recurrent.mlir --minrnn-prove-recurrence --minrnn-fuse-gates --minrnn-derive-backward | FileCheck %s --check-prefix=REC
// RUN: minrnn-opt %t/inner.mlir --minrnn-prove-recurrence --minrnn-fuse-gates --minrnn-derive-backward | FileCheck %s --check-prefix=INNER

//--- parallel.mlir
// A product, a launch; back, a launch, the sums over the batch and two products,
// of which that for the input adds to what the cell that reads its channel gave.
minrnn.cell @par(%x: !minrnn.input) state(%h: f32) {
  %k = minrnn.project %x "z" : f32
  %v = minrnn.read %x : f32
  %u = minrnn.parameter "u" : f32
  %a = minrnn.sigmoid %k : f32
  %b = arith.mulf %v, %u : f32
  %ah = arith.mulf %a, %h : f32
  %n = arith.addf %ah, %b : f32
  minrnn.yield %n : f32
}

// PAR: minrnn.program "par" parallel gates ["z"] recurrent [] parameters ["u"] states ["h"] output "h" {
// PAR: minrnn.procedure forward {
// PAR-NEXT:   minrnn.product %preactivations = %input, %weight transposed
// PAR-NEXT:   minrnn.launch @forward ("preactivations" = %preactivations, "input" = %input, "bias" = %bias, "parameters" = %parameters, "reset" = %reset, "initial" = %initial, "output" = %output, "last" = %last)
// PAR-NEXT: }
// PAR-NEXT: minrnn.procedure step {
// PAR-NEXT:   minrnn.product %preactivations = %input, %weight transposed
// PAR-NEXT:   minrnn.launch @step ("preactivations" = %preactivations, "input" = %input, "bias" = %bias, "parameters" = %parameters, "reset" = %reset, "initial" = %initial, "output" = %output, "last" = %last)
// PAR-NEXT: }
// PAR-NEXT: minrnn.procedure backward {
// PAR-NEXT:   minrnn.launch @backward ("preactivations" = %preactivations, "input" = %input, "bias" = %bias, "parameters" = %parameters, "reset" = %reset, "initial" = %initial, "output" = %output, "d_output" = %d_output, "d_last" = %d_last, "d_preactivations" = %d_preactivations, "d_input" = %d_input, "d_bias_rows" = %d_bias_rows, "d_parameters_rows" = %d_parameters_rows, "d_initial" = %d_initial)
// PAR-NEXT:   minrnn.sum %d_bias = %d_bias_rows
// PAR-NEXT:   minrnn.sum %d_parameters = %d_parameters_rows
// PAR-NEXT:   minrnn.product %d_weight = %d_preactivations transposed, %input
// PAR-NEXT:   minrnn.product %d_input = %d_preactivations, %weight accumulate
// PAR-NEXT: }

// With recomputed states, `forward` saves the checkpoints, and `backward` reads
// these in place of the output.
// CHECKPOINTS: %checkpoints = minrnn.tensor "checkpoints" saved [batch, tiles, states, channels] f32
// CHECKPOINTS: minrnn.procedure forward {
// CHECKPOINTS: minrnn.launch @forward ({{.*}}, "output" = %output, "checkpoints" = %checkpoints, "last" = %last)
// CHECKPOINTS: minrnn.procedure step {
// CHECKPOINTS: minrnn.launch @step
// CHECKPOINTS-NOT: "checkpoints" = %checkpoints
// CHECKPOINTS: minrnn.procedure backward {
// CHECKPOINTS-NEXT: minrnn.launch @backward ({{.*}}, "reset" = %reset, "checkpoints" = %checkpoints, "d_output" = %d_output,

//--- recurrent.mlir
// Products of states, two gates of one state in one product. The gradient of
// their weights is two products: of the first step with the initial states, of
// all others with the states of the step before.
minrnn.cell @rec(%x: !minrnn.input) state(%s: f32, %t: f32) {
  %k = minrnn.project %x "z" : f32
  %a = minrnn.project %t "a" : f32 -> f32
  %b = minrnn.project %s "b" : f32 -> f32
  %c = minrnn.project %s "c" : f32 -> f32
  %n = arith.addf %k, %a : f32
  %p = arith.mulf %b, %c : f32
  minrnn.yield %n, %p : f32, f32
}

// REC: minrnn.program "rec" sequential gates ["z"] recurrent [{name = "a", state = "t"}, {name = "b", state = "s"}, {name = "c", state = "s"}] parameters [] states ["s", "t"] output "s" {
// REC: %carried = minrnn.tensor "carried" scratch [batch, states, channels] f32
// REC: %states = minrnn.tensor "states" saved [batch, time, states, channels] io
// REC: %d_carried = minrnn.tensor "d_carried" scratch [batch, states, channels] f32
// REC: minrnn.procedure forward {
// REC-NEXT:   minrnn.product %preactivations = %input, %weight transposed
// REC-NEXT:   minrnn.copy %carried = %initial
// Time in a loop, for a product waits for the step before.
// REC-NEXT:   minrnn.for_time {
// REC-NEXT:     %[[V0:.*]] = minrnn.view %carried range [1, 1]
// REC-NEXT:     %[[V1:.*]] = minrnn.view %recurrent_weight range [0, 1]
// REC-NEXT:     %[[V2:.*]] = minrnn.view %recurrent range [0, 1] steps current
// REC-NEXT:     minrnn.product %[[V2]] = %[[V0]], %[[V1]] transposed
// REC-NEXT:     %[[V3:.*]] = minrnn.view %carried range [0, 1]
// REC-NEXT:     %[[V4:.*]] = minrnn.view %recurrent_weight range [1, 2]
// REC-NEXT:     %[[V5:.*]] = minrnn.view %recurrent range [1, 2] steps current
// REC-NEXT:     minrnn.product %[[V5]] = %[[V3]], %[[V4]] transposed
// REC-NEXT:     minrnn.launch @forward ("preactivations" = %preactivations, "recurrent" = %recurrent, "bias" = %bias, "recurrent_bias" = %recurrent_bias, "reset" = %reset, "initial" = %carried, "output" = %output, "states" = %states, "last" = %carried)
// REC-NEXT:   }
// REC-NEXT:   minrnn.copy %last = %carried
// REC-NEXT: }
// REC-NEXT: minrnn.procedure step {
// REC-NEXT:   minrnn.product %preactivations = %input, %weight transposed
// REC-NEXT:   %[[V0:.*]] = minrnn.view %initial range [1, 1]
// REC-NEXT:   %[[V1:.*]] = minrnn.view %recurrent_weight range [0, 1]
// REC-NEXT:   %[[V2:.*]] = minrnn.view %recurrent range [0, 1] steps first
// REC-NEXT:   minrnn.product %[[V2]] = %[[V0]], %[[V1]] transposed
// REC-NEXT:   %[[V3:.*]] = minrnn.view %initial range [0, 1]
// REC-NEXT:   %[[V4:.*]] = minrnn.view %recurrent_weight range [1, 2]
// REC-NEXT:   %[[V5:.*]] = minrnn.view %recurrent range [1, 2] steps first
// REC-NEXT:   minrnn.product %[[V5]] = %[[V3]], %[[V4]] transposed
// REC-NEXT:   minrnn.launch @step ("preactivations" = %preactivations, "recurrent" = %recurrent, "bias" = %bias, "recurrent_bias" = %recurrent_bias, "reset" = %reset, "initial" = %initial, "output" = %output, "last" = %last)
// REC-NEXT: }
// REC-NEXT: minrnn.procedure backward {
// REC-NEXT:   minrnn.copy %d_carried = %d_last
// The sums start at zero, for the kernels add to them.
// REC-NEXT:   minrnn.fill %d_bias_rows
// REC-NEXT:   minrnn.fill %d_recurrent_bias_rows
// What arrives at a state from the step after: by `backward`, and through its
// projections.
// REC-NEXT:   minrnn.for_time adjoint {
// REC-NEXT:     minrnn.launch @backward ("preactivations" = %preactivations, "recurrent" = %recurrent, "bias" = %bias, "recurrent_bias" = %recurrent_bias, "reset" = %reset, "initial" = %initial, "states" = %states, "d_output" = %d_output, "d_last" = %d_carried, "d_preactivations" = %d_preactivations, "d_recurrent" = %d_recurrent, "d_bias_rows" = %d_bias_rows, "d_recurrent_bias_rows" = %d_recurrent_bias_rows, "d_initial" = %d_carried)
// REC-NEXT:     %[[V13:.*]] = minrnn.view %d_recurrent range [0, 1] steps current
// REC-NEXT:     %[[V14:.*]] = minrnn.view %recurrent_weight range [0, 1]
// REC-NEXT:     %[[V15:.*]] = minrnn.view %d_carried range [1, 1]
// REC-NEXT:     minrnn.product %[[V15]] = %[[V13]], %[[V14]] accumulate
// REC-NEXT:     %[[V16:.*]] = minrnn.view %d_recurrent range [1, 2] steps current
// REC-NEXT:     %[[V17:.*]] = minrnn.view %recurrent_weight range [1, 2]
// REC-NEXT:     %[[V18:.*]] = minrnn.view %d_carried range [0, 1]
// REC-NEXT:     minrnn.product %[[V18]] = %[[V16]], %[[V17]] accumulate
// REC-NEXT:   }
// REC-NEXT:   minrnn.copy %d_initial = %d_carried
// REC-NEXT:   %[[V0:.*]] = minrnn.view %initial range [1, 1]
// REC-NEXT:   %[[V1:.*]] = minrnn.view %d_recurrent range [0, 1] steps first
// REC-NEXT:   %[[V2:.*]] = minrnn.view %d_recurrent_weight range [0, 1]
// REC-NEXT:   minrnn.product %[[V2]] = %[[V1]] transposed, %[[V0]]
// REC-NEXT:   %[[V3:.*]] = minrnn.view %initial range [0, 1]
// REC-NEXT:   %[[V4:.*]] = minrnn.view %d_recurrent range [1, 2] steps first
// REC-NEXT:   %[[V5:.*]] = minrnn.view %d_recurrent_weight range [1, 2]
// REC-NEXT:   minrnn.product %[[V5]] = %[[V4]] transposed, %[[V3]]
// REC-NEXT:   %[[V6:.*]] = minrnn.view %d_recurrent steps first
// REC-NEXT:   minrnn.fill %[[V6]]
// REC-NEXT:   %[[V7:.*]] = minrnn.view %states range [1, 1] steps earlier
// REC-NEXT:   %[[V8:.*]] = minrnn.view %d_recurrent range [0, 1] steps later
// REC-NEXT:   %[[V9:.*]] = minrnn.view %d_recurrent_weight range [0, 1]
// REC-NEXT:   minrnn.product %[[V9]] = %[[V8]] transposed, %[[V7]] accumulate
// REC-NEXT:   %[[V10:.*]] = minrnn.view %states range [0, 1] steps earlier
// REC-NEXT:   %[[V11:.*]] = minrnn.view %d_recurrent range [1, 2] steps later
// REC-NEXT:   %[[V12:.*]] = minrnn.view %d_recurrent_weight range [1, 2]
// REC-NEXT:   minrnn.product %[[V12]] = %[[V11]] transposed, %[[V10]] accumulate
// REC-NEXT:   minrnn.sum %d_bias = %d_bias_rows
// REC-NEXT:   minrnn.sum %d_recurrent_bias = %d_recurrent_bias_rows
// REC-NEXT:   minrnn.product %d_weight = %d_preactivations transposed, %input
// REC-NEXT:   minrnn.product %d_input = %d_preactivations, %weight
// REC-NEXT: }

//--- inner.mlir
// A chain of two inner projections: two kernels before that of the step, each
// followed by its product; back, the other way round.
minrnn.cell @deep(%x: !minrnn.input) state(%h: f32) {
  %k = minrnn.project %x "k" : f32
  %f = arith.mulf %k, %h : f32
  %v = minrnn.project %f "v" : f32 -> f32
  %t = minrnn.sigmoid %v : f32
  %u = minrnn.project %t "u" : f32 -> f32
  minrnn.yield %u : f32
}

// INNER: minrnn.program "deep" sequential gates ["k"] recurrent [{inner = 0 : i64, name = "v", stage = 0 : i64}, {inner = 1 : i64, name = "u", stage = 1 : i64}] parameters [] states ["h"] output "h" {
// INNER: %inner = minrnn.tensor "inner" saved [batch, time, inner, channels] f32
// INNER: %d_inner = minrnn.tensor "d_inner" scratch [batch, time, inner, channels] f32
// INNER: minrnn.procedure forward {
// INNER-NEXT:   minrnn.product %preactivations = %input, %weight transposed
// INNER-NEXT:   minrnn.copy %carried = %initial
// INNER-NEXT:   minrnn.for_time {
// INNER-NEXT:     minrnn.launch @forward_inner0 ("preactivations" = %preactivations, "recurrent" = %recurrent, "bias" = %bias, "recurrent_bias" = %recurrent_bias, "reset" = %reset, "initial" = %carried, "inner" = %inner)
// INNER-NEXT:     %[[V0:.*]] = minrnn.view %inner range [0, 1] steps current
// INNER-NEXT:     %[[V1:.*]] = minrnn.view %recurrent_weight range [0, 1]
// INNER-NEXT:     %[[V2:.*]] = minrnn.view %recurrent range [0, 1] steps current
// INNER-NEXT:     minrnn.product %[[V2]] = %[[V0]], %[[V1]] transposed
// INNER-NEXT:     minrnn.launch @forward_inner1 ("preactivations" = %preactivations, "recurrent" = %recurrent, "bias" = %bias, "recurrent_bias" = %recurrent_bias, "reset" = %reset, "initial" = %carried, "inner" = %inner)
// INNER-NEXT:     %[[V3:.*]] = minrnn.view %inner range [1, 1] steps current
// INNER-NEXT:     %[[V4:.*]] = minrnn.view %recurrent_weight range [1, 1]
// INNER-NEXT:     %[[V5:.*]] = minrnn.view %recurrent range [1, 1] steps current
// INNER-NEXT:     minrnn.product %[[V5]] = %[[V3]], %[[V4]] transposed
// INNER-NEXT:     minrnn.launch @forward ("preactivations" = %preactivations, "recurrent" = %recurrent, "bias" = %bias, "recurrent_bias" = %recurrent_bias, "reset" = %reset, "initial" = %carried, "output" = %output, "last" = %carried)
// INNER-NEXT:   }
// INNER-NEXT:   minrnn.copy %last = %carried
// INNER-NEXT: }
// INNER-NEXT: minrnn.procedure step {
// INNER-NEXT:   minrnn.product %preactivations = %input, %weight transposed
// INNER-NEXT:   minrnn.launch @forward_inner0 ("preactivations" = %preactivations, "recurrent" = %recurrent, "bias" = %bias, "recurrent_bias" = %recurrent_bias, "reset" = %reset, "initial" = %initial, "inner" = %inner)
// INNER-NEXT:   %[[V0:.*]] = minrnn.view %inner range [0, 1] steps first
// INNER-NEXT:   %[[V1:.*]] = minrnn.view %recurrent_weight range [0, 1]
// INNER-NEXT:   %[[V2:.*]] = minrnn.view %recurrent range [0, 1] steps first
// INNER-NEXT:   minrnn.product %[[V2]] = %[[V0]], %[[V1]] transposed
// INNER-NEXT:   minrnn.launch @forward_inner1 ("preactivations" = %preactivations, "recurrent" = %recurrent, "bias" = %bias, "recurrent_bias" = %recurrent_bias, "reset" = %reset, "initial" = %initial, "inner" = %inner)
// INNER-NEXT:   %[[V3:.*]] = minrnn.view %inner range [1, 1] steps first
// INNER-NEXT:   %[[V4:.*]] = minrnn.view %recurrent_weight range [1, 1]
// INNER-NEXT:   %[[V5:.*]] = minrnn.view %recurrent range [1, 1] steps first
// INNER-NEXT:   minrnn.product %[[V5]] = %[[V3]], %[[V4]] transposed
// INNER-NEXT:   minrnn.launch @step ("preactivations" = %preactivations, "recurrent" = %recurrent, "bias" = %bias, "recurrent_bias" = %recurrent_bias, "reset" = %reset, "initial" = %initial, "output" = %output, "last" = %last)
// INNER-NEXT: }
// INNER-NEXT: minrnn.procedure backward {
// INNER-NEXT:   minrnn.copy %d_carried = %d_last
// INNER-NEXT:   minrnn.fill %d_bias_rows
// INNER-NEXT:   minrnn.fill %d_recurrent_bias_rows
// INNER-NEXT:   minrnn.for_time adjoint {
// INNER-NEXT:     minrnn.launch @backward_inner1 ("preactivations" = %preactivations, "recurrent" = %recurrent, "bias" = %bias, "recurrent_bias" = %recurrent_bias, "reset" = %reset, "initial" = %initial, "output" = %output, "d_output" = %d_output, "d_last" = %d_carried, "d_recurrent" = %d_recurrent)
// INNER-NEXT:     %[[V6:.*]] = minrnn.view %d_recurrent range [1, 1] steps current
// INNER-NEXT:     %[[V7:.*]] = minrnn.view %recurrent_weight range [1, 1]
// INNER-NEXT:     %[[V8:.*]] = minrnn.view %d_inner range [1, 1] steps current
// INNER-NEXT:     minrnn.product %[[V8]] = %[[V6]], %[[V7]]
// INNER-NEXT:     minrnn.launch @backward_inner0 ("preactivations" = %preactivations, "recurrent" = %recurrent, "bias" = %bias, "recurrent_bias" = %recurrent_bias, "reset" = %reset, "initial" = %initial, "output" = %output, "d_output" = %d_output, "d_inner" = %d_inner, "d_last" = %d_carried, "d_recurrent" = %d_recurrent)
// INNER-NEXT:     %[[V9:.*]] = minrnn.view %d_recurrent range [0, 1] steps current
// INNER-NEXT:     %[[V10:.*]] = minrnn.view %recurrent_weight range [0, 1]
// INNER-NEXT:     %[[V11:.*]] = minrnn.view %d_inner range [0, 1] steps current
// INNER-NEXT:     minrnn.product %[[V11]] = %[[V9]], %[[V10]]
// INNER-NEXT:     minrnn.launch @backward ("preactivations" = %preactivations, "recurrent" = %recurrent, "bias" = %bias, "recurrent_bias" = %recurrent_bias, "reset" = %reset, "initial" = %initial, "output" = %output, "d_output" = %d_output, "d_inner" = %d_inner, "d_last" = %d_carried, "d_preactivations" = %d_preactivations, "d_recurrent" = %d_recurrent, "d_bias_rows" = %d_bias_rows, "d_recurrent_bias_rows" = %d_recurrent_bias_rows, "d_initial" = %d_carried)
// INNER-NEXT:   }
// INNER-NEXT:   minrnn.copy %d_initial = %d_carried
// INNER-NEXT:   %[[V0:.*]] = minrnn.view %inner range [0, 1]
// INNER-NEXT:   %[[V1:.*]] = minrnn.view %d_recurrent range [0, 1]
// INNER-NEXT:   %[[V2:.*]] = minrnn.view %d_recurrent_weight range [0, 1]
// INNER-NEXT:   minrnn.product %[[V2]] = %[[V1]] transposed, %[[V0]]
// INNER-NEXT:   %[[V3:.*]] = minrnn.view %inner range [1, 1]
// INNER-NEXT:   %[[V4:.*]] = minrnn.view %d_recurrent range [1, 1]
// INNER-NEXT:   %[[V5:.*]] = minrnn.view %d_recurrent_weight range [1, 1]
// INNER-NEXT:   minrnn.product %[[V5]] = %[[V4]] transposed, %[[V3]]
// INNER-NEXT:   minrnn.sum %d_bias = %d_bias_rows
// INNER-NEXT:   minrnn.sum %d_recurrent_bias = %d_recurrent_bias_rows
// INNER-NEXT:   minrnn.product %d_weight = %d_preactivations transposed, %input
// INNER-NEXT:   minrnn.product %d_input = %d_preactivations, %weight
// INNER-NEXT: }
