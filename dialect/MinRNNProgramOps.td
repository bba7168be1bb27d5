//===- MinRNNProgramOps.td - What a layer's caller runs ----*- tablegen -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The program of a call: the tensors of a layer, and the operations of its
// `forward`, `backward` and `step`. It stands beside the functions that become
// kernels, and goes into the manifest as it is. What its operations mean is
// said in specs/contract/include/minrnn/program.h; their rules are checked by
// the contract, so that the op and the manifest cannot disagree.
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_PROGRAM_OPS
#define MINRNN_PROGRAM_OPS

include "MinRNNScanOps.td"

def MinRNN_BufferType : TypeDef<MinRNN_Dialect, "Buffer"> {
  let mnemonic = "buffer";
  let summary = "a tensor of a program, in memory";
}

def MinRNN_ProgramOp : MinRNN_Op<"program", [
    IsolatedFromAbove, SingleBlock, NoTerminator
  ]> {
  let summary = "what a caller of the compiled cell runs";
  let description = [{
    The cell's name and kind (`parallel` or `sequential`), the names along the
    packed axes, the name of the output, then the layer's tensors and the
    procedures `forward`, `backward` and `step`.

    ```mlir
    minrnn.program "mingru" parallel gates ["z", "h"] recurrent []
        parameters [] states ["h"] output "h" {
      %input = minrnn.tensor "input" input [batch, time, inputs] io
      %weight = minrnn.tensor "weight" parameter [gates, channels, inputs] io
      %preactivations = minrnn.tensor "preactivations" saved
          [batch, time, gates, channels] io
      %output = minrnn.tensor "output" output [batch, time, channels] io
      minrnn.procedure forward {
        minrnn.product %preactivations = %input, %weight transposed
        minrnn.launch @forward("preactivations" = %preactivations,
                               "output" = %output)
      }
    }
    ```

    Rules:
    - B1: the kind is `parallel` or `sequential`; each of `recurrent` has a
      `name` and either a `state`, one of the states, or an `inner`, the place
      of a value computed within the step, counted from 0 in the order of first
      use, and its `stage`: how many products of other such values it waits for,
      one behind the other.
    - B2: tensors have distinct names, known axes, elements and roles; a
      gradient, and nothing else, is `of` a tensor of the program. There is one
      procedure of a kind at most.
  }];
  let arguments = (ins StrAttr:$cell, StrAttr:$kind, StrArrayAttr:$gates,
                       ArrayAttr:$recurrent, StrArrayAttr:$parameters,
                       StrArrayAttr:$states, StrAttr:$output);
  let regions = (region SizedRegion<1>:$body);
  let assemblyFormat = [{
    $cell custom<Keyword>($kind) `gates` $gates `recurrent` $recurrent
    `parameters` $parameters `states` $states `output` $output
    attr-dict-with-keyword $body
  }];
  let hasVerifier = 1;
  let extraClassDeclaration = [{
    /// The size of a packed axis.
    int64_t getSize(::minrnn::Axis axis);
    bool isParallel() { return getKind() == "parallel"; }
    /// Whether the cell has one state, and that is its output.
    bool outputIsState();
    /// The projections of states and of values computed within the step.
    std::vector<::minrnn::RecurrentProjection> getProjections();
    /// Whether it has a tensor of this name.
    bool hasTensor(::llvm::StringRef name);
  }];
}

// Not `Pure`: one that no operation names is still the layer's, and must not
// vanish as dead code.
def MinRNN_TensorOp : MinRNN_Op<"tensor", [
    HasParent<"ProgramOp">,
    DeclareOpInterfaceMethods<OpAsmOpInterface, ["getAsmResultNames"]>
  ]> {
  let summary = "a tensor of a layer";
  let description = [{
    Its name, whose it is (its role), its axes from the outermost on, and what
    it holds: `io` for the cell's io type, `f32`, `u8` or `i32`. The caller may
    leave out one that is `optional`.
  }];
  let arguments = (ins StrAttr:$name, UnitAttr:$optional, StrAttr:$role,
                       OptionalAttr<StrAttr>:$of, StrArrayAttr:$axes,
                       StrAttr:$element);
  let results = (outs MinRNN_BufferType:$result);
  let assemblyFormat = [{
    $name (`optional` $optional^)? custom<Keyword>($role) (`of` $of^)?
    custom<Axes>($axes) custom<Keyword>($element) attr-dict
  }];
  let extraClassDeclaration = [{
    /// The tensor in the contract's terms; of one that the rules allow.
    ::minrnn::ProgramTensor getTensor();
  }];
}

