//===- MinRNNCellOps.td - The language of cells ------------*- tablegen -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What users write. Each rule has a label (C1, P1, ...) that stands here, at
// the verifier's branch in CellOps.cpp and in tests/dialect.
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_CELL_OPS
#define MINRNN_CELL_OPS

include "MinRNNDialect.td"
include "mlir/IR/OpAsmInterface.td"
include "mlir/IR/SymbolInterfaces.td"
include "mlir/Interfaces/InferTypeOpInterface.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

class MinRNN_Op<string mnemonic, list<Trait> traits = []>
    : Op<MinRNN_Dialect, mnemonic, traits>;

//===----------------------------------------------------------------------===//
// Structure
//===----------------------------------------------------------------------===//

def MinRNN_CellOp : MinRNN_Op<"cell", [
    IsolatedFromAbove, Symbol,
    DeclareOpInterfaceMethods<OpAsmOpInterface, ["getAsmBlockArgumentNames"]>
  ]> {
  let summary = "the equations of a gated recurrent cell";
  let description = [{
    The program of one channel at one time step. Its first argument is the
    whole input vector of the step, the ones after `state` are the states from
    the step before; it yields the states after this step, in the same order.
    What the layer above sees is the first state after the step, or the operand
    of `minrnn.output` where there is one. The names of the states are part of
    the cell: tensors are called after them (`h0`, `h_last`).

    ```mlir
    minrnn.cell @mingru(%x: !minrnn.input) state(%h: f32) {
      %k = minrnn.project %x "z" : f32
      %v = minrnn.project %x "h" : f32
      %z = minrnn.sigmoid %k : f32
      %g = minrnn.positive %v : f32
      %n = minrnn.lerp %h, %g, %z : f32
      minrnn.yield %n : f32
    }
    ```

    Rules:
    - C1: the cell has one argument of type `!minrnn.input`, then its states.
    - C2: it has one state at least, and each is `f32`.
    - C3: a state's name is an identifier, and no two states share it.
    - C4: its body is one list of equations, which ends in a `minrnn.yield` that
      yields one value for each state.
    - C5: its body consists of operations of the cell language: those of this
      section, and of `arith` and `math` the ones that compute on `f32`.
    - C6: two projections of one name project the same operand.
    - C7: it has one projection or one read of the input at least; else it reads
      no input.
    - C8: it has one `minrnn.output` at most.
    - C9: the tensors that it reads and writes have names of their own: `x`,
      `reset`, its parameters, the `weight` of each projection, for each state
      `h` also `h0` and `h_last`, `y` where there is a `minrnn.output`; and their
      gradients: `d_x`, `d_` and the name of each parameter, projection and `h0`,
      `dh_last` for each state, and `d` and the name of the output (`dy`, or `dh`
      after the first state). `__metadata__` is no tensor's name, for in a
      safetensors file it is the header's.
  }];
  let arguments = (ins SymbolNameAttr:$sym_name, StrArrayAttr:$state_names,
                       OptionalAttr<StrAttr>:$sym_visibility);
  let regions = (region SizedRegion<1>:$body);
  let hasCustomAssemblyFormat = 1;
  let hasVerifier = 1;
  let hasRegionVerifier = 1;
  let extraClassDeclaration = [{
    /// The input vector of the step.
    ::mlir::BlockArgument getInput() { return getBody().getArgument(0); }
    /// The states from the step before.
    ::llvm::ArrayRef<::mlir::BlockArgument> getStates() {
      return getBody().getArguments().drop_front();
    }
    /// The terminator: the states after the step.
    YieldOp getYield();
    /// What the layer above sees: the operand of `minrnn.output`, or the first
    /// state after the step.
    ::mlir::Value getOutput();
    /// Whether `minrnn.output` says what the layer above sees.
    bool hasSeparateOutput();
    /// The names of the projections of the input, each once, in the order of
    /// their first use.
    ::llvm::SmallVector<::llvm::StringRef> getGateNames();
    /// One projection of each name that projects a scalar, in the order of
    /// their first use.
    ::std::vector<ProjectOp> getRecurrentProjections();
    /// The values computed within the step that these project, each once, in
    /// the same order.
    ::llvm::SmallVector<::mlir::Value> getInnerValues();
    /// The names of the learned parameters, each once, in the order of their
    /// first use.
    ::llvm::SmallVector<::llvm::StringRef> getParameterNames();
  }];
}

def MinRNN_YieldOp : MinRNN_Op<"yield", [
    Pure, Terminator,
    ParentOneOf<["CellOp", "ScanOp", "SequentialScanOp"]>
  ]> {
  let summary = "what a region hands to the operation around it";
  let arguments = (ins Variadic<F32>:$values);
  let assemblyFormat = "($values^ `:` type($values))? attr-dict";
}

// It has no effect, yet is not marked `Pure`: a gate that no one reads is still
// one of the cell's, its weights have their place among the arguments, and so
// it must not vanish as dead code.
def MinRNN_ProjectOp : MinRNN_Op<"project"> {
  let summary = "a learned linear map onto this channel, with an optional bias";
  let description = [{
    `minrnn.project %x "z" : f32` is this channel's component of `W_z x + b_z`.
    The name is the gate's: its weight is the tensor `z.weight`, its bias
    `z.bias`. A state can be projected as well
    (`minrnn.project %h "u" : f32 -> f32`): then the channels mix from step to
    step, and the cell is sequential. So can a value computed within the step:
    its product waits for that of the states, and is a second one in each step.

    Rules:
    - P1: the gate's name is an identifier.
    - P2: the operand is the cell's input, or an `f32` whose type is written as
      well: `: f32 -> f32`.
  }];
  let arguments = (ins AnyTypeOf<[MinRNN_InputType, F32]>:$operand,
                       StrAttr:$gate);
  let results = (outs F32:$result);
  let hasCustomAssemblyFormat = 1;
  let hasVerifier = 1;
  let extraClassDeclaration = [{
    /// Whether it projects a value computed within the step: neither the input
    /// nor a state.
    bool isInner() { return getOperand().getDefiningOp() != nullptr; }
  }];
}

