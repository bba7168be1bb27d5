//===- MinRNNScanOps.td - Cells over sequences -------------*- tablegen -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The second level of the IR: a cell over whole sequences. Axes are always
// [batch, time, gate, channel] or a part of these in this order; of several
// states, parameters or recurrent projections, each counts as a gate. Only the
// gate axis has a size known at compile time (and the time axis of one step).
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_SCAN_OPS
#define MINRNN_SCAN_OPS

include "MinRNNCellOps.td"

/// [batch, time, channel] or [batch, time, gate, channel].
def MinRNN_Sequence
    : TensorRankOf<[F32], [3, 4]>;
/// A sequence, or [batch, time]: one number for all channels of a step.
def MinRNN_StepValues
    : AnyTypeOf<[MinRNN_Sequence, TensorRankOf<[I8], [2]>],
                "a sequence of f32 with three or four axes, or [batch, time] of "
                "i8">;
/// [batch, tile, state, channel].
def MinRNN_BoundaryTensor
    : TensorRankOf<[F32], [4]>;
/// [batch, gate, channel].
def MinRNN_RowTensor
    : TensorRankOf<[F32], [3]>;
/// A sum over time: [batch, gate, channel], or one for each tile of time:
/// [batch, tile, gate, channel].
def MinRNN_SumTensor
    : TensorRankOf<[F32], [3, 4]>;
/// [gate, channel].
def MinRNN_ParameterTensor
    : TensorRankOf<[F32], [2]>;

def MinRNN_DelayOp : MinRNN_Op<"delay", [
    Pure, AllTypesMatch<["sequence", "result"]>
  ]> {
  let summary = "the sequence one step late: initial, s_0, s_1, ...";
  let description = [{
    Turns the states of a forward pass into the states each step started from.
    It is never stored: the kernel that reads it reads the step before.

    Rule S2: the sequence has one value in a step for each of the initial
    states.
  }];
  let arguments = (ins MinRNN_Sequence:$sequence, MinRNN_RowTensor:$initial);
  let results = (outs MinRNN_Sequence:$result);
  let assemblyFormat = [{
    $sequence `initial` $initial attr-dict `:` type($sequence) `,` type($initial)
  }];
  let hasVerifier = 1;
}

/// What a scan and a sequential scan have in common.
class MinRNN_RecurrenceOp<string mnemonic>
    : MinRNN_Op<mnemonic, [
        Pure, AttrSizedOperandSegments, AttrSizedResultSegments,
        IsolatedFromAbove
      ]> {
  let hasVerifier = 1;
  code commonDeclaration = [{
    /// The number of states.
    int64_t getStateCount() {
      return ::minrnn::dialect::packedValueCount(getInitial().getType());
    }
    /// The number of scalars that a region yields after the states.
    int64_t getResultCount() {
      return ::minrnn::dialect::stepValueCount(getOutputs().getTypes()) +
             ::minrnn::dialect::packedValueCount(getSums().getTypes());
    }
  }];
}