def MinRNN_ViewOp : MinRNN_Op<"view", [Pure]> {
  let summary = "a part of a tensor";
  let description = [{
    Places `range = [begin, count]` of the packed axis, and the steps that an
    operation works on: `all`, `current` (of the loop around it), `first`,
    `later` or `earlier`.

    Rule B3: the range lies within the packed axis, and steps are taken of a
    tensor with an axis `time`; `current` stands in a loop over time.
  }];
  let arguments = (ins MinRNN_BufferType:$tensor,
                       OptionalAttr<DenseI64ArrayAttr>:$range,
                       DefaultValuedStrAttr<StrAttr, "all">:$steps);
  let results = (outs MinRNN_BufferType:$result);
  let assemblyFormat = [{
    $tensor (`range` $range^)? (`steps` custom<Keyword>($steps)^)? attr-dict
  }];
  let hasVerifier = 1;
}

def MinRNN_ProductOp : MinRNN_Op<"product"> {
  let summary = "a matrix product";
  let description = [{
    `result = a b`, or `result += a b` with `accumulate`. A tensor that begins
    with the axis `batch` has a row for each step of each batch row, and its
    further axes as columns; another has its last axis as columns.

    Rule B4: the matrices fit.
  }];
  let arguments = (ins MinRNN_BufferType:$result, MinRNN_BufferType:$a,
                       UnitAttr:$transpose_a, MinRNN_BufferType:$b,
                       UnitAttr:$transpose_b, UnitAttr:$accumulate);
  let assemblyFormat = [{
    $result `=` $a (`transposed` $transpose_a^)? `,` $b
    (`transposed` $transpose_b^)? (`accumulate` $accumulate^)? attr-dict
  }];
  let hasVerifier = 1;
}

def MinRNN_SumOp : MinRNN_Op<"sum"> {
  let summary = "the sum of a tensor over the batch";
  let description = [{
    Rule B5: the result has the axes of the operand but the first, `batch`, and
    the `tiles` of time behind it, which are summed over too.
  }];
  let arguments = (ins MinRNN_BufferType:$result, MinRNN_BufferType:$operand);
  let assemblyFormat = "$result `=` $operand attr-dict";
  let hasVerifier = 1;
}

def MinRNN_FillOp : MinRNN_Op<"fill"> {
  let summary = "fills a tensor, or a part of it, with zero";
  let arguments = (ins MinRNN_BufferType:$result);
  let assemblyFormat = "$result attr-dict";
}

def MinRNN_CopyOp : MinRNN_Op<"copy"> {
  let summary = "copies a tensor; of one that is absent, zero";
  let description = [{
    Rule B6: both have the same axes and elements.
  }];
  let arguments = (ins MinRNN_BufferType:$result, MinRNN_BufferType:$operand);
  let assemblyFormat = "$result `=` $operand attr-dict";
  let hasVerifier = 1;
}

def MinRNN_LaunchOp : MinRNN_Op<"launch"> {
  let summary = "launches an entry on tensors";
  let description = [{
    Each argument of the entry by its name; one that is not named is null.

    Rule B7: an argument is named once, is a tensor of the contract, and is
    given one of the same axes and elements (`inputs` for `channels` where the
    cell reads its channel). A function of this name, where there is one, takes
    or returns it.
  }];
  let arguments = (ins FlatSymbolRefAttr:$entry, StrArrayAttr:$names,
                       Variadic<MinRNN_BufferType>:$tensors);
  let assemblyFormat = [{
    $entry custom<LaunchArguments>($names, $tensors) attr-dict
  }];
  let hasVerifier = 1;
}

def MinRNN_ForTimeOp : MinRNN_Op<"for_time", [SingleBlock, NoTerminator]> {
  let summary = "its body for each step of time";
  let description = [{
    In the order of the steps, or with `adjoint` in the other.

    Rule B8: it is in no other loop.
  }];
  let arguments = (ins UnitAttr:$adjoint);
  let regions = (region SizedRegion<1>:$body);
  let assemblyFormat = "(`adjoint` $adjoint^)? attr-dict-with-keyword $body";
  let hasVerifier = 1;
}

def MinRNN_ProcedureOp : MinRNN_Op<"procedure", [
    SingleBlock, NoTerminator, HasParent<"ProgramOp">
  ]> {
  let summary = "what `forward`, `backward` or `step` of a layer runs";
  let arguments = (ins StrAttr:$name);
  let regions = (region SizedRegion<1>:$body);
  let assemblyFormat = "custom<Keyword>($name) attr-dict-with-keyword $body";
}

#endif // MINRNN_PROGRAM_OPS