// Not `Pure`, for the reason that `project` is not: what a cell's kernels take
// does not hang on whether the optimiser finds a use for it.
def MinRNN_ReadOp : MinRNN_Op<"read"> {
  let summary = "this channel of the input vector";
  let description = [{
    `minrnn.read %x : f32`: for highways and skips around the recurrence. A cell
    that reads its channel has as many input channels as hidden ones.
  }];
  let arguments = (ins MinRNN_InputType:$input);
  let results = (outs F32:$result);
  let assemblyFormat = "$input attr-dict `:` type($result)";
}

// Not `Pure`, for the reason that `project` is not.
def MinRNN_ParameterOp : MinRNN_Op<"parameter"> {
  let summary = "a learned number of this channel, the same at every step";
  let description = [{
    `minrnn.parameter "u" : f32` is this channel's element of the learned vector
    `u`, the tensor of that name.

    Rule R1: the parameter's name is an identifier.
  }];
  let arguments = (ins StrAttr:$parameter);
  let results = (outs F32:$result);
  let assemblyFormat = "$parameter attr-dict `:` type($result)";
  let hasVerifier = 1;
}

def MinRNN_OutputOp : MinRNN_Op<"output", [HasParent<"CellOp">]> {
  let summary = "what the layer above sees, where it is not the first state";
  let description = [{
    ```mlir
    %y = arith.mulf %o, %c1 : f32
    minrnn.output %y : f32
    minrnn.yield %c1 : f32
    ```

    The tensor is called `y`.
  }];
  let arguments = (ins F32:$value);
  let assemblyFormat = "$value attr-dict `:` type($value)";
}

//===----------------------------------------------------------------------===//
// Arithmetic
//===----------------------------------------------------------------------===//

class MinRNN_Elementwise<string mnemonic, list<Trait> traits = []>
    : MinRNN_Op<mnemonic, !listconcat([
        Pure, SameOperandsAndResultType, Elementwise, Vectorizable
      ], traits)> {
  let results = (outs MinRNN_Scalar:$result);
  let hasFolder = 1;
}

// A function of one number: a row of Functions.cpp.
class MinRNN_Function<string mnemonic> : MinRNN_Elementwise<mnemonic> {
  let arguments = (ins MinRNN_Scalar:$operand);
  let assemblyFormat = "$operand attr-dict `:` type($result)";
  let extraClassDefinition = [{
    ::mlir::OpFoldResult $cppClass::fold(FoldAdaptor adaptor) {
      return foldFunction(*this, adaptor.getOperands());
    }
  }];
}

def MinRNN_SigmoidOp : MinRNN_Function<"sigmoid"> {
  let summary = "1 / (1 + exp(-x))";
}

def MinRNN_PositiveOp : MinRNN_Function<"positive"> {
  let summary = "g(x): x + 0.5 for x >= 0, sigmoid(x) otherwise";
  let description = [{
    The activation of minGRU's and minLSTM's candidate state, continuous and
    positive, so that the state has a logarithm ("Were RNNs All We Needed?",
    appendix B).
  }];
}

def MinRNN_SoftplusOp : MinRNN_Function<"softplus"> {
  let summary = "log(1 + exp(x))";
}

def MinRNN_LerpOp : MinRNN_Elementwise<"lerp"> {
  let summary = "(1 - weight) from + weight to";
  let arguments = (ins MinRNN_Scalar:$from, MinRNN_Scalar:$to,
                       MinRNN_Scalar:$weight);
  let assemblyFormat = [{
    $from `,` $to `,` $weight attr-dict `:` type($result)
  }];
}

def MinRNN_LogAddExp2Op : MinRNN_Elementwise<"logaddexp2", [Commutative]> {
  let summary = "log2(2^x + 2^y)";
  let description = [{
    The sum of two positive numbers given by their base-2 logarithms. Log space
    writes it; cells rarely do. `softplus(x)` is `logaddexp2(0, x log2 e)`
    divided by `log2 e`.
  }];
  let arguments = (ins MinRNN_Scalar:$lhs, MinRNN_Scalar:$rhs);
  let assemblyFormat = "$lhs `,` $rhs attr-dict `:` type($result)";
}

def MinRNN_AffineOp : MinRNN_Op<"affine", [
    Pure, AllTypesMatch<["coefficient", "state", "offset", "result"]>
  ]> {
  let summary = "coefficient * state + offset: a step proven affine";
  let description = [{
    What the recurrence analysis writes in place of a state's next value: the
    same number, with its coefficient and offset free of every state, and the
    intervals they are proven to lie in.

    ```mlir
    %n = minrnn.affine %a * %h + %b in (0, 1), (0, inf) : f32
    ```

    Rule A1: `state` is a state of the cell around it, and neither
    `coefficient` nor `offset` depends on a state.
  }];
  let arguments = (ins F32:$coefficient, F32:$state, F32:$offset,
                       MinRNN_IntervalAttr:$coefficient_range,
                       MinRNN_IntervalAttr:$offset_range);
  let results = (outs F32:$result);
  let assemblyFormat = [{
    $coefficient `*` $state `+` $offset
    `in` custom<Interval>($coefficient_range) `,`
    custom<Interval>($offset_range) attr-dict
    `:` type($result)
  }];
  let hasVerifier = 1;
}

#endif // MINRNN_CELL_OPS