def MinRNN_ScanOp : MinRNN_RecurrenceOp<"scan"> {
  let summary = "a recurrence whose steps compose, for every batch row and channel";
  let description = [{
    For each step, `element` computes what the step does to the states, from the
    step's values: one for each gate of a `[batch, time, gate, channel]` operand, one
    for each `[batch, time, channel]` or `[batch, time]` operand, and then one
    for each gate of the parameters, which are the same at every step. `output`
    takes the same values, the states before the step and those after it, and
    yields what is stored, and then what is added up over time. The results are
    the stored sequences, the sums, and the last states.

    A scan may also return `boundaries`: the states that each tile of time
    starts from, `[batch, tile, state, channel]`; how long a tile is, is the
    schedule's business. A reverse scan may take them, and a region `states`
    with the elements of the forward scan, which are combined as its own: then
    the states that each step started from, recomputed tile by tile, follow the
    values of the sequences.

    An element has as many values for each state, one state after the other:
    its coefficients, and last its offset. `combine` takes two elements and
    yields the one that does the first and then the second; `identity` is the
    element that does nothing. A carried state is an offset: an element is
    applied to the states by combining, with the states as the first element's
    offsets. `encode` makes carried states of plain ones, and `decode` plain ones
    of carried ones; without them both are the same numbers. A `reverse` scan
    starts at the last step.

    `no_overflow` says that no coefficient is above 1 and no offset above 2^100,
    so that no state overflows f32 within 2^27 steps.

    `combine linear` is short for the affine maps `s -> a s + b`:

    ```mlir
    combine(%a0, %b0, %a1, %b1) {
      %a = arith.mulf %a1, %a0 : f32
      %c = arith.mulf %a1, %b0 : f32
      %b = arith.addf %c, %b1 : f32
      minrnn.yield %a, %b : f32, f32
    } identity [1.0, 0.0]
    ```

    and `combine log` for the same maps in base-2 logarithms, with a sum for the
    product, `minrnn.logaddexp2` for the sum, -1.0e30 for the logarithm of zero,
    and an `encode` and a `decode` to and from logarithms.

    ```mlir
    %h, %last = minrnn.scan sequences(%p : tensor<?x?x2x?xf32>)
        parameters(%b : tensor<2x?xf32>) initial(%h0 : tensor<?x1x?xf32>)
        -> (tensor<?x?x?xf32>) last tensor<?x1x?xf32>
    combine linear
    element(%z, %v, %bz, %bv) { ... minrnn.yield %a, %b : f32, f32 }
    output(%z, %v, %bz, %bv, %before, %after) { minrnn.yield %after : f32 }
    ```

    Rules:
    - S3: `element` has one argument for each value of a step and each
      parameter, and yields an element.
    - S4: `output` has two arguments more for each state, and yields one value
      for each gate or channel of the stored sequences and of the sums.
    - S5: the initial and the last states are of one type, and gate axes have a
      static size.
    - S7: boundaries that are taken come with a region `states` in a reverse
      scan, and it with them; it is to the scan of the forward pass, which has
      as many states, what `element` is to this one.
    - S8: `combine` takes two elements, of two values or more for each state,
      and yields one; `identity` has a value for each of an element's. No
      coefficient of the first element enters an offset that `combine` yields.
    - S9: `encode` and `decode` come together; each takes the states and yields
      as many.
  }];
  let arguments = (ins DenseF32ArrayAttr:$identity,
                       UnitAttr:$reverse,
                       Variadic<MinRNN_StepValues>:$sequences,
                       Variadic<MinRNN_ParameterTensor>:$parameters,
                       MinRNN_RowTensor:$initial,
                       Optional<MinRNN_BoundaryTensor>:$taken,
                       UnitAttr:$no_overflow);
  let results = (outs Variadic<MinRNN_Sequence>:$outputs,
                      Variadic<MinRNN_SumTensor>:$sums,
                      Optional<MinRNN_BoundaryTensor>:$boundaries,
                      MinRNN_RowTensor:$last);
  let regions = (region SizedRegion<1>:$element, SizedRegion<1>:$output,
                        SizedRegion<1>:$combine, MaxSizedRegion<1>:$states,
                        MaxSizedRegion<1>:$encode, MaxSizedRegion<1>:$decode);
  let assemblyFormat = [{
    (`reverse` $reverse^)?
    `sequences` `(` $sequences `:` type($sequences) `)`
    (`parameters` `(` $parameters^ `:` type($parameters) `)`)?
    `initial` `(` $initial `:` type($initial) `)`
    (`boundaries` `(` $taken^ `:` type($taken) `)`)?
    (`->` `(` type($outputs)^ `)`)? (`sums` `(` type($sums)^ `)`)?
    (`keeps` type($boundaries)^)? `last` type($last)
    attr-dict-with-keyword
    `combine` custom<Algebra>($combine, $identity, $encode, $decode,
                              ref(type($initial)))
    custom<OptionalScalarRegion>($states)
    `element` custom<ScalarRegion>($element)
    `output` custom<ScalarRegion>($output)
  }];
  let extraClassDeclaration = commonDeclaration # [{
    /// Whether `region` is part of how elements compose.
    bool isAlgebra(::mlir::Region *region) {
      return region == &getCombine() || region == &getEncode() ||
             region == &getDecode();
    }
    /// The number of values in an element.
    int64_t getElementSize() { return getCombine().getNumArguments() / 2; }
    /// The places of the states' offsets in an element.
    ::llvm::SmallVector<int64_t> getOffsetPlaces();
    /// The number of states that are recomputed.
    int64_t getRecomputedCount() {
      return getTaken() ? ::minrnn::dialect::stepValueCount(
                              getTaken().getType())
                        : 0;
    }
    /// The number of scalars that a region is given before the states.
    int64_t getValueCount() {
      return ::minrnn::dialect::stepValueCount(getSequences().getTypes()) +
             getRecomputedCount() +
             ::minrnn::dialect::packedValueCount(getParameters().getTypes());
    }
  }];
}

def MinRNN_SequentialScanOp : MinRNN_RecurrenceOp<"sequential_scan"> {
  let summary = "any recurrence, one step after the other, for every batch row and channel";
  let description = [{
    `body` is the cell's own program: it takes a step's values and the
    parameters, as those of a scan do, and the states; it yields the next
    states, then what is stored, then what is added up over time. Nothing is
    asked of it, so the steps are taken in order.

    ```mlir
    %h, %last = minrnn.sequential_scan sequences(%p : tensor<?x?x1x?xf32>)
        parameters(%u : tensor<1x?xf32>) initial(%h0 : tensor<?x1x?xf32>)
        -> (tensor<?x?x?xf32>) last tensor<?x1x?xf32>
    body(%k, %u0, %before) { ... minrnn.yield %after, %after : f32, f32 }
    ```

    Rules:
    - S6: `body` has one argument for each value of a step, each parameter and
      each state, and yields one value for each state, for each gate or channel
      of the stored sequences, and of the sums.
    - S5 holds here too.
  }];
  let arguments = (ins UnitAttr:$reverse,
                       Variadic<MinRNN_StepValues>:$sequences,
                       Variadic<MinRNN_ParameterTensor>:$parameters,
                       MinRNN_RowTensor:$initial);
  let results = (outs Variadic<MinRNN_Sequence>:$outputs,
                      Variadic<MinRNN_RowTensor>:$sums,
                      MinRNN_RowTensor:$last);
  let regions = (region SizedRegion<1>:$body);
  let assemblyFormat = [{
    (`reverse` $reverse^)?
    `sequences` `(` $sequences `:` type($sequences) `)`
    (`parameters` `(` $parameters^ `:` type($parameters) `)`)?
    `initial` `(` $initial `:` type($initial) `)`
    (`->` `(` type($outputs)^ `)`)? (`sums` `(` type($sums)^ `)`)?
    `last` type($last)
    attr-dict-with-keyword
    `body` custom<ScalarRegion>($body)
  }];
  let extraClassDeclaration = commonDeclaration # [{
    /// The number of scalars that the region is given before the states.
    int64_t getValueCount() {
      return ::minrnn::dialect::stepValueCount(getSequences().getTypes()) +
             ::minrnn::dialect::packedValueCount(getParameters().getTypes());
    }
  }];
}

#endif // MINRNN_SCAN_OPS
