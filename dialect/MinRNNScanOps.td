//===- MinRNNScanOps.td - Cells over sequences -------------*- tablegen -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The second level of the IR: a cell over whole sequences. Axes are always
// [batch, time, gate, channel] or a part of these in this order; only the gate
// axis has a size known at compile time.
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_SCAN_OPS
#define MINRNN_SCAN_OPS

include "MinRNNCellOps.td"

/// [batch, time, channel] or [batch, time, gate, channel].
def MinRNN_Sequence
    : TensorRankOf<[F32], [3, 4]>;
/// [batch, channel].
def MinRNN_StateTensor
    : TensorRankOf<[F32], [2]>;
/// [gate, channel].
def MinRNN_BiasTensor
    : TensorRankOf<[F32], [2]>;

def MinRNN_PackedProjectionOp : MinRNN_Op<"packed_projection", [Pure]> {
  let summary = "every projection of a sequence in one matrix product";
  let description = [{
    `[batch, time, input] x [gate, channel, input] -> [batch, time, gate,
    channel]`: the pre-activations of all gates, without their bias, which the
    scan adds.

    Rule S1: the weight's and the result's gate axes have one size, the number
    of `gates`.
  }];
  let arguments = (ins
    TensorRankOf<[F32], [3]>:$input,
    TensorRankOf<[F32], [3]>:$weight,
    StrArrayAttr:$gates);
  let results = (outs TensorRankOf<[F32], [4]>:$result);
  let assemblyFormat = [{
    $input `,` $weight `gates` $gates attr-dict
    `:` type($input) `,` type($weight) `->` type($result)
  }];
  let hasVerifier = 1;
}

def MinRNN_DelayOp : MinRNN_Op<"delay", [
    Pure, AllTypesMatch<["sequence", "result"]>
  ]> {
  let summary = "the sequence one step late: initial, s_0, s_1, ...";
  let description = [{
    Turns the hidden states of a forward pass into the states each step started
    from. It is never stored: the kernel that reads it reads the step before.
  }];
  let arguments = (ins TensorRankOf<[F32], [3]>:$sequence,
                       MinRNN_StateTensor:$initial);
  let results = (outs TensorRankOf<[F32], [3]>:$result);
  let assemblyFormat = [{
    $sequence `initial` $initial attr-dict `:` type($sequence) `,` type($initial)
  }];
}

def MinRNN_SumTimeOp : MinRNN_Op<"sum_time", [Pure]> {
  let summary = "the sum over time of every gate's sequence";
  let description = [{
    `[batch, time, gate, channel] -> [batch, gate, channel]`. The gradient of
    the bias, before its sum over the batch. The kernel that makes the sequence
    adds it up on the way.

    Rule S2: operand and result have one gate axis.
  }];
  let arguments = (ins TensorRankOf<[F32], [4]>:$sequence);
  let results = (outs TensorRankOf<[F32], [3]>:$result);
  let assemblyFormat = "$sequence attr-dict `:` type($sequence) `->` type($result)";
  let hasVerifier = 1;
}

def MinRNN_ScanOp : MinRNN_Op<"scan", [
    Pure, AttrSizedOperandSegments, IsolatedFromAbove
  ]> {
  let summary = "an affine recurrence along time, for every batch row and channel";
  let description = [{
    For each step, `element` computes the coefficient `a` and the offset `b` of
    `state = a * state + b` from the step's values: one for each gate of a
    `[batch, time, gate, channel]` operand (to the first of which the bias is
    added), one for each `[batch, time, channel]` operand. `output` takes the
    same values, the state before the step and the state after it, and yields
    what is stored. The results are the stored sequences and the last state.

    In the domain `log`, `element` yields `log2 a` and `log2 b`, the state is
    carried as its base-2 logarithm, and `output` sees it as a plain number
    again. A `reverse` scan starts at the last step.

    ```mlir
    %h, %last = minrnn.scan linear sequences(%p : tensor<?x?x2x?xf32>)
        bias(%b : tensor<2x?xf32>) initial(%h0 : tensor<?x?xf32>)
        -> (tensor<?x?x?xf32>), tensor<?x?xf32>
    element(%z, %v) { ... minrnn.yield %a, %b : f32, f32 }
    output(%z, %v, %before, %after) { minrnn.yield %after : f32 }
    ```

    Rules:
    - S3: `element` has one argument for each value of a step and yields two.
    - S4: `output` has two arguments more than `element`, and yields one value
      for each gate or channel sequence among the results.
    - S5: the bias has as many gates as the first four-axis sequence.
  }];
  let arguments = (ins DefaultValuedAttr<MinRNN_Domain, "Domain::Linear">:$domain,
                       UnitAttr:$reverse,
                       Variadic<MinRNN_Sequence>:$sequences,
                       Optional<MinRNN_BiasTensor>:$bias,
                       MinRNN_StateTensor:$initial);
  let results = (outs Variadic<MinRNN_Sequence>:$outputs,
                      MinRNN_StateTensor:$last);
  let regions = (region SizedRegion<1>:$element, SizedRegion<1>:$output);
  let assemblyFormat = [{
    $domain (`reverse` $reverse^)?
    `sequences` `(` $sequences `:` type($sequences) `)`
    (`bias` `(` $bias^ `:` type($bias) `)`)?
    `initial` `(` $initial `:` type($initial) `)`
    `->` `(` type($outputs) `)` `,` type($last) attr-dict-with-keyword
    `element` custom<ScalarRegion>($element)
    `output` custom<ScalarRegion>($output)
  }];
  let hasVerifier = 1;
  let extraClassDeclaration = [{
    /// The number of scalars that one step of `sequences` holds.
    static int64_t valuesPerStep(::mlir::TypeRange sequences);
  }];
}

def MinRNN_StepOp : MinRNN_Op<"step", [Pure, IsolatedFromAbove]> {
  let summary = "one step of a cell, for every batch row and channel";
  let description = [{
    `body` is the cell's own program: it takes the pre-activations (the bias
    added) and the previous state, and yields the next state.

    Rules:
    - S6: `body` has one argument for each gate and one for the state, and
      yields one value.
    - S5 holds here too.
  }];
  let arguments = (ins
    TensorRankOf<[F32], [3]>:$preactivations,
    Optional<MinRNN_BiasTensor>:$bias,
    MinRNN_StateTensor:$previous);
  let results = (outs MinRNN_StateTensor:$next);
  let regions = (region SizedRegion<1>:$body);
  let assemblyFormat = [{
    $preactivations `:` type($preactivations)
    (`bias` `(` $bias^ `:` type($bias) `)`)?
    `previous` `(` $previous `:` type($previous) `)`
    `->` type($next) attr-dict-with-keyword
    custom<ScalarRegion>($body)
  }];
  let hasVerifier = 1;
}

#endif // MINRNN_SCAN_OPS
